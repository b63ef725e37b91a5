// The journal: what the monitor decided and why, newest first.

import { timeElement } from "./clock.js";
import { element, row, turbineLink } from "./elements.js";
import { stream } from "./page.js";
import { PagedList } from "./paged-list.js";
import { settled } from "./settled.js";
import { ACTIONS_IN_ORDER, actionInWords, eventInWords } from "./words.js";

const form = document.getElementById("journal-filter");
const list = new PagedList("/journal", {
  body: document.querySelector("#journal tbody"),
  foot: document.getElementById("journal-foot"),
  row: entryRow,
  keyOf: (entry) => entry.entry_id,
  empty: "There is no such entry. The journal holds what the monitor decides: an incident opened, an engineer sent, a repair proved.",
});

function entryRow(entry) {
  return row(
    ["When", timeElement(entry.at)],
    ["Turbine", turbineLink(entry.turbine_number)],
    ["What", actionInWords(entry.action)],
    ["In words", eventInWords(entry), "long"],
  );
}

function wanted() {
  return { turbine: form.elements.turbine.value, action: form.elements.action.value };
}

function show() {
  if (!form.checkValidity()) return;
  const given = Object.entries(wanted()).filter(([, value]) => value);
  const query = new URLSearchParams(given).toString();
  history.replaceState(null, "", query ? `?${query}` : location.pathname);
  list.show(wanted());
}

function restoreFilter() {
  const given = new URLSearchParams(location.search);
  form.elements.turbine.value = given.get("turbine") ?? "";
  form.elements.action.value = given.get("action") ?? "";
}

for (const action of ACTIONS_IN_ORDER) form.elements.action.append(element("option", { value: action }, actionInWords(action)));
restoreFilter();
form.addEventListener("submit", (event) => event.preventDefault());
form.addEventListener("input", show);
form.addEventListener("reset", () => setTimeout(show));
show();

// Something beyond a reading changed: there may be news.
const refresh = settled(() => list.refresh());
stream.subscribe(({ turbines }) => turbines.length > 0 && refresh());
