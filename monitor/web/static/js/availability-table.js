// The table of availability: a line for each turbine, region or the farm, with a bar of its time.

import { get, inWords } from "./api.js";
import { timeElement } from "./clock.js";
import { button, element, row, turbineLink } from "./elements.js";
import { energyInWords } from "./outage-words.js";
import { UNKNOWN, count, counted, quantity, span } from "./quantities.js";

const HOUR = 3600;
const NOTICED_SHARE = 0.001;
const AT_ONCE = 100; // lines put on the page before somebody asks for more
const SORTS = [
  ["sort-available", "available", "available_seconds"],
  ["sort-forced", "forced outage", "forced_outage_seconds"],
  ["sort-maintenance", "maintenance", "maintenance_seconds"],
  ["sort-scope", "out of scope", "out_of_scope_seconds"],
];
const HEADS = { turbine: "Turbine", region: "Region", farm: "Farm" };
const EMPTY = "Nothing is known of this time. What goes on now is figured minute by minute, two minutes after a turbine's first reading.";

/** A share of 0 to 1 as `98.7 %`; never rounded up, so that 100 % is all of it. */
export function availabilityInWords(value) {
  return value === null ? UNKNOWN : quantity(Math.floor(value * 10_000) / 100, value > 0.99 && value < 1 ? 2 : 1, "%");
}

/** A span that the interface tells in hours. */
export const hoursInWords = (hours) => span(hours === null ? null : hours * HOUR);

/** The energy that was lost, as far as it is known. */
export function lostInWords({ lost_energy_in_kwh: energy, losses_unknown: unknown }) {
  if (unknown === 0) return energyInWords(energy);
  return energy === 0 ? "unknown" : `at least ${energyInWords(energy)}`;
}

/** Of how many outages the loss is not known; empty where all are. */
export function lossesUnknown({ lost_energy_in_kwh: energy, losses_unknown: unknown }) {
  if (unknown === 0) return "";
  return energy === 0 ? `of ${counted(unknown, "outage")}` : `of ${counted(unknown, "outage")} unknown`;
}

/** The availability by energy: a bound where a loss is not known, and nothing where none is. */
export function byEnergyInWords({ energy_availability: known, energy_availability_at_most: most, lost_energy_in_kwh: lost }) {
  if (known !== null || most === null) return availabilityInWords(known);
  return lost === 0 ? "unknown" : `at most ${availabilityInWords(most)}`;
}

/** Fills `body` with lines, and `foot` with what there is to say. */
export class AvailabilityTable {
  #asked = 0;
  #query = {};

  constructor(body, foot) {
    Object.assign(this, { body, foot });
  }

  /** Show the lines that answer these parameters of the interface. */
  async show(query) {
    this.#query = query;
    this.foot.replaceChildren("Loading ...");
    await this.refresh();
  }

  /** Look again; what is shown stays until then. */
  async refresh() {
    const asked = ++this.#asked;
    try {
      const { items } = await get("/availability", this.#query);
      if (asked === this.#asked) this.#write(items, Math.max(AT_ONCE, this.body.childElementCount));
    } catch (error) {
      if (asked === this.#asked) this.foot.replaceChildren(`${inWords(error)} `, button("Try again", () => this.refresh()));
    }
  }

  #write(items, most) {
    this.body.replaceChildren(...items.slice(0, most).map((line) => lineRow(line, this.#query.by)));
    const rest = items.length - most;
    if (items.length === 0) this.foot.replaceChildren(EMPTY);
    else if (rest <= 0) this.foot.replaceChildren();
    else this.foot.replaceChildren(button(`Show ${count(Math.min(rest, AT_ONCE))} more of ${count(rest)}`, () => this.#write(items, most + AT_ONCE)));
  }
}

function lineRow(line, by) {
  return row(
    [HEADS[by], nameOf(line, by)],
    ["From", timeElement(line.since), "since"],
    ["The time", timeBar(line), "sorts-cell"],
    ["By time", byTime(line), "number"],
    ["By energy", byEnergyInWords(line), "number"],
    ["Forced outages", count(line.forced_outages), "number"],
    ["MTBF", hoursInWords(line.mtbf_hours), "number"],
    ["MTTR", hoursInWords(line.mttr_hours), "number"],
    ["Energy", energyInWords(line.energy_in_kwh), "number"],
    ["Lost", lost(line), "number"],
  );
}

function nameOf(line, by) {
  if (by === "turbine") return turbineLink(line.turbine_number);
  return by === "region" ? line.region ?? "No region" : counted(line.turbines, "turbine");
}

/** Whether so much is unknown that it must be said: some seconds always are, of the minute that goes on. */
export const isOpen = ({ known, least }) => known !== null && least !== null && known - least >= NOTICED_SHARE;

function byTime({ time_availability: known, time_availability_at_least: least }) {
  return element("span", {}, availabilityInWords(known), isOpen({ known, least }) ? under(` at least ${availabilityInWords(least)}`) : null);
}

function lost(line) {
  return element("span", {}, lostInWords(line), lossesUnknown(line) ? under(` ${lossesUnknown(line)}`) : null);
}

const under = (text) => element("span", { class: "under" }, text);

/** A bar of the line's time by its sorts; what is left of it is without information. */
function timeBar(line) {
  const sorts = [...SORTS.map(([, word, column]) => [word, line[column]]), ["no information", line.unknown_seconds]];
  const words = sorts.filter(([, seconds]) => seconds > 0).map(([word, seconds]) => `${word} ${span(seconds)}`).join(", ");
  const bars = SORTS.map(([style, , column]) => {
    const bar = element("i", { class: style });
    bar.style.width = `${(100 * line[column]) / line.period_seconds}%`;
    return bar;
  });
  return element("span", {}, element("span", { class: "sorts", "aria-hidden": "true", title: words }, bars), element("span", { class: "visually-hidden" }, words));
}
