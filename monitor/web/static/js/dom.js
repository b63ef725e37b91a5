// Changing what is on the page, with no more work than the change needs; and the icons of components.css.
import { element } from "./elements.js";

/** An icon of the sprite; the word beside it says the same. */
export function icon(name) {
  return element("i", { class: `icon icon-${name}`, "aria-hidden": "true" });
}

/** A standing as a shape and words. */
export function badge(standing, words) {
  return element("span", { class: "badge", "data-standing": standing }, icon(standing), words);
}

/** Set the text of a node that holds only text, if it differs. */
export function setText(node, text) {
  const first = node.firstChild;
  if (first === null) node.textContent = text;
  else if (first.data !== text) first.data = text;
}

/** Set an attribute if it differs; null takes it away. */
export function setAttribute(node, name, value) {
  if (value === null) {
    if (node.hasAttribute(name)) node.removeAttribute(name);
  } else if (node.getAttribute(name) !== value) node.setAttribute(name, value);
}

/** Make `parent` hold exactly `nodes`, in this order. One that moves is moved alone, and the focus stays where it is. */
export function setChildren(parent, nodes) {
  const wanted = new Set(nodes);
  const focused = document.activeElement;
  for (const node of [...parent.childNodes]) if (!wanted.has(node)) node.remove();
  let here = parent.firstChild;
  for (const node of nodes) {
    if (here !== null && here !== node && here.nextSibling === node) here = node; // `here` went back: its turn comes
    if (node === here) here = here.nextSibling;
    else parent.insertBefore(node, here);
  }
  if (focused !== document.activeElement && parent.contains(focused)) focused.focus({ preventScroll: true });
}

/** A colour of tokens.css as `rgb(...)`, for what is drawn: `colour("--ink")`. It changes with the event "theme" of window. */
export function colour(name) {
  const probe = element("span", { hidden: "" });
  probe.style.color = `var(${name})`;
  document.body.append(probe);
  const value = getComputedStyle(probe).color;
  probe.remove();
  return value;
}
