// What the tab of a page says, also while nobody looks at the page: how much needs somebody.
import { get } from "./api.js";
import { setAttribute } from "./dom.js";

const LOOK_EVERY_MS = 30_000;
const MOST_COUNTED = 200;
const WELL = "/static/favicon.svg";
const ALARM = "/static/favicon-alarm.svg";

const title = document.title;
const sign = document.querySelector("link[rel='icon']");

/** Show in the tab how many alarms or turbines need somebody, whichever are more, or `!` for a trouble of the monitor or of the way to it. */
export function showInTab({ inNeed, isTroubled }) {
  const mark = isTroubled ? "!" : inNeed > 0 ? String(inNeed) : "";
  const words = mark ? `(${mark}) ${title}` : title;
  if (document.title !== words) document.title = words;
  setAttribute(sign, "href", mark ? ALARM : WELL);
}

/** A tab in the background lets go of its stream, so it asks now and then instead: a sign that stands still would lie. */
export function watchWhileHidden(stream) {
  setInterval(() => stream.isLetGo && look(stream), LOOK_EVERY_MS);
}

async function look(stream) {
  const found = await ask().catch(() => ({ inNeed: 0, isTroubled: true }));
  if (stream.isLetGo) showInTab(found);
}

async function ask() {
  const [{ status }, { unacknowledged }] = await Promise.all([get("/health"), get("/alarms/summary")]);
  const lists = await Promise.all(["refused", "waiting"].map((standing) => get("/turbines", { standing, limit: MOST_COUNTED })));
  const turbines = lists.reduce((sum, { items }) => sum + items.length, 0);
  return { inNeed: Math.max(turbines, unacknowledged), isTroubled: status !== "ok" };
}
