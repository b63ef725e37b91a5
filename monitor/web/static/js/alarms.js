// The page of alarms: what waits for somebody, what is the matter, and what people did about it.

import { get, inWords } from "./api.js";
import { inOrder, isListed, isOf, isWaiting } from "./alarm-facts.js";
import { AlarmDialog } from "./alarm-dialog.js";
import { AlarmOrder } from "./alarm-order.js";
import { AlarmRows } from "./alarm-rows.js";
import { announce } from "./announcer.js";
import { inViewersZone } from "./clock.js";
import { setAttribute, setText } from "./dom.js";
import { button, element } from "./elements.js";
import { addKeys } from "./keyboard.js";
import { Notifications } from "./notifications.js";
import { stream } from "./page.js";
import { count, counted } from "./quantities.js";
import { showRate } from "./alarm-rate.js";
import { session } from "./session.js";
import { settled } from "./settled.js";
import { SEVERITIES } from "./severities.js";
import { whyNoOrders } from "./who.js";

const PAGE = 1000;
const MOST_PAGES = 10;
const STILL_MS = 3000; // nothing moves under a pointer that moved this short ago
const ALL = "All alarms";

const place = (id) => document.getElementById(id);
const form = place("alarm-filter");
const body = document.querySelector("#alarms tbody");
const order = new AlarmOrder({ onGiven, serverNow });
const dialog = new AlarmDialog({ order: (kind, alarms) => order.open(kind, alarms) });
const rows = new AlarmRows(body, place("alarms-foot"), { open: openAlarm, order: (kind, alarms) => order.open(kind, alarms), choose: showChosen });
const notifications = new Notifications();

let alarms = [];
let facts = { chattering: new Set(), standing: new Set() };
let group = "";
let known = null; // numbers of those that waited when it was looked at last
let asked = 0;
let changes = null;
let pointerMovedAt = -Infinity;
let later = 0;
let goTo = null; // where the focus belongs after the next look

// --- what there is

async function load() {
  const turn = ++asked;
  try {
    const [found, summary] = await Promise.all([everyAlarm(), get("/alarms/summary")]);
    if (turn !== asked) return;
    alarms = found.filter(isListed).sort(inOrder);
    facts = { chattering: new Set(summary.chattering), standing: new Set(summary.standing) };
    showRate(summary);
    tellNew();
    showRegions();
    showGroups();
    arrange();
    dialog.refresh(alarms);
  } catch (error) {
    if (turn === asked) place("alarms-foot").replaceChildren(`${inWords(error)} `, button("Try again", load));
  }
}

async function everyAlarm() {
  const items = [];
  let cursor = null;
  for (let page = 0; page < MOST_PAGES; page += 1) {
    const found = await get("/alarms", { limit: PAGE, cursor });
    items.push(...found.items);
    cursor = found.next_cursor;
    if (cursor === null) break;
  }
  return items;
}

/** Say to a screen reader what waits now and did not before. */
function tellNew() {
  const waiting = alarms.filter(isWaiting);
  if (known !== null) {
    for (const alarm of waiting) {
      if (!known.has(alarm.alarm_id)) announce(`New alarm, ${alarm.severity}: ${inViewersZone(alarm.sentence, alarm.raised_at)}`);
    }
  }
  known = new Set(waiting.map((alarm) => alarm.alarm_id));
}

// --- what is shown of it

function wanted() {
  const { severity, region, turbine } = form.elements;
  return { group, severity: severity.value, region: region.value, turbine: turbine.value };
}

function filtered() {
  const { severity, region, turbine } = wanted();
  return alarms.filter(
    (alarm) =>
      (!group || isOf(group, alarm, facts)) &&
      (!severity || alarm.severity === severity) &&
      (!region || alarm.region === region) &&
      (!turbine || alarm.turbine_number === Number(turbine)),
  );
}

/** Show the list; what is new waits while a pointer moves over it, so that nobody presses what just came there. */
function arrange({ isWanted = false } = {}) {
  clearTimeout(later);
  const wait = isWanted ? 0 : pointerMovedAt + STILL_MS - performance.now();
  if (wait > 0) {
    const shown = new Set(rows.shown.map((alarm) => alarm.alarm_id));
    const found = new Map(alarms.map((alarm) => [alarm.alarm_id, alarm]));
    sayNew(filtered().filter((alarm) => !shown.has(alarm.alarm_id)).length);
    rows.show(rows.shown.map((alarm) => found.get(alarm.alarm_id) ?? { ...alarm, state: "normal" }), "");
    later = setTimeout(() => arrange(), wait);
    return;
  }
  sayNew(0);
  rows.show(filtered(), emptyInWords());
  rows.tick(secondsSince);
  if (goTo !== null) rows.goTo(goTo);
  goTo = null;
}

function sayNew(number) {
  place("alarms-new").hidden = number === 0;
  setText(place("alarms-new"), `Show ${counted(number, "new alarm")}`);
}

function emptyInWords() {
  if (alarms.length === 0) return "No alarm, and none is silenced.";
  return `None of ${counted(alarms.length, "alarm")} is one of these. Press "Show all" for all of them.`;
}

function showGroups() {
  for (const shown of place("groups").children) {
    const found = alarms.filter((alarm) => isOf(shown.dataset.group, alarm, facts));
    setText(shown.querySelector("strong"), count(found.length));
    shown.classList.toggle("is-none", found.length === 0);
    shown.setAttribute("aria-pressed", String(shown.dataset.group === group));
    if (shown.dataset.group === "waiting") setAttribute(shown, "data-severity", found[0]?.severity ?? null);
  }
  setText(place("alarms-sentence"), sentence());
  const chosen = [...place("groups").children].find((shown) => shown.dataset.group === group);
  setText(place("list-title"), chosen ? `Alarms: ${chosen.querySelector("span").textContent}` : ALL);
}

function sentence() {
  const waiting = alarms.filter(isWaiting);
  const active = alarms.filter((alarm) => isOf("active", alarm, facts)).length;
  const rest = `${counted(active, "alarm")} ${active === 1 ? "is" : "are"} active`;
  if (waiting.length === 0) return `Nothing waits to be acknowledged; ${active === 0 ? "no alarm is" : rest}${active === 0 ? " active" : ""}.`;
  const kinds = SEVERITIES.map((severity) => [severity, waiting.filter((alarm) => alarm.severity === severity).length]);
  const words = kinds.filter(([, number]) => number > 0).map(([severity, number]) => `${count(number)} ${severity}`);
  return `${counted(waiting.length, "alarm")} ${waiting.length === 1 ? "waits" : "wait"} to be acknowledged: ${words.join(", ")}; ${rest}.`;
}

function showRegions() {
  const select = form.elements.region;
  const names = [...new Set(alarms.map((alarm) => alarm.region).filter(Boolean))].sort((one, other) => one.localeCompare(other));
  const shown = [...select.options].slice(1).map((option) => option.value);
  const value = select.value || (new URLSearchParams(location.search).get("region") ?? "");
  if (value && !names.includes(value)) names.push(value);
  if (names.join("\n") === shown.join("\n")) return;
  select.replaceChildren(select.options[0], ...names.map((name) => element("option", { value: name }, name)));
  select.value = value;
}

// --- filters, which are in the address

function filter() {
  if (!form.checkValidity()) return;
  const address = new URL(location.href);
  for (const [name, value] of Object.entries(wanted())) {
    if (value) address.searchParams.set(name, value);
    else address.searchParams.delete(name);
  }
  history.replaceState(null, "", address);
  showGroups();
  arrange({ isWanted: true });
}

function restoreFilter() {
  const given = new URLSearchParams(location.search);
  group = [...place("groups").children].some((shown) => shown.dataset.group === given.get("group")) ? given.get("group") : "";
  form.elements.severity.value = SEVERITIES.includes(given.get("severity")) ? given.get("severity") : "";
  form.elements.turbine.value = given.get("turbine") ?? "";
  showRegions();
}

for (const severity of SEVERITIES) form.elements.severity.append(element("option", { value: severity }, severity));
for (const shown of place("groups").children) {
  shown.addEventListener("click", () => {
    group = group === shown.dataset.group ? "" : shown.dataset.group;
    filter();
  });
}
form.addEventListener("submit", (event) => event.preventDefault());
form.addEventListener("input", filter);
form.addEventListener("reset", () => {
  group = "";
  setTimeout(filter);
});

// --- orders

/** Open an alarm, also one that is normal again and not on the list any more: a notification may lead to it. */
async function openAlarm(alarmId) {
  const alarm = alarms.find((known) => known.alarm_id === alarmId) ?? (await get(`/alarms/${alarmId}`).catch(() => null));
  if (alarm) dialog.open(alarm);
}

function serverNow() {
  const { at, heardAt } = stream.farm;
  return at === null ? Date.now() : Date.parse(at) + performance.now() - heardAt;
}

function onGiven(alarmIds) {
  goTo = rows.after(alarmIds);
  for (const id of alarmIds) rows.choose(id, false);
  pointerMovedAt = -Infinity; // the one who ordered it wants to see it
  load();
}

const chosen = () => alarms.filter((alarm) => rows.chosen.has(alarm.alarm_id));
const waitingOf = (list) => list.filter((alarm) => isWaiting(alarm));

function showChosen() {
  const isPossible = whyNoOrders(stream, "alarms") === "";
  const waiting = waitingOf(chosen()).length;
  const shown = waitingOf(rows.shown).length;
  setButton("acknowledge-chosen", waiting === 0 ? "Acknowledge chosen" : `Acknowledge ${count(waiting)} chosen`, isPossible && waiting > 0);
  setButton("shelve-chosen", rows.chosen.size === 0 ? "Shelve chosen" : `Shelve ${count(rows.chosen.size)} chosen`, isPossible && rows.chosen.size > 0);
  setButton("acknowledge-shown", shown === 0 ? "Acknowledge all shown" : `Acknowledge all ${count(shown)} shown`, isPossible && shown > 0);
  const all = place("choose-all");
  all.checked = rows.shown.length > 0 && rows.chosen.size === rows.shown.length;
  all.indeterminate = rows.chosen.size > 0 && !all.checked;
}

function setButton(id, text, isPossible) {
  setText(place(id), text);
  place(id).disabled = !isPossible;
}

const acknowledgeChosen = () => order.open("acknowledge", waitingOf(chosen()));
const acknowledgeShown = () => order.open("acknowledge", waitingOf(rows.shown));
place("acknowledge-chosen").addEventListener("click", acknowledgeChosen);
place("acknowledge-shown").addEventListener("click", acknowledgeShown);
place("shelve-chosen").addEventListener("click", () => order.open("shelve", chosen()));
place("choose-all").addEventListener("change", (event) => {
  for (const alarm of rows.shown) rows.choose(alarm.alarm_id, event.target.checked);
});
place("alarms-new").addEventListener("click", () => arrange({ isWanted: true }));

const about = (kind) => () => {
  const alarm = rows.here;
  if (alarm && whyNoOrders(stream, "alarms") === "" && (kind !== "acknowledge" || isWaiting(alarm))) order.open(kind, [alarm]);
};
addKeys({
  j: () => rows.move(1),
  k: () => rows.move(-1),
  c: about("acknowledge"),
  s: about("shelve"),
  x: () => rows.here && rows.choose(rows.here.alarm_id, !rows.chosen.has(rows.here.alarm_id)),
  C: () => whyNoOrders(stream, "alarms") === "" && (rows.chosen.size > 0 ? acknowledgeChosen() : acknowledgeShown()),
});

// --- live

const secondsSince = (iso) => stream.farm.secondsSince(iso, performance.now());
const loadSoon = settled(() => {
  load();
  notifications.refresh();
});
function allowOrders() {
  const why = whyNoOrders(stream, "alarms");
  setText(place("orders-note"), why);
  rows.allowOrders(why === "");
  showChosen();
}
session.subscribe(() => {
  allowOrders();
  if (!session.isOver) loadSoon();
});
stream.subscribe(({ kind }) => {
  allowOrders();
  if (kind === "state") return;
  const now = stream.farm.farm?.alarms?.changes;
  if (changes !== null && (now !== changes || kind === "snapshot")) loadSoon();
  changes = now;
});
setInterval(() => rows.tick(secondsSince), 1000);
body.addEventListener("pointermove", () => (pointerMovedAt = performance.now()), { passive: true });
body.addEventListener("pointerleave", () => (pointerMovedAt = -Infinity), { passive: true });

restoreFilter();
load().then(() => {
  const opened = Number(new URLSearchParams(location.search).get("alarm"));
  if (opened) openAlarm(opened);
});
notifications.refresh();
