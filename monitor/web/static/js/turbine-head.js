// What is known of one turbine, in its place on the page.

import { age, timeElement } from "./clock.js";
import { badge, setText } from "./dom.js";
import { element } from "./elements.js";
import { isOld, whyText } from "./live-farm.js";
import { UNKNOWN, counted, current, energy, power, span, temperature, voltage, windSpeed } from "./quantities.js";
import { spaced } from "./words.js";

const LARGE_SKEW_SECONDS = 5;

/** The head of the page and the facts at its side. */
export class TurbineHead {
  #shown = "";
  #known = null;

  /** Show what the channel tells: how it stands, why, and the newest reading. */
  showRow(row, farm) {
    const now = performance.now();
    if (this.#shown !== `${row.standing} ${row.state}`) {
      this.#shown = `${row.standing} ${row.state}`;
      place("standing").replaceChildren(badge(row.standing, row.state));
    }
    setText(place("why"), whyText(row, farm, now, age));
    const seconds = farm.age(row, now);
    setText(place("latest-age"), seconds === null ? "no reading yet" : `${span(seconds)} ago`);
    figures([
      ["Wind", windSpeed(row.wind_speed)],
      ["Power", power(row.mean_power_in_kw)],
      ["Energy", energy(row.power_output_in_kwh)],
    ]);
    setText(place("latest-note"), noteInWords(row));
    place("latest").classList.toggle("is-old", isOld(row));
    this.#showConnection(row, farm, now);
  }

  /** Show the turbine's document: what only the ledger knows. */
  showDocument(known) {
    this.#known = known;
    const reading = known.reading ?? {};
    facts("quantities", [
      ["Voltage", voltage(reading.voltage)],
      ["Current", current(reading.current)],
      ["Temperature", temperature(reading.temperature)],
      ["Emitted", timeElement(reading.emitted_at)],
      ["Received", timeElement(reading.received_at)],
    ]);
    const birth = known.birth ?? {};
    facts("identity", [
      ["Model", birth.model ?? UNKNOWN],
      ["Serial number", birth.serial ?? UNKNOWN],
      ["Rated power", power(birth.rated_power_in_kw)],
      ["Region", birth.region ?? UNKNOWN],
      ["Position", position(birth.latitude, birth.longitude)],
      ["First heard", timeElement(known.first_seen_at)],
    ]);
  }

  /** Say why nothing is known of it. */
  showProblem(sentence) {
    if (this.#known === null) facts("quantities", [["Not known", sentence]]);
  }

  #showConnection(row, farm, now) {
    const known = this.#known ?? {};
    const online = farm.secondsSince(row.online_since, now);
    const lines = [
      ["Link", online === null ? spaced(row.link) : `${spaced(row.link)} for ${span(online)}`],
      ["Health", healthInWords(row)],
      ["Session", known.session ?? UNKNOWN],
      ["Missing", row.missing ? `${counted(row.missing, "reading")} that it counted and that have not come` : "none"],
    ];
    const skew = known.clock_skew_seconds;
    if (Math.abs(skew ?? 0) > LARGE_SKEW_SECONDS) lines.push(["Clock", skewInWords(skew)]);
    facts("connection", lines);
  }
}

const place = (id) => document.getElementById(id);

function healthInWords({ health, link }) {
  if (health !== "unknown") return spaced(health);
  return link === "offline" ? "not known while it is offline" : "not known: no reading of this session yet";
}

/** What the numbers are worth, where a glance could be wrong. */
function noteInWords(row) {
  if (row.heardAt === null) return "";
  if (row.standing === "offline" || row.link === "offline") return "Measured before it went offline. What it does now is not known.";
  if (isOld(row)) return "Nothing came since: these numbers are old.";
  return row.mean_power_in_kw < 0 ? "Power below zero: it draws from the grid for its own needs." : "";
}

function figures(numbers) {
  keep(place("figures"), numbers.map(([name]) => name), () =>
    numbers.map(([name]) => element("div", {}, element("dt", {}, name), element("dd", {}, element("span"), " ", element("small")))),
  );
  numbers.forEach(([, quantity], index) => {
    const [number, unit = ""] = quantity.split("\u00a0");
    const shown = place("figures").children[index].lastElementChild;
    setText(shown.firstElementChild, number);
    setText(shown.lastElementChild, unit);
  });
}

/** Names and values; what stays is not made anew, so that a selection or a screen reader's place is kept. */
function facts(id, lines) {
  const list = place(id);
  keep(list, lines.map(([name]) => name), () => lines.flatMap(([name]) => [element("dt", {}, name), element("dd")]));
  lines.forEach(([, value], index) => {
    const shown = list.children[2 * index + 1];
    if (typeof value === "string") setText(shown, value);
    else if (shown.firstElementChild?.dateTime !== value.dateTime) shown.replaceChildren(value);
  });
}

function keep(list, names, make) {
  if (list.dataset.names === names.join()) return;
  list.dataset.names = names.join();
  list.replaceChildren(...make());
}

function position(latitude, longitude) {
  if (latitude === null || latitude === undefined || longitude === null || longitude === undefined) return UNKNOWN;
  const side = (degrees, positive, negative) => `${Math.abs(degrees).toFixed(4)}\u00b0 ${degrees < 0 ? negative : positive}`;
  return `${side(latitude, "N", "S")}, ${side(longitude, "E", "W")}`;
}

function skewInWords(seconds) {
  return seconds > 0 ? `${span(seconds)} ahead of the monitor's` : `${span(-seconds)} behind, or its readings come late`;
}
