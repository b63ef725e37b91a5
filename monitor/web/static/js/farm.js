// The farm page: puts its parts together.
import { announce } from "./announcer.js";
import { Attention } from "./attention.js";
import { Board } from "./board.js";
import { element } from "./elements.js";
import { addKeys } from "./keyboard.js";
import { STANDINGS } from "./live-farm.js";
import { stream } from "./page.js";
import { Summary } from "./summary.js";

const MANY = 60; // turbines, from which on a denser board is offered
const TOO_MANY = 300; // and from which on it is dense unless the viewer wants otherwise
const DENSE_KEY = "grid-dense";
const TICK_MS = 1000;

const find = document.getElementById("find");
const region = document.getElementById("region");
const dense = document.getElementById("dense");
const place = document.getElementById("board");
const board = new Board(stream.farm, place, document.getElementById("shown"));
const showAllButton = document.getElementById("show-all");
const summary = new Summary((standing) => choose({ standing }));
const attention = new Attention(stream.farm);
const announced = new Map(); // the state of each turbine as last told to a screen reader
let drawnAt = 0;

/** Show only turbines that are so, and say it in the address: a link to it can be sent, and a reload keeps it. */
function choose(change) {
  const isTyped = board.filter.text !== "" && Boolean(change.text);
  showOnly({ ...board.filter, ...change });
  const address = addressOf(board.filter) || location.pathname;
  if (address === (location.search || location.pathname)) return;
  if (isTyped) history.replaceState(null, "", address); // one step back for a whole word
  else history.pushState(null, "", address);
}

function showOnly(wanted) {
  board.filter = wanted;
  summary.choose(wanted.standing);
  offerRegions();
  if (find.value !== wanted.text) find.value = wanted.text;
  showAllButton.hidden = addressOf(wanted) === "";
  if (stream.farm.farm !== null) board.arrange({ isWanted: true });
}

function addressOf({ standing, region: name, text }) {
  const given = Object.entries({ standing, region: name, find: text }).filter(([, value]) => value);
  return given.length === 0 ? "" : `?${new URLSearchParams(given)}`;
}

/** What the address says; a standing that there is not counts as none. */
function fromAddress() {
  const given = new URLSearchParams(location.search);
  const standing = STANDINGS.includes(given.get("standing")) ? given.get("standing") : null;
  return { standing, region: given.get("region") || null, text: given.get("find") ?? "" };
}

function showAll() {
  if (document.activeElement === find) find.blur();
  choose({ standing: null, region: null, text: "" });
}

/** The next link, or the one before; the first when none has the focus. */
function step(by) {
  const links = [...board.links];
  const here = links.indexOf(document.activeElement);
  links[here === -1 ? 0 : Math.min(links.length - 1, Math.max(0, here + by))]?.focus();
}

function offerRegions() {
  const chosen = board.filter.region ?? "";
  const names = board.regions;
  if (chosen && !names.includes(chosen)) names.push(chosen); // of a link: it may come yet
  region.hidden = names.length < 2 && !chosen;
  const isOffered = names.length + 1 === region.options.length && names.every((name, number) => region.options[number + 1].value === name);
  if (!isOffered) region.replaceChildren(element("option", { value: "" }, "All regions"), ...names.map((name) => element("option", { value: name }, name)));
  if (region.value !== chosen) region.value = chosen;
}

function showDense(isDense) {
  place.classList.toggle("is-dense", isDense);
  if (stream.farm.farm !== null) board.arrange({ isWanted: true });
  dense.setAttribute("aria-pressed", String(isDense));
}

function offerDense(turbines) {
  dense.hidden = turbines < MANY;
  const chosen = remembered();
  showDense(turbines >= MANY && (chosen === null ? turbines >= TOO_MANY : chosen === "yes"));
}

function remembered() {
  try {
    return localStorage.getItem(DENSE_KEY);
  } catch {
    return null;
  }
}

function toggleDense() {
  const isDense = dense.getAttribute("aria-pressed") !== "true";
  showDense(isDense);
  try {
    localStorage.setItem(DENSE_KEY, isDense ? "yes" : "no");
  } catch {
    // a private window: not kept
  }
}

/** Tell a screen reader which turbines changed their state: not on the first look, and not what only aged. */
function announceChanges(change) {
  const isFirst = announced.size === 0;
  for (const number of change.turbines) {
    const { state, standing } = stream.farm.rows.get(number);
    const words = state ?? standing;
    if (!isFirst && announced.get(number) !== words) announce(`Turbine ${number}: ${words}.`);
    announced.set(number, words);
  }
}

function show(change) {
  if (change.kind === "state" || change.kind === "ignored") return;
  drawnAt = performance.now();
  place.removeAttribute("aria-busy");
  if (change.kind === "snapshot") offerDense(stream.farm.rows.size);
  board.take(change);
  if (change.turbines.length > 0) offerRegions();
  summary.show(stream.farm.farm.totals);
  attention.show(drawnAt);
  announceChanges(change);
}

function tick() {
  const now = performance.now();
  if (stream.farm.farm === null || now - drawnAt < TICK_MS || document.hidden) return;
  board.refresh();
  attention.show(now);
}

find.addEventListener("input", () => choose({ text: find.value }));
region.addEventListener("change", () => choose({ region: region.value || null }));
showAllButton.addEventListener("click", showAll);
addEventListener("popstate", () => showOnly(fromAddress()));
dense.addEventListener("click", toggleDense);
addKeys({
  j: () => step(1),
  k: () => step(-1),
  "/": () => find.focus(),
  Escape: showAll,
});
showOnly(fromAddress());
stream.subscribe(show);
setInterval(tick, TICK_MS);
