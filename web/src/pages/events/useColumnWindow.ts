import { useEffect, useMemo, useState, type RefObject } from "react";
import { inSight, many, tracksOf, type Drawn } from "./columnWindow.ts";
import { useWidths } from "./widths.ts";

const start = 40; // pixels before the first column, for RowStart
const step = 240; // pixels: what is drawn changes when so many have gone by, and as many are drawn on either side
const onPhone: Drawn[] = ["action", "result", "actor", "time"].map((name, index) => ({ name, index, track: undefined }));

interface ColumnWindow {
  drawn: readonly Drawn[];
  /** grid-template-columns of a row. */
  template: string | undefined;
  /** Of a row, in pixels. */
  width: number;
}

/** Which columns are drawn, and where: all while they are few, else those in sight, the first, where a row begins, and the one held. */
export function useColumnWindow(box: RefObject<HTMLElement | null>, columns: readonly string[], room: number, small: boolean, held: string | null): ColumnWindow {
  const widths = useWidths();
  const all = useMemo(() => columns.map((c, i) => widths.of(c) + (i === 0 ? start : 0)), [columns, widths]);
  const needed = useMemo(() => all.reduce((sum, w) => sum + w, 0), [all]);
  const seen = room || window.innerWidth; // before it is measured
  const some = !small && columns.length > many && needed > seen;
  const [left, setLeft] = useState(0);
  useEffect(() => {
    const node = box.current;
    if (!some || !node) return;
    const look = () => setLeft(Math.floor(node.scrollLeft / step) * step);
    look();
    node.addEventListener("scroll", look, { passive: true });
    return () => node.removeEventListener("scroll", look);
  }, [some, box]);
  return useMemo(() => {
    if (small) return { drawn: onPhone, template: undefined, width: room };
    if (some) {
      // Beside the one held there is always where Tab goes next.
      const at = held === null ? 0 : columns.indexOf(held);
      return { ...tracksOf(columns, all, inSight(all, left - step, left + step + seen + step, [0, at - 1, at, at + 1])), width: needed };
    }
    // What is left goes to the columns that nobody has drawn, and to the last one, so that rows reach the edge.
    const template = columns.map((c, i) => (widths.drawn(c) && i < columns.length - 1 ? `${all[i]}px` : `minmax(${all[i]}px, ${all[i]}fr)`)).join(" ");
    return { drawn: columns.map((name, index) => ({ name, index, track: undefined })), template, width: Math.max(needed, room) };
  }, [small, some, columns, all, needed, left, seen, room, held, widths]);
}
