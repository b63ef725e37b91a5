// Keys of a page: single ones, and two in a row such as "g f". They are off while somebody types.

const TOGETHER_MS = 1200;
const actions = new Map();
let first = "";
let firstAt = 0;

/** Bind keys: `addKeys({j: next, "g f": toFarm})`. */
export function addKeys(bindings) {
  for (const [keys, action] of Object.entries(bindings)) actions.set(keys, action);
}

/** Start listening, once for a page. */
export function listenForKeys() {
  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
    if (document.querySelector("dialog[open], :popover-open")) return; // Esc closes it, and no more
    if (isTyping(event.target) && event.key !== "Escape") return;
    const action = find(event);
    if (!action) return;
    event.preventDefault();
    action(event);
  });
}

function find({ key, timeStamp }) {
  const two = timeStamp - firstAt < TOGETHER_MS ? actions.get(`${first} ${key}`) : undefined;
  first = key;
  firstAt = timeStamp;
  return two ?? actions.get(key);
}

function isTyping(target) {
  return target instanceof Element && target.closest("input, textarea, select, [contenteditable]") !== null;
}

/** Let `?` and the header's button open the help; a click beside it closes it. */
export function listenForHelp() {
  const help = document.getElementById("help");
  const open = () => help.showModal();
  addKeys({ "?": open });
  document.getElementById("help-button").addEventListener("click", open);
  help.addEventListener("click", (event) => event.target === help && help.close());
}
