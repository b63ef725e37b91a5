// Orders about alarms: who, for which alarms, with which comment, and until when; and what the monitor says to it.

import { inWords, post } from "./api.js";
import { inViewersZone, timeText } from "./clock.js";
import { counted } from "./quantities.js";
import { toast } from "./toasts.js";
import { followWho, rememberWho, rememberedWho } from "./who.js";

const MINUTE_MS = 60_000;
const MOST_AT_ONCE = 1000;
const WORDS = {
  acknowledge: { title: "Acknowledge", give: "Acknowledge", means: "You have seen it and take care of it. It goes from the list when its cause is gone, too." },
  comment: { title: "Comment on", give: "Keep the comment", means: "The comment is kept in the alarm's journal." },
  shelve: { title: "Shelve", give: "Shelve", means: "It is silent until the end that you choose, and comes back by itself if its cause is still there." },
  unshelve: { title: "Unshelve", give: "Unshelve", means: "It speaks again at once." },
  take_out_of_service: { title: "Take out of service", give: "Take out of service", means: "It is silent until somebody puts it in service again. For work on a turbine or a broken sensor." },
  put_in_service: { title: "Put in service", give: "Put in service", means: "It speaks again at once." },
};

const place = (id) => document.getElementById(id);

/**
 * The dialog of an order about alarms; `onGiven` hears after each that was obeyed, and `serverNow` tells the monitor's
 * time in milliseconds since 1970: the end of a shelving is counted from there, whatever the viewer's clock says.
 */
export class AlarmOrder {
  #kind = "acknowledge";
  #alarms = [];

  constructor({ onGiven, serverNow }) {
    Object.assign(this, { onGiven, serverNow });
    place("order-form").addEventListener("submit", (event) => {
      event.preventDefault();
      this.#give();
    });
    place("order-cancel").addEventListener("click", () => place("order").close());
    followWho(place("order-by"), place("order-by-hint"));
    place("order-spans").addEventListener("change", () => this.#showEnd());
  }

  /** Ask who, and whatever else the order needs. Nothing happens without an alarm. */
  open(kind, alarms) {
    if (alarms.length === 0) return;
    [this.#kind, this.#alarms] = [kind, alarms];
    const words = WORDS[kind];
    const what = alarms.length === 1 ? inViewersZone(alarms[0].sentence, alarms[0].raised_at) : counted(alarms.length, "alarm");
    place("order-title").textContent = `${words.title}: ${what}`;
    place("order-means").textContent = words.means;
    place("order-give").textContent = alarms.length === 1 ? words.give : `${words.give} ${counted(alarms.length, "alarm")}`;
    place("order-by").value = rememberedWho();
    place("order-comment").value = "";
    place("order-comment").required = kind === "comment";
    place("order-spans").hidden = kind !== "shelve";
    this.#showEnd();
    this.#fail("");
    place("order").showModal();
    place(rememberedWho() ? "order-comment" : "order-by").focus();
  }

  async #give() {
    const by = place("order-by").value.trim();
    if (!by) return this.#fail("Say who you are: the name is kept with the alarm.");
    rememberWho(by);
    place("order-give").disabled = true;
    try {
      const ids = this.#alarms.map((alarm) => alarm.alarm_id);
      const wish = { kind: this.#kind, by, comment: place("order-comment").value.trim() };
      if (this.#kind === "shelve") wish.until = this.#end().toISOString();
      const sentence = await give(wish, ids);
      place("order").close();
      toast(inViewersZone(sentence));
      this.onGiven(ids);
    } catch (error) {
      this.#fail(inViewersZone(inWords(error)));
    } finally {
      place("order-give").disabled = false;
    }
  }

  #end() {
    return new Date(this.serverNow() + Number(new FormData(place("order-form")).get("minutes")) * MINUTE_MS);
  }

  #showEnd() {
    place("order-until").textContent = `Until ${timeText(this.#end())}.`;
  }

  #fail(sentence) {
    place("order-error").textContent = sentence;
    place("order-error").hidden = sentence === "";
  }
}

/** Give it for all of these, a thousand at a time; what the monitor says to the last of them. */
async function give(wish, ids) {
  let sentence = "";
  for (let first = 0; first < ids.length; first += MOST_AT_ONCE) {
    const answer = await post("/alarms/orders", { ...wish, alarm_ids: ids.slice(first, first + MOST_AT_ONCE) });
    sentence = answer.sentence;
  }
  return sentence;
}
