// A list that grows page by page, and says in a sentence whether it loads, is empty, or failed.

import { get, inWords } from "./api.js";
import { button } from "./elements.js";

const MOST_ROWS = 1000; // a page that stays open for days must not grow for days

/**
 * Fills `body` with rows of a list of the interface, and `foot` with what there is to say.
 *
 * `row` makes an element of an item, `keyOf` tells items apart, `versionOf` whether one has changed; `empty` is the
 * sentence for a list without items.
 */
export class PagedList {
  #path;
  #parameters = {};
  #cursor = null;
  #asked = 0;
  #rows = new Map(); // by key: the row and the version of what it shows

  constructor(path, { body, foot, row, keyOf, versionOf = () => "", empty, limit = 50 }) {
    this.#path = path;
    Object.assign(this, { body, foot, row, keyOf, versionOf, empty, limit });
  }

  /** Show the list from its beginning, with these parameters. */
  async show(parameters = {}) {
    this.#parameters = parameters;
    this.#cursor = null;
    this.#rows.clear();
    await this.#load({ isFirst: true });
  }

  /** Put before the list what has come since, and change what has changed; where it is too much, start anew. */
  async refresh() {
    const asked = this.#asked;
    const page = await get(this.#path, { ...this.#parameters, limit: this.limit }).catch(() => null);
    if (page === null || asked !== this.#asked) return;
    const fresh = page.items.filter((item) => !this.#rows.has(this.keyOf(item)));
    const isAllNew = fresh.length === page.items.length && page.next_cursor !== null;
    if (isAllNew || this.#rows.size > MOST_ROWS) {
      this.#rows.clear();
      this.#take(page, { isFirst: true });
      return;
    }
    for (const item of page.items) this.#renew(item);
    this.body.prepend(...fresh.map((item) => this.#made(item)));
    if (fresh.length > 0 && this.#cursor === null) this.#sayEnd();
  }

  #renew(item) {
    const known = this.#rows.get(this.keyOf(item));
    if (known === undefined || known.version === this.versionOf(item)) return;
    known.row.replaceWith(this.#made(item));
  }

  async #load({ isFirst }) {
    const asked = ++this.#asked;
    this.#say("Loading ...");
    try {
      const page = await get(this.#path, { ...this.#parameters, limit: this.limit, cursor: this.#cursor });
      if (asked === this.#asked) this.#take(page, { isFirst });
    } catch (error) {
      if (asked !== this.#asked) return;
      if (isFirst) this.body.replaceChildren();
      this.foot.replaceChildren(`${inWords(error)} `, button("Try again", () => this.#load({ isFirst })));
    }
  }

  #take(page, { isFirst }) {
    const rows = page.items.map((item) => this.#made(item));
    if (isFirst) this.body.replaceChildren(...rows);
    else this.body.append(...rows);
    this.#cursor = page.next_cursor;
    this.#sayEnd();
  }

  #made(item) {
    const row = this.row(item);
    this.#rows.set(this.keyOf(item), { row, version: this.versionOf(item) });
    return row;
  }

  #sayEnd() {
    if (this.#cursor !== null) this.foot.replaceChildren(button("Load more", () => this.#load({ isFirst: false })));
    else if (this.body.childElementCount === 0) this.#say(this.empty);
    else this.foot.replaceChildren();
  }

  #say(sentence) {
    this.foot.replaceChildren(sentence);
  }
}
