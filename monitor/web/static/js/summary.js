// The strip at the top of the farm page: how many turbines stand how, which filters them, and the farm in numbers.
import { setText } from "./dom.js";
import { UNKNOWN, power, quantity } from "./quantities.js";

const KILOWATTS_PER_MEGAWATT = 1000;

export class Summary {
  #buttons = new Map([...document.querySelectorAll("#standings > button")].map((button) => [button.dataset.standing, button]));
  #totals = new Map([...document.querySelectorAll("#totals > div")].map((place) => [place.dataset.total, place]));

  /** `onChoose(standing)` hears which standing is chosen; null for all. */
  constructor(onChoose) {
    for (const [standing, button] of this.#buttons) {
      button.addEventListener("click", () => onChoose(button.getAttribute("aria-pressed") === "true" ? null : standing));
    }
  }

  /** Show which standing is chosen. */
  choose(standing) {
    for (const [name, button] of this.#buttons) button.setAttribute("aria-pressed", String(name === standing));
  }

  /** Show the totals of the farm. */
  show(totals) {
    for (const [standing, button] of this.#buttons) {
      const number = totals.by_standing?.[standing] ?? 0;
      setText(button.firstElementChild, quantity(number, 0));
      button.classList.toggle("is-none", number === 0);
    }
    this.#set("power", ...powerParts(totals.mean_power_in_kw));
    this.#set("wind", quantity(totals.wind_speed, 1));
    this.#set("reporting", quantity(totals.reporting, 0), `of ${quantity(totals.turbines, 0)}`);
    this.#set("readings", quantity(totals.readings_per_second, totals.readings_per_second < 100 ? 1 : 0));
    this.#set("missing", quantity(totals.missing, 0));
    this.#totals.get("missing").hidden = !totals.missing;
  }

  #set(name, value, unit) {
    const place = this.#totals.get(name);
    setText(place.querySelector("[data-value]"), value);
    if (unit !== undefined) setText(place.querySelector("[data-unit]"), unit);
  }
}

/** Number and unit of a farm's power: kW, and MW from ten of them on. */
function powerParts(kilowatts) {
  if (kilowatts === null || kilowatts === undefined) return [UNKNOWN, "kW"];
  if (Math.abs(kilowatts) >= 10 * KILOWATTS_PER_MEGAWATT) return [quantity(kilowatts / KILOWATTS_PER_MEGAWATT, Math.abs(kilowatts) < 1000 * KILOWATTS_PER_MEGAWATT ? 1 : 0), "MW"];
  return power(kilowatts).split("\u00a0");
}
