// How soon a person must act on an alarm: a shape and a word, never colour alone.

import { icon } from "./dom.js";
import { element } from "./elements.js";

/** The most urgent first. */
export const SEVERITIES = ["critical", "high", "medium", "low"];

const ICONS = { critical: "refused", high: "waiting", medium: "medium", low: "low" };

/** The name of a severity's shape. */
export const severityIcon = (severity) => ICONS[severity] ?? "unknown";

/** A severity as its shape and its word. */
export function severityBadge(severity) {
  return element("span", { class: "severity", "data-severity": severity }, icon(severityIcon(severity)), severity);
}

/** A place for sorting: smaller is more urgent. */
export function urgency(severity) {
  const place = SEVERITIES.indexOf(severity);
  return place < 0 ? SEVERITIES.length : place;
}
