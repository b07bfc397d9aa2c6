/** The Stop control: a button once a click is known to arrive, words where it cannot and the page has another way. */
import { button, h, say } from "./dom";
import type { Store, Wire } from "./wire";

export class Stop {
  readonly element = h("span", { class: "stopping" });
  readonly #button = button("Stop", () => this.#press(), { class: "stop", hidden: true });
  readonly #hint = h("span", { class: "muted", hidden: true });
  #pressed = false;

  constructor(
    private readonly store: Store,
    private readonly send: (content: Parameters<Wire["send"]>[0]) => void,
    kept: string,
  ) {
    say(this.#hint, `To stop, interrupt the kernel (■); ${kept}.`);
    this.element.append(this.#hint, this.#button);
  }

  update(): void {
    const live = this.store.flag("live") && !this.#inBoard();
    if (!live) this.#pressed = false;
    const works = live && this.store.flag("stop");
    this.#button.hidden = !works;
    this.#button.disabled = this.#pressed;
    say(this.#button, this.#pressed ? "Stopping …" : "Stop");
    // The first words of a cell would flicker: a hello needs a moment to prove that a click arrives.
    const early = performance.now() - this.#born < 2500;
    this.#hint.hidden = !live || works || early || this.store.values["interrupt"] === false;
    if (live && !works && early) setTimeout(() => this.update(), 2600);
  }

  readonly #born = performance.now();

  /** A dashboard has a Stop of its own beside the view. */
  #inBoard(): boolean {
    const root = this.element.getRootNode();
    return root instanceof ShadowRoot && root.host.closest(".lstm-board") !== null;
  }

  #press(): void {
    this.#pressed = true;
    this.send({ kind: "stop" });
    this.update();
  }
}
