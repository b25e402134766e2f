export const settings = {
  "settings.detail": "These choices are kept in this browser.",
  "settings.languageDetail": "Of the console. Events stay as they are.",
  "settings.zoneDetail": "In which times are shown and typed, everywhere in the console.",
  "settings.schemeDetail": "Auto follows your system.",
  "settings.licences": "Licences of what the console is made of",
} as const;
