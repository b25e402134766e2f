// Small pieces that the other modules draw with.
export function el(name, attributes = {}, ...children) {
  return fill(document.createElement(name), attributes, children);
}

export function svg(name, attributes = {}, ...children) {
  return fill(document.createElementNS("http://www.w3.org/2000/svg", name), attributes, children);
}

function fill(node, attributes, children) {
  for (const [k, v] of Object.entries(attributes)) if (v !== undefined && v !== "") node.setAttribute(k, v);
  node.append(...children);
  return node;
}

const grouped = new Intl.NumberFormat("en");
export const number = (n) => grouped.format(n);

// visible shows what a terminal or a reader could mistake: control and bidi characters as their code.
export const visible = (s) => s.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, (c) => c === "\n" || c === "\t" ? c : `\\u${c.codePointAt(0).toString(16).padStart(4, "0")}`);

export function bytes(n) {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let i = 0;
  while (n >= 1024 && i < units.length - 1) { n /= 1024; i++; }
  return `${n < 10 && i ? n.toFixed(1) : Math.round(n)} ${units[i]}`;
}

// moment is a time as "2026-11-29 10:02:03", in UTC like everything on the page.
export const moment = (t) => new Date(t).toISOString().slice(0, 19).replace("T", " ");
