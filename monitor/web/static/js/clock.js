// Times in the viewer's zone, and ages. What the server says is UTC; the clock of the viewer's machine is not asked for ages.

const TIME = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" });
const DATE = new Intl.DateTimeFormat(undefined, { year: "numeric", month: "short", day: "numeric" });
const ZONED = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23", timeZoneName: "short" });
const UTC_IN_SENTENCE = /(?:(\d{4}-\d{2}-\d{2}) )?(\d{2}:\d{2}:\d{2}) UTC/g;
const UNITS = [[86400, "d"], [3600, "h"], [60, "min"]];

/** An age in one unit, for where there is little room: "4 s", "3 min", "2 h", "5 d". */
export function age(seconds) {
  if (seconds === null || seconds === undefined || Number.isNaN(seconds)) return "-";
  const whole = Math.max(0, Math.floor(seconds));
  for (const [size, unit] of UNITS) if (whole >= size) return `${Math.floor(whole / size)} ${unit}`;
  return `${whole} s`;
}

/** "12:04:10" in the viewer's zone; with the day where it is not `today` (a Date; by default the viewer's). */
export function timeText(iso, today = new Date()) {
  const when = new Date(iso);
  const time = TIME.format(when);
  return when.toDateString() === today.toDateString() ? time : `${DATE.format(when)} ${time}`;
}

/** "12:04:10 GMT+1": the time of a Date with the viewer's zone. */
export const zonedText = (when) => ZONED.format(when);

/** The viewer's zone: "Europe/Berlin". */
export const zoneName = () => ZONED.resolvedOptions().timeZone;

/**
 * A sentence of the monitor, which names times in UTC, as a list of text and <time> elements: on a page all times are
 * in one zone. A time without its day is of the day of `at` (ISO 8601, UTC), when the sentence was said.
 */
export function sentenceParts(sentence, at) {
  const parts = [];
  let done = 0;
  for (const found of sentence.matchAll(UTC_IN_SENTENCE)) {
    const [text, day = at.slice(0, 10), time] = found;
    parts.push(sentence.slice(done, found.index), timeElement(`${day}T${time}Z`));
    done = found.index + text.length;
  }
  return [...parts, sentence.slice(done)];
}

/** The same as text, where no element can be. */
export function inViewersZone(sentence, at = new Date().toISOString()) {
  return sentenceParts(sentence, at).map((part) => (typeof part === "string" ? part : part.textContent)).join("");
}

/** "2026-11-21 12:04:10 UTC". */
export function utcText(iso) {
  return `${new Date(iso).toISOString().slice(0, 19).replace("T", " ")} UTC`;
}

/** A <time> element: the viewer's zone as text, UTC on hover. "-" for what is unknown. */
export function timeElement(iso) {
  const node = document.createElement("time");
  setTime(node, iso);
  return node;
}

/** The same with its day, also where that is today: for what is printed, or looked at tomorrow. */
export function datedElement(iso) {
  const node = timeElement(iso);
  const when = new Date(iso);
  node.textContent = `${DATE.format(when)} ${TIME.format(when)}`;
  return node;
}

/** Let a <time> element show another time. */
export function setTime(node, iso) {
  if (node.dateTime === (iso ?? "") && node.firstChild) return;
  node.dateTime = iso ?? "";
  node.textContent = iso ? timeText(iso) : "-";
  if (iso) node.title = utcText(iso);
  else node.removeAttribute("title");
}
