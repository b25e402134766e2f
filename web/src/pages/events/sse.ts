/** A server-sent event (HTML standard, 9.2.6). */
export interface Sent {
  name: string;
  data: string;
  id?: string;
}

/** Cuts a stream of text into the events in it; what is not finished waits for the rest. EventSource itself sends no token. */
export function reader(): (text: string) => Sent[] {
  let rest = "";
  return (text) => {
    rest += text;
    const blocks = rest.split("\n\n");
    rest = blocks.pop() ?? "";
    return blocks.map((block) => {
      const sent: Sent = { name: "", data: "" };
      for (const line of block.split("\n")) {
        const [name, value] = cut(line);
        if (name === "event") sent.name = value;
        if (name === "data") sent.data += sent.data ? `\n${value}` : value;
        if (name === "id") sent.id = value;
      }
      return sent;
    });
  };
}

function cut(line: string): [string, string] {
  const at = line.indexOf(":");
  return at < 0 ? [line, ""] : [line.slice(0, at), line.slice(at + 1).replace(/^ /, "")];
}
