// Times in the viewer's zone, and ages. What the server says is UTC; the clock of the viewer's machine is not asked for ages.

const TIME = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" });
const DATE = new Intl.DateTimeFormat(undefined, { year: "numeric", month: "short", day: "numeric" });
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

/** Let a <time> element show another time. */
export function setTime(node, iso) {
  if (node.dateTime === (iso ?? "") && node.firstChild) return;
  node.dateTime = iso ?? "";
  node.textContent = iso ? timeText(iso) : "-";
  if (iso) node.title = utcText(iso);
  else node.removeAttribute("title");
}
