// The head of every page: how many alarms nobody has acknowledged, and how urgent the worst is.

import { announce } from "./announcer.js";
import { setAttribute, setText } from "./dom.js";
import { count } from "./quantities.js";
import { severityIcon } from "./severities.js";

const link = document.getElementById("alarms-waiting");
const sign = link.querySelector(".icon");
const isAlarmsPage = document.body.dataset.page === "Alarms"; // which tells each by its sentence
let shown = null;

/** Show what the farm's document says of the alarms; null or undefined where nobody counts them. */
export function showAlarmsWaiting(alarms) {
  if (!alarms) return;
  const { unacknowledged: waiting, highest } = alarms;
  setText(document.getElementById("alarms-count"), count(waiting));
  setText(document.getElementById("alarms-words"), wordsFor(waiting, highest));
  sign.className = `icon icon-${waiting > 0 ? severityIcon(highest) : "bell"}`;
  setAttribute(link, "data-severity", waiting > 0 ? highest : null);
  setAttribute(link, "title", waiting > 0 ? "Alarms that nobody has acknowledged" : "No alarm waits for anybody");
  if (shown !== null && waiting > shown && !isAlarmsPage) announce(`${count(waiting)} ${wordsFor(waiting, highest)}.`);
  shown = waiting;
}

function wordsFor(waiting, highest) {
  const noun = waiting === 1 ? "alarm" : "alarms";
  return waiting > 0 && highest ? `${noun}, ${waiting === 1 ? "" : "worst "}${highest}` : noun;
}
