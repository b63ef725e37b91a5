// Notifications on the page of alarms: who is told, whether it went, and a test of each receiver.

import { get, inWords, post } from "./api.js";
import { timeElement } from "./clock.js";
import { setText } from "./dom.js";
import { button, row } from "./elements.js";
import { PagedList } from "./paged-list.js";
import { count } from "./quantities.js";
import { session } from "./session.js";
import { severityBadge } from "./severities.js";
import { toast } from "./toasts.js";
import { rememberedWho } from "./who.js";
import { capital } from "./words.js";

const WORDS = { waiting: "waits", sent: "sent", failed: "given up" };

const place = (id) => document.getElementById(id);

/** The card of notifications. */
export class Notifications {
  #shown = "";

  constructor() {
    this.list = new PagedList("/notifications", {
      body: document.querySelector("#deliveries tbody"),
      foot: place("deliveries-foot"),
      row: delivery,
      keyOf: (notification) => notification.notification_id,
      versionOf: (notification) => `${notification.delivery} ${notification.attempts}`,
      empty: "No notification was made yet.",
      limit: 10,
    });
    this.list.show();
  }

  /** Look again. */
  async refresh() {
    this.list.refresh();
    try {
      const { items } = await get("/notifications/receivers");
      const names = items.map(({ receiver }) => receiver);
      if (names.join("\n") !== this.#shown) this.#showReceivers(names);
      setText(place("receivers-note"), receiversInWords(items) || session.whyNot("service"));
    } catch (error) {
      setText(place("receivers-note"), inWords(error));
    }
  }

  #showReceivers(names) {
    this.#shown = names.join("\n");
    place("receivers").replaceChildren(...names.map(testButton));
  }
}

function testButton(receiver) {
  const made = button(`Test ${receiver}`, () => test(receiver, made));
  made.dataset.needs = "service";
  return made;
}

function receiversInWords(receivers) {
  if (receivers.length === 0) return "Nobody is notified: name receivers in a file, and start the monitor with --notify-file.";
  const failing = receivers.filter((receiver) => receiver.failing);
  return failing.map(({ receiver, failing: why }) => `${receiver} gets nothing: ${why}.`).join(" ");
}

async function test(receiver, pressed) {
  pressed.disabled = true;
  try {
    const answer = await post("/notifications/test", { receiver, by: rememberedWho() });
    toast(capital(answer.sentence), { level: answer.delivered === false ? "warning" : "note" });
  } catch (error) {
    toast(inWords(error), { level: "warning" });
  } finally {
    pressed.disabled = false;
  }
}

function delivery(notification) {
  const { delivery: state, error } = notification;
  return row(
    ["Made", timeElement(notification.created_at)],
    ["Receiver", notification.receiver],
    ["Severity", severityBadge(notification.severity)],
    ["What", notification.title, "long"],
    ["Stands", [WORDS[state] ?? state, error].filter(Boolean).join(": ")],
    ["Attempts", count(notification.attempts), "number"],
  );
}
