// The monitor's stable words as people read them.

import { sentenceParts } from "./clock.js";

const ACTIONS = {
  incident_opened: "incident opened",
  incident_on_hold: "incident on hold",
  incident_waiting: "incident waits",
  incident_closed: "incident closed",
  engineer_dispatched: "engineer sent",
  command_repeated: "order sent again",
  repair_accepted: "repair accepted",
  repair_done: "repair done",
  engineer_released: "engineer back",
  turbine_held: "turbine held",
  turbine_released: "turbine released",
};

const VISIT_STATES = {
  sent: "sent, no answer yet",
  accepted: "accepted, at work",
  done: "says done, no proof yet",
  verified: "repaired",
  released: "back without proof",
};

const RELEASES = {
  offline: "turbine went offline",
  no_effect: "no effect",
  rejected: "rejected by the turbine",
  cancelled: "cancelled",
  recovered: "turbine recovered by itself",
};

const REASONS = {
  topic: ["Topic", "It came on a topic that is none of the contract."],
  too_large: ["Too large", "It is larger than a message of the contract can be."],
  not_json: ["Not JSON", "Its payload is no JSON document."],
  duplicate_key: ["Repeated key", "A key stands in it twice, so nobody can tell which value is meant."],
  invalid: ["Invalid", "A field is missing, has the wrong type, or a value that can not be."],
  other_turbine: ["Other turbine", "It names another turbine than its topic does."],
  other_controller: ["Other controller", "It names another controller than its topic does."],
  too_many: ["Too many", "It comes from a turbine or a controller beyond the limit of the settings."],
  future: ["In the future", "It is dated further ahead of this machine's clock than is allowed."],
  refused_by_database: ["Refused by the database", "The database would not store it, though it was read."],
};

export const ACTIONS_IN_ORDER = Object.keys(ACTIONS);

/** The word for an action; an unknown one as it is. */
export const actionInWords = (action) => ACTIONS[action] ?? spaced(action);

/** An event's sentence, and who gave the order where the sentence does not say: text, and times in the viewer's zone. */
export function eventInWords(event) {
  const isNamed = !event.by || event.sentence.includes(event.by);
  return sentenceParts(isNamed ? event.sentence : `${event.sentence} (by ${event.by})`, event.at);
}

/** How a visit stands or ended. */
export function visitInWords(visit) {
  if (visit.state === "released" && visit.release) return RELEASES[visit.release] ?? spaced(visit.release);
  return VISIT_STATES[visit.state] ?? spaced(visit.state);
}

/** How an incident stands or ended, and after how many visits without effect. */
export function incidentInWords(incident) {
  return incident.outcome ?? spaced(incident.state);
}

/** Why an incident was opened. */
export function causeInWords(incident) {
  if (incident.cause !== "ordered") return spaced(incident.cause);
  const who = `ordered by ${incident.opened_by ?? "a person"}`;
  return incident.why ? `${who}: ${incident.why}` : who;
}

/** A reason for refusing a message: its name, and what it means. */
export const reasonInWords = (reason) => REASONS[reason] ?? [spaced(reason), "This page does not know the reason yet."];

/** The beginning of a sentence. */
export const capital = (words) => words.charAt(0).toUpperCase() + words.slice(1);

export const spaced = (word) => String(word ?? "-").replaceAll("_", " ");
