// Turbines of one region on the farm page: a heading, and their tiles in lists of some rows each.
//
// A list that is far from the view costs a browser nothing (content-visibility), not even for a farm of thousands.
import { badge, setChildren } from "./dom.js";
import { element } from "./elements.js";
import { STANDING_WORDS, STANDINGS } from "./live-farm.js";
import { quantity } from "./quantities.js";

const ROWS = 10; // of tiles in a list

export class Group {
  #counts = element("span", { class: "group-counts" });
  #heading;
  #runs = [new Run("trouble"), new Run("calm")];

  /** `region` is empty where there is only one; `words` say what is in the group. */
  constructor(region, words) {
    this.#heading = element("h3", { class: "group-heading", hidden: region === "" }, element("span", {}, region), this.#counts);
    this.node = element("section", { class: "group", "aria-label": words }, this.#heading);
  }

  /** Show tiles, sorted worst first; the group has to be on the page. */
  show(tiles) {
    this.#count(tiles);
    const isCalm = (tile) => tile.row.standing === "ok";
    const [trouble, calm] = this.#runs;
    trouble.take(this.node, tiles.filter((tile) => !isCalm(tile)));
    calm.take(this.node, tiles.filter(isCalm));
    setChildren(this.node, [this.#heading, ...trouble.nodes, ...calm.nodes]);
  }

  /** The tiles between two heights of the view, in pixels from its top. */
  between(top, bottom) {
    return this.#runs.flatMap((run) => run.between(top, bottom));
  }

  #count(tiles) {
    const counts = new Map();
    for (const { row } of tiles) counts.set(row.standing, (counts.get(row.standing) ?? 0) + 1);
    const known = STANDINGS.filter((standing) => counts.has(standing));
    const badges = known.map((standing) => badge(standing, `${quantity(counts.get(standing), 0)} ${STANDING_WORDS[standing]}`));
    this.#counts.replaceChildren(...badges);
  }
}

/** Tiles of one size, in as many lists as they need. */
class Run {
  #kind;
  #lists = [];

  constructor(kind) {
    this.#kind = kind;
  }

  get nodes() {
    return this.#lists.map((list) => list.node);
  }

  take(place, tiles) {
    const columns = tiles.length === 0 ? 1 : this.#columns(place);
    const size = ROWS * columns;
    const parts = Math.ceil(tiles.length / size);
    while (this.#lists.length < parts) this.#lists.push(this.#newList());
    for (const list of this.#lists.splice(parts)) list.node.remove();
    this.#lists.forEach((list, part) => fill(list, tiles.slice(part * size, (part + 1) * size), columns));
  }

  between(top, bottom) {
    return this.#lists.flatMap(({ node, tiles, columns }) => {
      const { top: start, height } = node.getBoundingClientRect();
      if (start + height < top || start > bottom) return [];
      const row = height / Math.ceil(tiles.length / columns);
      const first = Math.max(0, Math.floor((top - start) / row));
      return tiles.slice(first * columns, (Math.floor((bottom - start) / row) + 1) * columns);
    });
  }

  /** As many as there is room for, which the style sheet decides. */
  #columns(place) {
    if (this.#lists.length === 0) this.#lists.push(this.#newList());
    const { node } = this.#lists[0];
    if (!node.isConnected) place.append(node);
    return getComputedStyle(node).gridTemplateColumns.split(" ").length;
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
