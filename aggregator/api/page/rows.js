// A row for an event, and its whole JSON below when it is opened.
import { el, visible, moment } from "./dom.js";

export function eventRows(e, onTerm) {
  const time = e.eventTime ?? "";
  const button = el("button", { type: "button", class: "open-row", "aria-expanded": "false", title: time ? `${new Date(time).toLocaleString()} here` : "" },
    el("span", { class: "date" }, ...(time ? [el("span", { class: "year" }, moment(time).slice(0, 5)), moment(time).slice(5, 11)] : ["no time"])), time.slice(11, 19), el("span", { class: "fraction" }, time.slice(19, 23).replace("Z", "")));
  const u = e.userIdentity ?? {};
  const who = u.userName || u.principalId || u.accessKeyId || u.type || "unknown";
  const marks = [];
  if (u.trust === "claimed") marks.push(el("span", { class: "chip warn", title: "The client said so; nothing in the record shows that it was checked" }, "claimed"));
  const cell = (...children) => el("td", { role: "cell" }, ...children);
  const row = el("tr", { class: "event", role: "row" },
    cell(button),
    cell(el("div", { class: "who" }, el("span", { title: visible(who) }, visible(who)), ...marks), small(u.type !== who && u.type)),
    cell(text(e.eventName ?? "—"), small([e.serviceName, e.eventRW].filter(Boolean).join(" · "))),
    cell(text(e.resourceName ?? "—"), small(e.resourceType)),
    cell(el("span", { class: "mono" }, text(e.sourceIpAddress ?? "—")), small(how(e))),
    cell(e.errorCode ? el("span", { class: "chip bad", title: visible(e.errorMessage ?? e.errorCode) }, visible(e.errorCode)) : el("span", { class: "chip good" }, "ok")),
  );
  let detail = null;
  const toggle = () => {
    const open = button.getAttribute("aria-expanded") === "true";
    button.setAttribute("aria-expanded", String(!open));
    row.classList.toggle("open", !open);
    if (open) { detail.remove(); return; }
    detail ??= detailOf(e, onTerm);
    row.after(detail);
  };
  row.addEventListener("click", () => { if (!getSelection()?.toString()) toggle(); });
  button.addEventListener("click", (ev) => { ev.stopPropagation(); toggle(); });
  button.addEventListener("keydown", (ev) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[ev.key];
    if (!step) return;
    ev.preventDefault();
    const all = [...document.querySelectorAll(".open-row")];
    all[all.indexOf(button) + step]?.focus();
  });
  return [row];
}

const text = (s) => el("span", { title: visible(s) }, visible(s));
const small = (s) => s ? el("small", { title: visible(s) }, visible(s)) : "";

// how tells console or API, and the program.
function how(e) {
  const kind = { ApiCall: "API", ConsoleOperation: "console", ConsoleSignin: "console", ConsoleSignout: "console", ServiceEvent: "service" }[e.eventType] ?? e.eventType;
  return [kind, e.userAgent].filter(Boolean).join(" · ");
}

// columns are those that are shown: a narrow window hides some.
const columns = () => [...document.querySelectorAll("thead th")].filter((th) => th.offsetWidth).length;
addEventListener("resize", () => document.querySelectorAll("tr.detail > td").forEach((td) => { td.colSpan = columns(); }));

function detailOf(e, onTerm) {
  const copy = el("button", { type: "button" }, "Copy JSON");
  copy.addEventListener("click", async () => {
    await navigator.clipboard?.writeText(JSON.stringify(e, null, 2));
    copy.textContent = "Copied";
  });
  const tools = el("div", { class: "tools" }, copy,
    el("a", { href: addressOf(e) }, "Link to this event"),
    el("span", { class: "dim" }, "click a value to search for it"));
  const cell = el("td", { role: "cell", colspan: columns() }, el("div", { class: "inside" }, tools, el("pre", {}, ...json(e, "", "", onTerm))));
  return el("tr", { class: "detail", role: "row" }, cell);
}

// addressOf is the page with this event alone. It works with a token, too, which a link into the API cannot carry.
function addressOf(e) {
  const at = new Date(e.eventTime).getTime(), whole = (ms) => new Date(Math.floor(ms / 1000) * 1000).toISOString();
  return "/?" + new URLSearchParams({ query: term("eventId", e.eventId), ...(at ? { from: whole(at), to: whole(at + 1000) } : { from: "now-90d" }) });
}

// term is KQL for a field that has this value.
export function term(field, value) {
  const quoted = (s) => `"${s.replace(/["\\]/g, "\\$&").replace(/\n/g, "\\n").replace(/\r/g, "\\r").replace(/\t/g, "\\t")}"`;
  return `${/^[\w.-]+$/.test(field) ? field : quoted(field)}: ${quoted(value)}`;
}

// json is a value as indented JSON; leaves search for themselves.
function json(v, path, indent, onTerm) {
  if (v === null || typeof v !== "object") {
    const s = JSON.stringify(v);
    if (path === "eventVersion") return [el("span", { class: "n" }, s)]; // of the format, not a field to search by
    const b = el("button", { type: "button", class: typeof v === "string" ? "" : "n" }, visible(s));
    b.addEventListener("click", () => onTerm(path, String(v)));
    return [b];
  }
  const list = Array.isArray(v), entries = Object.entries(v);
  if (!entries.length) return [list ? "[]" : "{}"];
  const out = [list ? "[" : "{"];
  entries.forEach(([k, inner], i) => {
    out.push("\n" + indent + "  ");
    if (!list) out.push(el("span", { class: "k" }, visible(JSON.stringify(k))), ": ");
    out.push(...json(inner, list ? path : path ? `${path}.${k}` : k, indent + "  ", onTerm), i < entries.length - 1 ? "," : "");
  });
  out.push("\n" + indent + (list ? "]" : "}"));
  return out;
}
