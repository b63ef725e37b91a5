// The trends of one turbine: loaded for a span of time, and carried on by the live channel.

import { get, inWords } from "./api.js";
import { TrendCharts } from "./chart.js";
import { timeElement, timeText } from "./clock.js";
import { setText } from "./dom.js";
import { button, table } from "./elements.js";
import { append, emptyTrends, forgetBefore, stretchesOf, summaryOf } from "./series.js";
import { readTrends } from "./trend-source.js";
import { UNKNOWN, counted, power, span, windSpeed } from "./quantities.js";

const HOUR = 3600;
const MOST_MARKS = 500;
const LEAST_SHOWN_SECONDS = 300;
const NOTICED_SILENCE = 0.1; // of a window
const RELOAD_SECONDS = { 1: 60, 24: 120, 168: 600 };
const NAMES = { 1: "the last hour", 24: "the last 24 hours", 168: "the last 7 days" };

const place = (id) => document.getElementById(id);

/** The card of trends; `onLoaded` hears `{since, until, trends}` each time that they were read anew. */
export class Trends {
  #turbineNumber;
  #hours = 1;
  #trends = emptyTrends();
  #marks = { incidents: [], visits: [] };
  #ratedPower = null;
  #firstHeard = 0;
  #oldest = Infinity; // reading in the span `#oldestOf`: history may be sent long after it was measured
  #oldestOf = 0;
  #index = null;
  #asked = 0;
  #loadedAt = 0;
  #serverNow = () => Date.now() / 1000;

  constructor(turbineNumber, { onLoaded }) {
    this.#turbineNumber = turbineNumber;
    this.onLoaded = onLoaded;
    const hosts = Object.fromEntries([...place("trends").querySelectorAll(".chart")].map((host) => [host.dataset.chart, host]));
    this.charts = new TrendCharts(hosts, { onCursor: (index) => this.#readOut(index) });
    for (const range of place("ranges").children) range.addEventListener("click", () => this.show(Number(range.dataset.hours)));
    place("trends").addEventListener("keydown", (event) => this.#onKey(event));
    place("trends-values").addEventListener("toggle", () => this.#showTable());
  }

  /** Load so many hours. */
  async show(hours) {
    this.#hours = hours;
    keepInAddress(hours);
    for (const range of place("ranges").children) range.setAttribute("aria-pressed", String(Number(range.dataset.hours) === hours));
    await Promise.all([this.#load(), this.loadMarks()]);
  }

  /** Read incidents and visits anew, for the lanes. */
  async loadMarks() {
    const query = { turbine: this.#turbineNumber, limit: MOST_MARKS };
    try {
      const [incidents, visits] = await Promise.all([get("/incidents", query), get("/visits", query)]);
      this.#marks = {
        incidents: incidents.items.map((incident) => stretch(incident.opened_at, incident.closed_at)),
        visits: visits.items.map((visit) => stretch(visit.sent_at, visit.ended_at)),
      };
      this.#draw();
    } catch {
      // The tables below say what went wrong with the same question.
    }
  }

  /** Take over what its document says: what power it is built for, and since when it is known. */
  setTurbine(known) {
    const wasNew = this.#firstHeard === 0;
    this.#ratedPower = known.birth.rated_power_in_kw;
    this.#firstHeard = Date.parse(known.first_seen_at) / 1000;
    place("rated-legend").hidden = this.#ratedPower === null;
    if (wasNew && this.#isYoung()) this.#load();
    else this.#draw();
  }

  /** Carry on with the newest reading of the channel; only over the last hour, where a single one can be seen. */
  append(row, farm) {
    if (this.#hours !== 1 || this.#loadedAt === 0 || row.heardAt === null) return;
    const time = (Date.parse(farm.at) - (farm.heardAt - row.heardAt)) / 1000;
    append(this.#trends, {
      time,
      wind: row.wind_speed ?? null,
      windMin: row.wind_speed ?? null,
      windMax: row.wind_speed ?? null,
      power: row.mean_power_in_kw ?? null,
      broken: row.health === "broken" ? 1 : 0,
      readings: 1,
    });
  }

  /** A second has passed: move on, and read anew what has become old. */
  tick(farm) {
    this.#serverNow = () => (Date.parse(farm.at) + performance.now() - farm.heardAt) / 1000;
    if (document.hidden || this.#loadedAt === 0) return;
    if (performance.now() - this.#loadedAt > RELOAD_SECONDS[this.#hours] * 1000) this.#load();
    else if (this.#hours === 1) this.#draw();
  }

  async #load() {
    const asked = ++this.#asked;
    const until = this.#serverNow();
    const isWhole = this.#oldestOf !== this.#hours;
    const since = isWhole ? until - this.#hours * HOUR : this.#start(until);
    try {
      const trends = await readTrends(this.#turbineNumber, { since, until, isFine: this.#hours === 1 });
      if (asked !== this.#asked) return;
      this.#trends = trends;
      this.#loadedAt = performance.now();
      if (isWhole) {
        this.#oldestOf = this.#hours;
        this.#oldest = this.#trends.time[0] ?? Infinity;
        if (this.#isYoung()) return await this.#load();
      }
      this.#draw();
      this.#showSummary();
      this.#showTable();
      this.onLoaded({ since: iso(since), until: iso(until), trends: this.#trends });
    } catch (error) {
      if (asked === this.#asked) place("readout").replaceChildren(`${inWords(error)} `, button("Try again", () => this.#load()));
    }
  }

  #draw() {
    const until = this.#serverNow();
    const since = this.#start(until);
    forgetBefore(this.#trends, since);
    const open = ({ from, to }) => ({ from, to: to ?? until });
    const marks = {
      stretches: stretchesOf(this.#trends),
      incidents: this.#marks.incidents.map(open),
      visits: this.#marks.visits.map(open),
    };
    this.charts.show(this.#trends, { since, until, marks, ratedPower: this.#ratedPower });
    if (this.#loadedAt > 0) this.#readOut(this.#index);
  }

  /** Where the charts begin: of a turbine that is younger than the time chosen, with its first reading. */
  #start(until) {
    const chosen = until - this.#hours * HOUR;
    return Math.max(chosen, Math.min(this.#begins, until - LEAST_SHOWN_SECONDS));
  }

  get #begins() {
    return Math.min(this.#firstHeard, this.#oldest);
  }

  #isYoung() {
    return this.#begins > this.#serverNow() - this.#hours * HOUR;
  }

  /** What is under the cursor, else the newest, in words. */
  #readOut(index) {
    this.#index = index;
    const trends = this.#trends;
    const at = index ?? trends.time.length - 1;
    if (at < 0 || trends.time[at] === undefined) {
      place("readout").textContent = `There is no reading of ${NAMES[this.#hours]}.`;
      return;
    }
    const length = this.#hours > 1 && trends.widthSeconds >= 1 ? `${span(trends.widthSeconds)} from ` : "";
    place("readout").textContent = `${index === null ? "Newest, " : ""}${length}${timeText(iso(trends.time[at]))}: ${this.#valuesInWords(at)}`;
  }

  #valuesInWords(at) {
    const { wind: mean, windMin, windMax, power: kilowatts, broken, readings } = this.#trends;
    if (readings[at] === null) return "no reading";
    const isSpread = windMax[at] - windMin[at] > 0.05;
    const spread = isSpread ? ` (${windSpeed(windMin[at])} to ${windSpeed(windMax[at])})` : "";
    return `wind ${windSpeed(mean[at])}${spread}, power ${power(kilowatts[at])}, ${statusInWords(broken[at])}`;
  }

  #showSummary() {
    const summary = summaryOf(this.#trends);
    const parts = [`In ${NAMES[this.#hours]}: ${counted(summary.readings, "reading")}.`];
    if (summary.wind) parts.push(`Wind ${windSpeed(summary.wind.min)} to ${windSpeed(summary.wind.max)}, mean ${windSpeed(summary.wind.mean)}.`);
    if (summary.power) parts.push(`Power ${power(summary.power.min)} to ${power(summary.power.max)}, mean ${power(summary.power.mean)}.`);
    parts.push(...(this.#trends.covered.some((seconds) => seconds !== null) ? this.#timesInWords(summary) : atTimesInWords(summary)));
    setText(place("trends-summary"), parts.join(" "));
    place("trends").setAttribute("aria-label", `Charts of wind, power and status. ${parts.join(" ")}`);
  }

  /** How long it was broken, and how long nothing was heard; the window that goes on now is not counted as silence. */
  #timesInWords({ brokenSeconds, coveredSeconds }) {
    const until = Math.min(this.#serverNow(), (this.#trends.time.at(-1) ?? 0) + this.#trends.widthSeconds);
    const first = this.#trends.time[0] ?? until;
    const isYoung = first < this.#firstHeard && this.#firstHeard < first + this.#trends.widthSeconds;
    const silent = until - (isYoung ? this.#firstHeard : first) - coveredSeconds;
    const isSilent = silent > NOTICED_SILENCE * this.#trends.widthSeconds;
    return [
      brokenSeconds > 0 ? `Broken for ${span(brokenSeconds)}.` : coveredSeconds > 0 ? "Never broken." : "For how long it was broken is not known.",
      isSilent ? `Without a reading for ${span(silent)}.` : "No gap.",
    ];
  }

  #showTable() {
    if (!place("trends-values").open) return;
    const { time, wind: mean, windMin, windMax, power: kilowatts, broken } = this.#trends;
    const rows = time.map((seconds, at) => [
      timeElement(iso(seconds)), windSpeed(mean[at]), windSpeed(windMin[at]), windSpeed(windMax[at]), power(kilowatts[at]), statusInWords(broken[at]),
    ]);
    const headings = ["From", "Wind, mean", "Wind, lowest", "Wind, highest", "Power, mean", "Status"];
    const caption = `Wind, power and status over ${NAMES[this.#hours]}, newest first`;
    place("trends-values").lastElementChild.replaceChildren(table(caption, headings, rows.reverse()));
  }

  #onKey(event) {
    const steps = { ArrowLeft: -1, ArrowRight: 1, PageUp: -20, PageDown: 20 };
    if (!(event.key in steps)) return;
    event.preventDefault();
    this.charts.step(steps[event.key]);
  }
}

/** The hours that the address asks for; one where it asks for none that are offered. */
export function hoursOfAddress() {
  const hours = Number(new URLSearchParams(location.search).get("hours"));
  return hours in NAMES ? hours : 1;
}

function keepInAddress(hours) {
  if (hours === hoursOfAddress()) return;
  const address = new URL(location.href);
  if (hours === 1) address.searchParams.delete("hours");
  else address.searchParams.set("hours", hours);
  history.replaceState(null, "", address);
}

function stretch(from, to) {
  return { from: Date.parse(from) / 1000, to: to ? Date.parse(to) / 1000 : null };
}

function statusInWords(broken) {
  if (broken === null) return UNKNOWN;
  if (broken === 0) return "ok";
  return broken === 1 ? "broken" : `broken for ${Math.round(100 * broken)} % of it`;
}

function atTimesInWords({ brokenBuckets, gaps }) {
  return [...(brokenBuckets > 0 ? ["It was broken at times."] : []), gapsInWords(gaps)];
}

function gapsInWords(gaps) {
  if (gaps.length === 0) return "No gap.";
  const longest = Math.max(...gaps.map(([from, to]) => to - from));
  const words = gaps.length === 1 ? "1 gap" : `${gaps.length} gaps, the longest`;
  return `${words} of ${span(longest)}.`;
}

function iso(seconds) {
  return new Date(seconds * 1000).toISOString();
}
