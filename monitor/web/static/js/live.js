// The live channel of a page: a WebSocket that comes back by itself, and the farm that it keeps up to date.
import { takeTicket } from "./api.js";
import { LiveFarm } from "./live-farm.js";
import { session } from "./session.js";

const PATH = "/api/v1/live";
const SILENCE_MS = 5000; // the server says something every second; after this long nobody is there
const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 10_000;
const HIDDEN_MS = 60_000; // a tab that nobody looks at for this long lets go of its connection
const LOOK_EVERY_MS = 1000;
const SESSION_IS_OVER = 4401; // what the channel was opened with has ended: the next ticket belongs to what goes on

/**
 * Follows the farm. `state` is "connecting" until the first snapshot, then "live" or "down".
 *
 * `subscribe(listener)` calls `listener(change)` after every message (`change` as LiveFarm.apply says) and, with
 * `change.kind === "state"`, when the stream goes down or comes back; it returns a function that ends it. Who comes
 * after the snapshot gets what is known as one.
 */
export class LiveStream {
  farm = new LiveFarm();
  state = "connecting";

  #listeners = new Set();
  #socket = null;
  #heardAt = performance.now();
  #openedAt = 0;
  #turn = 0;
  #pause = FIRST_PAUSE_MS;
  #again = 0;
  #letGo = 0;

  /** Connect, and stay connected. */
  start() {
    this.#open();
    setInterval(() => this.#look(), LOOK_EVERY_MS);
    document.addEventListener("visibilitychange", () => (document.hidden ? this.#hide() : this.#show()));
    addEventListener("online", () => this.#openNow());
    session.subscribe(() => session.isOver || document.hidden || this.#openNow());
    addEventListener("pagehide", () => this.#close());
    addEventListener("pageshow", (event) => event.persisted && this.#openNow());
  }

  subscribe(listener) {
    this.#listeners.add(listener);
    if (this.farm.farm !== null) listener({ kind: "snapshot", turbines: [...this.farm.rows.keys()], readings: [] });
    return () => this.#listeners.delete(listener);
  }

  /** Seconds since the last message; null before the first. */
  get silentSeconds() {
    return this.farm.heardAt === null ? null : (performance.now() - this.farm.heardAt) / 1000;
  }

  /** Whether what is shown is of now: the stream runs, and so does the monitor at its other end. */
  get isFresh() {
    return this.state === "live" && this.farm.farm?.monitor?.running !== false;
  }

  /** Whether the connection is let go of, because nobody looks. */
  get isLetGo() {
    return document.hidden && this.#socket === null;
  }

  async #open() {
    clearTimeout(this.#again);
    this.#openedAt = performance.now();
    const turn = ++this.#turn;
    try {
      const address = await this.#address();
      if (turn === this.#turn) this.#connect(address);
    } catch {
      if (turn === this.#turn) this.#lost();
    }
  }

  #connect(address) {
    const socket = new WebSocket(address);
    this.#socket = socket;
    socket.onmessage = (event) => socket === this.#socket && this.#take(event.data);
    socket.onclose = (event) => socket === this.#socket && this.#closed(event.code);
  }

  /** Where the channel is, with the place to go on at; a site that asks who one is opens it to a ticket. */
  async #address() {
    const url = new URL(PATH, location.href);
    url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
    const ticket = session.asks ? (await takeTicket()).ticket : null;
    const { stream, number } = this.farm.position ?? {};
    if (stream !== undefined && number !== undefined) url.search = new URLSearchParams({ stream, number });
    if (ticket !== null) url.searchParams.set("ticket", ticket);
    return url;
  }

  #closed(code) {
    const lasted = performance.now() - this.#openedAt;
    if (code === SESSION_IS_OVER && lasted > SILENCE_MS) this.#openNow();
    else this.#lost();
  }

  #take(text) {
    this.#heardAt = performance.now();
    const change = this.farm.apply(JSON.parse(text), this.#heardAt);
    if (change.kind === "gap") {
      this.farm.forgetPosition();
      this.#openNow();
      return;
    }
    if (this.farm.farm === null) return;
    this.#pause = FIRST_PAUSE_MS;
    this.#become("live");
    this.#tell(change);
  }

  #lost() {
    this.#socket = null;
    if (this.state === "connecting") this.#become("down");
    this.#again = setTimeout(() => this.#open(), this.#pause * (0.5 + Math.random() / 2));
    this.#pause = Math.min(2 * this.#pause, LONGEST_PAUSE_MS);
  }

  #look() {
    if (document.hidden || performance.now() - this.#heardAt < SILENCE_MS) return;
    this.#become("down");
    if (this.#socket !== null && performance.now() - this.#openedAt > SILENCE_MS) {
      this.#close();
      this.#lost();
    }
  }

  #hide() {
    this.#letGo = setTimeout(() => document.hidden && this.#close(), HIDDEN_MS);
  }

  #show() {
    clearTimeout(this.#letGo);
    if (this.#socket === null || performance.now() - this.#heardAt > SILENCE_MS) this.#openNow();
  }

  #openNow() {
    this.#close();
    this.#open();
  }

  #close() {
    clearTimeout(this.#again);
    this.#turn += 1;
    const socket = this.#socket;
    this.#socket = null;
    socket?.close();
  }

  #become(state) {
    if (state === this.state) return;
    this.state = state;
    this.#tell({ kind: "state", turbines: [], readings: [] });
  }

  #tell(change) {
    for (const listener of this.#listeners) listener(change);
  }
}
