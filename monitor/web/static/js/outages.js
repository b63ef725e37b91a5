// The page of outages: what was out in a period, what it cost, and the availability that is left.

import { get, inWords } from "./api.js";
import { AvailabilityTable, availabilityInWords as share, byEnergyInWords, hoursInWords as hours, isOpen, lossesUnknown, lostInWords } from "./availability-table.js";
import { setText } from "./dom.js";
import { element, row } from "./elements.js";
import { energyInWords, outageCells, outageVersion } from "./outage-words.js";
import { stream } from "./page.js";
import { PagedList } from "./paged-list.js";
import { USUAL, endsOf, isPeriod, monthInWords, months, periodInWords } from "./periods.js";
import { count, counted, span } from "./quantities.js";
import { settled } from "./settled.js";

const MONTHS = 13; // the interface looks at up to 400 days at once
const LOOK_AGAIN_MS = 60_000;
const HEADS = { turbine: "Turbine", region: "Region", farm: "Farm" };

const place = (id) => document.getElementById(id);
const form = place("outage-filter");
const outages = new PagedList("/events", {
  body: document.querySelector("#outages tbody"),
  foot: place("outages-foot"),
  row: (outage) => row(...outageCells(outage)),
  keyOf: (outage) => outage.outage_id,
  versionOf: outageVersion,
  empty: "No outage is known in this time.",
});
const availability = new AvailabilityTable(document.querySelector("#availability tbody"), place("availability-foot"));
const chosen = { period: USUAL, by: "turbine", per: "period" };
let asked = 0;

// --- the farm

async function showFarm(query) {
  const turn = ++asked;
  try {
    const { items } = await get("/availability", { since: query.since, until: query.until, by: "farm" });
    if (turn !== asked) return;
    const [farm] = items;
    place("farm-figures").replaceChildren(...(farm ? figuresOf(farm) : []));
    setText(place("outages-sentence"), farm ? sentence(farm) : `Nothing is known of the farm ${periodInWords(chosen.period)}.`);
  } catch (error) {
    if (turn === asked) setText(place("outages-sentence"), inWords(error));
  }
}

function sentence(farm) {
  const words = `The farm's ${counted(farm.turbines, "turbine")} ${periodInWords(chosen.period)}: ${counted(farm.forced_outages, "forced outage")}`;
  return `${words}, ${span(farm.forced_outage_seconds)} of turbine time lost, energy not made: ${lostInWords(farm)}.`;
}

function figuresOf(farm) {
  const figure = (name, text, note) => element("div", {}, element("dt", {}, name), element("dd", {}, text, note ? element("small", {}, ` ${note}`) : null));
  const least = farm.time_availability_at_least;
  return [
    figure("By time", share(farm.time_availability), isOpen({ known: farm.time_availability, least }) ? `at least ${share(least)}` : ""),
    figure("By energy", byEnergyInWords(farm)),
    figure("Energy", energyInWords(farm.energy_in_kwh)),
    figure("Lost", lostInWords(farm), lossesUnknown(farm)),
    figure("Forced outages", count(farm.forced_outages)),
    figure("MTBF", hours(farm.mtbf_hours)),
    figure("MTTR", hours(farm.mttr_hours)),
    figure("No information", span(farm.unknown_seconds)),
  ];
}

// --- what is looked at, which is in the address

/** Up to now where the period lasts: what comes while the page is open belongs to it. */
function range() {
  const now = new Date();
  const [since, until] = endsOf(chosen.period, now);
  return { since: since.toISOString(), until: until < now ? until.toISOString() : null };
}

/** A turbine by its number, or a controller by its name. */
function whose() {
  const given = form.elements.of.value.trim();
  if (!given) return {};
  const turbine = /^(?:turbine-)?([1-9]\d{0,9})$/.exec(given);
  return turbine ? { turbine: turbine[1] } : { controller_id: given };
}

function show() {
  const over = range();
  press();
  outages.show({ ...over, ...whose(), outage_type: form.elements.type.value.trim() });
  const query = { ...over, by: chosen.by, per: chosen.per, turbine: (chosen.by === "turbine" && whose().turbine) || null };
  place("csv").href = `/api/v1/availability?${new URLSearchParams(Object.entries({ ...query, format: "csv" }).filter(([, value]) => value !== null))}`;
  setText(place("of-head"), HEADS[chosen.by]);
  availability.show(query);
  showFarm(over);
}

function press() {
  place("availability").dataset.per = chosen.per;
  for (const [id, name] of [["periods", "period"], ["by", "by"], ["per", "per"]]) {
    for (const chip of place(id).querySelectorAll(".chip")) chip.setAttribute("aria-pressed", String(chip.dataset[name] === chosen[name]));
  }
  place("month").value = /^\d/.test(chosen.period) && chosen.period.includes("-") ? chosen.period : "";
}

function keepInAddress() {
  const usual = { period: USUAL, by: "turbine", per: "period" };
  const given = { ...chosen, of: form.elements.of.value.trim(), type: form.elements.type.value.trim() };
  const kept = Object.entries(given).filter(([name, value]) => value && value !== usual[name]);
  const query = new URLSearchParams(kept).toString();
  history.replaceState(null, "", query ? `?${query}` : location.pathname);
}

function choose(name, value) {
  chosen[name] = value;
  keepInAddress();
  show();
}

function restore() {
  const given = new URLSearchParams(location.search);
  if (isPeriod(given.get("period"))) chosen.period = given.get("period");
  if (given.get("by") in HEADS) chosen.by = given.get("by");
  if (["day", "month"].includes(given.get("per"))) chosen.per = given.get("per");
  form.elements.of.value = given.get("of") ?? "";
  form.elements.type.value = given.get("type") ?? "";
}

for (const name of months(MONTHS, new Date())) place("month").append(element("option", { value: name }, monthInWords(name)));
for (const [id, name] of [["periods", "period"], ["by", "by"], ["per", "per"]]) {
  for (const chip of place(id).querySelectorAll(".chip")) chip.addEventListener("click", () => choose(name, chip.dataset[name]));
}
place("month").addEventListener("change", (event) => choose("period", event.target.value || USUAL));
form.addEventListener("submit", (event) => event.preventDefault());
let typed = 0;
form.addEventListener("input", (event) => {
  if (event.target === place("month")) return;
  clearTimeout(typed);
  typed = setTimeout(() => {
    keepInAddress();
    show();
  }, 300);
});
form.addEventListener("reset", () => setTimeout(() => choose("period", USUAL)));

restore();
show();

// --- live: a turbine that breaks or goes away makes an outage

const refresh = settled(() => outages.refresh());
stream.subscribe(({ turbines }) => turbines.length > 0 && refresh());
setInterval(() => {
  if (document.hidden) return;
  outages.refresh();
  availability.refresh();
  showFarm(range());
}, LOOK_AGAIN_MS);
