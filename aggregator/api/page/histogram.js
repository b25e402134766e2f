// Bars of events per step of time, failures at their foot; drag to zoom, click for one bar.
import { svg, el, number, moment } from "./dom.js";

const height = 100;

export function drawHistogram(box, axis, h, { onHover, onZoom }) {
  const n = h.buckets.length;
  const most = Math.max(1, ...h.buckets.map((b) => b.count));
  const picture = svg("svg", {
    viewBox: `0 0 ${n} ${height}`, preserveAspectRatio: "none", role: "img",
    "aria-label": `${number(h.total)} events in steps of ${h.interval}, at most ${number(most)} in one`,
  });
  const tall = (count) => count ? Math.max(2, (count / most) * (height - 6)) : 0;
  h.buckets.forEach((b, i) => {
    const all = tall(b.count), failed = b.errors ? Math.max(2, all * (b.errors / b.count)) : 0;
    if (b.count > b.errors) picture.append(svg("rect", { class: "ok", x: i + 0.09, width: 0.82, y: height - all, height: all - failed }));
    if (failed) picture.append(svg("rect", { class: "failed", x: i + 0.09, width: 0.82, y: height - failed, height: failed }));
    picture.append(svg("rect", { class: "hot", x: i, width: 1, y: 0, height }));
  });
  box.replaceChildren(picture);

  const step = h.intervalSeconds * 1000;
  const at = (e) => {
    const r = picture.getBoundingClientRect();
    return Math.min(n - 1, Math.max(0, Math.floor(((e.clientX - r.left) / r.width) * n)));
  };
  const brush = svg("rect", { class: "brush", y: 0, height });
  let begin = null;
  picture.addEventListener("pointerdown", (e) => { begin = at(e); picture.setPointerCapture(e.pointerId); picture.append(brush); stretch(begin); });
  picture.addEventListener("pointermove", (e) => {
    const i = at(e);
    if (begin !== null) stretch(i);
    const b = h.buckets[i];
    onHover(`${moment(b.start)} + ${h.interval}: ${number(b.count)}${b.errors ? `, ${number(b.errors)} failed` : ""}`);
  });
  picture.addEventListener("pointerleave", () => onHover(caption));
  picture.addEventListener("pointercancel", () => { begin = null; brush.remove(); });
  picture.addEventListener("pointerup", (e) => {
    if (begin === null) return;
    const first = Math.min(begin, at(e)), last = Math.max(begin, at(e));
    begin = null;
    brush.remove();
    const start = (i) => new Date(new Date(h.buckets[0].start).getTime() + i * step);
    if (n > 1) onZoom(start(first), start(last + 1));
  });
  function stretch(i) {
    brush.setAttribute("x", Math.min(begin, i));
    brush.setAttribute("width", Math.abs(i - begin) + 1);
  }

  const caption = `per ${h.interval} · drag to zoom`;
  onHover(caption);
  // The bars reach from the begin of the first to the end of the last, a little out of the range that was asked for.
  const from = +new Date(h.buckets[0].start), to = from + n * step, marks = 5;
  const withDate = to - from > 20 * 3600e3, withSeconds = to - from < 10 * 60e3;
  axis.replaceChildren(...Array.from({ length: marks }, (_, i) => {
    const t = moment(from + ((to - from) * i) / (marks - 1));
    return el("span", {}, to - from > 5 * 86400e3 ? t.slice(0, 10) : withDate ? t.slice(5, 16) : withSeconds ? t.slice(11) : t.slice(11, 16));
  }));
}
