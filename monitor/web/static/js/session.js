// Who is signed in here and what they may do. The server writes it into the page; a later sign-in changes it.

const KNOWN = document.body.dataset;
const RENEWED_WITHIN_MS = 660_000; // a session that may go on: after half of its 15 minutes, and two looks
const GIVERS = {
  orders: "Operators and above send engineers, hold and release turbines",
  alarms: "Operators and above answer alarms",
  service: "Engineers and above take alarms out of service and test receivers",
  audit: "Admins read who did what",
};

/**
 * `asks` says whether this site asks who one is; where it doesn't, everybody may do everything, and nobody has a name.
 *
 * `subscribe(listener)` calls `listener()` when the session ends (`isOver`), and when somebody signs in.
 */
class Session {
  asks = KNOWN.asks !== undefined;
  name = KNOWN.who ?? "";
  role = KNOWN.role ?? "";
  expiresAt = null;
  isOver = false;
  overSince = null;

  #may = new Set((KNOWN.may ?? "").split(" "));
  #renewedAt = 0;
  #listeners = new Set();
  #waiting = [];

  subscribe(listener) {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** When the session ends for good, where that is soon (ISO 8601, UTC); null while it goes on. */
  get endsAt() {
    return !this.isOver && this.expiresAt !== null && performance.now() - this.#renewedAt > RENEWED_WITHIN_MS ? this.expiresAt : null;
  }

  /** Whether who is here may do it: a scope such as "orders". */
  may(scope) {
    return !this.asks || this.#may.has(scope);
  }

  /** Why they may not, in a sentence; empty where they may. */
  whyNot(scope) {
    return this.may(scope) ? "" : `${GIVERS[scope]}; you are signed in as ${this.role}.`;
  }

  /**
   * The session is over, or was ended: nothing is answered until somebody signs in. `asOf` is `expiresAt` when that was
   * asked: an answer to what was asked before a sign-in says nothing of what is after it.
   */
  end(asOf) {
    if (!this.asks || this.isOver || asOf !== this.expiresAt) return;
    this.isOver = true;
    this.overSince = new Date().toISOString();
    this.#tell();
  }

  /** What the server says of who is signed in: after a sign-in, and now and then. */
  take({ name, role, scopes, expires_at: expiresAt }) {
    const isNew = this.isOver || name !== this.name || role !== this.role;
    if (expiresAt !== this.expiresAt) this.#renewedAt = performance.now();
    Object.assign(this, { name, role, expiresAt, isOver: false, overSince: null });
    this.#may = new Set(scopes);
    Object.assign(KNOWN, { who: name, role, may: scopes.join(" ") });
    if (isNew) this.#tell();
    for (const resolve of this.#waiting.splice(0)) resolve(name);
  }

  /** Have the sign-in shown again, where it was put off. */
  askAgain() {
    if (this.isOver) this.#tell();
  }

  /** Resolves with the name of whoever signs in next, or with null when it is put off. */
  nextName() {
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  /** Nobody signs in now: what waits for it fails. */
  putOff() {
    for (const resolve of this.#waiting.splice(0)) resolve(null);
  }

  #tell() {
    for (const listener of this.#listeners) listener();
  }
}

/** The session of this page. */
export const session = new Session();
