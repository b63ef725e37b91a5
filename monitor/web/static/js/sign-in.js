// The session of a page that stays open for days: kept while it may be, asked for again when it ends, ended on demand.

import { UNAUTHORIZED, inWords, signOut, whoIsIn } from "./api.js";
import { timeText } from "./clock.js";
import { SignInForm } from "./sign-in-form.js";
import { session } from "./session.js";
import { hearOthers, tellOthers } from "./other-tabs.js";
import { toast } from "./toasts.js";

const LOOK_EVERY_MS = 120_000; // a session ends after 15 minutes in which nothing was asked, and the live channel asks nothing

const place = (id) => document.getElementById(id);

/** Start, on a site that asks who one is; returns what opens the sign-in before it is asked for. */
export function keepSession() {
  const dialog = new SignInDialog();
  session.subscribe(() => (session.isOver ? dialog.open() : dialog.close()));
  session.subscribe(showWho);
  place("sign-out").addEventListener("click", leave);
  hearOthers((what) => (what === "out" ? goToSignIn() : look()));
  document.addEventListener("visibilitychange", () => document.hidden || look());
  addEventListener("online", look);
  addEventListener("pageshow", (event) => event.persisted && look());
  setInterval(look, LOOK_EVERY_MS);
  look();
  return () => dialog.open();
}

/** Ask who is signed in, which also keeps the session. Where nobody can be asked the next look does. */
async function look() {
  const { expiresAt } = session;
  try {
    const who = await whoIsIn();
    if (who.kind === "user") session.take(who);
    else session.end(expiresAt);
  } catch (error) {
    if (error.status === UNAUTHORIZED) session.end(expiresAt);
  }
}

async function leave() {
  try {
    await signOut();
    tellOthers("out");
    goToSignIn();
  } catch (error) {
    toast(`You are still signed in. ${inWords(error)}`, { level: "warning" });
  }
}

function goToSignIn() {
  location.assign(`/sign-in?next=${encodeURIComponent(location.pathname + location.search)}`);
}

function showWho() {
  for (const node of document.querySelectorAll("[data-shows='who']")) node.textContent = session.name;
  for (const node of document.querySelectorAll("[data-shows='role']")) node.textContent = session.role;
  place("who").setAttribute("aria-label", `Signed in: ${session.name}, ${session.role}`);
}

/** Asks for the password over the page, which stays as it is below. */
class SignInDialog {
  #form = new SignInForm({
    onSignedIn: (who) => {
      session.take(who);
      this.close();
      tellOthers("in");
    },
  });

  constructor() {
    place("sign-in-later").addEventListener("click", () => place("sign-in").close());
    place("sign-in").addEventListener("close", () => {
      this.#form.forget();
      if (session.isOver) session.putOff();
    });
  }

  open() {
    if (place("sign-in").open) return;
    const when = session.isOver ? `ended at ${timeText(session.overSince)}` : `ends at ${timeText(session.expiresAt)}`;
    place("sign-in-when").textContent = when;
    place("sign-in").showModal();
    this.#form.clear(session.name);
  }

  close() {
    place("sign-in").close();
  }
}
