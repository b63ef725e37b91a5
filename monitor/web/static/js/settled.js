// The channel tells of a change before the ledger may have it: look soon, and once more when it surely has.

const SOON_MS = 300;
const SURELY_MS = 2000;

/** Make of `look` a function to call at every change: however often that is, `look` is called at most so often. */
export function settled(look) {
  let soon = 0;
  let surely = 0;
  return () => {
    soon ||= setTimeout(() => {
      soon = 0;
      look();
    }, SOON_MS);
    clearTimeout(surely);
    surely = setTimeout(look, SURELY_MS);
  };
}
