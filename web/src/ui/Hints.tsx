import { Tooltip } from "@mantine/core";
import { useEffect, useRef, useState, type PointerEvent, type ReactNode } from "react";

const delay = 350; // ms, as theme.ts has it for a Tooltip

/** One hint for all buttons within that have data-hint: the name of the one that the pointer rests on. */
export function Hints({ children, className }: { children: ReactNode; className?: string }) {
  const [shown, setShown] = useState<{ target: HTMLElement; label: string } | null>(null);
  const under = useRef<HTMLElement | null>(null);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  useEffect(() => () => clearTimeout(timer.current), []);
  const rest = (target: HTMLElement | null) => {
    if (target === under.current) return;
    under.current = target;
    clearTimeout(timer.current);
    setShown(null);
    if (target) timer.current = setTimeout(() => setShown({ target, label: target.getAttribute("aria-label") ?? "" }), delay);
  };
  const over = (event: PointerEvent) => {
    if (event.pointerType === "mouse" && event.target instanceof Element) rest(event.target.closest<HTMLElement>("[data-hint]"));
  };
  return (
    <div className={className} onPointerOver={over} onPointerLeave={() => rest(null)}>
      {children}
      {shown && <Tooltip opened target={shown.target} label={shown.label} multiline maw={320} />}
    </div>
  );
}
