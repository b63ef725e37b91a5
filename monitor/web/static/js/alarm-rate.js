// How many alarms come: a bar for every ten minutes, and whether it is more than a person can take in.

import { timeText } from "./clock.js";
import { element } from "./elements.js";
import { setAttribute, setText } from "./dom.js";
import { count, counted } from "./quantities.js";

const FLOOD = 10; // in ten minutes for one operator: ISA-18.2, EEMUA 191
const LEAST_SCALE = 5;

const figure = document.querySelector(".rate");
const bars = document.getElementById("rate-bars");

/** Show the summary's counts, the oldest first. */
export function showRate({ per_ten_minutes: counts, flood }) {
  const raised = counts.map((span) => span.raised);
  const top = Math.max(LEAST_SCALE, ...raised);
  const drawn = raised.map((number, index) => bar(number / top, number > FLOOD, `${counted(number, "alarm")} from ${timeText(counts[index].since)}`));
  bars.replaceChildren(...drawn, ...(top > FLOOD ? [line(FLOOD / top)] : []));
  setAttribute(figure, "data-flood", flood ? "" : null);
  setText(document.getElementById("rate-words"), words(raised, flood));
}

function bar(share, isFlood, title) {
  const made = element("i", { class: isFlood ? "is-flood" : null, title });
  made.style.height = `${100 * share}%`;
  return made;
}

function line(share) {
  const made = element("b");
  made.style.bottom = `${100 * share}%`;
  return made;
}

function words(raised, flood) {
  const all = raised.reduce((sum, number) => sum + number, 0);
  const over = `in ${Math.round(raised.length / 6)} h`;
  if (all === 0) return `none ${over}`;
  const now = `${count(raised.at(-1) ?? 0)} now, at most ${count(Math.max(0, ...raised))}; ${count(all)} ${over}`;
  return flood ? `Flood: ${now}` : now;
}
