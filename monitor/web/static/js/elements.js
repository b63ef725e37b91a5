// Making pieces of a page. Text is always set as text: nothing that came from outside can become markup.

/**
 * Make an element. Attributes that are null or false are left out, true stands for itself; children are nodes or
 * text, null is skipped.
 */
export function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    made.setAttribute(name, value === true ? "" : String(value));
  }
  made.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return made;
}

/** Replace all that is within an element. */
export function fill(place, ...children) {
  place.replaceChildren(...children.flat().filter((child) => child !== null && child !== undefined));
}

/** A button that does something. */
export function button(text, onClick, attributes = {}) {
  const made = element("button", { type: "button", ...attributes }, text);
  made.addEventListener("click", onClick);
  return made;
}

/** A link to the page of a turbine. */
export function turbineLink(turbineNumber) {
  return element("a", { href: `/turbines/${Number(turbineNumber)}` }, `Turbine ${turbineNumber}`);
}

/** A row of a table; cells are text or nodes. The first one heads the row. */
export function tableRow(cells, attributes = {}) {
  const [first, ...rest] = cells;
  return element(
    "tr",
    attributes,
    element("th", { scope: "row" }, first),
    rest.map((cell) => element("td", {}, cell)),
  );
}

/** A table with its caption and heads and rows. */
export function table(caption, heads, rows, attributes = {}) {
  return element(
    "table",
    attributes,
    element("caption", {}, caption),
    element("thead", {}, element("tr", {}, heads.map((head) => element("th", { scope: "col" }, head)))),
    element("tbody", {}, rows),
  );
}
