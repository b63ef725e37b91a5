// The form in which somebody signs in: on its own page, and in the dialog of a page whose session has ended.

import { UNAUTHORIZED, inWords, signIn } from "./api.js";

const WRONG = "That name and password don't belong together.";

const place = (id) => document.getElementById(id);

/** Wires the form up; `onSignedIn(who)` hears what the server says of who it is. */
export class SignInForm {
  constructor({ onSignedIn }) {
    this.onSignedIn = onSignedIn;
    place("sign-in-form").addEventListener("submit", (event) => {
      event.preventDefault();
      this.#signIn();
    });
  }

  /** Empty it but for a name, and put the focus where it is needed. */
  clear(name) {
    place("sign-in-name").value = name;
    this.forget();
    this.#fail("");
    place(name ? "sign-in-password" : "sign-in-name").focus();
  }

  /** Keep no password that was typed: the page may stand open in a room with others. */
  forget() {
    place("sign-in-password").value = "";
  }

  async #signIn() {
    const button = place("sign-in-give");
    button.disabled = true;
    this.#fail("");
    try {
      const who = await signIn(place("sign-in-name").value.trim(), place("sign-in-password").value);
      this.forget();
      this.onSignedIn(who);
    } catch (error) {
      this.#fail(error.status === UNAUTHORIZED ? WRONG : inWords(error));
      place("sign-in-password").select();
    } finally {
      button.disabled = false;
    }
  }

  #fail(sentence) {
    const error = place("sign-in-error");
    error.textContent = sentence;
    error.hidden = sentence === "";
    for (const id of ["sign-in-name", "sign-in-password"]) place(id).setAttribute("aria-invalid", String(sentence === WRONG));
  }
}
