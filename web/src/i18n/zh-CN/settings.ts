import type { Part } from "../dictionary.ts";

export const settings: Part<"settings"> = {
  "settings.detail": "这些选择保存在此浏览器中。",
  "settings.languageDetail": "控制台的语言，事件内容保持原样。",
  "settings.zoneDetail": "控制台中所有时间的显示与输入均使用此时区。",
  "settings.schemeDetail": "自动：跟随系统设置。",
  "settings.licences": "控制台所用组件的许可证",
};
