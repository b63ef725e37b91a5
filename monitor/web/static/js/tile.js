// One turbine on the farm page: a link, with numbers while it is near the view.
import { age } from "./clock.js";
import { setAttribute, setText } from "./dom.js";
import { isOld, whyText } from "./live-farm.js";
import { UNKNOWN, power, windSpeed } from "./quantities.js";

const outside = document.getElementById("tile").content.firstElementChild;
const inside = document.getElementById("tile-numbers").content;

/** Also what is unknown says of what it is: a dash alone does not. */
const withUnit = (words, unit) => (words === UNKNOWN ? `${UNKNOWN}\u00a0${unit}` : words);

export class Tile {
  region = "";
  searched = "";

  #state;
  #icon;
  #numbers = null;
  #share = -1;

  constructor(turbineNumber) {
    this.number = turbineNumber;
    this.node = outside.cloneNode(true);
    this.node.dataset.turbine = turbineNumber;
    this.link = this.node.firstElementChild;
    this.link.href = `/turbines/${turbineNumber}`;
    this.node.querySelector(".tile-name").textContent = `T${turbineNumber}`;
    const state = this.node.querySelector(".tile-state");
    this.#icon = state.firstElementChild;
    this.#state = state.lastElementChild;
  }

  /** Show how the turbine stands, also while it is far from the view. Says whether that is new. */
  showStanding(row) {
    const isNew = this.row?.standing !== row.standing;
    this.row = row;
    this.region = row.region ?? "";
    this.searched = `t${row.turbine_number} ${row.model ?? ""} ${row.serial ?? ""} ${this.region}`.toLowerCase();
    setText(this.#state, row.state ?? row.standing);
    if (isNew) {
      this.node.dataset.standing = row.standing;
      this.#icon.className = `icon icon-${row.standing}`;
    }
    setAttribute(this.node, "title", [row.model, row.serial, row.region].filter(Boolean).join(", ") || null);
    return isNew;
  }

  /** Whether the tile is near the view: only then it has numbers, so that a page never holds more than a view of them. */
  setNear(isNear) {
    this.node.classList.toggle("is-near", isNear);
    if (isNear || this.#numbers === null) return;
    while (this.link.childNodes.length > 1) this.link.lastChild.remove();
    this.#numbers = null;
    this.#share = -1;
  }

  /** Show the numbers as of `now`. */
  showNumbers(farm, now) {
    const { row } = this;
    const nodes = (this.#numbers ??= this.#makeNumbers());
    const isGone = row.standing === "offline" || row.link === "offline";
    setAttribute(this.node, "data-old", isOld(row) ? "" : null);
    const kilowatts = isGone ? null : row.mean_power_in_kw;
    setText(nodes.wind, withUnit(windSpeed(isGone ? null : row.wind_speed), "m/s"));
    setText(nodes.power, withUnit(power(kilowatts), "kW"));
    setText(nodes.age, age(farm.age(row, now)));
    setText(nodes.why, whyText(row, farm, now, age));
    this.#showShare(nodes.bar, kilowatts, row.rated_power_in_kw);
  }

  #makeNumbers() {
    this.link.append(inside.cloneNode(true));
    const find = (name) => this.link.querySelector(name);
    return {
      wind: find(".tile-wind"),
      power: find(".tile-power"),
      age: find(".tile-age > span"),
      bar: find(".tile-bar"),
      why: find(".tile-why"),
    };
  }

  #showShare(bar, kilowatts, rated) {
    const share = rated > 0 && kilowatts >= 0 ? Math.min(1, Math.round((100 * (kilowatts ?? 0)) / rated) / 100) : null;
    if (share === this.#share) return;
    this.#share = share;
    bar.hidden = share === null;
    bar.style.backgroundSize = `${100 * (share ?? 0)}% 100%`;
  }
}
