// Charts: trends with one shared cursor, lanes of what happened, and power against wind. Drawn with uPlot.

import { CALM, axes, colour, cursor, drawn, timeAxes } from "./chart-look.js";

const TREND_HEIGHT = 168;
const CURVE_HEIGHT = 280;
const LANE_HEIGHT = 22;
/** From the bottom to the top. */
const LANES = ["Engineer", "Incident", "Status"];
const HEADROOM = 1.08;
/** Share of the scale below zero, at least, so that the line stays off the axis. */
const LEAST_DRAWN = 0.04;
/** The largest wind speed of an empty chart, in m/s. */
const SOME_WIND = 5;

/** Which of the trends' columns each chart draws. */
const TREND_COLUMNS = { wind: ["windMax", "windMin", "wind"], power: ["power"], lanes: ["broken"] };

/**
 * Wind, power, and lanes of status, incidents and engineers, over the same time with the same cursor.
 *
 * `hosts` has an element for each of wind, power and lanes. `onCursor` hears the index of the point under the cursor,
 * or null.
 */
export class TrendCharts {
  constructor(hosts, { onCursor }) {
    this.window = [0, 1];
    this.ratedPower = null;
    this.trends = null;
    this.marks = { stretches: [], incidents: [], visits: [] };
    const key = "trends";
    this.charts = {
      wind: this.#trend(hosts.wind, key, windSeries(), windScale, onCursor),
      power: this.#trend(hosts.power, key, [line("power")], (min, max) => this.#powerScale(min, max)),
      lanes: this.#lanes(hosts.lanes, key),
    };
  }

  /** Show these trends from `since` to `until`, in seconds since 1970, with `marks` of what happened. */
  show(trends, { since, until, marks, ratedPower }) {
    Object.assign(this, { trends, window: [since, until], marks, ratedPower });
    for (const [name, chart] of Object.entries(this.charts)) {
      chart.setData([trends.time, ...TREND_COLUMNS[name].map((column) => trends[column])]);
    }
  }

  /** Move the cursor by so many points; from the newest one where it is nowhere. */
  step(points) {
    const { wind } = this.charts;
    const last = this.trends ? this.trends.time.length - 1 : -1;
    if (last < 0) return;
    const from = wind.cursor.idx ?? last + 1;
    const index = Math.min(last, Math.max(0, from + points));
    wind.setCursor({ left: wind.valToPos(this.trends.time[index], "x"), top: 10 });
  }

  #trend(host, key, series, scaleOf, onCursor) {
    const options = {
      ...CALM,
      height: TREND_HEIGHT,
      cursor: cursor(key),
      scales: { x: { time: true, range: () => this.window }, y: { range: (_chart, min, max) => scaleOf(min, max) } },
      axes: timeAxes(),
      series: [{}, ...series],
      bands: series.length > 1 ? [{ series: [1, 2], fill: () => colour("chart-band") }] : [],
      hooks: { drawClear: [(chart) => this.#shade(chart)], draw: [(chart) => this.#rated(chart, host)] },
    };
    if (onCursor) options.hooks.setCursor = [(chart) => onCursor(chart.cursor.idx ?? null)];
    return drawn(host, options, [[], ...series.map(() => [])]);
  }

  #lanes(host, key) {
    const [bottom, left] = timeAxes();
    const options = {
      ...CALM,
      height: LANES.length * LANE_HEIGHT + 12,
      cursor: { ...cursor(key), points: { show: false } },
      scales: { x: { time: true, range: () => this.window }, y: { range: () => [0, LANES.length] } },
      axes: [
        { ...bottom, size: 4, grid: { show: false }, values: () => [] },
        { ...left, grid: { show: false }, splits: () => LANES.map((_, lane) => lane + 0.5), values: () => LANES },
      ],
      series: [{}, { paths: () => null, points: { show: false } }],
      hooks: { draw: [(chart) => this.#drawLanes(chart)] },
    };
    return drawn(host, options, [[], []]);
  }

  #powerScale(min, max) {
    return powerScale(min, Math.max(max ?? 0, this.ratedPower ?? 0));
  }

  /** A faint ground where an incident was open. */
  #shade(chart) {
    const { top, height } = chart.bbox;
    for (const { from, to } of this.marks.incidents) {
      const [left, width] = span(chart, from, to);
      box(chart.ctx, "chart-incident", left, top, width, height);
    }
  }

  #rated(chart, host) {
    if (host.dataset.chart !== "power" || !this.ratedPower) return;
    const { ctx, bbox } = chart;
    const y = chart.valToPos(this.ratedPower, "y", true);
    ctx.save();
    ctx.strokeStyle = colour("muted");
    ctx.setLineDash([4 * devicePixelRatio, 4 * devicePixelRatio]);
    ctx.lineWidth = devicePixelRatio;
    ctx.beginPath();
    ctx.moveTo(bbox.left, y);
    ctx.lineTo(bbox.left + bbox.width, y);
    ctx.stroke();
    ctx.restore();
  }

  #drawLanes(chart) {
    dashes(chart, 2, ...this.window); // under what is known: what is left of it is without a reading
    for (const { from, to, broken } of this.marks.stretches) {
      block(chart, 2, from, to, broken ? "chart-broken" : "bar", broken ? 1 : 0.25);
    }
    for (const { from, to } of this.marks.incidents) block(chart, 1, from, to, "muted", 0.6);
    for (const { from, to } of this.marks.visits) block(chart, 0, from, to, "visited", 0.6);
  }
}

function line(name) {
  const points = { show: false, size: 5, width: 0, fill: () => colour(name), filter: alone };
  return { stroke: () => colour(name), width: 1.5, points };
}

/** The points that have no neighbour, so that no line shows them. */
function alone(chart, series) {
  const values = chart.data[series];
  const isNone = (index) => values[index] === null || values[index] === undefined;
  const found = [...values.keys()].filter((index) => !isNone(index) && isNone(index - 1) && isNone(index + 1));
  return found.length > 0 ? found : null;
}

function windSeries() {
  const edge = { stroke: "transparent", width: 0, points: { show: false } };
  return [edge, edge, line("wind")];
}

function windScale(_min, max) {
  return [0, Math.max(max ?? 0, SOME_WIND) * HEADROOM];
}

/** Below zero as far as a turbine draws power: drawn at zero, that would be hidden. */
function powerScale(min, max) {
  const top = Math.max(max ?? 0, 1) * HEADROOM;
  return [min < 0 ? Math.min(min * HEADROOM, -LEAST_DRAWN * top) : 0, top];
}

/** Where a stretch of time lies on the canvas: left and width in its pixels, at least as wide as can be seen. */
function span(chart, from, to) {
  const { left, width } = chart.bbox;
  const at = (time) => Math.min(left + width, Math.max(left, chart.valToPos(time, "x", true)));
  const start = at(from);
  const isOutside = to < chart.scales.x.min || from > chart.scales.x.max;
  return [start, isOutside ? 0 : Math.max(2 * devicePixelRatio, at(to) - start)];
}

/** A bar in a lane, counted from the bottom; `share` of the lane's height. */
function block(chart, lane, from, to, kind, share) {
  const [left, width] = span(chart, from, to);
  const middle = chart.valToPos(lane + 0.5, "y", true);
  const height = Math.abs(chart.valToPos(1, "y", true) - chart.valToPos(0, "y", true)) * share * 0.8;
  box(chart.ctx, kind, left, middle - height / 2, width, height);
}

/** A dashed line along a lane. */
function dashes(chart, lane, from, to) {
  const [left, width] = span(chart, from, to);
  const { ctx } = chart;
  const y = chart.valToPos(lane + 0.5, "y", true);
  ctx.save();
  ctx.strokeStyle = colour("line-strong");
  ctx.lineWidth = devicePixelRatio;
  ctx.setLineDash([3 * devicePixelRatio, 3 * devicePixelRatio]);
  ctx.beginPath();
  ctx.moveTo(left, y);
  ctx.lineTo(left + width, y);
  ctx.stroke();
  ctx.restore();
}

/** Fill a box, and leave the canvas as it was: uPlot remembers what it set last. */
function box(ctx, name, ...place) {
  ctx.save();
  ctx.fillStyle = colour(name);
  ctx.fillRect(...place);
  ctx.restore();
}

/** Power against wind: each point a stretch of time, the line the curve of bins. */
export class PowerCurveChart {
  constructor(host, { onCursor }) {
    const options = {
      ...CALM,
      height: CURVE_HEIGHT,
      cursor: { drag: { x: false, y: false }, y: false, points: { show: false } },
      scales: {
        x: { time: false, range: (_chart, _min, max) => windScale(0, max) },
        y: { range: (_chart, min, max) => powerScale(min, max) },
      },
      axes: axes(),
      series: [
        {},
        { paths: () => null, points: { show: true, size: 4, width: 0, stroke: "transparent", fill: () => colour("chart-point") } },
        { stroke: () => colour("ink"), width: 2, spanGaps: true, points: { show: false } },
      ],
      hooks: { setCursor: [(chart) => onCursor(chart.cursor.left < 0 ? null : chart.posToVal(chart.cursor.left, "x"))] },
    };
    this.chart = drawn(host, options, [[], [], []]);
  }

  /** Show columns of wind speed, power of a stretch of time, and power of the curve. */
  show(columns) {
    this.chart.setData(columns);
  }
}
