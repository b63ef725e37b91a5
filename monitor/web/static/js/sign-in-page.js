// The page where one signs in, and from which one goes on to where one wanted.

import { whoIsIn } from "./api.js";
import { SignInForm } from "./sign-in-form.js";
import { hearOthers, tellOthers } from "./other-tabs.js";

const { next, cameFromElsewhere } = document.getElementById("sign-in-form").dataset;

/** Go to a page of this site, whatever the address says. */
function goOn() {
  const address = new URL(next, location.origin);
  location.replace(address.origin === location.origin ? address : "/");
}

const form = new SignInForm({
  onSignedIn: () => {
    tellOthers("in");
    goOn();
  },
});
form.clear("");
hearOthers((what) => what === "in" && goOn());
addEventListener("pageshow", (event) => event.persisted && form.clear(""));

// A link in a mail brings no cookie of ours (SameSite=Strict), so the server can't know that somebody is signed in.
if (cameFromElsewhere !== undefined) whoIsIn().then(goOn, () => {});
