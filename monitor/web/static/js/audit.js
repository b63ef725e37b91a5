// The audit: who ordered what, and who came in, newest first.

import { datedElement, sentenceParts } from "./clock.js";
import { icon } from "./dom.js";
import { element, row, turbineLink } from "./elements.js";
import { PagedList } from "./paged-list.js";
import { session } from "./session.js";
import { capital, spaced } from "./words.js";

const LOOK_AGAIN_MS = 10_000;
const ORDERS = {
  repair: "send an engineer",
  hold: "hold",
  release: "release",
  acknowledge: "acknowledge",
  comment: "comment",
  shelve: "shelve",
  unshelve: "unshelve",
  take_out_of_service: "take out of service",
  put_in_service: "put in service",
  test_receiver: "test a receiver",
  prune: "prune",
};
const DOORS = { pages: "on a page", api: "by a program", command_line: "on the command line" };
const EVENTS = {
  "signed in": "signed in",
  refused: "sign-in refused",
  throttled: "sign-in throttled",
  "signed out": "signed out",
  "user created": "user created",
  "password changed": "password changed",
  "role changed": "role changed",
  "user removed": "user removed",
  "token created": "token created",
  "token revoked": "token revoked",
};
const UNWELCOME = new Set(["refused", "throttled"]);

const place = (id) => document.getElementById(id);
const form = place("audit-filter");
const orders = new PagedList("/audit", {
  body: document.querySelector("#orders tbody"),
  foot: place("orders-foot"),
  row: orderRow,
  keyOf: (entry) => entry.audit_id,
  empty: "There is no such order. Kept are orders about turbines and alarms, tests of receivers, and prunings.",
  limit: 25,
});
const access = new PagedList("/audit/access", {
  body: document.querySelector("#access tbody"),
  foot: place("access-foot"),
  row: eventRow,
  keyOf: (event) => event.event_id,
  empty: "Nothing of that kind happened.",
  limit: 25,
});

function orderRow(entry) {
  return row(
    ["When", datedElement(entry.at)],
    ["Who", element("span", {}, whoLink(entry.who), element("span", { class: "under" }, cameIn(entry)))],
    ["Order", ORDERS[entry.action] ?? spaced(entry.action)],
    ["About", subject(entry.subject)],
    ["Why", entry.why, "long"],
    ["Answer", answer(entry), "long"],
  );
}

/** A name that leads to all that it stands for: what was ordered, and the sign-ins. */
function whoLink(who) {
  return who ? element("a", { href: `/audit?${new URLSearchParams({ who })}` }, who) : "-";
}

/** Through which door, with which rights, and from where. */
function cameIn({ door, rights, address }) {
  return [DOORS[door] ?? spaced(door), rights, address ? `from ${address}` : null].filter(Boolean).join(", ");
}

function subject(text) {
  const turbine = /^turbine-(\d+)$/.exec(text);
  const alarm = /^alarm-(\d+)$/.exec(text);
  if (turbine) return turbineLink(turbine[1]);
  if (alarm) return element("a", { href: `/alarms?alarm=${Number(alarm[1])}` }, `Alarm ${alarm[1]}`);
  return text || "-";
}

function answer({ accepted, sentence, at }) {
  const words = element("span", {}, ...sentenceParts(capital(sentence), at));
  return accepted ? words : element("span", {}, element("strong", { class: "refused-order" }, icon("close"), " refused: "), words);
}

function eventRow(event) {
  const what = EVENTS[event.action] ?? spaced(event.action);
  return row(
    ["When", datedElement(event.at)],
    ["What", UNWELCOME.has(event.action) ? element("strong", { class: "refused-order" }, icon("close"), ` ${what}`) : what],
    ["Name", event.name || "an unknown name"],
    ["By", event.by || "-"],
    ["From", event.address || "this machine"],
    ["More", event.what, "long"],
  );
}

/** What is in the form, as it is in the page's address: the fields that hold something. */
function chosen() {
  return Object.fromEntries([...new FormData(form)].map(([name, value]) => [name, value.trim()]).filter(([, value]) => value));
}

/** The interface is asked for whole days of the viewer's zone. */
function timesOf({ from, to }) {
  return { since: from && midnight(from, 0), until: to && midnight(to, 1) };
}

/** "5" is turbine-5, and "Alarm 12" alarm-12; what else there is has no number. */
function subjectNamed(text) {
  const [, kind = "turbine", number] = /^(?:(turbine|alarm)[ -]?)?(\d+)$/i.exec(text) ?? [];
  return number ? `${kind.toLowerCase()}-${Number(number)}` : text;
}

/** When a day such as 2026-11-21 begins, or one of the `later` days after it. */
function midnight(day, later) {
  const [year, month, date] = day.split("-").map(Number);
  return new Date(year, month - 1, date + later).toISOString();
}

function show() {
  const { who, about, action, accepted, event, ...days } = chosen();
  const query = new URLSearchParams(chosen()).toString();
  history.replaceState(null, "", query ? `?${query}` : location.pathname);
  orders.show({ who, action, accepted, subject: about && subjectNamed(about), ...timesOf(days) });
  access.show({ who, action: event, ...timesOf(days) });
}

function restoreFilter() {
  for (const [name, value] of new URLSearchParams(location.search)) if (form.elements[name]) form.elements[name].value = value;
}

for (const [field, words] of [["action", ORDERS], ["event", EVENTS]]) {
  for (const [value, text] of Object.entries(words)) form.elements[field].append(element("option", { value }, text));
}
restoreFilter();
form.addEventListener("submit", (event) => event.preventDefault());
for (const field of form.elements) field.addEventListener("change", show); // one of them stands outside of the form
form.addEventListener("reset", () => setTimeout(show));
show();
setInterval(() => {
  if (document.hidden || session.isOver) return;
  orders.refresh();
  access.refresh();
}, LOOK_AGAIN_MS);
