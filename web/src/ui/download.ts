/** Gives the browser a file to keep. */
export function download(body: Blob, name: string): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(body);
  link.download = name;
  link.click();
  // The browser has it once the click is handled.
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}
