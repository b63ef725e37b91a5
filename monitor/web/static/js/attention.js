// Who waits for an engineer, in order, and where the engineers are.
import { age } from "./clock.js";
import { icon, setChildren, setText } from "./dom.js";
import { element } from "./elements.js";
import { outOfLine, whyText } from "./live-farm.js";
import { counted, quantity } from "./quantities.js";
import { visitInWords } from "./words.js";

const MOST_SHOWN = 12;

export class Attention {
  #farm;
  #waiting = new Line(document.getElementById("waiting"), "ok", "Nothing waits, nothing is refused.");
  #engineers = new Line(document.getElementById("engineers"), "visited", "The monitor has no engineers.");
  #waitingCount = document.getElementById("waiting-count");
  #engineersCount = document.getElementById("engineers-count");

  constructor(farm) {
    this.#farm = farm;
  }

  /** Show both lines as of `now`. */
  show(now) {
    const { farm, rows } = this.#farm;
    const refused = [...rows.values()].filter((row) => row.standing === "refused");
    const waiting = farm.waiting.map((number) => rows.get(number)).filter(Boolean);
    const paused = outOfLine(this.#farm);
    this.#waiting.show([
      ...refused.map((row) => ({ key: `refused ${row.turbine_number}`, ...this.#refused(row) })),
      ...waiting.map((row, place) => ({ key: `waiting ${row.turbine_number}`, ...this.#waits(row, `${place + 1}.`, now) })),
      ...paused.map((row) => ({ key: `paused ${row.turbine_number}`, ...this.#waits(row, "", now) })),
    ]);
    setText(this.#waitingCount, this.#countInWords(waiting.length + paused.length, now));
    this.#engineers.show(farm.engineers.map((engineer) => ({ key: `engineer ${engineer.engineer}`, ...this.#engineer(engineer, now) })));
    const { engineers_free: free, engineers: size } = farm.totals;
    setText(this.#engineersCount, size ? `${free} of ${size} free` : "");
  }

  #refused(row) {
    return { standing: "refused", head: "", turbine: row.turbine_number, tail: "refused", words: "A person must act." };
  }

  /** Where nobody waits: for whom nobody can be sent, since nothing is known of them. */
  #countInWords(count, now) {
    const { longest_wait_since: since, by_standing: standings } = this.#farm.farm.totals;
    if (count === 0) return ["offline", "stale"].filter((name) => standings[name]).map((name) => `${quantity(standings[name], 0)} ${name}`).join(", ");
    return since ? `${count} waiting, longest ${this.#since(since, now)}` : `${count} waiting`;
  }

  #waits(row, head, now) {
    return { standing: "waiting", head, turbine: row.turbine_number, tail: "", words: whyText(row, this.#farm, now, age) };
  }

  #engineer(visit, now) {
    const { engineer, turbine_number: turbine, sent_at: sentAt } = visit;
    if (turbine === null || turbine === undefined) return { standing: "ok", head: `Engineer ${engineer}`, tail: "free", words: "" };
    const since = sentAt ? `; sent ${this.#since(sentAt, now)} ago` : "";
    return { standing: "visited", head: `Engineer ${engineer}`, turbine, tail: "", words: `${visitInWords(visit)}${since}` };
  }

  #since(iso, now) {
    return age(this.#farm.secondsSince(iso, now));
  }
}

/** A list of people or turbines whose entries stay the same elements while they are in it. */
class Line {
  #place;
  #entries = new Map();
  #empty;
  #more = element("li", { class: "line-more muted small" });

  constructor(place, symbol, words) {
    this.#place = place;
    this.#empty = element("li", { class: "line-empty muted" }, icon(symbol), element("span", {}, words));
  }

  show(entries) {
    const shown = entries.slice(0, MOST_SHOWN);
    const keys = new Set(shown.map((entry) => entry.key));
    for (const key of this.#entries.keys()) if (!keys.has(key)) this.#entries.delete(key);
    const nodes = shown.map((entry) => this.#entry(entry));
    if (entries.length === 0) nodes.push(this.#empty);
    if (entries.length > shown.length) {
      setText(this.#more, `and ${counted(entries.length - shown.length, "more", "more")}`);
      nodes.push(this.#more);
    }
    setChildren(this.#place, nodes);
  }

  #entry({ key, standing, head, turbine, tail, words }) {
    if (!this.#entries.has(key)) this.#entries.set(key, makeEntry());
    const entry = this.#entries.get(key);
    if (entry.standing !== standing) {
      entry.standing = standing;
      entry.node.dataset.standing = standing;
      entry.icon.className = `icon icon-${standing === "ok" ? "visited" : standing}`;
    }
    setText(entry.head, head);
    setText(entry.words, words);
    setText(entry.tail, tail);
    if (entry.turbine !== turbine) {
      entry.turbine = turbine;
      entry.link.hidden = turbine === undefined;
      entry.link.href = `/turbines/${turbine}`;
      setText(entry.link, `T${turbine}`);
    }
    return entry.node;
  }
}

function makeEntry() {
  const entry = {
    icon: icon("ok"),
    head: element("span", { class: "line-head" }, ""),
    link: element("a", { hidden: true }),
    tail: element("span", { class: "line-tail" }, ""),
    words: element("span", { class: "line-words" }, ""),
    turbine: undefined,
  };
  entry.node = element("li", { class: "line-entry" }, entry.icon, entry.head, entry.link, entry.tail, entry.words);
  return entry;
}
