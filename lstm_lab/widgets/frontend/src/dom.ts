/** Elements are made here and nowhere else, from text alone: names of columns and series are untrusted. */

type Attributes = Record<string, string | number | boolean | null>;

/** Make an element; false and null leave an attribute out, strings become text nodes. */
export function h<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Attributes = {},
  ...children: (Node | string)[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === false) continue;
    element.setAttribute(name, value === true ? "" : String(value));
  }
  element.append(...children);
  return element;
}

/** Listen to an element, as `addEventListener` does in more letters. */
export function on<K extends keyof HTMLElementEventMap>(
  element: HTMLElement,
  type: K,
  hear: (event: HTMLElementEventMap[K]) => void,
  options: AddEventListenerOptions = {},
): void {
  element.addEventListener(type, hear, options);
}

/** Set text only where it differs, so that a screen reader is not told twice. */
export function say(element: Element, text: string): void {
  if (element.textContent !== text) element.textContent = text;
}

/** Make a button. */
export function button(text: string, press: () => void, attributes: Attributes = {}): HTMLButtonElement {
  const made = h("button", { type: "button", ...attributes }, text);
  on(made, "click", press);
  return made;
}

/** Let a table that is wider than its view scroll by itself, by keys too: the page stays where it is. */
export function scroller(table: HTMLTableElement): HTMLElement {
  return h("div", { class: "scroll", role: "region", tabindex: 0, "aria-label": table.getAttribute("aria-label") ?? "" }, table);
}

/** Make an element of a drawing. */
export function svg(tag: string, attributes: Record<string, string | number>, ...children: (Node | string)[]): SVGElement {
  const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
  set(element, attributes);
  element.append(...children);
  return element;
}

/** Set attributes of an element. */
export function set(element: Element, attributes: Record<string, string | number>): void {
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, String(value));
}

let made = 0;

/** Make a labelled control: a label that holds words, the control, and what it is set to. */
export function slider(
  words: string,
  range: { min: number; max: number; step: number; value: number },
  show: (value: number) => string,
  change: (value: number) => void,
): { element: HTMLElement; set: (value: number) => void; get: () => number } {
  const id = `lab-${++made}`;
  const input = h("input", { type: "range", id, ...range });
  const output = h("output", { for: id });
  const refresh = (): void => {
    say(output, show(input.valueAsNumber));
    input.setAttribute("aria-valuetext", show(input.valueAsNumber));
  };
  on(input, "input", () => {
    refresh();
    change(input.valueAsNumber);
  });
  refresh();
  const element = h("span", { class: "control" }, h("label", { for: id }, words), input, output);
  return {
    element,
    get: () => input.valueAsNumber,
    set: (value) => {
      input.value = String(value);
      refresh();
    },
  };
}

/** Make a check box with its label. */
export function toggle(words: string, checked: boolean, change: (on: boolean) => void): HTMLLabelElement {
  const input = h("input", { type: "checkbox", checked });
  on(input, "change", () => change(input.checked));
  return h("label", { class: "control" }, input, words);
}

/** One entry of a legend: a line, dashes, dots, a box, a ring or a disc, and what it stands for. */
export interface Entry {
  words: string;
  colour: string;
  kind?: "dash" | "dots" | "box" | "ring" | "disc";
  /** Leave room for a value, which `values` fills in. */
  value?: boolean;
}

/** Show a legend, touching the page only where it differs. */
export function legend(list: HTMLElement, entries: Entry[]): void {
  const state = JSON.stringify(entries);
  if (list.dataset["state"] === state) return;
  list.dataset["state"] = state;
  list.replaceChildren(
    ...entries.map(({ words, colour, kind, value }) => {
      const swatch = h("span", { class: `swatch ${kind ?? ""}`, "aria-hidden": "true" });
      if (kind === "box" || kind === "disc") swatch.style.background = colour;
      if (kind !== "box") swatch.style.borderColor = colour;
      return h("li", {}, swatch, words, ...(value ? [h("span", { class: "value" })] : []));
    }),
  );
}

/** Say the values of a legend's entries, one for each that left room. */
export function values(list: HTMLElement, texts: string[]): void {
  list.querySelectorAll(".value").forEach((element, at) => say(element, texts[at] ?? ""));
}

/** Offer names in a select, touching the page only where they differ. */
export function choices(select: HTMLSelectElement, names: string[], chosen: string, words: string[] = names): void {
  const state = words.join("\n");
  if (select.dataset["state"] !== state) {
    select.dataset["state"] = state;
    select.replaceChildren(...names.map((name, at) => h("option", { value: name }, words[at]!)));
  }
  select.value = chosen;
}

/** Fill a table: a head, and rows whose first cell names them; a cell that needs a look of its own comes as an element. */
export function fill(table: HTMLTableElement, head: string[], rows: (string | Node)[][], caption = ""): void {
  const cell = (words: string | Node, tag: "td" | "th", scope: string): Node =>
    typeof words === "string" ? h(tag, tag === "th" ? { scope } : {}, words) : words;
  table.replaceChildren(
    ...(caption ? [h("caption", { class: "muted" }, caption)] : []),
    h("thead", {}, h("tr", {}, ...head.map((words) => cell(words, words ? "th" : "td", "col")))),
    h("tbody", {}, ...rows.map((row) => h("tr", {}, ...row.map((words, at) => cell(words, at ? "td" : "th", "row"))))),
  );
}

/** Fill a table of facts: a name and its words in each row. */
export function facts(table: HTMLTableElement, rows: string[][]): void {
  const lines = rows.map(([name = "", words = ""]) => h("tr", {}, h("th", { scope: "row" }, name), h("td", { class: "fact" }, words)));
  table.replaceChildren(h("tbody", {}, ...lines));
}
