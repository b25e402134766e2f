import { createContext, useContext, useEffect, useMemo, useState, type ReactNode } from "react";
import { useStored } from "../settings/useStored.ts";
import type { Words } from "./dictionary.ts";
import { english } from "./english.ts";
import { isLanguage, languages, preferred, type Language } from "./language.ts";
import { translator, type Translate } from "./translate.ts";

interface Spoken {
  language: Language;
  setLanguage: (language: Language) => void;
  t: Translate;
}

const Context = createContext<Spoken>({ language: "en", setLanguage: () => undefined, t: translator(english) });

/** Speaks the chosen language, the browser's while none is chosen; the one before until a new one is loaded. */
export function LanguageProvider({ children }: { children: ReactNode }) {
  const [language, setLanguage] = useStored<Language>("language", preferred(navigator.languages), isLanguage);
  const [loaded, setLoaded] = useState<{ language: Language; words: () => Partial<Words> } | null>(language === "en" ? { language, words: english } : null);
  useEffect(() => {
    let wanted = true;
    const show = (words: () => Partial<Words>) => {
      if (!wanted) return;
      setLoaded({ language, words });
      document.documentElement.lang = language;
    };
    // A language that cannot be loaded, as when the server has a newer build, leaves English.
    languages[language].load().then(show, () => show(english));
    return () => {
      wanted = false;
    };
  }, [language]);
  const spoken = useMemo(() => loaded && { language: loaded.language, setLanguage, t: translator(loaded.words) }, [loaded, setLanguage]);
  return spoken && <Context value={spoken}>{children}</Context>;
}

/** The texts of the language that is shown. */
export function useT(): Translate {
  return useContext(Context).t;
}

export function useLanguage(): Spoken {
  return useContext(Context);
}
