// The story of one incident: each decision of the monitor with its cause, in order.

import { get, inWords } from "./api.js";
import { timeElement } from "./clock.js";
import { element } from "./elements.js";
import { energy, span, windSpeed } from "./quantities.js";
import { causeInWords, eventInWords, incidentInWords } from "./words.js";

const body = document.getElementById("story-body");
const title = document.getElementById("story-title");

/** The card that tells of one incident. */
export class Story {
  #chosen = null;
  #turbineNumber = null;
  #shown = "";
  #asked = 0;

  /** Tell of this incident; with null of the newest one of the turbine, whichever that is at each look. */
  async show(incidentId, turbineNumber = this.#turbineNumber) {
    this.#chosen = incidentId;
    this.#turbineNumber = turbineNumber;
    await this.refresh();
  }

  /** Look again. */
  async refresh() {
    const asked = ++this.#asked;
    try {
      const incidentId = this.#chosen ?? (await this.#newest());
      const story = incidentId === null ? null : await get(`/incidents/${incidentId}/explain`);
      if (asked === this.#asked) this.#write(story);
    } catch (error) {
      if (asked === this.#asked) this.#replace(inWords(error), element("p", { class: "muted" }, inWords(error)));
    }
  }

  async #newest() {
    const { items } = await get("/incidents", { turbine: this.#turbineNumber, limit: 1 });
    return items.length === 0 ? null : items[0].incident_id;
  }

  #write(story) {
    if (story === null) {
      this.#replace("none", element("p", { class: "muted" }, "The monitor had nothing to decide: this turbine never needed an engineer."));
      return;
    }
    const { incident, events } = story;
    title.textContent = `Incident ${incident.incident_id}: why the monitor did what it did`;
    this.#replace(
      JSON.stringify(story),
      element("p", {}, headline(incident)),
      story.reading ? element("p", { class: "small muted" }, ...readingThen(story.reading)) : null,
      events.length === 0
        ? element("p", { class: "muted" }, "No decision is kept of it.")
        : element("ol", { class: "timeline", "aria-label": "Decisions in order" }, events.map((event) => decision(event, incident))),
    );
  }

  #replace(shown, ...nodes) {
    if (shown === this.#shown) return;
    this.#shown = shown;
    body.replaceChildren(...nodes.filter((node) => node !== null));
  }
}

function headline(incident) {
  const cause = `Opened because ${incident.cause === "ordered" ? `it was ${causeInWords(incident)}` : "the turbine was broken"}`;
  if (!incident.closed_at) return `${cause}; it is ${incidentInWords(incident)} and still open.`;
  return `${cause}; ${incidentInWords(incident)} after ${between(incident.opened_at, incident.closed_at)}.`;
}

function readingThen(reading) {
  const values = `wind ${windSpeed(reading.wind_speed)}, ${energy(reading.power_output_in_kwh)}, ${reading.operational_status}`;
  return ["The reading then: ", values, ", emitted ", timeElement(reading.emitted_at), "."];
}

function decision(event, incident) {
  return element(
    "li",
    {},
    timeElement(event.at),
    element("span", { class: "after" }, `after ${between(incident.opened_at, event.at)}`),
    element("span", { class: "what" }, eventInWords(event)),
  );
}

function between(from, to) {
  return span((Date.parse(to) - Date.parse(from)) / 1000);
}
