/** Views of one window of one network show the same layer, unit and step: what one says the others follow, without a kernel. */
import type { Store } from "./wire";

export interface Place {
  layer: number;
  /** None where no unit is chosen. */
  unit: number | null;
  step: number;
}

const TYPE = "lstm-lab-place";

export class Link {
  /** What was said or heard last; nothing is said twice, nor what a view opens with. */
  #last = "";
  #hearing = false;

  constructor(
    private readonly store: Store,
    signal: AbortSignal,
    follow: (place: Place) => void,
  ) {
    const hear = (event: Event): void => {
      const { name, from, place } = (event as CustomEvent<{ name: string; from: Link; place: Place }>).detail;
      if (from === this || name === "" || name !== store.text("link")) return;
      this.#hearing = true;
      follow(place);
      this.#hearing = false;
    };
    document.addEventListener(TYPE, hear, { signal });
  }

  /** Tell the other views of this window where this one is. */
  say(place: Place): void {
    const state = JSON.stringify(place);
    const news = this.#last !== "" && this.#last !== state && !this.#hearing;
    this.#last = state;
    if (!news) return;
    document.dispatchEvent(new CustomEvent(TYPE, { detail: { name: this.store.text("link"), from: this, place } }));
  }
}
