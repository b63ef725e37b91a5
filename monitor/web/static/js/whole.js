// Loads the page once more when a part of it did not come, as where the network changes while it loads: a page whose
// scripts lack would say "connecting" for ever. A classic script, first in <head>: it is there before anything can fail.
(() => {
  const KEY = "grid-loaded-again"; // when this tab was last loaded again
  const NOT_AGAIN_MS = 60_000;
  const PAUSE_MS = 500; // a network that changes needs a moment
  let isLeaving = false; // what is still on its way when somebody follows a link does not come either

  /** Whether to try: once a minute, since what fails again is no passing fault. */
  function mayLoadAgain() {
    try {
      const before = Number(sessionStorage.getItem(KEY));
      sessionStorage.setItem(KEY, String(Date.now()));
      return Math.abs(Date.now() - before) > NOT_AGAIN_MS;
    } catch {
      return false; // nothing can be kept, so the page could go round for ever
    }
  }

  function say() {
    const words = document.createElement("p");
    Object.assign(words, { className: "banner", role: "alert", textContent: "A part of this page did not come. Reload it." });
    words.dataset.level = "alarm";
    document.getElementById("main").prepend(words);
    document.getElementById("stream")?.replaceChildren("not loaded");
  }

  function missed({ target }) {
    if (isLeaving || !target?.matches?.("script, link[rel='stylesheet']")) return;
    removeEventListener("error", missed, true);
    addEventListener("online", () => location.reload());
    if (mayLoadAgain()) setTimeout(() => isLeaving || location.reload(), PAUSE_MS);
    else if (document.readyState === "loading") addEventListener("DOMContentLoaded", say);
    else say();
  }

  addEventListener("beforeunload", () => { isLeaving = true; });
  addEventListener("error", missed, true); // it does not bubble: heard on its way down
})();
