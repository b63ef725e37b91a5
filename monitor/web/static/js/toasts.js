// Short messages that go away by themselves.
import { icon } from "./dom.js";
import { element } from "./elements.js";

const SHOWN_MS = 6000;

/** Show a sentence for six seconds; level "note", "warning" or "alarm". */
export function toast(sentence, { level = "note" } = {}) {
  const node = element("p", { class: "banner", "data-level": level }, icon(level === "note" ? "info" : "waiting"), element("span", {}, sentence));
  document.getElementById("toasts").append(node);
  setTimeout(() => node.remove(), SHOWN_MS);
}
