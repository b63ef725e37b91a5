// From what the interface tells to what a chart draws: pure, no page.

const GAP_IN_SPACINGS = 3;
/** Share of a window without a reading that is not drawn: the border of two windows cuts a reading's time. */
const NOTICED_SHARE = 0.05;

/**
 * Columns for the trends, of a downsampled document: times in seconds since 1970, null where nothing is known.
 * A gap longer than three usual spacings gets a row of nulls, so that no line is drawn over it.
 */
export function trendsOf(document) {
  const times = document.start.map((text) => Date.parse(text) / 1000);
  const threshold = Math.max(1.5 * document.width_seconds, GAP_IN_SPACINGS * usualSpacing(times));
  const trends = emptyTrends();
  trends.gapSeconds = threshold;
  trends.widthSeconds = document.width_seconds;
  times.forEach((time, index) => {
    append(trends, {
      time,
      wind: document.wind_speed_mean[index],
      windMin: document.wind_speed_min[index],
      windMax: document.wind_speed_max[index],
      power: document.mean_power_in_kw[index],
      broken: document.broken[index],
      readings: document.readings[index],
    });
  });
  return trends;
}

/** Columns for the trends, of windows in order of time; each is drawn from its beginning. */
export function trendsOfWindows(windows, widthSeconds) {
  const trends = emptyTrends();
  trends.gapSeconds = 1.5 * widthSeconds;
  trends.widthSeconds = widthSeconds;
  for (const window of windows) {
    append(trends, {
      time: Date.parse(window.start_at) / 1000,
      wind: window.wind_speed_mean,
      windMin: window.wind_speed_min,
      windMax: window.wind_speed_max,
      power: window.mean_power_in_kw,
      broken: window.covered_seconds > 0 ? window.broken_seconds / window.covered_seconds : null, // of a lone reading
      covered: Math.min(window.covered_seconds, widthSeconds), // a reading speaks for the time before it, too
      readings: window.readings,
    });
  }
  return trends;
}

/** Trends without a reading. `covered` is null where it is not known for how long a point speaks. */
export function emptyTrends() {
  return { time: [], wind: [], windMin: [], windMax: [], power: [], broken: [], covered: [], readings: [], gapSeconds: 60 };
}

/** Append one point; one that is not newer than the last is left out. Tells whether it was appended. */
export function append(trends, point) {
  const last = trends.time.at(-1);
  if (last !== undefined && point.time <= last) return false;
  if (last !== undefined && point.time - last > trends.gapSeconds) push(trends, { time: (last + point.time) / 2 });
  push(trends, point);
  return true;
}

/** Forget what is older than `since`, in seconds since 1970. */
export function forgetBefore(trends, since) {
  let count = 0;
  while (count < trends.time.length && trends.time[count] < since) count += 1;
  if (count > 0) for (const name of COLUMNS) trends[name].splice(0, count);
}

/** Where it reported: stretches [from, to] without a gap, in seconds since 1970, with `broken` true or false. */
export function stretchesOf(trends) {
  return trends.covered.some((seconds) => seconds !== null) ? stretchesOfWindows(trends) : stretchesOfReadings(trends);
}

/** Of each window first the time in which it was ok, then that in which it was broken; the rest is without a reading. */
function stretchesOfWindows(trends) {
  const stretches = [];
  const add = (from, seconds, broken) => {
    if (seconds <= 0) return;
    const last = stretches.at(-1);
    if (last !== undefined && last.broken === broken && from - last.to < NOTICED_SHARE * trends.widthSeconds) last.to = from + seconds;
    else stretches.push({ from, to: from + seconds, broken });
  };
  trends.time.forEach((time, index) => {
    if (trends.covered[index] === null) return;
    const brokenSeconds = trends.broken[index] * trends.covered[index];
    add(time, trends.covered[index] - brokenSeconds, false);
    add(time + trends.covered[index] - brokenSeconds, brokenSeconds, true);
  });
  return stretches;
}

function stretchesOfReadings(trends) {
  const stretches = [];
  let open = null;
  trends.time.forEach((time, index) => {
    const share = trends.broken[index];
    if (share === null) {
      open = null;
      return;
    }
    const broken = share > 0;
    if (open === null || open.broken !== broken) {
      if (open !== null) open.to = time;
      open = { from: time, to: time, broken };
      stretches.push(open);
    }
    open.to = time;
  });
  return stretches;
}

/** Lowest, highest and mean of what is known, how many readings, and the gaps as [from, to]. */
export function summaryOf(trends) {
  const known = (column) => column.filter((value) => value !== null);
  const gaps = [];
  trends.time.forEach((_, index) => {
    const isGap = trends.readings[index] === null && index > 0 && index + 1 < trends.time.length;
    if (isGap) gaps.push([trends.time[index - 1], trends.time[index + 1]]);
  });
  return {
    readings: total(known(trends.readings)),
    wind: spread(known(trends.windMin), known(trends.windMax), known(trends.wind)),
    power: spread(known(trends.power), known(trends.power), known(trends.power)),
    brokenBuckets: known(trends.broken).filter((share) => share > 0).length,
    brokenSeconds: total(trends.covered.map((seconds, index) => (seconds ?? 0) * (trends.broken[index] ?? 0))),
    coveredSeconds: total(known(trends.covered)),
    gaps,
  };
}

/** Columns for power against wind: every point and the curve of bins share one ascending axis of wind speeds. */
export function powerAgainstWind(trends, curve) {
  const rows = [];
  trends.wind.forEach((wind, index) => {
    const power = trends.power[index];
    // What a broken turbine makes is not its curve.
    if (wind !== null && power !== null && trends.broken[index] === 0) rows.push([wind, power, null]);
  });
  for (const bin of curve.bins) rows.push([bin.wind_speed, null, bin.mean_power_in_kw]);
  rows.sort((one, other) => one[0] - other[0]);
  return [0, 1, 2].map((column) => rows.map((row) => row[column]));
}

const COLUMNS = ["time", "wind", "windMin", "windMax", "power", "broken", "covered", "readings"];

function push(trends, point) {
  for (const name of COLUMNS) trends[name].push(point[name] ?? null);
}

function usualSpacing(times) {
  const spacings = times.slice(1).map((time, index) => time - times[index]);
  spacings.sort((one, other) => one - other);
  return spacings[Math.floor(spacings.length / 2)] ?? 0;
}

const total = (values) => values.reduce((sum, value) => sum + value, 0);

function spread(lows, highs, means) {
  if (means.length === 0) return null;
  const least = (values) => values.reduce((one, other) => Math.min(one, other));
  const most = (values) => values.reduce((one, other) => Math.max(one, other));
  return { min: least(lows), max: most(highs), mean: means.reduce((sum, value) => sum + value, 0) / means.length };
}
