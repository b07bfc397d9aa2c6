/**
 * A recurrent cell as textbooks draw it, played step by step: the numbers of one unit flow through its gates, the belt
 * carries its memory, and the equations fill in.
 */
import { View } from "../base";
import { button, choices, h, on, say } from "../dom";
import { pressed } from "../keys";
import { Link } from "../link";
import { calm } from "../theme";
import { Courses } from "./courses";
import { CellDrawing } from "./drawing";
import { Player, SPEEDS } from "./play";
import { WhatIf } from "./whatif";
import { Window } from "./window";
import { Words } from "./words";

const HELP = "Space plays and pauses, left and right move through the steps, Home and End go to the first and the last, up and down choose the unit, plus and minus change the first input.";

export class CellView extends View {
  readonly #window = new Window(this.store, () => this.palette);
  readonly #title = h("p", { class: "title" });
  readonly #verified = h("span", { class: "verified" });
  readonly #plane = h("div", { class: "plane" });
  readonly #side = h("div", { class: "side" });
  readonly #cell = h("div", { class: "cell-main", tabindex: 0, role: "application", "aria-roledescription": "recurrent cell", "aria-label": HELP }, this.#plane, this.#side);
  readonly #play = button("▶ Play", () => this.#toggle(), { class: "play" });
  readonly #layers = h("select", { "aria-label": "Layer" });
  readonly #units = h("select", { "aria-label": "Unit" });
  readonly #speeds = h("select", { "aria-label": "Speed" });
  readonly #scrub = h("input", { type: "range", min: 0, step: 1, "aria-label": "Step" });
  readonly #when = h("output");
  readonly #note = h("p", { class: "note", role: "status" });
  readonly #whatIf = new WhatIf(this.#window, () => this.#changed());
  readonly #courses = new Courses(this.#window, (step) => this.#go(step), (step, value) => this.#edit(step, value));
  readonly #player = new Player({
    next: () => this.#next(),
    show: (moment) => this.#pose(moment),
    changed: () => this.#playing(),
  });
  readonly #link = new Link(this.store, this.context.signal, (place) => {
    Object.assign(this.store.ui, { layer: place.layer, step: place.step }, place.unit === null ? {} : { unit: place.unit });
    this.#player.stop();
    this.#refresh();
  });
  #drawing: CellDrawing | null = null;
  #words: Words | null = null;

  protected override build(): void {
    this.root.classList.add("cell");
    this.readout.hidden = true;
    this.facts.append(this.#title, this.#verified);
    const pick = (words: string, select: HTMLSelectElement, change: () => void): HTMLElement => {
      on(select, "change", change);
      return h("label", { class: "control" }, words, select);
    };
    const choose = (name: string, select: HTMLSelectElement) => (): void => this.#choose({ [name]: Number(select.value) });
    const step = (by: number, words: string, sign: string): HTMLElement => button(sign, () => this.#step(by), { "aria-label": words, title: words });
    choices(this.#speeds, Object.keys(SPEEDS), String(this.store.ui["speed"] ?? "normal"));
    this.body.append(
      h("div", { class: "controls" },
        this.#play, step(-1, "Step back", "◀"), step(1, "Step forward", "▶|"),
        pick("speed", this.#speeds, () => this.#speed()),
        pick("layer", this.#layers, choose("layer", this.#layers)),
        pick("unit", this.#units, choose("unit", this.#units))),
      this.#cell,
      this.#note,
      this.#whatIf.element,
      this.#courses.element,
      h("label", { class: "controls" }, "step", h("span", { class: "control step" }, this.#scrub, this.#when)),
    );
    on(this.#scrub, "input", () => this.#go(this.#scrub.valueAsNumber));
    on(this.#cell, "keydown", (event) => this.#key(event));
    this.#speed();
    this.#playing();
  }

  #key(event: KeyboardEvent): void {
    const { layer, picked } = this.#window;
    const unit = (by: number): void => this.#choose({ unit: Math.min(Math.max(picked + by, 0), layer.units - 1) });
    pressed(event, {
      " ": () => this.#toggle(),
      ArrowRight: () => this.#step(event.shiftKey ? 10 : 1),
      ArrowLeft: () => this.#step(event.shiftKey ? -10 : -1),
      ArrowDown: () => unit(1),
      ArrowUp: () => unit(-1),
      "+": () => this.#nudge(0.1),
      "-": () => this.#nudge(-0.1),
      Home: () => this.#go(0),
      End: () => this.#go(Infinity),
    });
  }

  /** Change the first input at the step. */
  #nudge(by: number): void {
    const { changes, step } = this.#window;
    if (changes.possible || changes.asks) this.#edit(step, changes.input(true)[step]! + by);
  }

  #edit(step: number, value: number): void {
    const { changes } = this.#window;
    changes.set({ edits: { ...changes.change.edits, [step]: value } });
    this.#changed();
  }

  /** Show what follows from a change, where the step is. */
  #changed(): void {
    this.#player.stop();
    this.#refresh();
  }

  #speed(): void {
    this.store.ui["speed"] = this.#speeds.value;
    this.#player.seconds = SPEEDS[this.#speeds.value] ?? SPEEDS["normal"]!;
  }

  /** Who asked for less motion steps by hand. */
  #toggle(): void {
    if (this.#player.playing) return this.#player.stop();
    if (calm()) return this.#step(1);
    if (this.#window.step === this.#window.layer.steps - 1) this.#at(0);
    this.#player.play();
  }

  #playing(): void {
    const { playing } = this.#player;
    say(this.#play, playing ? "❚❚ Pause" : calm() ? "Next step" : "▶ Play");
    this.root.dataset["playing"] = String(playing);
    // A screen reader follows whoever steps, and not the play.
    this.#side.setAttribute("aria-live", playing ? "off" : "polite");
  }

  #next(): boolean {
    const { step, layer } = this.#window;
    if (step === layer.steps - 1) return false;
    this.#at(step + 1);
    return true;
  }

  #step(by: number): void {
    const { step } = this.#window;
    if (by !== 1 || calm()) return this.#go(step + by);
    if (this.#next()) this.#player.once();
  }

  /** Show a step with all its numbers. */
  #go(step: number): void {
    this.#at(Math.min(Math.max(step, 0), this.#window.layer.steps - 1));
    this.#player.stop();
  }

  #at(step: number): void {
    this.store.ui["step"] = step;
    this.#stepped();
  }

  #choose(chosen: Record<string, number>): void {
    Object.assign(this.store.ui, chosen);
    if (chosen["layer"] !== undefined) this.store.ui["unit"] = 0;
    this.#player.stop();
    this.#refresh();
  }

  protected override update(): void {
    if (this.#window.layers.length) this.#refresh();
  }

  /** Draw another unit, or the same in another width or colour. */
  #refresh(): void {
    const window = this.#window;
    const { layer, drawing, picked } = window;
    window.unit = this.unit;
    window.width = Math.max((this.width - 8) / this.unit, 260);
    this.#offer();
    say(this.#title, `Unit ${picked} of ${layer.name}`);
    say(this.#verified, `✓ ${this.store.text("verified")}`);
    const there = window.has(picked);
    this.#ask(there);
    this.#cell.hidden = this.#courses.element.hidden = !there;
    if (!there) return;
    this.#drawing = new CellDrawing(drawing, layer.activation, window.largest, layer.reads);
    this.#words = new Words(drawing, layer.activation);
    this.#plane.replaceChildren(this.#drawing.element);
    this.#side.replaceChildren(this.#words.element);
    this.#scrub.max = String(layer.steps - 1);
    this.#whatIf.draw();
    this.#courses.draw();
    this.#stepped();
    this.#pose(this.#player.moment);
  }

  /** Offer the layers, and the units: without a kernel those that are here. */
  #offer(): void {
    const { layers, layer, place, picked } = this.#window;
    choices(this.#layers, layers.map((_, at) => String(at)), String(place), layers.map(({ name }) => name));
    const units = Array.from({ length: layer.units }, (_, unit) => unit).filter((unit) => this.store.live || this.#window.has(unit) || unit === picked);
    const lives = units.map((unit) => (layer.lives[unit] ? `${unit} · half-life ${layer.lives[unit]}` : String(unit)));
    choices(this.#units, units.map(String), String(picked), lives);
  }

  #ask(there: boolean): void {
    const { place, picked, layer } = this.#window;
    const missing = this.store.live ? `Unit ${picked} is on its way …` : `Unit ${picked} of ${layer.name} is not kept in this file; run the cell again to see it.`;
    say(this.#note, there ? "" : missing);
    if (!there && this.store.live) this.send({ kind: "unit", layer: place, unit: picked });
    this.#askChange();
  }

  /** Let the kernel compute a change, one at a time however fast a hand moves. */
  #askChange(): void {
    const { place, picked, changes } = this.#window;
    const { ui } = this.store;
    if (ui["asking"] === this.store.text("changed")) ui["asking"] = null;
    const change = changes.wanted ?? (changes.answered && !this.store.has(`now:${place}:unit:${picked}`) ? JSON.stringify(changes.change) : null);
    const key = `${change} ${place} ${picked}`;
    if (change === null || ui["asking"] || ui["asked"] === key) return;
    ui["asked"] = key;
    ui["asking"] = change === this.store.text("changed") ? null : change;
    this.send({ kind: "what_if", change, layer: place, unit: picked });
  }

  /** Show where the step is, and tell other views of this window. */
  #stepped(): void {
    const { step, place, picked } = this.#window;
    if (!this.#drawing) return;
    this.#scrub.value = String(step);
    say(this.#when, this.#window.when(step));
    this.#scrub.setAttribute("aria-valuetext", this.#window.when(step));
    this.#courses.move();
    this.#whatIf.draw();
    this.root.dataset["output"] = String(this.#window.changes.output ?? "");
    Object.assign(this.root.dataset, { step: String(step), unit: String(picked), layer: String(place) });
    this.#link.say({ layer: place, unit: picked, step });
  }

  #pose(moment: number): void {
    const { values, masked } = this.#window;
    this.#drawing?.pose(values, masked ? 0 : moment);
    this.#words?.fill(values, moment, masked);
  }

  protected override resize(): void {
    this.update();
  }

  protected override recolour(): void {
    this.update();
  }

  protected override still(): void {
    this.#player.stop();
  }

  protected override destroy(): void {
    this.#player.stop();
  }
}
