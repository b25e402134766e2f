// A card for each trail.
import { el, number, bytes, moment } from "./dom.js";

const shades = { running: "good", failing: "bad", owing: "warn", stopped: "plain" };

export function drawTrails(box, trails) {
  if (!trails.length) {
    box.replaceChildren(el("p", { class: "dim" }, "No trail is declared. A trail keeps events for good: see trail in the configuration."));
    return;
  }
  box.replaceChildren(...trails.map((t) => {
    const facts = [
      ["Delivers to", t.deliver.map((d) => `${d.kind} ${d.target}`).join(", ") || "—"],
      ["Delivered", `${number(t.events)} events in ${number(t.objects)} objects, ${bytes(t.bytes)}`],
      ["Last delivery", t.lastDelivery ? moment(t.lastDelivery) + " UTC" : "never"],
      ["Behind", t.lagBatches ? `${number(t.lagBatches)} batches, ${Math.ceil(t.lagSeconds)} s` : "nothing"],
    ];
    return el("article", { class: "card trail" },
      el("h3", {}, t.name, el("span", { class: `chip ${shades[t.state] ?? "plain"}` }, t.state)),
      el("code", {}, t.where || "all events"),
      el("dl", {}, ...facts.flatMap(([k, v]) => [el("dt", {}, k), el("dd", {}, v)])),
      t.lastError ? el("p", { class: "error" }, t.lastError) : "");
  }));
}
