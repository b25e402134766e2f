import { useMemo } from "react";

/** A text in which words are marked, whatever their case. */
export function Marked({ text, words }: { text: string; words: readonly string[] }) {
  const pattern = useMemo(() => {
    if (words.length === 0) return null;
    const some = [...words].sort((a, b) => b.length - a.length).map((w) => w.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&"));
    return new RegExp(`(${some.join("|")})`, "gi");
  }, [words]);
  if (!pattern) return text;
  return text.split(pattern).map((part, i) => (i % 2 === 1 ? <mark key={i}>{part}</mark> : part));
}
