// The page of repairs: who waits, who works, what is held, how long it takes, and every visit.

import { get, inWords } from "./api.js";
import { age, timeElement } from "./clock.js";
import { icon, setText } from "./dom.js";
import { element, incidentLink, row, turbineLink } from "./elements.js";
import { outOfLine, whyText } from "./live-farm.js";
import { stream } from "./page.js";
import { PagedList } from "./paged-list.js";
import { count, counted, span } from "./quantities.js";
import { Queue } from "./queue.js";
import { settled } from "./settled.js";
import { capital, visitInWords } from "./words.js";

const HOUR_MS = 3_600_000;
const SPANS = { 24: "24 hours", 168: "7 days", 720: "30 days" };

const place = (id) => document.getElementById(id);
const waiting = new Queue(place("waiting"), place("waiting-foot"), "Nothing waits, nothing is refused.");
const engineers = new Queue(place("engineers"), place("engineers-foot"), "There are no engineers. Start the monitor with --engineers above 0.");
const holds = new Queue(place("holds"), place("holds-foot"), "No turbine is held: engineers may go everywhere.");
const visits = new PagedList("/visits", {
  body: document.querySelector("#visits tbody"),
  foot: place("visits-foot"),
  row: visitRow,
  keyOf: (visit) => visit.visit_id,
  versionOf: (visit) => `${visit.state} ${visit.commands}`,
  empty: "Nobody was sent anywhere yet.",
  limit: 25,
});
let hours = 24;

function visitRow(visit) {
  const seconds = (Date.parse(visit.ended_at) - Date.parse(visit.sent_at)) / 1000;
  return row(
    ["Visit", `Visit ${visit.visit_id}`],
    ["Turbine", turbineLink(visit.turbine_number)],
    ["For", incidentLink(visit.incident_id, visit.turbine_number)],
    ["Engineer", `Engineer ${visit.engineer}`],
    ["Sent", timeElement(visit.sent_at)],
    ["Ended", timeElement(visit.ended_at)],
    ["How", [visitInWords(visit), visit.detail].filter(Boolean).join(": ")],
    ["Took", visit.ended_at ? span(seconds) : "under way", "number"],
  );
}

// --- now, from the channel

function showNow() {
  const { farm } = stream.farm;
  if (farm === null) return;
  const now = performance.now();
  setText(place("repairs-sentence"), sentence(farm.totals, now));
  waiting.show([
    ...refused().map((row) => waiter(row.turbine_number, "refused", now)),
    ...farm.waiting.map((number, index) => waiter(number, String(index + 1), now)),
    ...outOfLine(stream.farm).map((row) => waiter(row.turbine_number, "", now)),
  ]);
  engineers.show(farm.engineers.map((engineer) => worker(engineer, now)));
}

function refused() {
  return [...stream.farm.rows.values()].filter((row) => row.standing === "refused");
}

function sentence({ waiting: inLine, longest_wait_since: since, engineers: pool, engineers_free: free, engineers_out: out }, now) {
  const length = inLine + outOfLine(stream.farm).length;
  const first = since ? `, the first for ${age(stream.farm.secondsSince(since, now))}` : "";
  const inNeed = refused().length;
  const stopped = inNeed > 0 ? `${counted(inNeed, "turbine")} refused an engineer; ` : "";
  const waits = length === 0 ? "nobody waits" : `${counted(length, "turbine")} ${length === 1 ? "waits" : "wait"}${first}`;
  const line = capital(stopped + waits);
  const over = out > pool ? `, ${out} still out` : "";
  return `${line}; ${count(free)} of ${counted(pool, "engineer")} ${pool === 1 || free === 1 ? "is" : "are"} free${over}.`;
}

/** An entry for who needs an engineer: with a place in line, or a sign for who is not in it. */
function waiter(number, place, now) {
  const turbine = stream.farm.rows.get(number);
  const sign = place === "refused" ? "refused" : "waiting";
  return {
    key: `${sign} ${number} ${place === sign || place === ""}`,
    standing: sign,
    place: () => (Number(place) > 0 ? place : icon(sign)),
    what: () => turbineLink(number),
    age: "",
    note: turbine ? whyText(turbine, stream.farm, now, age) : "",
  };
}

function worker(engineer, now) {
  const { engineer: number, turbine_number: turbine, state, sent_at: sentAt } = engineer;
  const isOut = turbine !== null && turbine !== undefined;
  return {
    key: `engineer ${number} ${turbine ?? "free"}`,
    place: () => icon("visited"),
    standing: isOut ? "visited" : "ok",
    what: () => element("span", {}, `Engineer ${number}`, isOut ? [" at ", turbineLink(turbine)] : " is free"),
    age: "",
    note: isOut ? `${visitInWords({ state })}; sent ${age(stream.farm.secondsSince(sentAt, now))} ago` : "",
  };
}

const load = settled(() => {
  visits.refresh();
  loadHolds();
  loadTimes();
});
stream.subscribe(({ turbines }) => {
  showNow();
  if (turbines.length > 0) load();
});
setInterval(showNow, 1000);

// --- from the ledger

async function loadHolds() {
  try {
    const { items } = await get("/holds");
    const now = performance.now();
    holds.show(items.map((hold) => ({
      key: `hold ${hold.turbine_number}`,
      place: () => icon("held"),
      what: () => element("span", {}, turbineLink(hold.turbine_number), ` by ${hold.by}`),
      age: age(stream.farm.secondsSince(hold.held_at, now) ?? (Date.now() - Date.parse(hold.held_at)) / 1000),
      note: hold.why,
    })));
  } catch (error) {
    holds.fail(inWords(error));
  }
}

async function loadTimes() {
  for (const chip of place("spans").children) chip.setAttribute("aria-pressed", String(Number(chip.dataset.hours) === hours));
  const asked = hours;
  try {
    const times = await get("/visits/times", { since: new Date(Date.now() - hours * HOUR_MS).toISOString() });
    if (asked !== hours) return;
    place("times").replaceChildren(
      durations("From broken to engineer sent", times.to_dispatch),
      durations("From broken to proved repaired", times.to_repair),
    );
    setText(place("times-foot"), `Incidents opened in the last ${SPANS[hours]}. A repair counts when the turbine's own readings prove it; the median is exceeded by half, the 90th percentile by one in ten.`);
  } catch (error) {
    setText(place("times-foot"), inWords(error));
  }
}

function durations(title, { count: times, median, p90, max }) {
  const figure = (name, text) => element("div", {}, element("dt", {}, name), element("dd", {}, text));
  return element(
    "section",
    {},
    element("h3", {}, title),
    element(
      "dl",
      { class: "figures" },
      figure("Median", span(median)),
      figure("90th percentile", span(p90)),
      figure("Longest", span(max)),
      figure("Times", count(times)),
    ),
  );
}

for (const chip of place("spans").children) {
  chip.addEventListener("click", () => {
    hours = Number(chip.dataset.hours);
    loadTimes();
  });
}

visits.show();
loadHolds();
loadTimes();
