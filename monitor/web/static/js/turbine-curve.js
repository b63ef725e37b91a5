// Power against wind of one turbine, and its curve by the method of bins (IEC 61400-12-1).

import { get, inWords } from "./api.js";
import { PowerCurveChart } from "./chart.js";
import { setText } from "./dom.js";
import { table } from "./elements.js";
import { count, counted, power, windSpeed } from "./quantities.js";
import { powerAgainstWind } from "./series.js";

const MOVE = "Over the same time as the trends, while it was ok. Move over the chart for values.";
const place = (id) => document.getElementById(id);

/** The card of the curve; it shows the same time as the trends. */
export class PowerCurve {
  #turbineNumber;
  #chart = null;
  #curve = null;
  #asked = 0;

  constructor(turbineNumber) {
    this.#turbineNumber = turbineNumber;
    place("curve-values").addEventListener("toggle", () => this.#showTable());
  }

  /** Show these trends, and the curve of the same time. */
  async show({ since, until, trends }) {
    const asked = ++this.#asked;
    try {
      const curve = await get(`/turbines/${this.#turbineNumber}/power-curve`, { since, until });
      if (asked !== this.#asked) return;
      this.#curve = curve;
      this.#draw(trends);
    } catch (error) {
      if (asked === this.#asked) setText(place("curve-readout"), inWords(error));
    }
  }

  #draw(trends) {
    const { bins } = this.#curve;
    place("curve").hidden = bins.length === 0;
    place("curve-values").hidden = bins.length === 0;
    setText(place("curve-readout"), bins.length === 0 ? "There is no reading to draw a curve of." : MOVE);
    setText(place("curve-summary"), bins.length === 0 ? "" : this.#summary());
    if (bins.length === 0) return;
    this.#chart ??= new PowerCurveChart(place("curve").querySelector(".chart"), { onCursor: (speed) => this.#readOut(speed) });
    this.#chart.show(powerAgainstWind(trends, this.#curve));
    this.#showTable();
  }

  #summary() {
    const { bins, width } = this.#curve;
    const top = bins.reduce((one, other) => (other.mean_power_in_kw > one.mean_power_in_kw ? other : one));
    const readings = bins.reduce((sum, bin) => sum + bin.readings, 0);
    const over = `${counted(readings, "reading")} in bins of ${windSpeed(width)}, from ${windSpeed(bins[0].wind_speed)} to ${windSpeed(bins.at(-1).wind_speed)}`;
    return `${over}. Highest mean power ${power(top.mean_power_in_kw)} at ${windSpeed(top.wind_speed)}.`;
  }

  #readOut(speed) {
    if (speed === null || this.#curve === null || this.#curve.bins.length === 0) {
      setText(place("curve-readout"), MOVE);
      return;
    }
    const away = (bin) => Math.abs(bin.wind_speed - speed);
    const bin = this.#curve.bins.reduce((one, other) => (away(other) < away(one) ? other : one));
    setText(place("curve-readout"), `At ${windSpeed(bin.wind_speed)}: mean power ${power(bin.mean_power_in_kw)}, of ${counted(bin.readings, "reading")}`);
  }

  #showTable() {
    if (this.#curve === null || !place("curve-values").open) return;
    const rows = this.#curve.bins.map((bin) => [windSpeed(bin.wind_speed), power(bin.mean_power_in_kw), count(bin.readings)]);
    const shown = table("Mean power in each bin of wind speed", ["Wind", "Power, mean", "Readings"], rows);
    place("curve-values").lastElementChild.replaceChildren(shown);
  }
}
