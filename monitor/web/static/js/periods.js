// Periods that are looked at: today, so many days up to now, or a month, in the viewer's zone. Pure: no page.

const DAY_MS = 86_400_000;
const MONTH = new Intl.DateTimeFormat(undefined, { month: "long", year: "numeric" });

/** The usual one. */
export const USUAL = "7d";

const DAYS = { "7d": 7, "30d": 30 };

/** Whether it is a period's name: `today`, `7d`, `30d`, or a month as `2026-11`. */
export const isPeriod = (name) => name === "today" || name in DAYS || /^\d{4}-(0[1-9]|1[0-2])$/.test(name ?? "");

/** Both ends of a period as Dates, the second one not after `now`. */
export function endsOf(name, now) {
  if (name === "today") return [new Date(now.getFullYear(), now.getMonth(), now.getDate()), now];
  if (name in DAYS) return [new Date(now.getTime() - DAYS[name] * DAY_MS), now];
  const [year, month] = name.split("-").map(Number);
  const end = new Date(year, month, 1);
  return [new Date(year, month - 1, 1), end < now ? end : now];
}

/** The period in words, within a sentence. */
export function periodInWords(name) {
  if (name === "today") return "today";
  if (name in DAYS) return `in the last ${DAYS[name]} days`;
  return `in ${monthInWords(name)}`;
}

/** The newest months, this one first, as `2026-11`. */
export function months(count, now) {
  return Array.from({ length: count }, (_, back) => {
    const first = new Date(now.getFullYear(), now.getMonth() - back, 1);
    return `${first.getFullYear()}-${String(first.getMonth() + 1).padStart(2, "0")}`;
  });
}

/** "November 2026". */
export function monthInWords(name) {
  const [year, month] = name.split("-").map(Number);
  return MONTH.format(new Date(year, month - 1, 1));
}
