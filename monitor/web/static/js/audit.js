// The audit: who ordered what, and who came in, newest first.

import { sentenceParts, timeElement } from "./clock.js";
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
  empty: "Nobody has signed in, and there is no user and no token.",
  limit: 25,
});

function orderRow(entry) {
  return row(
    ["When", timeElement(entry.at)],
    ["Who", element("span", {}, entry.who || "-", element("span", { class: "under" }, cameIn(entry)))],
    ["Order", ORDERS[entry.action] ?? spaced(entry.action)],
    ["About", subject(entry.subject)],
    ["Why", entry.why, "long"],
    ["Answer", answer(entry), "long"],
  );
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
  const action = spaced(event.action);
  return row(
    ["When", timeElement(event.at)],
    ["What", UNWELCOME.has(event.action) ? element("strong", { class: "refused-order" }, icon("close"), ` sign-in ${action}`) : action],
    ["Name", event.name || "nobody's name"],
    ["By", event.by || "-"],
    ["From", event.address || "this machine"],
    ["More", event.what, "long"],
  );
}

function wanted() {
  const { who, action, accepted } = form.elements;
  return { who: who.value.trim(), action: action.value, accepted: accepted.value };
}

function show() {
  const given = Object.entries(wanted()).filter(([, value]) => value);
  const query = new URLSearchParams(given).toString();
  history.replaceState(null, "", query ? `?${query}` : location.pathname);
  orders.show(wanted());
}

function restoreFilter() {
  const given = new URLSearchParams(location.search);
  for (const name of Object.keys(wanted())) form.elements[name].value = given.get(name) ?? "";
}

for (const [action, words] of Object.entries(ORDERS)) form.elements.action.append(element("option", { value: action }, words));
restoreFilter();
form.addEventListener("submit", (event) => event.preventDefault());
form.addEventListener("change", show);
form.addEventListener("reset", () => setTimeout(show));
show();
access.show();
setInterval(() => {
  if (document.hidden || session.isOver) return;
  orders.refresh();
  access.refresh();
}, LOOK_AGAIN_MS);
