/** How long anything may take: these machines are shared, and a wait costs nothing when all is well. PATIENCE=10, in seconds, tells sooner what is wrong. */
export const patience = Number(process.env.PATIENCE ?? 150) * 1000;

/** Asks until it is so. */
export async function until(what: string, longest: number, ok: () => Promise<boolean>): Promise<void> {
  const end = Date.now() + longest;
  while (!(await ok())) {
    if (Date.now() > end) throw new Error(`waited in vain for ${what}`);
    await new Promise((again) => setTimeout(again, 100));
  }
}
