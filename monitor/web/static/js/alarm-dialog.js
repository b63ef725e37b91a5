// One alarm: what to do about it, how it stands, what happened to it, and every order for it.

import { get, inWords } from "./api.js";
import { guidanceOf, isUnacknowledged, silence, stateInWords } from "./alarm-facts.js";
import { sentenceParts, timeElement } from "./clock.js";
import { setText } from "./dom.js";
import { button, element, turbineLink } from "./elements.js";
import { counted } from "./quantities.js";
import { session } from "./session.js";
import { severityBadge } from "./severities.js";
import { capital, spaced } from "./words.js";

const IN_SERVICE = new Set(["take_out_of_service", "put_in_service"]);

const place = (id) => document.getElementById(id);

/** The dialog of one alarm; `order(kind, alarms)` asks for an order. */
export class AlarmDialog {
  #alarm = null;

  constructor({ order }) {
    this.order = order;
    place("alarm").addEventListener("close", () => {
      this.#alarm = null;
      keepInAddress(null);
    });
    place("alarm").addEventListener("click", (event) => event.target === place("alarm") && place("alarm").close());
  }

  /** Show it. */
  open(alarm) {
    place("alarm-journal").replaceChildren();
    this.#show(alarm);
    keepInAddress(alarm.alarm_id);
    if (!place("alarm").open) place("alarm").showModal();
  }

  /** Show how it stands now, where it is open. */
  refresh(alarms) {
    if (this.#alarm === null) return;
    const alarm = alarms.find((found) => found.alarm_id === this.#alarm.alarm_id) ?? { ...this.#alarm, state: "normal" };
    if (JSON.stringify(alarm) !== JSON.stringify(this.#alarm)) this.#show(alarm);
  }

  #show(alarm) {
    this.#alarm = alarm;
    place("alarm-title").replaceChildren(...sentenceParts(capital(alarm.sentence), alarm.raised_at));
    place("alarm-body").replaceChildren(
      guidanceOf(alarm) ? element("p", { class: "guidance-words" }, element("strong", {}, "What to do: "), guidanceOf(alarm)) : "",
      element("dl", { class: "facts" }, factsOf(alarm).flatMap(([name, value]) => [element("dt", {}, name), element("dd", {}, value)])),
    );
    place("alarm-orders").replaceChildren(...ordersFor(alarm).map(([kind, text, style]) => button(text, () => this.order(kind, [alarm]), `button ${style ?? ""}`)));
    setText(place("alarm-orders-note"), session.whyNot("alarms") || session.whyNot("service"));
    this.#loadJournal(alarm.alarm_id);
  }

  async #loadJournal(alarmId) {
    try {
      const { items } = await get(`/alarms/${alarmId}/journal`, { limit: 200 });
      if (this.#alarm?.alarm_id !== alarmId) return;
      place("alarm-journal").replaceChildren(...items.map(entry));
      setText(place("alarm-journal-foot"), items.length === 0 ? "Nothing is kept of it." : "");
    } catch (error) {
      setText(place("alarm-journal-foot"), inWords(error));
    }
  }
}

function entry({ at, turn, sentence, by, comment }) {
  const words = sentence ? sentenceParts(sentence, at) : [by ? `${spaced(turn)} by ${by}` : spaced(turn)];
  return element("li", {}, timeElement(at), element("span", {}, ...words, comment ? ` \u201c${comment}\u201d` : ""));
}

function factsOf(alarm) {
  return [
    ["Severity", severityBadge(alarm.severity)],
    ["Stands", stateInWords(alarm)],
    ["Where", alarm.turbine_number ? element("span", {}, turbineLink(alarm.turbine_number), alarm.region ? ` (${alarm.region})` : "") : alarm.region ?? alarm.subject],
    ["Since", timeElement(alarm.raised_at)],
    alarm.cleared_at && ["Cleared", timeElement(alarm.cleared_at)],
    alarm.occurrences > 1 && ["Came", counted(alarm.occurrences, "time")],
    alarm.acknowledged_by && ["Acknowledged", element("span", {}, `by ${alarm.acknowledged_by}, `, timeElement(alarm.acknowledged_at))],
    alarm.shelved_until && ["Shelved", element("span", {}, `by ${alarm.shelved_by}, until `, timeElement(alarm.shelved_until))],
    alarm.comment && ["Comment", alarm.comment],
    alarm.turbine_number === null && alarm.page && ["Look at", element("a", { href: alarm.page }, pageName(alarm.page))],
    ["Rule", element("code", {}, alarm.rule)],
  ].filter(Boolean);
}

/** What the nav calls a page. */
function pageName(path) {
  return [...document.querySelectorAll(".site-nav a")].find((link) => link.getAttribute("href") === path)?.textContent ?? path;
}

/** What may be done about it by who is here. */
function ordersFor(alarm) {
  return ordersOf(alarm).filter(([kind]) => session.may(IN_SERVICE.has(kind) ? "service" : "alarms"));
}

function ordersOf(alarm) {
  const silent = silence(alarm);
  return [
    isUnacknowledged(alarm) && ["acknowledge", "Acknowledge", "primary"],
    ["comment", "Comment"],
    silent === "shelved" ? ["unshelve", "Unshelve"] : silent !== "out_of_service" && ["shelve", "Shelve"],
    silent === "out_of_service" ? ["put_in_service", "Put in service"] : ["take_out_of_service", "Take out of service"],
  ].filter(Boolean);
}

function keepInAddress(alarmId) {
  const address = new URL(location.href);
  if (alarmId === null) address.searchParams.delete("alarm");
  else address.searchParams.set("alarm", alarmId);
  history.replaceState(null, "", address);
}
