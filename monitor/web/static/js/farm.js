// The farm page: puts its parts together.
import { announce } from "./announcer.js";
import { Attention } from "./attention.js";
import { Board } from "./board.js";
import { element } from "./elements.js";
import { addKeys } from "./keyboard.js";
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
const summary = new Summary(chooseStanding);
const attention = new Attention(stream.farm);
const announced = new Map(); // the state of each turbine as last told to a screen reader
let drawnAt = 0;

function chooseStanding(standing) {
  board.filter.standing = standing;
  summary.choose(standing);
  board.arrange({ isWanted: true });
}

function chooseRegion(name) {
  region.value = name;
  board.filter.region = name || null;
  board.arrange({ isWanted: true });
}

function findTurbine(text) {
  find.value = text;
  board.filter.text = text;
  board.arrange({ isWanted: true });
}

function showAll() {
  if (document.activeElement === find) find.blur();
  board.filter.text = find.value = "";
  board.filter.region = null;
  region.value = "";
  chooseStanding(null);
}

/** The next link, or the one before; the first when none has the focus. */
function step(by) {
  const links = [...board.links];
  const here = links.indexOf(document.activeElement);
  links[here === -1 ? 0 : Math.min(links.length - 1, Math.max(0, here + by))]?.focus();
}

function offerRegions() {
  const names = board.regions;
  region.hidden = names.length < 2;
  if (names.length + 1 === region.options.length && names.every((name, number) => region.options[number + 1].value === name)) return;
  const chosen = region.value;
  region.replaceChildren(element("option", { value: "" }, "All regions"), ...names.map((name) => element("option", { value: name }, name)));
  region.value = names.includes(chosen) ? chosen : "";
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
  place.classList.toggle("is-old", stream.state !== "live");
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

find.addEventListener("input", () => findTurbine(find.value));
region.addEventListener("change", () => chooseRegion(region.value));
dense.addEventListener("click", toggleDense);
addKeys({
  j: () => step(1),
  k: () => step(-1),
  "/": () => find.focus(),
  Escape: showAll,
});
stream.subscribe(show);
setInterval(tick, TICK_MS);
