// Who gives orders from this browser: who is signed in; where nobody signs in, the name is asked for once and remembered.

import { session } from "./session.js";

const BY_KEY = "grid-by";

/** The name that was given last; empty where none is known. */
export function rememberedWho() {
  if (session.asks) return session.name;
  try {
    return localStorage.getItem(BY_KEY) ?? "";
  } catch {
    return ""; // a private window
  }
}

/** Remember the name for the next order. */
export function rememberWho(by) {
  if (session.asks) return;
  try {
    localStorage.setItem(BY_KEY, by);
  } catch {
    // A private window: asked again next time.
  }
}

/** Set up the field for who gives an order, once. Who signed in can't be another, and the field follows them. */
export function followWho(field, hint) {
  if (!session.asks) return;
  field.readOnly = true;
  hint.textContent = "You are signed in, so it is given in your name.";
  session.subscribe(() => (field.value = session.name));
}

/** Why no order of this scope can be given now, in a sentence; empty where one can. */
export function whyNoOrders(stream, scope) {
  const notTheirs = session.whyNot(scope);
  if (notTheirs) return notTheirs;
  if (stream.state === "connecting") return "";
  if (session.isOver) return ""; // an order is sent when its giver has signed in again
  if (stream.state === "down") return "Orders can't be given: this page has no connection to the monitor.";
  if (stream.farm.farm?.monitor?.running === false) return "Orders can't be given: the monitor is not running.";
  return "";
}
