/** A column that is drawn. */
export interface Drawn {
  name: string;
  /** Its place among all columns, from 0. */
  index: number;
  /** Its track of the grid, from 1, where it does not follow the one drawn before it. */
  track: number | undefined;
}

/** From so many columns on only those in sight are drawn. */
export const many = 16;

/** The columns that reach into from … to (pixels), and those that are held wherever they are. */
export function inSight(widths: readonly number[], from: number, to: number, held: readonly number[]): number[] {
  let left = 0;
  return widths.flatMap((width, i) => {
    const begin = left;
    left += width;
    return (begin < to && left > from) || held.includes(i) ? [i] : [];
  });
}

/** A grid that has the columns drawn at their places, with a track for each gap, so that nothing moves whatever is drawn. */
export function tracksOf(columns: readonly string[], widths: readonly number[], drawn: readonly number[]): { template: string; drawn: Drawn[] } {
  const tracks: string[] = [];
  const found: Drawn[] = [];
  let next = 0; // the first column that has no track yet
  const gap = (until: number) => {
    let width = 0;
    for (; next < until; next++) width += widths[next] ?? 0;
    if (width > 0) tracks.push(`${width}px`);
    return width > 0;
  };
  for (const index of drawn) {
    const after = gap(index);
    tracks.push(`${widths[index] ?? 0}px`);
    found.push({ name: columns[index] ?? "", index, track: after ? tracks.length : undefined });
    next = index + 1;
  }
  gap(columns.length);
  return { template: tracks.join(" "), drawn: found };
}
