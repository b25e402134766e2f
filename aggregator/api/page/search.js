// The plain page: one search, its histogram, its events, and the trails. All
// state is in the address, so that it can be shared and Back works. What comes
// out of events is only ever set as text.
import { ask, Problem, useToken, hasToken } from "./ask.js";
import { drawHistogram } from "./histogram.js";
import { eventRows, term } from "./rows.js";
import { drawTrails } from "./trails.js";
import { el, number } from "./dom.js";

const $ = (id) => document.getElementById(id);
const pageSize = 100;
const defaultRange = "now-24h";

let current = 0; // of searches: an answer to an older one is dropped
let next = null; // parameters of the next page

function stateOfAddress() {
  const p = new URLSearchParams(location.search);
  return { query: p.get("query") ?? "", from: p.get("from") ?? defaultRange, to: p.get("to") ?? "now" };
}

function stateOfForm() {
  const range = $("range").value;
  const query = $("query").value.trim();
  if (range !== "custom") return { query, from: range, to: "now" };
  return { query, from: $("from").value.trim(), to: $("to").value.trim() || "now" };
}

function showInForm({ query, from, to }) {
  $("query").value = query;
  const quick = to === "now" && [...$("range").options].some((o) => o.value === from && o.value !== "custom");
  $("range").value = quick ? from : "custom";
  $("custom").hidden = quick;
  $("from").value = from;
  $("to").value = to;
}

// go searches and puts the search into the address.
function go(state) {
  const p = new URLSearchParams();
  for (const [k, v] of Object.entries(state)) if (v) p.set(k, v);
  const address = "?" + p;
  if (address === location.search) history.replaceState(null, "", address);
  else history.pushState(null, "", address);
  showInForm(state);
  return search(state);
}

async function search(state) {
  const turn = ++current;
  $("results").classList.add("busy");
  document.title = state.query ? `${state.query} · actiontrail` : "actiontrail";
  try {
    const [page, histogram] = await Promise.all([
      ask("/api/v1/events", { ...state, limit: pageSize }),
      ask("/api/v1/histogram", state),
    ]);
    if (turn !== current) return;
    showProblem(null);
    showSummary(page, histogram);
    drawHistogram($("histogram"), $("axis"), histogram, {
      onHover: (text) => { $("bucket").textContent = text; },
      onZoom: (from, to) => go({ ...stateOfAddress(), from: from.toISOString(), to: to.toISOString() }),
    });
    $("rows").replaceChildren();
    $("rows").classList.toggle("days", new Date(histogram.to) - new Date(histogram.from) > 20 * 3600e3); // a time alone would not do
    $("empty").hidden = page.events.length > 0;
    $("empty").textContent = "No event matches in this time range. Try a longer range or a wider query.";
    $("results").hidden = false;
    append(state, page);
  } catch (e) {
    if (turn !== current) return;
    showProblem(e, state.query);
  } finally {
    if (turn === current) $("results").classList.remove("busy");
  }
}

function append(state, page) {
  $("rows").append(...page.events.flatMap((e) => eventRows(e, addTerm)));
  next = page.cursor ? { query: state.query, limit: pageSize, cursor: page.cursor } : null;
  $("more").hidden = !next;
  $("more").textContent = `Load more (${number($("rows").querySelectorAll("tr.event").length)} of ${number(page.total)} shown)`;
}

async function more() {
  const turn = current;
  $("more").disabled = true;
  try {
    const page = await ask("/api/v1/events", next);
    if (turn === current) append(next, page);
  } catch (e) {
    if (turn === current) showProblem(e, $("query").value);
  } finally {
    $("more").disabled = false;
  }
}

// addTerm narrows the search to events that have this value, too.
function addTerm(field, value) {
  const more = term(field, value), state = stateOfAddress();
  state.query = state.query ? (/\bor\b/i.test(state.query) ? `(${state.query})` : state.query) + " and " + more : more;
  go(state);
  scrollTo({ top: 0 });
}

function showSummary(page, histogram) {
  const failed = histogram.buckets.reduce((n, b) => n + b.errors, 0);
  const parts = [el("strong", {}, number(page.total)), page.total === 1 ? " event" : " events"];
  if (failed) parts.push(" · ", el("span", { class: "bad" }, `${number(failed)} failed`));
  parts.push(el("span", { class: "dim" }, ` · ${page.tookMs + histogram.tookMs || "<1"} ms`));
  $("summary").replaceChildren(...parts);
}

// showProblem tells what is wrong under the box, with a mark below the place.
function showProblem(e, query = "") {
  const box = $("problem");
  $("results").classList.toggle("stale", Boolean(e));
  for (const id of ["query", "from", "to"]) {
    const wrong = e instanceof Problem && e.parameter === id;
    (id === "query" ? $(id).parentElement : $(id)).classList.toggle("wrong", wrong);
    if (wrong) $(id).setAttribute("aria-invalid", "true");
    else $(id).removeAttribute("aria-invalid");
  }
  $("token").hidden = !(e instanceof Problem && e.status === 401);
  box.hidden = !e || !$("token").hidden;
  if (!e) return;
  if (!$("token").hidden) {
    $("token-why").textContent = hasToken() ? "That is not this server's token." : "This server asks for a token.";
    $("secret").value = "";
    $("results").hidden = true; 
    $("secret").focus();
    return;
  }
  const parts = [], mark = el("b", {}, "▲"), place = el("pre");
  if (e.position !== undefined && query) {
    const before = [...query].slice(0, e.position).join("");
    place.append(query + "\n" + before.replace(/\S/gu, "\u00a0"), mark);
    parts.push(place);
    if (document.activeElement === $("query")) $("query").setSelectionRange(before.length, before.length);
  }
  parts.push(e.message);
  if (e.hint) parts.push(" — ", el("em", {}, e.hint));
  box.replaceChildren(...parts);
  if (mark.isConnected) place.scrollLeft = Math.max(0, mark.offsetLeft - place.clientWidth / 2); // of a query longer than the window
}

async function showState() {
  try {
    const [status, list] = await Promise.all([ask("/api/v1/status"), ask("/api/v1/trails")]);
    $("account").textContent = `${status.account} · ${number(status.index.events)} events kept`;
    drawTrails($("trail-list"), list.trails);
  } catch (e) {
    $("trail-list").replaceChildren(el("p", { class: "dim" }, e.status === 401 ? "A token is needed." : e.message));
  }
}

$("search").addEventListener("submit", (e) => { e.preventDefault(); go(stateOfForm()); });
$("range").addEventListener("change", () => {
  const custom = $("range").value === "custom";
  $("custom").hidden = !custom;
  if (custom) $("from").focus();
  else go(stateOfForm());
});
for (const b of document.querySelectorAll("[data-query]")) b.addEventListener("click", () => go({ ...stateOfForm(), query: b.dataset.query }));
$("more").addEventListener("click", more);
$("token").addEventListener("submit", (e) => {
  e.preventDefault();
  useToken($("secret").value.trim());
  start();
});
addEventListener("popstate", start);
addEventListener("keydown", (e) => {
  const typing = e.target.closest?.("input, select, textarea");
  if (e.key === "/" && !typing && !e.ctrlKey && !e.metaKey && !e.altKey) { e.preventDefault(); $("query").focus(); $("query").select(); }
  if (e.key === "Escape" && typing) e.target.blur();
});

function start() {
  for (const a of document.querySelectorAll("[data-open]")) a.hidden = hasToken(); // a link cannot carry the token
  const state = stateOfAddress();
  showInForm(state);
  search(state);
  showState();
}
start();
