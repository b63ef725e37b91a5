// A list that grows page by page, and says in a sentence whether it loads, is empty, or failed.

import { get, inWords } from "./api.js";
import { button } from "./elements.js";

/**
 * Fills `body` with rows of a list of the interface, and `foot` with what there is to say.
 *
 * `row` makes an element of an item; `keyOf` tells items apart; `empty` is the sentence for a list without items;
 * `keep`, if given, tells which items are shown.
 */
export class PagedList {
  #path;
  #parameters = {};
  #cursor = null;
  #asked = 0;
  #keys = new Set();

  constructor(path, { body, foot, row, keyOf, empty, limit = 50, keep = () => true }) {
    this.#path = path;
    Object.assign(this, { body, foot, row, keyOf, empty, limit, keep });
  }

  /** Show the list from its beginning, with these parameters. */
  async show(parameters = {}) {
    this.#parameters = parameters;
    this.#cursor = null;
    this.#keys.clear();
    await this.#load({ isFirst: true });
  }

  /** Put before the list what has come since; where that is more than a page, start anew. */
  async refresh() {
    const asked = this.#asked;
    const page = await get(this.#path, { ...this.#parameters, limit: this.limit }).catch(() => null);
    if (page === null || asked !== this.#asked) return;
    const isNew = (item) => !this.#keys.has(this.keyOf(item));
    if (page.items.length > 0 && page.items.every(isNew) && page.next_cursor !== null) {
      this.#keys.clear();
      this.#take(page, { isFirst: true });
      return;
    }
    const rows = page.items.filter(isNew).filter(this.keep).map((item) => this.#made(item));
    this.body.prepend(...rows);
    if (rows.length > 0 && this.#cursor === null) this.#sayEnd();
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
    const rows = page.items.filter(this.keep).map((item) => this.#made(item));
    if (isFirst) this.body.replaceChildren(...rows);
    else this.body.append(...rows);
    this.#cursor = page.next_cursor;
    this.#sayEnd();
  }

  #made(item) {
    this.#keys.add(this.keyOf(item));
    return this.row(item);
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
