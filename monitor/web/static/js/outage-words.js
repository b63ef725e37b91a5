// Outages in words: what kind, what they count as, what they cost; shared by the page of outages and that of a turbine.

import { timeElement } from "./clock.js";
import { element, turbineLink } from "./elements.js";
import { quantity, span } from "./quantities.js";
import { spaced } from "./words.js";

const SOURCES = {
  own_curve: "by the wind and its own power curve",
  model_curve: "by the wind and its model's power curve",
  neighbours: "by what its neighbours made",
};
const UNKNOWN = {
  no_turbine: "not of a turbine",
  no_information: "no reading tells of it",
  no_curve: "no curve and no neighbour to compare with",
  no_wind: "the wind of that time is not known yet",
  not_figured: "not figured yet",
};

/** Energy of a period: in kWh, or in MWh where it is much. */
export function energyInWords(kilowattHours) {
  if (Math.abs(kilowattHours ?? 0) >= 10_000) return quantity(kilowattHours / 1000, 1, "MWh");
  return quantity(kilowattHours, Math.abs(kilowattHours ?? 0) < 10 ? 2 : 0, "kWh");
}

/** The cells of a row for an outage, without the turbine's for a page that is its own. */
export function outageCells(outage, { isOfTurbine = false } = {}) {
  const cells = [
    ["Outage", `Outage ${outage.outage_id}`],
    ["What", outage.turbine_number ? turbineLink(outage.turbine_number) : outage.controller_id],
    ["Type", element("span", { class: "type" }, spaced(outage.outage_type))],
    ["Began", timeElement(outage.started_at)],
    ["Ended", outage.ongoing ? element("span", { class: "is-ongoing" }, "goes on") : timeElement(outage.ended_at)],
    ["Lasted", isMoment(outage) ? "a moment" : span(outage.lasted_seconds), "number"],
    ["Down", isMoment(outage) ? "-" : span(downSeconds(outage)), "number"],
    ["Counts as", spaced(outage.category)],
    ["Lost energy", lostEnergy(outage), "number"],
  ];
  return isOfTurbine ? cells.filter(([name]) => name !== "What") : cells;
}

/** What tells whether a row has to be written again. */
export const outageVersion = (outage) => `${outage.changed_at} ${outage.ongoing ? Math.floor(outage.lasted_seconds / 60) : ""} ${outage.lost_energy_in_kwh}`;

/** Whether one report of a moment is all that is known: not for how long it was out. */
const isMoment = ({ ongoing, started_at: from, ended_at: to }) => !ongoing && from === to;

/** While it goes on, also since its last report. */
function downSeconds({ down_seconds: down, ongoing, lasted_seconds: lasted, started_at: from, ended_at: to }) {
  return ongoing ? down + lasted - (Date.parse(to) - Date.parse(from)) / 1000 : down;
}

function lostEnergy(outage) {
  if (isMoment(outage)) return element("span", {}, "-", element("span", { class: "under" }, " one report, of a moment"));
  return lostOf(outage);
}

function lostOf({ lost_energy_in_kwh: lost, lost_energy_by: source, lost_energy_unknown: why, ongoing }) {
  const isOpen = ongoing && source === null; // nothing of it is figured before its first end
  const isKnown = lost !== null && !isOpen;
  const words = isKnown ? SOURCES[source] : UNKNOWN[isOpen ? "not_figured" : why];
  const known = `${energyInWords(lost)}${ongoing ? " so far" : ""}`;
  return element("span", {}, isKnown ? known : "unknown", words ? element("span", { class: "under" }, ` ${words}`) : null);
}
