// What the tabs of one browser tell each other of its session, which they share.

const channel = new BroadcastChannel("grid-session");

/** Tell the other tabs that somebody signed "in" or "out". */
export function tellOthers(what) {
  channel.postMessage(what);
}

/** Hear it from them. */
export function hearOthers(listener) {
  channel.addEventListener("message", (event) => listener(event.data));
}
