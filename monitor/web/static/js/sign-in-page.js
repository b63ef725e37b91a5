// The page where one signs in, and from which one goes on to where one wanted.

import { SignInForm } from "./sign-in-form.js";
import { tellOthers } from "./other-tabs.js";

/** Where to go on: a page of this site, whatever the address says. */
function wanted() {
  const address = new URL(document.getElementById("sign-in-form").dataset.next, location.origin);
  return address.origin === location.origin ? address : new URL("/", location.origin);
}

const form = new SignInForm({
  onSignedIn: () => {
    tellOthers("in");
    location.replace(wanted());
  },
});
form.clear("");
addEventListener("pageshow", (event) => event.persisted && form.clear(""));
