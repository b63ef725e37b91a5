// A short list that changes all the time: entries stay the same elements while they stay in it.

import { setChildren, setText } from "./dom.js";
import { element } from "./elements.js";

/** Shows entries, or a sentence where there is none. */
export class Queue {
  #entries = new Map();

  constructor(list, foot, empty) {
    Object.assign(this, { list, foot, empty });
  }

  /**
   * Show these entries, in this order. Each has a `key`, an `age` and a `note`, which are texts that may change, and
   * `place` and `what`, which are made once for a key; `place` also again when its text changed.
   */
  show(entries) {
    const shown = new Map(entries.map((entry) => [entry.key, this.#entries.get(entry.key) ?? made(entry)]));
    for (const entry of entries) change(shown.get(entry.key), entry);
    this.#entries = shown;
    setChildren(this.list, [...shown.values()]);
    setText(this.foot, entries.length === 0 ? this.empty : "");
  }

  /** Say what went wrong; what was known before stays. */
  fail(sentence) {
    setText(this.foot, sentence);
  }
}

function made({ what, standing }) {
  return element(
    "li",
    { "data-standing": standing },
    element("span", { class: "place" }),
    element("span", { class: "what" }, what()),
    element("span", { class: "age" }),
    element("span", { class: "note" }),
  );
}

function change(item, { place, age, note }) {
  const [placeNode, , ageNode, noteNode] = item.children;
  const now = place();
  if (typeof now === "string") setText(placeNode, now);
  else if (placeNode.firstElementChild?.className !== now.className) placeNode.replaceChildren(now);
  setText(ageNode, age);
  setText(noteNode, note);
}
