// The page of one turbine: what is known of it, its trends, why the monitor did what it did, and orders for it.

import { get, inWords } from "./api.js";
import { timeElement } from "./clock.js";
import { setText } from "./dom.js";
import { incidentLink, row as tableRow } from "./elements.js";
import { addKeys } from "./keyboard.js";
import { stream } from "./page.js";
import { PagedList } from "./paged-list.js";
import { count, span } from "./quantities.js";
import { settled } from "./settled.js";
import { PowerCurve } from "./turbine-curve.js";
import { TurbineHead } from "./turbine-head.js";
import { Orders } from "./turbine-orders.js";
import { Story } from "./turbine-story.js";
import { TurbineKnowledge } from "./turbine-knowledge.js";
import { Trends, hoursOfAddress } from "./turbine-trends.js";
import { causeInWords, incidentInWords, visitInWords } from "./words.js";

const DOCUMENT_EVERY_MS = 2000; // voltage, current and temperature are not on the channel
const TABLE_ROWS = 10;

const turbineNumber = Number(document.getElementById("turbine").dataset.turbine);
const head = new TurbineHead();
const curve = new PowerCurve(turbineNumber);
const trends = new Trends(turbineNumber, { onLoaded: (shown) => curve.show(shown) });
const story = new Story();
const orders = new Orders(turbineNumber);
const knowledge = new TurbineKnowledge(turbineNumber);

const incidents = new PagedList("/incidents", {
  body: document.querySelector("#incidents tbody"),
  foot: document.getElementById("incidents-foot"),
  row: incidentRow,
  keyOf: (incident) => incident.incident_id,
  versionOf: (incident) => `${incident.state} ${incident.failed_visits}`,
  empty: "It never needed an engineer.",
  limit: TABLE_ROWS,
});
const visits = new PagedList("/visits", {
  body: document.querySelector("#visits tbody"),
  foot: document.getElementById("visits-foot"),
  row: visitRow,
  keyOf: (visit) => visit.visit_id,
  versionOf: (visit) => `${visit.state} ${visit.commands}`,
  empty: "Nobody was ever sent there.",
  limit: TABLE_ROWS,
});

function incidentRow(incident) {
  const link = incidentLink(incident.incident_id, turbineNumber);
  link.addEventListener("click", (event) => {
    event.preventDefault();
    history.replaceState(null, "", link.href);
    document.getElementById("story").scrollIntoView();
    story.show(incident.incident_id);
  });
  return tableRow(
    ["Incident", link],
    ["Opened", timeElement(incident.opened_at)],
    ["Why", causeInWords(incident)],
    ["Stands", incidentInWords(incident)],
    ["Lasted", incident.closed_at ? between(incident.opened_at, incident.closed_at) : "open"],
    ["Visits without effect", count(incident.failed_visits), "number"],
  );
}

function visitRow(visit) {
  return tableRow(
    ["Visit", `Visit ${visit.visit_id}`],
    ["Engineer", `Engineer ${visit.engineer}`],
    ["Sent", timeElement(visit.sent_at)],
    ["Accepted", timeElement(visit.accepted_at)],
    ["Ended", timeElement(visit.ended_at)],
    ["How", [visitInWords(visit), visit.detail].filter(Boolean).join(": ")],
    ["Took", visit.ended_at ? between(visit.sent_at, visit.ended_at) : "under way"],
  );
}

function between(from, to) {
  return span((Date.parse(to) - Date.parse(from)) / 1000);
}

// --- what is known of it: from the channel at once, the rest from its document

let documentIsDue = 0;

/** Not more than once in two seconds, however often it changes. */
function loadDocumentSoon() {
  documentIsDue ||= setTimeout(() => {
    documentIsDue = 0;
    loadDocument();
  }, DOCUMENT_EVERY_MS);
}

async function loadDocument() {
  try {
    const known = await get(`/turbines/${turbineNumber}`);
    head.showDocument(known);
    trends.setTurbine(known);
  } catch (error) {
    head.showProblem(inWords(error));
  }
}

function showLive() {
  const row = stream.farm.rows.get(turbineNumber);
  orders.follow(stream, row);
  if (row === undefined) return;
  head.showRow(row, stream.farm);
  showNeighbours();
}

function showNeighbours() {
  const numbers = [...stream.farm.rows.keys()].sort((one, other) => one - other);
  const place = numbers.indexOf(turbineNumber);
  link("previous", numbers[place - 1], (number) => `\u2190 Turbine ${number}`);
  link("next", numbers[place + 1], (number) => `Turbine ${number} \u2192`);
}

function link(id, number, words) {
  const node = document.getElementById(id);
  node.hidden = number === undefined;
  if (number === undefined) return;
  node.href = `/turbines/${number}`;
  setText(node, words(number));
}

function loadRepairs() {
  incidents.refresh();
  visits.refresh();
  story.refresh();
  knowledge.refresh();
  trends.loadMarks();
}

const loadAll = settled(loadRepairs);
stream.subscribe(({ kind, turbines, readings }) => {
  showLive();
  knowledge.follow(stream.farm.farm?.alarms);
  if (kind === "state") return;
  if (turbines.includes(turbineNumber)) loadAll();
  if (turbines.includes(turbineNumber) || readings.includes(turbineNumber)) {
    trends.append(stream.farm.rows.get(turbineNumber), stream.farm);
    loadDocumentSoon();
  }
  trends.tick(stream.farm);
});
setInterval(showLive, 1000);

// --- ways from here

const toFarm = document.getElementById("to-farm");
const referrer = document.referrer ? new URL(document.referrer) : null;
if (referrer?.origin === location.origin && referrer.pathname === "/") {
  toFarm.addEventListener("click", (event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    history.back(); // the farm as it was left: filtered, and scrolled
  });
}
const follow = (id) => () => document.getElementById(id).hidden || document.getElementById(id).click();
addKeys({ "[": follow("previous"), "]": follow("next"), Escape: () => toFarm.click() });
for (const [index, range] of [...document.getElementById("ranges").children].entries()) {
  addKeys({ [String(index + 1)]: () => range.click() });
}

loadDocument();
trends.show(hoursOfAddress());
incidents.show({ turbine: turbineNumber });
visits.show({ turbine: turbineNumber });
knowledge.show();
story.show(Number(new URLSearchParams(location.search).get("incident")) || null, turbineNumber);
