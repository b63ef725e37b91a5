// Where trends come from: single readings over an hour, windows beyond it, which are kept when readings are not.

import { get } from "./api.js";
import { trendsOf, trendsOfWindows } from "./series.js";

const HOUR = 3600;
const POINTS = 360;
const PAGE = 5000;
/** Up to this span minutes are drawn; beyond it quarter hours. */
const MINUTES_UP_TO_SECONDS = 6 * HOUR;
const MINUTE = { width: "1m", seconds: 60 };
const QUARTER = { width: "15m", seconds: 900 };

/** The trends of a turbine between two times in seconds since 1970. `isFine`: of its readings. Throws Problem. */
export async function readTrends(turbineNumber, { since, until, isFine }) {
  const query = { since: iso(since), until: iso(until) };
  if (isFine) return trendsOf(await get(`/turbines/${turbineNumber}/readings/downsampled`, { ...query, points: POINTS }));
  const { width, seconds } = until - since <= MINUTES_UP_TO_SECONDS ? MINUTE : QUARTER;
  return trendsOfWindows(await everyWindow(turbineNumber, { ...query, width }), seconds);
}

async function everyWindow(turbineNumber, query) {
  const windows = [];
  let cursor = null;
  do {
    const page = await get(`/turbines/${turbineNumber}/windows`, { ...query, limit: PAGE, cursor });
    windows.push(...page.items);
    cursor = page.next_cursor;
  } while (cursor !== null);
  return windows;
}

function iso(seconds) {
  return new Date(seconds * 1000).toISOString();
}
