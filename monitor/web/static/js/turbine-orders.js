// Orders for one turbine: who wants what and why, given once, and what the monitor says to it.

import { inWords, post, Problem } from "./api.js";
import { inViewersZone } from "./clock.js";
import { toast } from "./toasts.js";
import { followWho, rememberWho, rememberedWho, whyNoOrders } from "./who.js";

const NEEDS_A_PERSON = new Set(["refused", "waiting"]);
const REFUSED = "Not possible now"; // the title of the problem when the monitor has decided against an order
const WORDS = {
  repair: { title: "Send an engineer to turbine", give: "Send an engineer", means: "An engineer is sent as soon as one is free, also where nothing is broken. It ends a pause after failed visits, and a refusal." },
  hold: { title: "Hold turbine", give: "Hold", means: "No engineer is sent to a held turbine until somebody releases it. One who is there already stays." },
  release: { title: "Release turbine", give: "Release", means: "Engineers may be sent to it again." },
};

const place = (id) => document.getElementById(id);

/** The buttons for orders and their dialog. */
export class Orders {
  #turbineNumber;
  #kind = "repair";
  #wish = "";
  #key = "";

  constructor(turbineNumber) {
    this.#turbineNumber = turbineNumber;
    this.buttons = [...document.querySelectorAll("[data-order]")];
    for (const button of this.buttons) button.addEventListener("click", () => this.#open(button.dataset.order));
    place("order-form").addEventListener("submit", (event) => {
      event.preventDefault();
      this.#give();
    });
    place("order-cancel").addEventListener("click", () => place("order").close());
    followWho(place("order-by"), place("order-by-hint"));
  }

  /** Let orders be given only while the monitor can be asked; say why they can't. A turbine in need stands out. */
  follow(stream, row) {
    const why = whyNoOrders(stream, "orders");
    for (const button of this.buttons) {
      button.disabled = why !== "";
      button.classList.toggle("primary", button.dataset.order === "repair" && NEEDS_A_PERSON.has(row?.standing));
    }
    const note = place("orders-note");
    if (why) note.textContent = why;
    else if (note.dataset.answer !== undefined) note.textContent = note.dataset.answer;
    else note.textContent = "";
  }

  #open(kind) {
    this.#kind = kind;
    this.#wish = "";
    place("order-title").textContent = `${WORDS[kind].title} ${this.#turbineNumber}`;
    place("order-means").textContent = WORDS[kind].means;
    place("order-give").textContent = WORDS[kind].give;
    place("order-by").value = rememberedWho();
    place("order-why").value = "";
    this.#fail("");
    place("order").showModal();
    place(rememberedWho() ? "order-why" : "order-by").focus();
  }

  async #give() {
    const by = place("order-by").value.trim();
    if (!by) {
      this.#fail("Say who orders it: the name is kept with the decision.");
      return;
    }
    rememberWho(by);
    place("order-give").disabled = true;
    try {
      const body = { kind: this.#kind, by, why: place("order-why").value.trim() };
      const answer = await post(`/turbines/${this.#turbineNumber}/orders`, body, { key: this.#keyFor(body) });
      place("order").close();
      const words = inViewersZone(answer.sentence);
      place("orders-note").dataset.answer = words;
      place("orders-note").textContent = words;
      toast(words);
    } catch (error) {
      if (isRefused(error)) this.#wish = ""; // what was refused may be possible when it is asked again
      this.#fail(inViewersZone(inWords(error)));
    } finally {
      place("order-give").disabled = false;
    }
  }

  /** One key for one wish: to try it again after a failure can't give the order twice. */
  #keyFor(body) {
    const wish = JSON.stringify(body);
    if (wish !== this.#wish) [this.#wish, this.#key] = [wish, newKey()];
    return this.#key;
  }

  #fail(sentence) {
    place("order-error").textContent = sentence;
    place("order-error").hidden = sentence === "";
  }
}

/** 128 random bits. Not crypto.randomUUID, which a page has only over HTTPS or on this machine's own address. */
function newKey() {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** Whether the monitor has decided against it, and would say the same to the same key. */
function isRefused(error) {
  return error instanceof Problem && error.document?.title === REFUSED;
}
