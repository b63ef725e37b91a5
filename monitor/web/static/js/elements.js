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

/** A button that does something. */
export function button(text, onClick, style = "button") {
  const made = element("button", { type: "button", class: style }, text);
  made.addEventListener("click", onClick);
  return made;
}

/** A link to the page of a turbine. */
export function turbineLink(turbineNumber) {
  return element("a", { href: `/turbines/${Number(turbineNumber)}` }, `Turbine ${turbineNumber}`);
}

/** A link to the story of an incident, on the page of its turbine. */
export function incidentLink(incidentId, turbineNumber) {
  const address = `/turbines/${Number(turbineNumber)}?incident=${Number(incidentId)}#story`;
  return element("a", { href: address }, `Incident ${incidentId}`);
}

/**
 * A row of a table that becomes a list of cards on narrow screens. `cells` are a column's heading, its content (text
 * or a node), and a class for it, such as "number". The first one heads the row.
 */
export function row(...cells) {
  return element("tr", {}, cells.map(([label, content, style], index) => cell(index === 0, label, content, style)));
}

function cell(isHead, label, content, style) {
  return element(
    isHead ? "th" : "td",
    { "data-label": label, class: style, scope: isHead ? "row" : null },
    content ?? "-",
  );
}

/** A table of values: its caption, the headings of its columns, and its rows of text. */
export function table(caption, headings, rows) {
  const heads = headings.map((heading) => element("th", { scope: "col" }, heading));
  const bodies = rows.map((values) => row(...values.map((value, index) => [headings[index], value])));
  return element(
    "table",
    { class: "table" },
    element("caption", {}, caption),
    element("thead", {}, element("tr", {}, heads)),
    element("tbody", {}, bodies),
  );
}
