// Numbers for people: units always, and "-" for what is not known, which is not zero.

export const UNKNOWN = "-";

const formats = new Map();

/** A number with so many decimals, or as many as it needs with null; "-" where there is none. */
export function quantity(value, decimals = 1, unit = "") {
  if (value === null || value === undefined || Number.isNaN(value)) return UNKNOWN;
  return unit ? `${formatOf(decimals).format(value)}\u00a0${unit}` : formatOf(decimals).format(value);
}

export const windSpeed = (value) => quantity(value, 1, "m/s");
export const energy = (value) => quantity(value, 3, "kWh");
export const voltage = (value) => quantity(value, 1, "V");
export const current = (value) => quantity(value, 1, "A");
export const temperature = (value) => quantity(value, 1, "\u00b0C");

/** Power in kW: with a decimal only where it is small enough to matter. */
export function power(value) {
  return quantity(value, Math.abs(value ?? 0) < 100 ? 1 : 0, "kW");
}

/** A whole number: `5,000`. */
export const count = (value) => quantity(value, 0);

/** A count with its noun: `1 turbine`, `1,000 turbines`. */
export function counted(number, noun, plural = `${noun}s`) {
  return `${quantity(number, 0)} ${number === 1 ? noun : plural}`;
}

/** A span of time in its two largest units: `4 s`, `12 min 5 s`, `3 h 20 min`. */
export function span(seconds) {
  if (seconds === null || seconds === undefined) return UNKNOWN;
  if (seconds > 0 && seconds < 1) return "<\u00a01\u00a0s";
  const whole = Math.max(0, Math.floor(seconds));
  const units = [["d", 86_400], ["h", 3600], ["min", 60], ["s", 1]];
  const first = Math.max(0, units.findIndex(([, length]) => whole >= length));
  if (whole === 0) return "0\u00a0s";
  const [unit, length] = units[first];
  const text = `${Math.floor(whole / length)}\u00a0${unit}`;
  const next = units[first + 1];
  const rest = next ? Math.floor((whole % length) / next[1]) : 0;
  return rest ? `${text} ${rest}\u00a0${next[0]}` : text;
}

/** Bytes: `312 B`, `4.0 KiB`. */
export function bytes(count) {
  return count < 1024 ? `${count}\u00a0B` : quantity(count / 1024, 1, "KiB");
}

function formatOf(decimals) {
  if (!formats.has(decimals)) {
    const digits = decimals === null ? {} : { minimumFractionDigits: decimals, maximumFractionDigits: decimals };
    formats.set(decimals, new Intl.NumberFormat("en", digits));
  }
  return formats.get(decimals);
}
