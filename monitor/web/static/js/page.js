// What every page has: the live stream and its state in the header, the troubles, help and keys. Import `stream` from here.
import { showAlarmsWaiting } from "./alarms-waiting.js";
import { age, timeElement, utcText, zoneName, zonedText } from "./clock.js";
import { icon, setChildren, setText } from "./dom.js";
import { button, element } from "./elements.js";
import { addKeys, listenForKeys, listenForHelp } from "./keyboard.js";
import { LiveStream } from "./live.js";
import { session } from "./session.js";
import { keepSession } from "./sign-in.js";
import { showInTab, watchWhileHidden } from "./tab.js";

/** The live stream of this page; it is started. */
export const stream = new LiveStream();

const PAGES = { f: "/", a: "/alarms", o: "/outages", r: "/repairs", j: "/journal", d: "/dead-letters", u: "/audit", i: "/about" };
const LEVELS = { books_unbalanced: "warning" };
const place = document.getElementById("stream");
const signIn = session.asks ? keepSession() : null;
const clock = document.getElementById("clock");
const banners = new Map(); // what is said, by its key: a banner that stays is not made anew, so it is not read again

function showStream() {
  const seconds = stream.silentSeconds;
  const state = stream.state === "live" && !stream.isFresh ? "away" : stream.state;
  place.dataset.stream = session.isOver ? "down" : state;
  const words = {
    connecting: "connecting",
    live: `live, ${age(seconds)} ago`,
    away: `monitor away${forHowLong(stream.farm.farm?.monitor?.since)}`,
    down: seconds === null ? "no connection" : `down for ${age(seconds)}`,
  };
  setText(place, session.isOver ? "signed out" : words[state]);
  document.body.classList.toggle("is-old", session.isOver || !stream.isFresh);
}

function forHowLong(since) {
  return since ? ` for ${age(stream.farm.secondsSince(since, performance.now()))}` : "";
}

/** The monitor's time in the viewer's zone, which the times of the page are in. */
function showClock() {
  const { at, heardAt } = stream.farm;
  if (at === null) return;
  const now = new Date(Date.parse(at) + performance.now() - heardAt);
  setText(clock, zonedText(now));
  clock.title = utcText(now);
}

function troubles() {
  const found = [];
  const { farm, at } = stream.farm;
  if (session.isOver) return [signedOut()];
  if (stream.state === "down") {
    found.push(
      at
        ? { key: "stream", level: "alarm", since: at, before: "The stream is down since ", after: ": numbers are as old as shown. Trying again." }
        : { key: "stream", level: "alarm", before: "This page has no connection to the monitor's pages. Trying again." },
    );
  }
  if (farm?.monitor?.running === false) found.push(monitorAway(farm.monitor));
  for (const trouble of farm?.troubles ?? []) found.push(ofMonitor(trouble));
  if (session.endsAt !== null) found.push(endsSoon());
  return found;
}

function signedOut() {
  return { key: "session", level: "warning", since: session.overSince, before: "You are signed out since ", after: ": numbers are as old as shown. ", action: ["Sign in", signIn] };
}

function endsSoon() {
  return { key: "session", level: "note", since: session.endsAt, before: "Your session ends at ", after: ", 12 hours after the sign-in. ", action: ["Sign in again", signIn] };
}

function monitorAway({ since }) {
  const words = "all is as it was last known. Start it with grid-monitor.";
  if (!since) return { key: "monitor", level: "alarm", before: `The monitor is not running: ${words}` };
  return { key: "monitor", level: "alarm", since, before: "The monitor is not running since ", after: `: ${words}` };
}

function ofMonitor({ kind, sentence, detail, since }) {
  const known = sentence ?? [kind.replaceAll("_", " "), detail].filter(Boolean).join(": ");
  const words = known.charAt(0).toUpperCase() + known.slice(1);
  return { key: kind, level: LEVELS[kind] ?? "alarm", since, before: since ? `${words.replace(/\.$/, "")}, since ` : words, after: since ? "." : "" };
}

function showBanners() {
  const found = troubles();
  const wanted = found.map((trouble) => {
    const key = [trouble.key, trouble.since, trouble.before].join(" ");
    if (!banners.has(key)) banners.set(key, banner(trouble));
    return [key, banners.get(key)];
  });
  const keys = new Set(wanted.map(([key]) => key));
  for (const key of banners.keys()) if (!keys.has(key)) banners.delete(key);
  setChildren(document.getElementById("banners"), wanted.map(([, node]) => node));
}

function banner({ level, since, before, after, action }) {
  const words = element("span", {}, before, since ? timeElement(since) : null, after, action ? button(...action) : null);
  return element("p", { class: "banner", "data-level": level }, icon("waiting"), words);
}

function show() {
  showStream();
  showBanners();
  const { totals, alarms } = stream.farm.farm ?? {};
  showAlarmsWaiting(alarms);
  const standings = totals?.by_standing ?? {};
  const turbines = (standings.refused ?? 0) + (standings.waiting ?? 0);
  showInTab({ inNeed: Math.max(turbines, alarms?.unacknowledged ?? 0), isTroubled: banners.size > 0 });
}

stream.subscribe(show);
session.subscribe(show);
setInterval(() => {
  showStream();
  showClock();
}, 1000);
watchWhileHidden(stream);
for (const node of document.querySelectorAll("[data-zone]")) node.textContent = zoneName();
for (const [key, path] of Object.entries(PAGES)) addKeys({ [`g ${key}`]: () => location.assign(path) });
document.querySelector(".site-nav [aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" }); // on narrow screens
listenForKeys();
listenForHelp();
stream.start();
