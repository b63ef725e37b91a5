// Turbines of one region on the farm page: a heading, and their tiles in lists of some rows each.
//
// A list that is far from the view costs a browser nothing (content-visibility), not even for a farm of thousands.
import { badge, setChildren } from "./dom.js";
import { element } from "./elements.js";
import { STANDING_WORDS, STANDINGS } from "./live-farm.js";
import { quantity } from "./quantities.js";

const ROWS = 10; // of tiles in a list

export class Group {
  #kind;
  #counts = element("span", { class: "group-counts" });
  #heading;
  #lists = [];

  /** `kind` is "trouble" or "calm"; `region` is empty where there is only one. */
  constructor(kind, region) {
    this.#kind = kind;
    this.#heading = element("h3", { class: "group-heading", hidden: region === "" }, element("span", {}, region), this.#counts);
    const words = `${region} ${kind === "calm" ? "ok" : "not ok"}`.trim();
    this.node = element("section", { class: "group", "aria-label": words }, this.#heading);
  }

  /** Show sorted tiles; the group has to be on the page. */
  show(tiles) {
    this.#count(tiles);
    const columns = this.#columns();
    const size = ROWS * columns;
    const parts = Math.max(1, Math.ceil(tiles.length / size));
    while (this.#lists.length < parts) this.#lists.push(this.#newList());
    this.#lists.length = parts;
    setChildren(this.node, [this.#heading, ...this.#lists.map((list) => list.node)]);
    this.#lists.forEach((list, place) => fill(list, tiles.slice(place * size, (place + 1) * size), columns));
  }

  /** The tiles between two heights of the view, in pixels from its top. */
  between(top, bottom) {
    return this.#lists.flatMap(({ node, tiles, columns }) => {
      const { top: start, height } = node.getBoundingClientRect();
      if (start + height < top || start > bottom || tiles.length === 0) return [];
      const row = height / Math.ceil(tiles.length / columns);
      const first = Math.max(0, Math.floor((top - start) / row));
      return tiles.slice(first * columns, (Math.floor((bottom - start) / row) + 1) * columns);
    });
  }

  #count(tiles) {
    const counts = new Map();
    for (const { row } of tiles) counts.set(row.standing, (counts.get(row.standing) ?? 0) + 1);
    const known = STANDINGS.filter((standing) => counts.has(standing));
    const badges = known.map((standing) => badge(standing, `${quantity(counts.get(standing), 0)} ${STANDING_WORDS[standing]}`));
    this.#counts.replaceChildren(...badges);
  }

  /** As many as there is room for, which the style sheet decides. */
  #columns() {
    if (this.#lists.length === 0) {
      this.#lists.push(this.#newList());
      this.node.append(this.#lists[0].node);
    }
    return getComputedStyle(this.#lists[0].node).gridTemplateColumns.split(" ").length;
  }

  #newList() {
    return { node: element("ul", { class: `tiles ${this.#kind}` }), tiles: [], columns: 1 };
  }
}

function fill(list, tiles, columns) {
  list.tiles = tiles;
  list.columns = columns;
  list.node.style.setProperty("--rows", Math.ceil(tiles.length / columns));
  setChildren(list.node, tiles.map((tile) => tile.node));
}
