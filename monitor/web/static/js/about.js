// The page about the monitor: how it does, in sentences, and its books.

import { Problem, get, inWords } from "./api.js";
import { timeElement } from "./clock.js";
import { icon, setText } from "./dom.js";
import { element } from "./elements.js";
import { span } from "./quantities.js";

const LOOK_AGAIN_MS = 5000;
const STATES = {
  ok: "All is well.",
  degraded: "Readings are taken in; something needs a person.",
  unhealthy: "Readings are not taken in: they wait at the broker, or with their turbines.",
};
const NO_BOOKS = "No monitor runs, so nothing is counted now.";
const place = (id) => document.getElementById(id);

/** `/health` answers 503 with the same document while it is not healthy. */
async function health() {
  try {
    return await get("/health");
  } catch (error) {
    if (error instanceof Problem && error.document?.checks) return error.document;
    throw error;
  }
}

async function showHealth() {
  try {
    const report = await health();
    setText(place("about-sentence"), STATES[report.status] ?? report.status);
    place("checks").replaceChildren(...report.checks.filter(({ name }) => name !== "books").map(check));
    setText(place("balance"), report.checks.find(({ name }) => name === "books")?.sentence ?? NO_BOOKS);
    const age = report.last_reading_age_seconds;
    const newest = age === null ? "No reading came since the monitor started." : `The newest reading came ${age < 1 ? "less than a second" : span(age)} ago.`;
    setText(place("health-foot"), newest);
  } catch (error) {
    setText(place("about-sentence"), inWords(error));
    setText(place("health-foot"), "");
  }
}

function check({ healthy, sentence, since }) {
  const words = [sentence, ...(since ? [" Since ", timeElement(since), "."] : [])];
  return element("li", { "data-state": healthy ? "good" : "bad" }, icon(healthy ? "ok" : "refused"), element("span", {}, words));
}

function show() {
  if (document.hidden) return;
  showHealth();
}

show();
setInterval(show, LOOK_AGAIN_MS);
