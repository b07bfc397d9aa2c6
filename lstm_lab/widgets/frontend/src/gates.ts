/**
 * The inside of a network: what it read, what moved its output, every gate of every unit, and chosen units in full.
 * One cursor runs through all strips; a click pins a unit, a drag over the heat map asks which units were on there.
 */
import { View } from "./base";
import { button, h, legend, say, type Entry } from "./dom";
import { number, time } from "./format";
import { colours, LEFT, paint, RIGHT, Strip, type Span } from "./strips";
import { alpha } from "./theme";
import type { Json } from "./wire";

interface Layer {
  name: string;
  kind: "lstm" | "gru" | "rnn";
  direction: string;
  total: number;
  shown: number;
  steps: number;
  window: number;
  gates: string[];
  signals: string[];
  limits: Record<string, number>;
  lives: boolean;
}

type Sort = "half-life" | "cluster" | "influence" | "index" | "brush";
const SORTS: Sort[] = ["half-life", "cluster", "influence", "index", "brush"];
const PINS = 4;

export class GatesView extends View {
  readonly #span: Span = { low: 0, high: 1 };
  readonly #title = h("p", { class: "title" });
  readonly #verified = h("span", { class: "verified" });
  readonly #count = h("span", { class: "muted" });
  readonly #words = h("p", { class: "note words" });
  readonly #layers = h("select", { "aria-label": "Layer" });
  readonly #signals = h("select", { "aria-label": "Signal of the heat map" });
  readonly #sorts = h("select", { "aria-label": "Order of the units" });
  readonly #scrub = h("input", { type: "range", min: 0, step: 1, "aria-label": "Step" });
  readonly #pins = h("p", { class: "controls pins" });
  readonly #answer = h("p", { class: "note", role: "status" });
  readonly #cursor = h("div", { class: "cursor", hidden: true });
  readonly #row = h("div", { class: "cursor-row", hidden: true });
  readonly #brushed = h("div", { class: "brushed", hidden: true });
  readonly #stack = h("div", {
    class: "stack",
    tabindex: 0,
    role: "application",
    "aria-roledescription": "gate explorer",
    "aria-label": "Left and right move through the steps, up and down through the units, Enter pins a unit, plus and minus zoom, 0 shows all.",
  });
  readonly #shared = { span: this.#span, width: 300, palette: () => this.palette };
  readonly #series = new Strip(86, this.#shared);
  readonly #moved = new Strip(78, this.#shared);
  readonly #open = new Strip(96, this.#shared);
  readonly #sizes = new Strip(72, this.#shared);
  readonly #heat = new Strip(230, this.#shared);
  readonly #dates = new Strip(18, this.#shared);
  readonly #states = new Strip(92, this.#shared);
  readonly #parts = new Strip(92, this.#shared);
  readonly #scatter = h("canvas", { role: "img" });
  readonly #lives = h("canvas", { role: "img" });
  readonly #features = h("div", { class: "features" });
  readonly #keys = { open: this.#list(), sizes: this.#list(), moved: this.#list(), parts: this.#list(), states: this.#list(), gates: this.#list() };
  readonly #scale = h("p", { class: "note scale" });
  #order: number[] = [];
  #picture: HTMLCanvasElement | null = null;
  #at = 0;
  #unitRow: number | null = null;
  #drag: { from: number; to: number } | null = null;

  #list(): HTMLUListElement {
    return h("ul", { class: "legend" });
  }

  // What is shown ------------------------------------------------------------------------------------------------

  get #all(): Layer[] {
    return (this.store.values["layers"] ?? []) as unknown as Layer[];
  }

  get #place(): number {
    return Math.min(Number(this.store.ui["layer"] ?? 0), this.#all.length - 1);
  }

  get #layer(): Layer {
    return this.#all[this.#place]!;
  }

  get #signal(): string {
    const set = String(this.store.ui["signal"] ?? "");
    return this.#layer.signals.includes(set) ? set : this.#layer.signals[0]!;
  }

  get #sort(): Sort {
    const set = (this.store.ui["sort"] ?? (this.#layer.lives ? "half-life" : "index")) as Sort;
    return this.#possible(set) ? set : "index";
  }

  #possible(sort: Sort): boolean {
    if (sort === "half-life") return this.#layer.lives;
    if (sort === "influence") return this.store.has(`${this.#place}:influence`);
    return sort !== "brush" || this.#range !== null;
  }

  /** Pinned units, by their number in the layer. */
  get #pinned(): number[] {
    const all = (this.store.ui["pins"] ??= {}) as Record<number, number[]>;
    return (all[this.#place] ??= [this.#units[this.#byLife()[0]!]!]);
  }

  get #range(): [number, number] | null {
    return (this.store.ui["range"] as [number, number] | undefined) ?? null;
  }

  #of(name: string): ArrayLike<number> {
    return this.store.table(`${this.#place}:${name}`).data;
  }

  get #units(): ArrayLike<number> {
    return this.#of("units");
  }

  #slice(name: string, row: number, length: number): ArrayLike<number> {
    return this.store.table(name).data.subarray(row * length, (row + 1) * length);
  }

  get #steps(): number {
    return this.#layer.steps;
  }

  /** Does the layer step with the input? One behind a pooling does not, and no date belongs to its steps. */
  get #dated(): boolean {
    return this.#steps === this.store.table("times").data.length;
  }

  #colour(name: string): string {
    const { blue, orange, green, purple, red, text } = this.palette;
    const known: Record<string, string> = { forget: blue, update: blue, input: orange, reset: orange, output: green, candidate: purple, cell: red, hidden: text };
    return known[name] ?? text;
  }

  #pinColour(at: number): string {
    const { blue, orange, green, purple } = this.palette;
    return [blue, orange, green, purple][at % 4]!;
  }

  #byLife(): number[] {
    const lives = this.#of("half_life");
    return Array.from(lives, (_, unit) => unit).sort((a, b) => lives[b]! - lives[a]! || this.#units[a]! - this.#units[b]!);
  }

  #life(unit: number): string {
    const life = this.#of("half_life")[unit]!;
    return life >= this.#layer.window ? `> ${this.#layer.window}` : number(life, 3);
  }

  // Building -------------------------------------------------------------------------------------------------------

  protected override build(): void {
    this.facts.append(this.#title, this.#verified, this.#count);
    this.root.classList.add("gates");
    const pick = (words: string, select: HTMLSelectElement, name: string): HTMLElement => {
      select.addEventListener("change", () => {
        this.store.ui[name] = name === "layer" ? select.selectedIndex : select.value;
        if (name === "layer") this.#show();
        this.#refresh();
      });
      return h("label", { class: "control" }, words, select);
    };
    const all = button("Show all", () => this.#show());
    const controls = h("div", { class: "controls" });
    controls.append(pick("layer", this.#layers, "layer"), pick("heat map", this.#signals, "signal"), pick("sort by", this.#sorts, "sort"));
    controls.append(h("label", { class: "control step" }, "step", this.#scrub), all);
    const strips: [Strip, HTMLElement | null][] = [
      [this.#series, null],
      [this.#moved, this.#keys.moved],
      [this.#open, this.#keys.open],
      [this.#sizes, this.#keys.sizes],
      [this.#heat, this.#scale],
      [this.#dates, null],
      [this.#states, this.#keys.states],
      [this.#parts, this.#keys.parts],
    ];
    for (const [strip, beside] of strips) {
      strip.canvas.setAttribute("aria-hidden", "true");
      if (beside) strip.head.after(beside);
      this.#stack.append(strip.element);
    }
    this.#heat.element.classList.add("heat");
    this.#dates.element.after(this.#pins, this.#answer);
    this.#stack.append(this.#cursor, this.#row, this.#brushed);
    const below = h("div", { class: "below" }, this.#figure("Saturation: how often each gate is shut and open", this.#scatter, this.#keys.gates));
    below.append(this.#figure("Units by half-life", this.#lives), this.#figure("What the output answers to", this.#features));
    this.body.append(this.#words, controls, this.#stack, below);
    this.#scrub.addEventListener("input", () => this.#move(this.#scrub.valueAsNumber));
    this.#listen();
    this.#show();
  }

  #figure(words: string, ...inside: HTMLElement[]): HTMLElement {
    return h("figure", {}, h("figcaption", {}, words), ...inside);
  }

  #listen(): void {
    const stack = this.#stack;
    stack.addEventListener("pointermove", (event) => this.#point(event));
    stack.addEventListener("pointerleave", () => this.#drag === null && this.#over(null));
    stack.addEventListener("keydown", (event) => this.#key(event));
    const { canvas } = this.#heat;
    canvas.addEventListener("pointerdown", (event) => {
      this.#drag = { from: this.#stepAt(event), to: this.#stepAt(event) };
      canvas.setPointerCapture(event.pointerId);
    });
    canvas.addEventListener("pointerup", () => this.#dropped());
    canvas.addEventListener("wheel", (event) => this.#wheel(event), { passive: false });
    canvas.addEventListener("dblclick", () => {
      delete this.store.ui["range"];
      this.#show();
    });
    this.#scatter.addEventListener("click", (event) => this.#clickScatter(event));
  }

  protected override update(changed: Set<string>): void {
    if (!this.#all.length) return;
    if (changed.size === 0 || changed.has("layers")) this.#choices();
    if (!this.store.flag("influence") && changed.size === 0 && !this.#offline) {
      // After the first picture, for the gradient of a long sequence takes the kernel a while.
      setTimeout(() => this.send({ kind: "influence" }), 50);
    }
    this.#refresh();
  }

  get #offline(): boolean {
    return this.context.model.get("_offline") === true;
  }

  #choices(): void {
    const option = (words: string, value: string): HTMLOptionElement => h("option", { value }, words);
    this.#layers.replaceChildren(...this.#all.map((layer) => option(`${layer.name} (${layer.kind}${layer.direction === "backward" ? ", backward" : ""})`, layer.name)));
    this.#layers.selectedIndex = this.#place;
  }

  // Drawing --------------------------------------------------------------------------------------------------------

  /** Draw everything anew. */
  #refresh(): void {
    const layer = this.#layer;
    const began = performance.now();
    this.#shared.width = Math.max(this.width - 8, 260);
    say(this.#title, this.store.text("title"));
    say(this.#verified, `✓ ${this.store.text("verified")}`);
    const windows = this.store.number("windows") ?? 1;
    const of = layer.shown < layer.total ? `showing ${layer.shown} of ${layer.total} units, evenly spaced by half-life` : `${layer.total} units`;
    say(this.#count, windows > 1 ? `${of} · means over ${windows} windows` : of);
    say(this.#words, this.store.text("words") || "What moved the output is being worked out …");
    const option = (value: string): HTMLOptionElement => h("option", { value }, value);
    this.#signals.replaceChildren(...layer.signals.map(option));
    this.#signals.value = this.#signal;
    this.#sorts.replaceChildren(...SORTS.filter((sort) => this.#possible(sort)).map(option));
    this.#sorts.value = this.#sort;
    this.#scrub.max = String(this.#steps - 1);
    this.#arrange();
    this.#ask();
    this.#draw();
    this.#drawBelow();
    this.#move(Math.min(this.#at, this.#steps - 1));
    this.root.dataset["layer"] = layer.name;
    this.root.dataset["signal"] = this.#signal;
    this.root.dataset["sort"] = this.#sort;
    this.root.dataset["painted"] = (performance.now() - began).toFixed(1);
  }

  /** Ask the kernel for what is shown and not here yet. */
  #ask(): void {
    if (this.#offline) return;
    const asked = (this.store.ui["asked"] ??= new Set()) as Set<string>;
    const want = (key: string, content: { kind: string; [name: string]: Json }): void => {
      if (this.store.has(key) || asked.has(key)) return;
      asked.add(key);
      this.send(content);
    };
    want(`${this.#place}:tile:${this.#signal}`, { kind: "tile", layer: this.#place, signal: this.#signal });
    for (const unit of this.#pinned) want(`${this.#place}:pin:${unit}`, { kind: "pin", layer: this.#place, unit });
  }

  #arrange(): void {
    const indices = Array.from(this.#units, (_, unit) => unit);
    const by = (values: ArrayLike<number>): number[] => indices.sort((a, b) => values[b]! - values[a]! || this.#units[a]! - this.#units[b]!);
    if (this.#sort === "half-life") this.#order = this.#byLife();
    else if (this.#sort === "cluster") this.#order = Array.from(this.#of("cluster"));
    else if (this.#sort === "influence") this.#order = by(this.#of("influence"));
    else if (this.#sort === "brush") this.#order = by(this.#contrast());
    else this.#order = indices.sort((a, b) => this.#units[a]! - this.#units[b]!);
    const codes = this.#of(`tile:${this.#signal}`);
    this.#picture = codes.length === 0 ? null : paint(codes, this.#steps, this.#order, colours(!this.#isGate, this.palette.dark));
  }

  get #isGate(): boolean {
    return this.#layer.gates.includes(this.#signal);
  }

  /** Turn a byte of a tile into the value it stands for; NaN where masked. */
  #value(code: number, signal = this.#signal): number {
    if (code === 255) return NaN;
    const share = code / 254;
    return this.#layer.gates.includes(signal) ? share : (2 * share - 1) * this.#layer.limits[signal]!;
  }

  /** How much higher each unit was inside the brushed steps than outside. */
  #contrast(): number[] {
    const codes = this.#of(`tile:${this.#signal}`);
    const [from, to] = this.#range ?? [0, -1];
    return Array.from(this.#units, (_, unit) => {
      const sums = [0, 0];
      const counts = [0, 0];
      for (let step = 0; step < this.#steps; step++) {
        const value = Math.abs(this.#value(codes[unit * this.#steps + step]!));
        if (Number.isNaN(value)) continue;
        const side = step >= from && step <= to ? 0 : 1;
        sums[side]! += value;
        counts[side]!++;
      }
      return sums[0]! / Math.max(counts[0]!, 1) - sums[1]! / Math.max(counts[1]!, 1);
    });
  }

  #draw(): void {
    this.#drawSeries();
    this.#drawMoved();
    this.#drawBands();
    this.#drawHeat();
    this.#drawDates();
    this.#drawPins();
  }

  #drawSeries(): void {
    const { store, palette } = this;
    const strip = this.#series;
    const values = store.table("series").data;
    const forecast = store.number("forecast");
    say(strip.head, `What it read: ${store.text("series_name")}${forecast === null ? "" : `; forecast ${number(forecast)}`}`);
    const ctx = strip.begin();
    strip.element.hidden = !this.#dated;
    strip.fit(forecast === null ? [values] : [values, [forecast]]);
    strip.axis();
    strip.clip(() => {
      strip.line({ values, colour: palette.text });
      if (forecast === null) return;
      ctx.fillStyle = palette.red;
      ctx.beginPath();
      ctx.arc(strip.x(values.length + 0.5), strip.y(forecast), 4.5, 0, 2 * Math.PI);
      ctx.fill();
    });
  }

  #drawMoved(): void {
    const { store, palette } = this;
    const strip = this.#moved;
    const rows = store.table("moved").data;
    strip.element.hidden = rows.length === 0 || !this.#dated;
    if (strip.element.hidden) return;
    const count = store.table("times").data.length;
    const [low, median, high, check] = [0, 1, 2, 3].map((row) => this.#slice("moved", row, count)) as [ArrayLike<number>, ArrayLike<number>, ArrayLike<number>, ArrayLike<number>];
    const unit = store.text("unit");
    say(strip.head, `What moved ${store.text("target")}${unit ? ` (${unit})` : ""}`);
    legend(this.#keys.moved, [
      { words: "did move it (against the mean)", colour: alpha(palette.blue, 0.75), kind: "box" },
      { words: "could move it (per standard deviation)", colour: palette.red },
    ]);
    strip.begin();
    strip.fit([high, check], true);
    strip.axis();
    strip.clip(() => {
      strip.bars(check, alpha(palette.blue, 0.75));
      strip.area({ low, high, colour: alpha(palette.red, 0.2) });
      strip.line({ values: median, colour: palette.red });
    });
  }

  /** Mean over the units and their middle half: the gates on one scale, the sizes of the states on another. */
  #drawBands(): void {
    const layer = this.#layer;
    const rest = layer.signals.filter((name) => !layer.gates.includes(name)).sort();
    const pairs: [Strip, string[], HTMLElement, string][] = [
      [this.#open, layer.gates, this.#keys.open, "Gates: mean over units, middle half"],
      [this.#sizes, rest, this.#keys.sizes, "Sizes: mean over units, middle half"],
    ];
    for (const [strip, names, keys, words] of pairs) {
      strip.element.hidden = names.length === 0;
      if (names.length === 0) continue;
      say(strip.head, words);
      const short = (name: string): string => (names === layer.gates ? name : `|${name}|`);
      legend(keys, names.map((name) => ({ words: short(name), colour: this.#colour(name) })));
      strip.begin();
      const rows = (name: string, row: number): ArrayLike<number> => this.#slice(`${this.#place}:band:${name}`, row, this.#steps);
      if (names === layer.gates) [strip.low, strip.high] = [0, 1];
      else strip.fit(names.flatMap((name) => [rows(name, 0), rows(name, 2)]), true);
      strip.axis();
      strip.clip(() => {
        for (const name of names) strip.area({ low: rows(name, 1), high: rows(name, 2), colour: alpha(this.#colour(name), 0.16) });
        for (const name of names) strip.line({ values: rows(name, 0), colour: this.#colour(name) });
        strip.hatch(this.#of("mask"));
      });
    }
  }

  #drawHeat(): void {
    const { palette } = this;
    const strip = this.#heat;
    const layer = this.#layer;
    const picture = this.#picture;
    // Few units need less room than many.
    strip.height = Math.min(Math.max(layer.shown * 7, 120), 300);
    const what = this.#isGate ? "" : this.#signal === "cell" ? " state" : this.#signal === "hidden" ? " state, what it says" : "";
    say(strip.head, `Every unit's ${this.#signal}${what}, by ${this.#sort === "brush" ? "what stood out in the brushed steps" : this.#sort}`);
    const limit = layer.limits[this.#signal]!;
    say(this.#scale, this.#isGate ? "0 dark to 1 bright" : `−${number(limit, 3)} blue to +${number(limit, 3)} red`);
    const ctx = strip.begin();
    strip.clip(() => {
      strip.hatch(this.#of("mask"));
      ctx.imageSmoothingEnabled = false;
      const left = strip.x(0);
      if (picture) ctx.drawImage(picture, left, 0, strip.x(this.#steps) - left, strip.height);
    });
    ctx.fillStyle = palette.muted;
    ctx.textAlign = "right";
    ctx.textBaseline = "middle";
    if (!picture) ctx.fillText("loading …", LEFT + 70, strip.height / 2);
    const rows = this.#order.length;
    const every = Math.max(1, Math.ceil(rows / Math.floor(strip.height / 14)));
    for (let row = 0; row < rows; row += every) {
      const unit = this.#order[row]!;
      const text = this.#sort === "half-life" ? `${this.#units[unit]}: ${this.#life(unit)}` : `unit ${this.#units[unit]}`;
      ctx.fillText(text, LEFT - 6, Math.max(((row + 0.5) / rows) * strip.height, 6));
    }
    this.#pinned.forEach((number, at) => {
      const row = this.#order.findIndex((unit) => this.#units[unit] === number);
      if (row < 0) return;
      ctx.strokeStyle = this.#pinColour(at);
      ctx.lineWidth = 2;
      ctx.strokeRect(LEFT + 1, (row / rows) * strip.height, this.#shared.width - LEFT - RIGHT - 2, Math.max(strip.height / rows, 3));
    });
  }

  #drawDates(): void {
    const { palette } = this;
    const strip = this.#dates;
    const span = this.#span;
    const ctx = strip.begin();
    ctx.fillStyle = palette.muted;
    ctx.textBaseline = "top";
    const count = Math.max(2, Math.floor(this.#shared.width / 150));
    for (let at = 0; at < count; at++) {
      const step = Math.min(Math.round(span.low + ((span.high - span.low - 1) * at) / (count - 1)), this.#steps - 1);
      ctx.textAlign = at === 0 ? "left" : at === count - 1 ? "right" : "center";
      ctx.fillText(this.#when(Math.max(step, 0)), strip.x(Math.max(step, 0) + 0.5), 3);
    }
  }

  #when(step: number): string {
    const at = this.store.table("times").data[step];
    if (!this.#dated || at === undefined) return `step ${step}`;
    return this.store.flag("is_time") ? time(at, true, this.store.number("step") ?? 1) : `step ${at}`;
  }

  /** A row of a pinned unit: exact where it has arrived, else as exact as the heat map is. */
  #exact(unit: number, name: string): ArrayLike<number> {
    const layer = this.#layer;
    const steps = this.#steps;
    const key = `${this.#place}:pin:${unit}`;
    const row = name === "kept" ? layer.signals.length : name === "written" ? layer.signals.length + 1 : layer.signals.indexOf(name);
    if (this.store.has(key)) return this.#slice(key, row, steps);
    const at = Array.from(this.#units).indexOf(unit);
    const codes = this.#of(`tile:${name}`);
    return codes.length === 0 ? [] : Array.from({ length: steps }, (_, step) => this.#value(codes[at * steps + step]!, name));
  }

  #drawPins(): void {
    const { palette } = this;
    const states = this.#states;
    const parts = this.#parts;
    const layer = this.#layer;
    const pinned = this.#pinned;
    const lstm = layer.kind === "lstm";
    say(states.head, lstm ? "What it remembers (cell, line) and what it says (hidden, dashed)" : "One state: what it remembers is what it says");
    legend(this.#keys.states, pinned.map((unit, at): Entry => ({ words: `unit ${unit}`, colour: this.#pinColour(at) })));
    const curves = pinned.map((unit) => ({ state: this.#exact(unit, lstm ? "cell" : "hidden"), said: lstm ? this.#exact(unit, "hidden") : [] }));
    states.begin();
    states.fit(curves.flatMap(({ state, said }) => [state, said]), true);
    states.axis();
    states.clip(() => {
      curves.forEach(({ state, said }, at) => {
        states.line({ values: state, colour: this.#pinColour(at), width: 2 });
        states.line({ values: said, colour: this.#pinColour(at), dash: [4, 3] });
      });
      states.hatch(this.#of("mask"));
    });
    const last = pinned.at(-1);
    parts.element.hidden = last === undefined || !layer.lives;
    if (last !== undefined && layer.lives) {
      const [kept, written] = [this.#exact(last, "kept"), this.#exact(last, "written")];
      const formula = lstm ? "c = f·c₋₁ + i·g" : "h = z·h₋₁ + (1 − z)·g";
      say(parts.head, `Unit ${last}: ${formula}`);
      legend(this.#keys.parts, [
        { words: lstm ? "kept, f·c₋₁" : "kept, z·h₋₁", colour: alpha(palette.blue, 0.6), kind: "box" },
        { words: lstm ? "written, i·g" : "written, (1 − z)·g", colour: alpha(palette.orange, 0.9), kind: "box" },
        { words: "their sum", colour: palette.text },
      ]);
      parts.begin();
      const sum = Array.from(kept, (value, step) => value + written[step]!);
      parts.fit([kept, written, sum], true);
      parts.axis();
      parts.clip(() => {
        parts.bars(kept, alpha(palette.blue, 0.6));
        parts.bars(written, alpha(palette.orange, 0.9), kept);
        parts.line({ values: sum, colour: palette.text });
        parts.hatch(this.#of("mask"));
      });
    }
    this.#pins.replaceChildren(
      h("span", { class: "muted" }, pinned.length ? "pinned:" : "click a unit in the heat map to pin it"),
      ...pinned.map((unit, at) => {
        const chip = button(`${unit} ✕`, () => this.#pin(unit), { "aria-label": `Unpin unit ${unit}` });
        chip.style.borderColor = this.#pinColour(at);
        return chip;
      }),
    );
    this.root.dataset["pins"] = pinned.join(",");
  }

  // Below ----------------------------------------------------------------------------------------------------------

  #sheet(canvas: HTMLCanvasElement): [CanvasRenderingContext2D, number, number] {
    const width = Math.max(canvas.parentElement!.clientWidth, 160);
    const height = 150;
    const ratio = devicePixelRatio || 1;
    canvas.width = width * ratio;
    canvas.height = height * ratio;
    canvas.style.width = `${width}px`;
    canvas.style.height = `${height}px`;
    const ctx = canvas.getContext("2d")!;
    ctx.scale(ratio, ratio);
    ctx.font = "11px system-ui, sans-serif";
    ctx.fillStyle = this.palette.muted;
    ctx.strokeStyle = this.palette.grid;
    return [ctx, width, height];
  }

  #drawBelow(): void {
    this.#drawScatter();
    this.#drawLives();
    this.#drawFeatures();
  }

  #dot(gate: string, unit: number, width: number, height: number): [number, number] {
    const pair = this.#of(`saturation:${gate}`);
    const count = this.#units.length;
    return [34 + pair[unit]! * (width - 50), height - 26 - pair[count + unit]! * (height - 40)];
  }

  #drawScatter(): void {
    const layer = this.#layer;
    this.#scatter.parentElement!.hidden = layer.gates.length === 0;
    if (layer.gates.length === 0) return;
    const [ctx, width, height] = this.#sheet(this.#scatter);
    ctx.strokeRect(34, 14, width - 50, height - 40);
    ctx.textAlign = "center";
    ctx.fillText("share of time shut (< 0.1)", 34 + (width - 50) / 2, height - 2);
    for (const [share, words] of [[0, "0"], [1, "1"]] as [number, string][]) {
      ctx.fillText(words, 34 + share * (width - 50), height - 13);
      ctx.fillText(words, 26, height - 22 - share * (height - 40));
    }
    ctx.save();
    ctx.rotate(-Math.PI / 2);
    ctx.fillText("open (> 0.9)", -height / 2 + 6, 11);
    ctx.restore();
    for (const gate of layer.gates) {
      ctx.fillStyle = alpha(this.#colour(gate), 0.7);
      for (let unit = 0; unit < this.#units.length; unit++) {
        const [x, y] = this.#dot(gate, unit, width, height);
        ctx.beginPath();
        ctx.arc(x, y, 3, 0, 2 * Math.PI);
        ctx.fill();
      }
    }
    this.#scatter.setAttribute("aria-label", `Saturation of ${layer.gates.join(", ")} for ${this.#units.length} units`);
    legend(this.#keys.gates, layer.gates.map((gate): Entry => ({ words: gate, colour: this.#colour(gate), kind: "dot" })));
  }

  #clickScatter(event: MouseEvent): void {
    const { width, height } = this.#scatter.getBoundingClientRect();
    let best = 12;
    let found = -1;
    for (const gate of this.#layer.gates) {
      for (let unit = 0; unit < this.#units.length; unit++) {
        const [x, y] = this.#dot(gate, unit, width, height);
        const far = Math.hypot(x - event.offsetX, y - event.offsetY);
        if (far < best) [best, found] = [far, unit];
      }
    }
    if (found >= 0) this.#pin(this.#units[found]!);
  }

  #drawLives(): void {
    const { palette } = this;
    const layer = this.#layer;
    this.#lives.parentElement!.hidden = !layer.lives;
    if (!layer.lives) return;
    const lives = Array.from(this.#of("half_life"));
    const [ctx, width, height] = this.#sheet(this.#lives);
    const top = Math.log(layer.window);
    const bottom = Math.min(Math.log(0.5), Math.log(Math.max(Math.min(...lives), 1e-2)));
    const bins = new Array<number>(20).fill(0);
    for (const life of lives) bins[Math.min(19, Math.max(0, Math.floor(((Math.log(Math.max(life, 1e-2)) - bottom) / (top - bottom || 1)) * 20)))]!++;
    const most = Math.max(...bins);
    const wide = (width - 44) / 20;
    bins.forEach((count, at) => {
      ctx.fillStyle = at === 19 ? palette.orange : palette.blue;
      const tall = (count / most) * (height - 46);
      ctx.fillRect(32 + at * wide, height - 28 - tall, wide - 1, tall);
    });
    ctx.fillStyle = palette.muted;
    ctx.textAlign = "center";
    ctx.fillText(String(most), 20, 24);
    for (const mark of [0.1, 1, 10, 100, 1000]) {
      const share = (Math.log(mark) - bottom) / (top - bottom || 1);
      if (share >= 0 && share < 0.93) ctx.fillText(String(mark), 32 + share * (width - 44), height - 16);
    }
    ctx.fillText(`> ${layer.window}`, width - 18, height - 16);
    ctx.fillText("half-life in steps", 32 + (width - 44) / 2, height - 3);
    const beyond = lives.filter((life) => life >= layer.window).length;
    this.#lives.setAttribute("aria-label", `Half-lives of ${lives.length} units; ${beyond} outlast the window of ${layer.window} steps`);
  }

  #drawFeatures(): void {
    const names = (this.store.values["features"] ?? []) as string[];
    const data = this.store.table("moved_features").data;
    this.#features.parentElement!.hidden = data.length === 0;
    if (data.length === 0) return;
    const count = names.length;
    const [low, median, high, check] = [0, 1, 2, 3].map((row) => this.#slice("moved_features", row, count)) as [ArrayLike<number>, ArrayLike<number>, ArrayLike<number>, ArrayLike<number>];
    const most = Math.max(...Array.from(high), 1e-30);
    const unit = this.store.text("unit");
    const several = (this.store.number("windows") ?? 1) > 1;
    const rows = names.map((name, at) => ({ name, at })).sort((a, b) => median[b.at]! - median[a.at]!).slice(0, 8);
    const head = h("thead", {}, h("tr", {}, h("td"), h("th", { scope: "col", title: "gradient, L2 over the steps" }, "could move it"), h("th", { scope: "col", title: "against its mean over the window" }, "did move it")));
    const lines = rows.map(({ name, at }) => {
      const bar = h("span", { class: "bar", "aria-hidden": "true" });
      bar.style.width = `${Math.max((100 * median[at]!) / most, 0.5)}%`;
      const could = `${number(median[at], 2)}${several ? ` (${number(low[at], 2)} to ${number(high[at], 2)})` : ""}`;
      const did = `${check[at]! > 0 ? "+" : ""}${number(check[at], 2)}`;
      return h("tr", {}, h("th", { scope: "row" }, name, bar), h("td", {}, could), h("td", {}, did));
    });
    const caption = h("caption", { class: "muted" }, `${unit ? `${unit}; ` : ""}could: per standard deviation, L2 over the steps; did: against its mean`);
    this.#features.replaceChildren(h("table", {}, caption, head, h("tbody", {}, ...lines)));
  }

  // Moving ---------------------------------------------------------------------------------------------------------

  /** Show every step again. */
  #show(): void {
    if (!this.#all.length) return;
    this.#span.low = 0;
    this.#span.high = this.#steps + (this.#dated && this.store.number("forecast") !== null ? 1 : 0);
    this.#at = Math.min(this.#at || this.#steps - 1, this.#steps - 1);
    if (this.#order.length) this.#refresh();
  }

  #zoom(factor: number, around: number): void {
    const span = this.#span;
    const whole = this.#steps + (this.store.number("forecast") === null ? 0 : 1);
    const wide = Math.min(Math.max((span.high - span.low) * factor, 6), whole);
    const share = (around - span.low) / (span.high - span.low);
    span.low = Math.min(Math.max(around - share * wide, 0), whole - wide);
    span.high = span.low + wide;
    this.#draw();
    this.#move(this.#at);
  }

  #wheel(event: WheelEvent): void {
    event.preventDefault();
    this.#zoom(event.deltaY > 0 ? 1.25 : 0.8, this.#stepAt(event));
  }

  #stepAt(event: { clientX: number }): number {
    const box = this.#heat.canvas.getBoundingClientRect();
    const share = (event.clientX - box.left - LEFT) / (this.#shared.width - LEFT - RIGHT);
    const step = Math.floor(this.#span.low + share * (this.#span.high - this.#span.low));
    return Math.max(0, Math.min(this.#steps - 1, step));
  }

  #point(event: PointerEvent): void {
    const box = this.#heat.canvas.getBoundingClientRect();
    const inside = event.clientY >= box.top && event.clientY < box.bottom;
    this.#over(inside ? Math.floor(((event.clientY - box.top) / box.height) * this.#order.length) : null);
    const step = this.#stepAt(event);
    if (this.#drag) {
      this.#drag.to = step;
      this.#placeBrush(this.#drag.from, step);
    }
    this.#move(step);
  }

  #over(row: number | null): void {
    this.#unitRow = row;
    this.#row.hidden = row === null;
    if (row === null) return this.#read();
    const tall = this.#heat.height / this.#order.length;
    this.#row.style.top = `${this.#heat.canvas.offsetTop + row * tall}px`;
    this.#row.style.height = `${Math.max(tall, 2)}px`;
  }

  /** Move the cursor: nothing is drawn for it, so that it follows at any frame rate. */
  #move(step: number): void {
    this.#at = step;
    const x = this.#heat.x(step + 0.5);
    this.#cursor.hidden = x < LEFT || x > this.#shared.width - RIGHT;
    this.#cursor.style.transform = `translateX(${x}px)`;
    if (this.#scrub.valueAsNumber !== step) this.#scrub.value = String(step);
    this.#scrub.setAttribute("aria-valuetext", this.#when(step));
    this.root.dataset["step"] = String(step);
    this.#placeBrush(...(this.#range ?? [0, -1]));
    this.#read();
  }

  #placeBrush(from: number, to: number): void {
    const [low, high] = [Math.min(from, to), Math.max(from, to)];
    this.#brushed.hidden = to < 0;
    const left = Math.max(this.#heat.x(low), LEFT);
    this.#brushed.style.left = `${left}px`;
    this.#brushed.style.width = `${Math.max(Math.min(this.#heat.x(high + 1), this.#shared.width - RIGHT) - left, 0)}px`;
    this.#brushed.style.top = `${this.#heat.canvas.offsetTop}px`;
    this.#brushed.style.height = `${this.#heat.height}px`;
  }

  #dropped(): void {
    const drag = this.#drag;
    this.#drag = null;
    if (!drag) return;
    if (drag.from === drag.to) {
      if (this.#unitRow !== null) this.#pin(this.#units[this.#order[this.#unitRow]!]!);
      return;
    }
    this.store.ui["range"] = [Math.min(drag.from, drag.to), Math.max(drag.from, drag.to)];
    this.store.ui["sort"] = "brush";
    this.#refresh();
    const [from, to] = this.#range!;
    const contrast = this.#contrast();
    const best = this.#order.slice(0, 5).map((unit) => `${this.#units[unit]} (${contrast[unit]! > 0 ? "+" : ""}${number(contrast[unit], 2)})`);
    say(this.#answer, `On from ${this.#when(from)} to ${this.#when(to)} and off outside, by mean |${this.#signal}| inside less outside: ${best.join(", ")}. Double-click takes the brush away.`);
    this.root.dataset["brush"] = `${from}-${to}`;
  }

  #pin(unit: number): void {
    const pins = (this.store.ui["pins"] ??= {}) as Record<number, number[]>;
    const now = this.#pinned;
    pins[this.#place] = now.includes(unit) ? now.filter((other) => other !== unit) : [...now, unit].slice(-PINS);
    this.#ask();
    this.#drawHeat();
    this.#drawPins();
    this.#move(this.#at);
  }

  /** Read out the step under the cursor, and the unit. */
  #read(): void {
    const layer = this.#layer;
    const step = this.#at;
    const parts = [this.#when(step)];
    const value = this.store.table("series").data[step];
    if (this.#dated && value !== undefined) parts.push(`${this.store.text("series_name")} ${number(value)}`);
    if (this.#of("mask")[step] === 0) parts.push("masked");
    else for (const gate of layer.gates) parts.push(`${gate} ${number(this.#slice(`${this.#place}:band:${gate}`, 0, this.#steps)[step], 2)}`);
    const rowUnit = this.#unitRow === null ? undefined : this.#order[this.#unitRow];
    const codes = this.#of(`tile:${this.#signal}`);
    if (rowUnit !== undefined && codes.length) {
      const life = layer.lives ? `, half-life ${this.#life(rowUnit)}` : "";
      parts.push(`unit ${this.#units[rowUnit]}: ${this.#signal} ${number(this.#value(codes[rowUnit * this.#steps + step]!), 3)}${life}`);
      if (this.store.has(`${this.#place}:influence`)) parts.push(`influence ${number(this.#of("influence")[rowUnit], 2)}`);
    }
    const last = this.#pinned.at(-1);
    if (last !== undefined) {
      const values = layer.signals.map((name) => `${name} ${number(this.#exact(last, name)[step], 3)}`);
      parts.push(`pinned ${last}: ${values.join(", ")}`);
      if (layer.lives) parts.push(`kept ${number(this.#exact(last, "kept")[step], 3)} + written ${number(this.#exact(last, "written")[step], 3)}`);
    }
    say(this.readout, parts.join(" · "));
  }

  #key(event: KeyboardEvent): void {
    const by = event.shiftKey ? 10 : 1;
    const row = this.#unitRow ?? -1;
    const moves: Record<string, () => void> = {
      ArrowLeft: () => this.#move(Math.max(this.#at - by, 0)),
      ArrowRight: () => this.#move(Math.min(this.#at + by, this.#steps - 1)),
      Home: () => this.#move(0),
      End: () => this.#move(this.#steps - 1),
      ArrowUp: () => (this.#over(Math.max(row - 1, 0)), this.#read()),
      ArrowDown: () => (this.#over(Math.min(row + 1, this.#order.length - 1)), this.#read()),
      Enter: () => row >= 0 && this.#pin(this.#units[this.#order[row]!]!),
      "+": () => this.#zoom(0.5, this.#at),
      "-": () => this.#zoom(2, this.#at),
      "0": () => this.#show(),
    };
    const move = moves[event.key];
    if (!move || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    event.stopPropagation();
    move();
  }

  protected override resize(): void {
    this.#refresh();
  }

  protected override recolour(): void {
    this.#refresh();
  }
}

