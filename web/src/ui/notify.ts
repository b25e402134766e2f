/** Something that is done, told in a corner for a while. */
export interface Notice {
  id: number;
  title?: string;
  text: string;
}

const shownFor = 6000; // ms

let notices: readonly Notice[] = [];
let last = 0;
const listeners = new Set<() => void>();

function set(next: readonly Notice[]): void {
  notices = next;
  for (const listener of listeners) listener();
}

/** Tells of it. Notices shows it, and what reads a page aloud reads it. */
export function notify(text: string, title?: string): void {
  const id = ++last;
  set([...notices, { id, title, text }]);
  setTimeout(() => dismiss(id), shownFor);
}

export function dismiss(id: number): void {
  set(notices.filter((n) => n.id !== id));
}

export const told = {
  now: () => notices,
  subscribe: (listener: () => void) => {
    listeners.add(listener);
    return () => void listeners.delete(listener);
  },
};
