// All turbines of the farm page: which are shown and in which order, and the numbers of those near the view kept fresh.
import { setChildren, setText } from "./dom.js";
import { element } from "./elements.js";
import { Group } from "./group.js";
import { STANDINGS, worstFirst } from "./live-farm.js";
import { counted } from "./quantities.js";
import { Tile } from "./tile.js";

const SLICE_MS = 8; // of a frame, for changing numbers
const NEAR_PX = 400; // beyond the view
const AT_ONCE = 500; // turbines put on the page in one frame
const STILL_MS = 3000; // nothing moves under a pointer that moved this short ago
const SEVERAL_REGIONS = 2;
const NO_REGION = "No region";
const ONE_LOOK = 60; // turbines that a region's groups may hold together, in trouble or not
const FEW = 300; // turbines, which all count as near

/** Turbines by region, worst first. On a large farm all that are not ok come first, then the others, either by region. */
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
  #most = AT_ONCE;
  #pointerMovedAt = -Infinity;
  #shownGroups = [];
  #isLooking = false;
  #isPrinted = false;

  constructor(farm, place, says) {
    this.#farm = farm;
    this.#place = place;
    this.#says = says;
    place.addEventListener("pointermove", () => (this.#pointerMovedAt = performance.now()), { passive: true });
    addEventListener("scroll", () => this.#lookSoon(), { passive: true });
    new ResizeObserver(() => this.arrange({ isWanted: true })).observe(place);
    addEventListener("beforeprint", () => this.#print(true));
    addEventListener("afterprint", () => this.#print(false));
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
    }
    const region = tile.region;
    return tile.showStanding(row) || tile.region !== region;
  }

  #forgetGone(rows) {
    for (const [number, tile] of this.#tiles) {
      if (rows.has(number)) continue;
      this.#tiles.delete(number);
      this.#near.delete(tile);
    }
  }

  /** Find out, before the next frame, which tiles are near the view. */
  #lookSoon() {
    if (this.#isLooking) return;
    this.#isLooking = true;
    requestAnimationFrame(() => {
      this.#isLooking = false;
      this.#look();
    });
  }

  /** Thousands of observers would cost each frame more than this sum: the tiles of a list all have one size. */
  #look() {
    const isAll = this.#isPrinted || this.#tiles.size <= FEW;
    const [top, bottom] = isAll ? [-Infinity, Infinity] : [-NEAR_PX, innerHeight + NEAR_PX];
    const near = new Set(this.#shownGroups.flatMap((group) => group.between(top, bottom)));
    for (const tile of this.#near) {
      if (near.has(tile)) continue;
      this.#stale.delete(tile);
      tile.setNear(false);
    }
    for (const tile of near) {
      if (this.#near.has(tile)) continue;
      tile.setNear(true);
      this.#stale.add(tile);
    }
    this.#near = near;
    this.#draw();
  }

  #print(isPrinted) {
    this.#isPrinted = isPrinted;
    this.#look();
    if (isPrinted) for (const tile of this.#near) tile.showNumbers(this.#farm, performance.now());
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

  #arrangeNow() {
    const all = this.#shown();
    const shown = all.slice(0, this.#most);
    const isByRegion = this.regions.length >= SEVERAL_REGIONS;
    const groups = this.#tiles.size <= ONE_LOOK ? this.#group("", shown, isByRegion) : this.#inBands(shown, isByRegion);
    this.#shownGroups = groups.map(({ group }) => group);
    setChildren(this.#place, this.#shownGroups.map((group) => group.node));
    for (const { group, tiles } of groups) group.show(tiles);
    this.#say(all.length);
    this.#lookSoon();
    if (all.length > this.#most) this.#arrangeMore();
  }

  /** A large farm is put on the page in several frames, the worst first. */
  #arrangeMore() {
    this.#most += AT_ONCE;
    requestAnimationFrame(() => this.arrange({ isWanted: true }));
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

  /** What is not ok comes before all that is ok: on a large farm one region alone fills the view. */
  #inBands(tiles, isByRegion) {
    const isCalm = (tile) => tile.row.standing === "ok";
    return [
      ...this.#group("not ok", tiles.filter((tile) => !isCalm(tile)), isByRegion),
      ...this.#group("ok", tiles.filter(isCalm), isByRegion),
    ];
  }

  /** Groups of sorted tiles, in the order of their worst, then by name; no region comes last of its like. */
  #group(kind, tiles, isByRegion) {
    const byRegion = new Map();
    for (const tile of tiles) {
      const region = isByRegion ? tile.region || NO_REGION : "";
      if (!byRegion.has(region)) byRegion.set(region, []);
      byRegion.get(region).push(tile);
    }
    const rank = ([, [worst]]) => STANDINGS.indexOf(worst.row.standing);
    const isNone = ([region]) => Number(region === NO_REGION);
    const order = (one, other) => rank(one) - rank(other) || isNone(one) - isNone(other) || one[0].localeCompare(other[0]);
    return [...byRegion].sort(order).map(([region, own]) => ({ group: this.#groupOf(kind, region), tiles: own }));
  }

  #groupOf(kind, region) {
    const words = `${region} ${kind}`.trim() || "all";
    if (!this.#groups.has(words)) this.#groups.set(words, new Group(region, words));
    return this.#groups.get(words);
  }

  #say(count) {
    const total = this.#tiles.size;
    setText(this.#says, count === total ? counted(total, "turbine") : `${counted(count, "turbine")} of ${total.toLocaleString("en")} shown`);
    if (count > 0) return;
    const words = total === 0 ? "No turbine is known yet. Start some with grid-turbines." : "No turbine is like that. Show all, or press Esc.";
    this.#place.append(element("p", { class: "empty" }, words));
  }
}
