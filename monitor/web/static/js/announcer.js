// Tells a screen reader what changed: politely, and not more often than somebody wants to hear.

const QUIET_MS = 8000;
const place = document.getElementById("announcer");
let waiting = [];
let timer = 0;

/** Say a sentence; several within eight seconds are said together, the first three and how many more. */
export function announce(sentence) {
  waiting.push(sentence);
  if (timer === 0) speak();
}

function speak() {
  if (waiting.length === 0) {
    timer = 0;
    return;
  }
  const more = waiting.length - 3;
  place.textContent = waiting.slice(0, 3).join(" ") + (more > 0 ? ` And ${more} more changes.` : "");
  waiting = [];
  timer = setTimeout(speak, QUIET_MS);
}
