// The farm as the live channel tells it: a snapshot, then deltas. Pure: no network, no page, and `now` is passed in.

/** How a turbine can stand, worst first: the order of every list of turbines. */
export const STANDINGS = ["refused", "waiting", "visited", "offline", "stale", "held", "unknown", "ok"];
/** The standings in an operator's words. */
export const STANDING_WORDS = {
  refused: "refused",
  waiting: "waiting",
  visited: "at work",
  offline: "offline",
  stale: "stale",
  held: "held",
  unknown: "unknown",
  ok: "ok",
};

const MEASURED = ["wind_speed", "power_output_in_kwh", "mean_power_in_kw"];

/**
 * What became of a message: `kind` is "snapshot", "delta", or "ignored" for what came before; "gap" when something
 * between is lost, and only a snapshot helps. `turbines` are the numbers of rows that are new or changed, `readings`
 * of those with only a newer reading.
 */
const outcome = (kind, turbines = [], readings = []) => ({ kind, turbines, readings });

/** The newest state of every turbine and of the farm. `now` is always milliseconds of a clock that only goes forward. */
export class LiveFarm {
  /** Rows by turbine number; `heardAt` in a row is the `now` at which its newest reading arrived at the monitor. */
  rows = new Map();
  /** Totals, engineers, waiting line, troubles, monitor; null before the first snapshot. */
  farm = null;
  /** The server's time of the newest message, ISO 8601. */
  at = null;
  /** The `now` at which that message came. */
  heardAt = null;
  /** Where to go on after an interruption. */
  position = null;

  /** Take in a message. Says what changed. */
  apply(message, now) {
    if (message.kind === "snapshot") return this.#applySnapshot(message, now);
    if (message.kind !== "delta") return outcome("ignored");
    if (this.farm === null || this.#isOfAnotherStream(message)) return outcome("gap");
    if (message.number !== undefined && message.number <= this.position.number) return outcome("ignored");
    if (message.number !== undefined && message.number !== this.position.number + 1) return outcome("gap");
    return this.#applyDelta(message, now);
  }

  /** Forget where the stream was, so that the next message has to be a snapshot. What is known stays. */
  forgetPosition() {
    this.position = null;
  }

  /** Seconds since the newest reading of a row arrived at the monitor; null without one. */
  age(row, now) {
    return row.heardAt === null ? null : Math.max(0, (now - row.heardAt) / 1000);
  }

  /** Seconds since a time of the server (ISO 8601), by the server's clock and the time that passed here since. */
  secondsSince(iso, now) {
    if (!iso || this.at === null) return null;
    return Math.max(0, (Date.parse(this.at) - Date.parse(iso) + now - this.heardAt) / 1000);
  }

  #isOfAnotherStream(message) {
    return this.position === null || message.stream !== this.position.stream;
  }

  #applySnapshot(message, now) {
    this.#note(message, now);
    this.rows = new Map(message.turbines.map((row) => [row.turbine_number, this.#row(row, now)]));
    return outcome("snapshot", [...this.rows.keys()]);
  }

  #applyDelta(message, now) {
    this.#note(message, now);
    for (const row of message.turbines) this.rows.set(row.turbine_number, this.#row(row, now));
    return outcome("delta", message.turbines.map((row) => row.turbine_number), this.#applyReadings(message.readings, now));
  }

  #note(message, now) {
    this.at = message.at;
    this.heardAt = now;
    this.farm = message.farm ?? this.farm;
    this.position = { stream: message.stream, number: message.number };
  }

  #row(row, now) {
    const seconds = row.received_at ? this.secondsSince(row.received_at, now) : null;
    return { ...row, heardAt: seconds === null ? null : now - seconds * 1000 };
  }

  #applyReadings(columns, now) {
    const numbers = columns?.turbine_number ?? [];
    for (let place = 0; place < numbers.length; place += 1) {
      const row = this.rows.get(numbers[place]);
      if (row === undefined) continue;
      const seconds = columns.reading_age_seconds[place];
      row.heardAt = seconds === null ? null : now - seconds * 1000;
      for (const name of MEASURED) row[name] = columns[name][place];
    }
    return numbers;
  }
}

/** `why` of a row as text; its ages as of `now`, written by `ageText`. */
export function whyText(row, farm, now, ageText) {
  const parts = row.why;
  if (!parts) return "";
  if (typeof parts === "string") return parts;
  return parts.map((part) => (typeof part === "string" ? part : ageText(farm.secondsSince(part.since, now)))).join("");
}

const OF_THE_PAST = ["offline", "stale", "unknown"];

/** Whether the newest reading tells of the past only: the turbine is offline or silent, or nothing came since it, or the broker, was away. */
export function isOld({ standing, link }) {
  return OF_THE_PAST.includes(standing) || OF_THE_PAST.includes(link);
}

/** Rows that wait for an engineer but are not in line: after a failed visit they pause, or they broke just now. */
export function outOfLine({ farm, rows }) {
  const inLine = new Set(farm.waiting);
  const isOut = (row) => row.standing === "waiting" && !inLine.has(row.turbine_number);
  return [...rows.values()].filter(isOut).sort((one, other) => one.turbine_number - other.turbine_number);
}

/** The order of turbines: worst first, then by place in the waiting line, then by number. */
export function worstFirst(places) {
  const rank = new Map(STANDINGS.map((standing, place) => [standing, place]));
  const place = (row) => places.get(row.turbine_number) ?? 0;
  return (one, other) =>
    rank.get(one.standing) - rank.get(other.standing) || place(one) - place(other) || one.turbine_number - other.turbine_number;
}
