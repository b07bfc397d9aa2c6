/** As much of a page as drawing needs: elements that hold what they were given, canvases that write down what is drawn. */

export interface Call {
  name: string;
  args: number[];
  style: unknown;
}

/** Writes down every call with the colour that was set. */
function context(calls: Call[]): unknown {
  const set: Record<string, unknown> = {};
  return new Proxy(set, {
    get: (_, name: string) => {
      if (name === "measureText") return (text: string) => ({ width: 6 * text.length });
      if (name in set) return set[name];
      return (...args: number[]) => calls.push({ name, args, style: name.startsWith("fill") ? set["fillStyle"] : set["strokeStyle"] });
    },
    set: (_, name: string, value) => {
      set[name] = value;
      return true;
    },
  });
}

export class FakeElement {
  readonly children: (FakeElement | string)[] = [];
  readonly attributes: Record<string, string> = {};
  readonly dataset: Record<string, string> = {};
  readonly style: Record<string, string> = {};
  readonly calls: Call[] = [];
  readonly #listeners = new Map<string, ((event: unknown) => void)[]>();
  readonly #context = context(this.calls);
  readonly classList = { add: (): void => {}, toggle: (): void => {} };
  hidden = false;
  value = "";
  clientWidth = 300;
  offsetTop = 0;
  width = 0;
  height = 0;
  parentElement: FakeElement | null = null;

  constructor(readonly tag: string) {}

  setAttribute(name: string, value: string): void {
    this.attributes[name] = value;
    if (name === "value") this.value = value;
  }

  append(...children: (FakeElement | string)[]): void {
    for (const child of children) if (child instanceof FakeElement) child.parentElement = this;
    this.children.push(...children);
  }

  replaceChildren(...children: (FakeElement | string)[]): void {
    this.children.length = 0;
    this.append(...children);
  }

  replaceWith(): void {}

  addEventListener(type: string, hear: (event: unknown) => void): void {
    this.#listeners.set(type, [...(this.#listeners.get(type) ?? []), hear]);
  }

  dispatch(type: string, event: object): void {
    for (const hear of this.#listeners.get(type) ?? []) hear(event);
  }

  querySelectorAll(selector: string): FakeElement[] {
    const inside = this.children.flatMap((child) => (typeof child === "string" ? [] : [child, ...child.querySelectorAll("*")]));
    return selector === "*" ? inside : inside.filter((child) => `.${child.attributes["class"]}` === selector);
  }

  get textContent(): string {
    return this.children.map((child) => (typeof child === "string" ? child : child.textContent)).join("");
  }

  set textContent(text: string) {
    this.replaceChildren(...(text === "" ? [] : [text]));
  }

  getContext(): unknown {
    return this.#context;
  }

  getBoundingClientRect(): { left: number; top: number; bottom: number; height: number } {
    return { left: 0, top: 0, bottom: this.height, height: this.height };
  }
}

/** Put the page where the code looks for it; what is made there is a `FakeElement`. */
export function openPage(): void {
  Object.assign(globalThis, {
    document: {
      createElement: (tag: string) => new FakeElement(tag),
      createElementNS: (_: string, tag: string) => new FakeElement(tag),
    },
    devicePixelRatio: 1,
  });
}

/** Look at an element as what it is here. */
export function fake(element: HTMLElement): FakeElement {
  return element as unknown as FakeElement;
}
