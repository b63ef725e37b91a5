// How every chart looks: its colours, its axes, its cursor, and that it fills its place on the page.

import uPlot from "../vendor/uplot/uPlot.esm.js";
import { colour as colourOfPage } from "./dom.js";

const AXIS_WIDTH = 64;
const AXIS_HEIGHT = 34;
const LEAST_WIDTH = 200;

const NUMBER = new Intl.NumberFormat("en");
const DATE = new Intl.DateTimeFormat(undefined, { month: "short", day: "numeric" });
const TIME = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
const TIME_WITH_SECONDS = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" });

const colours = new Map();
const charts = new Set();

addEventListener("theme", () => {
  colours.clear();
  for (const chart of charts) chart.redraw(false, true);
});

/** A colour of the style sheet, looked up once for each theme. */
export function colour(name) {
  if (!colours.has(name)) colours.set(name, colourOfPage(`--${name}`));
  return colours.get(name);
}

/** Make a chart as wide as its host, and keep it so. */
export function drawn(host, options, data) {
  const width = () => Math.max(LEAST_WIDTH, Math.floor(host.clientWidth));
  const chart = new uPlot({ width: width(), ...options }, data, host);
  new ResizeObserver(() => {
    if (chart.width !== width()) chart.setSize({ width: width(), height: options.height });
  }).observe(host);
  charts.add(chart);
  return chart;
}

/** What all charts share: no legend, since the page says what is under the cursor; and the same room around them. */
export const CALM = { legend: { show: false }, pxAlign: 1, padding: [8, 28, 0, 0] };

/** A cursor that all charts with this key share. */
export function cursor(key) {
  return { sync: { key, scales: ["x", null] }, drag: { x: false, y: false }, y: false, points: { size: 7 } };
}

/** The axes below and left of a chart, of numbers. */
export function axes() {
  const look = {
    stroke: () => colour("muted"),
    grid: { stroke: () => colour("chart-grid"), width: 1 },
    ticks: { show: false },
    font: "12px system-ui, sans-serif",
    gap: 6,
    values: (_chart, splits) => splits.map((value) => NUMBER.format(value)),
  };
  return [
    { ...look, size: AXIS_HEIGHT },
    { ...look, size: AXIS_WIDTH, space: 26 },
  ];
}

/** The same, with times below. */
export function timeAxes() {
  const [bottom, left] = axes();
  return [{ ...bottom, space: 60, values: (_chart, splits, _axis, _space, step) => timesOf(splits, step) }, left];
}

/** Times of day in the viewer's zone, and dates where days begin; `step` is that of the axis, in seconds. */
function timesOf(splits, step) {
  return splits.map((seconds) => {
    const moment = new Date(seconds * 1000);
    const isMidnight = moment.getHours() === 0 && moment.getMinutes() === 0 && moment.getSeconds() === 0;
    if (step >= 86_400 || isMidnight) return DATE.format(moment);
    return (step < 60 ? TIME_WITH_SECONDS : TIME).format(moment);
  });
}
