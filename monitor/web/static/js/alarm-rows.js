// The list of alarms: a row for each, which stays the same element while the alarm is on the list.

import { age, sentenceParts, timeElement } from "./clock.js";
import { setAttribute, setChildren, setText } from "./dom.js";
import { button, element, turbineLink } from "./elements.js";
import { guidanceOf, isWaiting, placeOf, silence, stateInWords } from "./alarm-facts.js";
import { count } from "./quantities.js";
import { capital } from "./words.js";
import { severityBadge } from "./severities.js";

const AT_ONCE = 200; // rows put on the page before somebody asks for more

/** Shows alarms in order. `on` has `open`, `order(kind, alarms)` and `choose`, which hears of each change of what is chosen. */
export class AlarmRows {
  /** Numbers of the alarms that are chosen for an order. */
  chosen = new Set();
  /** The alarms that are shown, in order. */
  shown = [];

  #rows = new Map();
  #most = AT_ONCE;
  #here = null;
  #isOrderPossible = true;

  constructor(body, foot, on) {
    Object.assign(this, { body, foot, on });
  }

  /** Show these, in this order; `empty` is the sentence for none. */
  show(alarms, empty) {
    this.shown = alarms;
    const onPage = alarms.slice(0, this.#most);
    const rows = new Map(onPage.map((alarm) => [alarm.alarm_id, this.#row(alarm)]));
    this.#rows = rows;
    setChildren(this.body, [...rows.values()].map(({ node }) => node));
    const shownIds = new Set(alarms.map((alarm) => alarm.alarm_id));
    for (const id of this.chosen) if (!shownIds.has(id)) this.chosen.delete(id);
    this.#sayRest(alarms.length - onPage.length, empty);
    this.on.choose();
  }

  /** Let ages pass; `secondsSince` tells them by the server's clock. */
  tick(secondsSince) {
    for (const { alarm, node } of this.#rows.values()) {
      const seconds = secondsSince(alarm.raised_at);
      if (seconds !== null) setText(node.querySelector(".ago"), `${age(seconds)} ago`);
    }
  }

  /** Whether orders can be given now. */
  allowOrders(isPossible) {
    this.#isOrderPossible = isPossible;
    for (const { node } of this.#rows.values()) for (const order of node.querySelectorAll(".orders button")) order.disabled = !isPossible;
  }

  /** The alarm that the keys are about: that with the focus, else the one they went to last. */
  get here() {
    return this.#rows.get(this.#rowWithFocus() ?? this.#here)?.alarm ?? null;
  }

  /** Go down so many rows, or up. */
  move(steps) {
    const ids = [...this.#rows.keys()];
    if (ids.length === 0) return;
    const from = ids.indexOf(this.#rowWithFocus() ?? this.#here);
    this.goTo(ids[Math.min(ids.length - 1, Math.max(0, from < 0 ? 0 : from + steps))]);
  }

  /** Put the focus on an alarm's sentence. */
  goTo(alarmId) {
    const row = this.#rows.get(alarmId);
    if (row === undefined) return;
    this.#mark(alarmId);
    row.node.querySelector(".alarm-open").focus();
    row.node.scrollIntoView({ block: "nearest" });
  }

  /** The alarm after these: where the focus belongs when an order has dealt with them. */
  after(alarmIds) {
    const ids = [...this.#rows.keys()];
    const last = Math.max(...alarmIds.map((id) => ids.indexOf(id)));
    return ids.slice(last + 1).find((id) => !alarmIds.includes(id)) ?? ids.find((id) => !alarmIds.includes(id)) ?? null;
  }

  /** Choose one, or not any more. */
  choose(alarmId, isChosen) {
    if (isChosen) this.chosen.add(alarmId);
    else this.chosen.delete(alarmId);
    const box = this.#rows.get(alarmId)?.node.querySelector("input");
    if (box) box.checked = isChosen;
    this.on.choose();
  }

  #rowWithFocus() {
    const row = document.activeElement?.closest?.("tr[data-alarm]");
    return row && this.body.contains(row) ? Number(row.dataset.alarm) : null;
  }

  #mark(alarmId) {
    this.#here = alarmId;
    for (const [id, { node }] of this.#rows) node.classList.toggle("is-here", id === alarmId);
  }

  #row(alarm) {
    const version = JSON.stringify(alarm);
    const known = this.#rows.get(alarm.alarm_id);
    if (known?.version === version) return known;
    const node = known?.node ?? element("tr", { "data-alarm": alarm.alarm_id });
    this.#write(node, alarm);
    return { alarm, node, version };
  }

  /** Write a row; where it had the focus, it has it again. */
  #write(node, alarm) {
    const focused = [...node.querySelectorAll("button, input, a")].indexOf(document.activeElement);
    setAttribute(node, "data-severity", alarm.severity);
    setAttribute(node, "data-state", alarm.state);
    node.classList.toggle("is-waiting", isWaiting(alarm));
    node.replaceChildren(...this.#cells(alarm));
    if (focused >= 0) node.querySelectorAll("button, input, a")[focused]?.focus({ preventScroll: true });
  }

  #cells(alarm) {
    const cell = (label, style, ...content) => element("td", { "data-label": label, class: style }, ...content);
    return [
      cell("", "select", this.#box(alarm)),
      cell("Severity", null, severityBadge(alarm.severity), " ", element("span", { class: "stands" }, stateInWords(alarm), ...this.#until(alarm))),
      element("th", { scope: "row", class: "what", "data-label": "What" }, this.#sentence(alarm), isWaiting(alarm) && guidanceOf(alarm) ? element("span", { class: "guidance" }, guidanceOf(alarm)) : ""),
      cell("Where", null, ...[alarm.turbine_number ? [turbineLink(alarm.turbine_number), " ", alarm.region ? element("span", { class: "stands" }, alarm.region) : null] : placeOf(alarm)].flat()),
      cell("Since", null, timeElement(alarm.raised_at), " ", element("span", { class: "ago" })),
      cell("Occurrences", "number", alarm.occurrences > 1 ? count(alarm.occurrences) : "1"),
      cell("", "orders", ...this.#orders(alarm)),
    ];
  }

  #until(alarm) {
    if (silence(alarm) === "shelved") return [" until ", timeElement(alarm.shelved_until)];
    return alarm.state === "cleared" && silence(alarm) === null ? [" at ", timeElement(alarm.cleared_at)] : [];
  }

  #box(alarm) {
    const box = element("input", { type: "checkbox", "data-needs": "alarms", "aria-label": `Choose: ${alarm.sentence}` });
    box.checked = this.chosen.has(alarm.alarm_id);
    box.addEventListener("change", () => this.choose(alarm.alarm_id, box.checked));
    return box;
  }

  #sentence(alarm) {
    const open = button("", () => {
      this.#mark(alarm.alarm_id);
      this.on.open(alarm.alarm_id);
    }, "alarm-open");
    open.append(...sentenceParts(capital(alarm.sentence), alarm.raised_at));
    return open;
  }

  #orders(alarm) {
    if (!isWaiting(alarm)) {
      const by = alarm.acknowledged_by;
      return by ? [element("span", { class: "stands" }, `by ${by}, `, timeElement(alarm.acknowledged_at))] : [];
    }
    const acknowledge = button("Acknowledge", () => this.on.order("acknowledge", [alarm]));
    acknowledge.setAttribute("aria-label", `Acknowledge: ${alarm.sentence}`);
    acknowledge.dataset.needs = "alarms";
    acknowledge.disabled = !this.#isOrderPossible;
    return [acknowledge];
  }

  #sayRest(hidden, empty) {
    if (this.shown.length === 0) this.foot.replaceChildren(empty);
    else if (hidden <= 0) this.foot.replaceChildren();
    else {
      const more = button(`Show ${count(Math.min(hidden, AT_ONCE))} more of ${count(hidden)}`, () => {
        this.#most += AT_ONCE;
        this.show(this.shown, empty);
      });
      this.foot.replaceChildren(more);
    }
  }
}
