// The page of dead letters: what was refused and why, newest first.

import { get, inWords } from "./api.js";
import { timeElement } from "./clock.js";
import { setText } from "./dom.js";
import { element, row } from "./elements.js";
import { PagedList } from "./paged-list.js";
import { bytes, count, counted } from "./quantities.js";
import { reasonInWords } from "./words.js";

const LOOK_AGAIN_MS = 5000;

const reasons = document.getElementById("reasons");
const note = document.getElementById("reasons-note");
const list = new PagedList("/dead-letters", {
  body: document.querySelector("#letters tbody"),
  foot: document.getElementById("letters-foot"),
  row: letterRow,
  keyOf: (letter) => letter.dead_letter_id,
  empty: "No message was refused.",
});
let chosen = new URLSearchParams(location.search).get("reason") ?? "";

function letterRow(letter) {
  const [name] = reasonInWords(letter.reason);
  const made = row(
    ["Received", timeElement(letter.received_at)],
    ["Reason", name],
    ["Topic", element("span", { class: "topic" }, letter.topic)],
    ["Size", bytes(letter.size), "number"],
    ["Wrong", element("div", {}, letter.detail, payload(letter)), "long"],
  );
  return made;
}

/** The payload as text, folded; nothing in it is markup, and its control characters are written out. */
function payload(letter) {
  if (letter.size === 0) return element("p", { class: "muted" }, "The payload is empty.");
  return element("details", { class: "payload" }, element("summary", {}, "Payload"), element("pre", { tabindex: "0" }, printable(letter.payload)));
}

/** Control characters, and marks that turn the direction of writing, as they are written in code. */
function printable(text) {
  return text.replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g, written);
}

function written(character) {
  return `\\u${character.codePointAt(0).toString(16).padStart(4, "0")}`;
}

function choose(reason) {
  chosen = reason;
  history.replaceState(null, "", chosen ? `?reason=${encodeURIComponent(chosen)}` : location.pathname);
  press();
  list.show({ reason: chosen });
}

function press() {
  for (const button of reasons.children) button.setAttribute("aria-pressed", String(button.dataset.reason === chosen));
}

async function showReasons() {
  try {
    const counts = (await get("/dead-letters/reasons")).items;
    const total = counts.reduce((sum, { messages: letters }) => sum + letters, 0);
    setText(note, total === 0 ? "No message was refused: all that came was of the contract." : "");
    const known = new Map([...reasons.children].map((button) => [button.dataset.reason, button]));
    const wanted = total === 0 ? [] : [reasonButton(known, "", ["All", "Every refused message."], total)];
    for (const { reason, messages: letters } of counts) wanted.push(reasonButton(known, reason, reasonInWords(reason), letters));
    for (const button of wanted) if (button.parentNode !== reasons) reasons.append(button);
    press();
  } catch (error) {
    setText(note, inWords(error));
  }
}

function reasonButton(known, reason, [name, meaning], letters) {
  const button = known.get(reason) ?? newReasonButton(reason, name, meaning);
  setText(button.querySelector(".count"), count(letters));
  button.setAttribute("aria-label", `${name}: ${counted(letters, "message")}. ${meaning}`);
  return button;
}

function newReasonButton(reason, name, meaning) {
  const button = element("button", { type: "button", class: "reason", "data-reason": reason }, element("strong", {}, name), element("strong", { class: "count" }), element("small", {}, meaning));
  button.addEventListener("click", () => choose(reason === chosen ? "" : reason));
  return button;
}

list.show({ reason: chosen });
showReasons();
setInterval(() => {
  if (document.hidden) return;
  showReasons();
  list.refresh();
}, LOOK_AGAIN_MS);
