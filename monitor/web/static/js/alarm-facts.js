// What an alarm's document means: who has to act, in which order they are shown, and in which words. Pure: no page.

import { urgency } from "./severities.js";

const STATES = { unacknowledged: "active", acknowledged: "active, acknowledged", cleared: "cleared", normal: "over" };

/** Why an alarm speaks to nobody now: `shelved`, `suppressed` or `out_of_service`; null where it speaks. */
export function silence(alarm) {
  if (alarm.out_of_service_by) return "out_of_service";
  if (alarm.shelved_until) return "shelved";
  return alarm.suppressed_by ? "suppressed" : null;
}

/** Whether it waits for somebody to acknowledge it. */
export const isWaiting = (alarm) => silence(alarm) === null && isUnacknowledged(alarm);

/** Whether nobody has acknowledged it, spoken of or not. */
export const isUnacknowledged = ({ state }) => state === "unacknowledged" || state === "cleared";

/** Whether its condition is there. */
export const isActive = ({ state }) => state === "unacknowledged" || state === "acknowledged";

/** Whether it is on the list: something is the matter, or somebody has silenced it. */
export const isListed = (alarm) => alarm.state !== "normal" || ["shelved", "out_of_service"].includes(silence(alarm));

/** How it stands, in words. */
export function stateInWords(alarm) {
  const words = STATES[alarm.state] ?? alarm.state;
  const silences = {
    shelved: `shelved by ${alarm.shelved_by ?? "somebody"}`,
    suppressed: `suppressed by \u201c${String(alarm.suppressed_by).replaceAll("_", " ")}\u201d`,
    out_of_service: `out of service by ${alarm.out_of_service_by}`,
  };
  const why = silence(alarm);
  return why === null ? words : `${words}, ${silences[why]}`;
}

/** What to do about it: while its cause is there what its rule says; empty where nothing is to be done. */
export function guidanceOf(alarm) {
  if (isActive(alarm)) return alarm.guidance ?? "";
  return isUnacknowledged(alarm) ? "Its cause is gone. Acknowledge it when you have seen it." : "";
}

/** Those that wait first, then by severity, those still active first, the newest first; the silent ones last. */
export function inOrder(one, other) {
  return rank(one) - rank(other) || urgency(one.severity) - urgency(other.severity) || Number(isActive(other)) - Number(isActive(one)) || Date.parse(other.raised_at) - Date.parse(one.raised_at) || one.alarm_id - other.alarm_id;
}

function rank(alarm) {
  if (isWaiting(alarm)) return 0;
  return silence(alarm) === null ? 1 : 2;
}

/** What belongs to a group of the strip; `facts` has the numbers of chattering and standing alarms as sets. */
export function isOf(group, alarm, { chattering, standing }) {
  switch (group) {
    case "waiting": return isWaiting(alarm);
    case "active": return silence(alarm) === null && isActive(alarm);
    case "standing": return standing.has(alarm.alarm_id);
    case "chattering": return chattering.has(alarm.alarm_id);
    default: return silence(alarm) === group;
  }
}

/** Where it is: what its turbine or region is called, else its subject. */
export const placeOf = ({ region, subject }) => region ?? subject;
