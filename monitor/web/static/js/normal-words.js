// What is normal for a turbine, in words: what is expected, between which bounds, and how sure that is. Pure: no page.

import { power, quantity, span, windSpeed } from "./quantities.js";

const YOUNG_SECONDS = 3600;
const NEVER_NEGATIVE = ["wind_speed", "voltage", "current"];

/** What the next reading should show. */
export const expectedInWords = ({ unit, expected }) => quantity(expected, decimalsOf(expected), unit);

/** The bounds beyond which it may be a finding; `learnt` has all quantities, since power goes with wind and current with power. */
export function boundsInWords({ quantity: name, unit, expected, low, high }, learnt) {
  const decimals = decimalsOf(expected);
  const upTo = quantity(high, decimals, unit);
  const isOpenBelow = low <= 0 && NEVER_NEGATIVE.includes(name);
  return `${isOpenBelow ? "up" : quantity(low, decimals)} to ${upTo}${atWhat(name, learnt)}`;
}

/** What the bounds mean, and that those are rough which were learnt in minutes. */
export function howSure({ is_learnt: isLearnt, learnt_from: from, learnt_to: to }) {
  const seconds = (Date.parse(to) - Date.parse(from)) / 1000;
  return [
    "What comes outside may be a finding.",
    ...(isLearnt ? [] : ["The rest is not learnt yet."]),
    ...(seconds < YOUNG_SECONDS ? [`Learnt in only ${span(seconds)}: not sure yet.`] : []),
  ].join(" ");
}

function atWhat(name, learnt) {
  const expectedOf = (other) => learnt.find((normal) => normal.quantity === other)?.expected;
  const [wind, kilowatts] = [expectedOf("wind_speed"), expectedOf("power")];
  if (name === "power" && wind !== undefined) return `, in ${windSpeed(wind)}`;
  return name === "current" && kilowatts !== undefined ? `, at ${power(kilowatts)}` : "";
}

const decimalsOf = (value) => (Math.abs(value) < 100 ? 1 : 0);
