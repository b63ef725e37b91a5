// Who gives orders from this browser: asked once, remembered, and kept with each decision.

const BY_KEY = "grid-by";

/** The name that was given last; empty where none is known. */
export function rememberedWho() {
  try {
    return localStorage.getItem(BY_KEY) ?? "";
  } catch {
    return ""; // a private window
  }
}

/** Remember the name for the next order. */
export function rememberWho(by) {
  try {
    localStorage.setItem(BY_KEY, by);
  } catch {
    // A private window: asked again next time.
  }
}

/** Why no order can be given now, in a sentence; empty where one can. */
export function whyNoOrders(stream) {
  if (stream.state === "connecting") return "";
  if (stream.state === "down") return "Orders can't be given: this page has no connection to the monitor.";
  if (stream.farm.farm?.monitor?.running === false) return "Orders can't be given: the monitor is not running.";
  return "";
}
