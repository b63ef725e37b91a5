// What is known of one turbine beyond its readings: its alarms, outages, findings, and what is normal for it.

import { inOrder, isListed, isWaiting, stateInWords } from "./alarm-facts.js";
import { get, inWords } from "./api.js";
import { sentenceParts, timeElement } from "./clock.js";
import { setText } from "./dom.js";
import { element, row } from "./elements.js";
import { boundsInWords, expectedInWords, howSure } from "./normal-words.js";
import { outageCells, outageVersion } from "./outage-words.js";
import { PagedList } from "./paged-list.js";
import { severityBadge } from "./severities.js";
import { capital, spaced } from "./words.js";

const TABLE_ROWS = 10;
const MOST_ALARMS = 100;

const place = (id) => document.getElementById(id);
const rowsOf = (id) => ({ body: document.querySelector(`#${id} tbody`), foot: place(`${id}-foot`), limit: TABLE_ROWS });

/** The cards of knowledge on the page of a turbine. */
export class TurbineKnowledge {
  #turbineNumber;
  #alarmChanges = null;

  constructor(turbineNumber) {
    this.#turbineNumber = turbineNumber;
    this.outages = new PagedList("/events", {
      ...rowsOf("outages"),
      row: (outage) => row(...outageCells(outage, { isOfTurbine: true })),
      keyOf: (outage) => outage.outage_id,
      versionOf: outageVersion,
      empty: "No outage of it is known.",
    });
    this.findings = new PagedList("/findings", {
      ...rowsOf("findings"),
      row: findingRow,
      keyOf: (finding) => finding.finding_id,
      versionOf: (finding) => `${finding.until} ${finding.sentence}`,
      empty: "Nothing was found that is not normal.",
    });
  }

  /** Show all of it. */
  show() {
    const mine = { turbine: this.#turbineNumber };
    this.outages.show(mine);
    this.findings.show(mine);
    this.#loadAlarms();
    this.#loadBaseline();
  }

  /** Look again: the turbine has changed. */
  refresh() {
    this.outages.refresh();
    this.findings.refresh();
    this.#loadBaseline();
  }

  /** Follow the farm's count of changes of alarms. */
  follow(alarms) {
    if (!alarms || alarms.changes === this.#alarmChanges) return;
    const isFirst = this.#alarmChanges === null;
    this.#alarmChanges = alarms.changes;
    if (!isFirst) this.#loadAlarms();
  }

  async #loadAlarms() {
    try {
      const { items } = await get("/alarms", { turbine: this.#turbineNumber, limit: MOST_ALARMS });
      const listed = items.filter(isListed).sort(inOrder);
      place("turbine-alarms").replaceChildren(...listed.map(alarmItem));
      setText(place("turbine-alarms-foot"), listed.length === 0 ? "No alarm." : "");
    } catch (error) {
      setText(place("turbine-alarms-foot"), inWords(error));
    }
  }

  async #loadBaseline() {
    try {
      showBaseline(await get(`/turbines/${this.#turbineNumber}/baseline`));
    } catch (error) {
      setText(place("normal-note"), inWords(error));
    }
  }
}

function alarmItem(alarm) {
  const address = `/alarms?turbine=${alarm.turbine_number}&alarm=${alarm.alarm_id}`;
  return element(
    "li",
    { class: isWaiting(alarm) ? "is-waiting" : null },
    severityBadge(alarm.severity),
    element("a", { href: address }, sentenceParts(capital(alarm.sentence), alarm.raised_at)),
    element("small", {}, stateInWords(alarm), ", since ", timeElement(alarm.raised_at)),
  );
}

function findingRow(finding) {
  return row(
    ["Finding", `Finding ${finding.finding_id}`],
    ["What", `${spaced(finding.quantity)}: ${spaced(finding.kind)}`],
    ["Since", timeElement(finding.since)],
    ["Until", finding.until ? timeElement(finding.until) : element("span", { class: "is-ongoing" }, "goes on")],
    ["In words", element("span", {}, sentenceParts(capital(finding.sentence), finding.since)), "long"],
  );
}

function showBaseline(baseline) {
  const { quantities, learnt_to: learntTo, sentences } = baseline;
  const learnt = quantities.filter((quantity) => quantity.is_learnt);
  place("normal").replaceChildren(element("dl", { class: "facts" }, learnt.flatMap((quantity) => normalQuantity(quantity, learnt))));
  if (learntTo === null) setText(place("normal-note"), "Nothing was learnt yet: that takes a minute or more of readings.");
  else if (learnt.length === 0) setText(place("normal-note"), sentences[0]);
  else place("normal-note").replaceChildren("Of the reading after ", timeElement(learntTo), `. ${howSure(baseline)}`);
}

function normalQuantity(normal, learnt) {
  return [element("dt", {}, capital(spaced(normal.quantity))), element("dd", {}, expectedInWords(normal), element("span", { class: "under" }, boundsInWords(normal, learnt)))];
}
