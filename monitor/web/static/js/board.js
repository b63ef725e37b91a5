// All turbines of the farm page: which are shown and in which order, and the numbers of those near the view kept fresh.
import { badge, setChildren, setText } from "./dom.js";
import { element } from "./elements.js";
import { STANDING_WORDS, STANDINGS, worstFirst } from "./live-farm.js";
import { counted } from "./quantities.js";
import { Tile } from "./tile.js";

const SLICE_MS = 8; // of a frame, for changing numbers
const NEAR = "400px";
const STILL_MS = 3000; // nothing moves under a pointer that moved this short ago
const SEVERAL_REGIONS = 2;
const FEW = 300; // turbines, whose numbers are all kept fresh, near or not

/** Turbines that are not ok first, then the others; within either by region, and worst first. */
export class Board {
  filter = { standing: null, region: null, text: "" };

  #farm;
  #place;
  #says;
  #tiles = new Map();
  #near = new Set();
  #stale = new Set();
  #groups = new Map();
  #isDrawing = false;
  #order = 0;
  #pointerMovedAt = -Infinity;
  #observer = new IntersectionObserver((entries) => this.#approach(entries), { rootMargin: NEAR });

  constructor(farm, place, says) {
    this.#farm = farm;
    this.#place = place;
    this.#says = says;
    place.addEventListener("pointermove", () => (this.#pointerMovedAt = performance.now()), { passive: true });
    addEventListener("beforeprint", () => this.#showAllNumbers());
    place.addEventListener("pointerleave", () => (this.#pointerMovedAt = -Infinity), { passive: true });
  }

  /** Show what a message changed. */
  take(change) {
    const { rows } = this.#farm;
    if (change.kind === "snapshot") this.#forgetGone(rows);
    let isMoved = change.kind === "snapshot";
    for (const number of change.turbines) isMoved = this.#takeRow(rows.get(number)) || isMoved;
    if (isMoved) this.arrange();
    this.refresh();
  }

  /** Bring all numbers near the view up to date: ages pass also when nothing comes. */
  refresh() {
    for (const tile of this.#near) this.#stale.add(tile);
    this.#draw();
  }

  /** Put every turbine where it belongs; at once for `isWanted`, otherwise not under a moving pointer. */
  arrange({ isWanted = false } = {}) {
    clearTimeout(this.#order);
    const wait = isWanted ? 0 : this.#pointerMovedAt + STILL_MS - performance.now();
    if (wait <= 0) this.#arrangeNow();
    else this.#order = setTimeout(() => this.arrange(), wait);
  }

  /** The links that are shown, in the order of the page. */
  get links() {
    return this.#place.querySelectorAll(".tile > a");
  }

  /** Names of the regions, in order. */
  get regions() {
    return [...new Set([...this.#tiles.values()].map((tile) => tile.region).filter(Boolean))].sort((one, other) => one.localeCompare(other));
  }

  #takeRow(row) {
    let tile = this.#tiles.get(row.turbine_number);
    if (tile === undefined) {
      tile = new Tile(row.turbine_number);
      this.#tiles.set(row.turbine_number, tile);
      if (this.#farm.rows.size <= FEW) this.#near.add(tile);
      else this.#observer.observe(tile.node);
    }
    const region = tile.region;
    return tile.showStanding(row) || tile.region !== region;
  }

  #forgetGone(rows) {
    for (const [number, tile] of this.#tiles) {
      if (rows.has(number)) continue;
      this.#observer.unobserve(tile.node);
      this.#tiles.delete(number);
      this.#near.delete(tile);
    }
  }

  #approach(entries) {
    for (const { target, isIntersecting } of entries) {
      const tile = this.#tiles.get(Number(target.dataset.turbine));
      if (tile === undefined) continue;
      if (isIntersecting) this.#near.add(tile);
      else this.#near.delete(tile);
      if (isIntersecting) this.#stale.add(tile);
    }
    this.#draw();
  }

  /** Change numbers in slices of a frame, so that scrolling and typing never wait. */
  #draw() {
    if (this.#isDrawing || this.#stale.size === 0) return;
    this.#isDrawing = true;
    requestAnimationFrame((start) => {
      this.#isDrawing = false;
      const now = performance.now();
      for (const tile of this.#stale) {
        this.#stale.delete(tile);
        tile.showNumbers(this.#farm, now);
        if (performance.now() - Math.max(start, now) > SLICE_MS) break;
      }
      this.#draw();
    });
  }

  #showAllNumbers() {
    const now = performance.now();
    for (const tile of this.#tiles.values()) tile.showNumbers(this.#farm, now);
  }

  #arrangeNow() {
    const shown = this.#shown();
    const isByRegion = this.regions.length >= SEVERAL_REGIONS;
    const groups = [
      ...this.#group("trouble", shown.filter((tile) => tile.row.standing !== "ok"), isByRegion),
      ...this.#group("calm", shown.filter((tile) => tile.row.standing === "ok"), isByRegion),
    ];
    setChildren(this.#place, groups.map(({ group }) => group.node));
    for (const { group, tiles } of groups) group.show(tiles);
    this.#say(shown.length);
  }

  #shown() {
    const places = new Map((this.#farm.farm?.waiting ?? []).map((number, place) => [number, place]));
    const compare = worstFirst(places);
    const { standing, region, text } = this.filter;
    const words = text.toLowerCase().split(/\s+/).filter(Boolean);
    const isWanted = (tile) =>
      (standing === null || tile.row.standing === standing) &&
      (region === null || tile.region === region) &&
      words.every((word) => tile.searched.includes(word));
    return [...this.#tiles.values()].filter(isWanted).sort((one, other) => compare(one.row, other.row));
  }

  /** Groups of sorted tiles: those in trouble in the order of their worst, the calm ones by name; no region comes last. */
  #group(kind, tiles, isByRegion) {
    const byRegion = new Map();
    for (const tile of tiles) {
      const region = isByRegion ? tile.region || "No region" : "";
      if (!byRegion.has(region)) byRegion.set(region, []);
      byRegion.get(region).push(tile);
    }
    const regions = [...byRegion.keys()];
    if (kind === "calm") regions.sort((one, other) => (one === "No region") - (other === "No region") || one.localeCompare(other));
    return regions.map((region) => ({ group: this.#groupOf(kind, region), tiles: byRegion.get(region) }));
  }

  #groupOf(kind, region) {
    const key = `${kind} ${region}`;
    if (!this.#groups.has(key)) this.#groups.set(key, new Group(kind, region));
    return this.#groups.get(key);
  }

  #say(count) {
    const total = this.#tiles.size;
    setText(this.#says, count === total ? counted(total, "turbine") : `${counted(count, "turbine")} of ${total.toLocaleString("en")} shown`);
    if (count > 0) return;
    const words = total === 0 ? "No turbine is known yet. Start some with grid-turbines." : "No turbine is like that. Esc shows all.";
    this.#place.append(element("p", { class: "empty" }, words));
  }
}

/** A heading and a list of tiles. */
class Group {
  #list;
  #counts;

  constructor(kind, region) {
    this.#list = element("ul", { class: `tiles ${kind}` });
    this.#counts = element("span", { class: "group-counts" });
    const heading = element("h3", { class: "group-heading" }, element("span", {}, region), this.#counts);
    heading.hidden = region === "";
    this.node = element("section", { class: "group", "aria-label": `${region} ${kind === "calm" ? "ok" : "not ok"}`.trim() }, heading, this.#list);
  }

  show(tiles) {
    const counts = new Map();
    for (const { row } of tiles) counts.set(row.standing, (counts.get(row.standing) ?? 0) + 1);
    const badges = STANDINGS.filter((standing) => counts.has(standing)).map((standing) =>
      badge(standing, `${counts.get(standing).toLocaleString("en")} ${STANDING_WORDS[standing]}`),
    );
    this.#counts.replaceChildren(...badges);
    setChildren(this.#list, tiles.map((tile) => tile.node));
  }
}
