/**
 * The part that JupyterLab and Notebook 7 load at their start: a renderer for what an output keeps of a view.
 *
 * It goes before the widget's own, so that the view stands in the output whether there is a kernel or not: where
 * anywidget has the model, now or later, the kernel and the view share a wire (wire.ts). The module of a view is fetched
 * when the first such view is shown. Written by hand as the module-federation container that JupyterLab asks
 * for, which is an object with `init` and `get`: no bundler of JupyterLab's own is needed to build it.
 */
import { build, views } from "./build";
import { type Kernel, lineTo } from "./line";
import type { Lab } from "./lab";
import type { Wire } from "./wire";
import darkPictures from "../../../plots/picture.css";

const MIME = "application/vnd.lstm-lab.view.v1+json";
const WIDGET = "application/vnd.jupyter.widget-view+json";
const RANK = -20; // the widget's own renderer has -10, and the lowest is asked first

// JupyterLab removes the style sheet of an output that nobody trusts, and the class of its pictures stays.

/** Milliseconds in which a widget of a living kernel is there, so that nothing else need be shown before it. */
const GLIMPSE = 400;

type Bundle = Record<string, unknown>;

interface Signal<T> {
  connect(slot: (sender: unknown, value: T) => void): void;
  disconnect(slot: (sender: unknown, value: T) => void): void;
}

interface Output {
  data: Bundle;
  metadata: Bundle;
  trusted: boolean;
  setData(options: { data?: Bundle; metadata?: Bundle }): void;
}

interface SessionContext {
  ready: Promise<void>;
  isReady: boolean;
  session: { kernel: Kernel | null } | null;
  statusChanged: Signal<string>;
  kernelChanged: Signal<unknown>;
}

interface Renderer extends Lumino {
  renderModel(output: Output): Promise<void>;
}

interface Registry {
  addFactory(factory: object, rank: number): void;
  createRenderer(mimeType: string): Renderer & LuminoPanel;
}

interface Panel {
  node: HTMLElement;
  sessionContext: SessionContext;
}

interface NotebookPanel extends Panel {
  content: { rendermime: Registry };
}

interface ConsolePanel extends Panel {
  console: { rendermime: Registry };
}

interface Tracker<Kind> {
  find(test: (panel: Kind) => boolean): Kind | undefined;
}

/** What an output stands in: a notebook or a console. */
interface Place {
  sessionContext: SessionContext;
  rendermime: Registry;
}

/** What Lumino's widgets are to us. */
declare class Lumino {
  constructor(options?: { node?: HTMLElement });
  readonly node: HTMLElement;
  hide(): void;
  show(): void;
  dispose(): void;
  protected onAfterAttach(message: unknown): void;
}

declare class LuminoPanel extends Lumino {
  readonly widgets: readonly Lumino[];
  addWidget(widget: Lumino): void;
}

type Scope = Record<string, Record<string, { from: string; get(): Promise<() => unknown> }>>;

interface Container {
  init(scope: Scope): void;
  get(name: string): Promise<() => unknown>;
}

const source = (document.currentScript as HTMLScriptElement).src;
let scope: Scope = {};

/** Give a module that JupyterLab shares; the application's own, where an extension brought another. */
async function module<T>(name: string): Promise<T> {
  const versions = Object.values(scope[name] ?? {});
  const chosen = versions.find(({ from }) => from.includes("CORE")) ?? versions[0];
  if (chosen === undefined) throw new Error(`lstm_lab: this application does not share ${name}`);
  return (await chosen.get())() as T;
}

const fetched = new Map<string, Promise<Lab>>();

/** Fetch the module of a view; an output comes from anybody, so its name must be one that the build knows. */
async function lab(kept: unknown): Promise<Lab> {
  const name = String((kept as Bundle)["view"]);
  if (!views.includes(name)) throw new Error(`no view is called ${name}`);
  const drawer = fetched.get(name) ?? import(new URL(`${name}.js?${build.slice(-12)}`, source).href).then((loaded: { default: Lab }) => loaded.default);
  fetched.set(name, drawer);
  return drawer;
}

function field(output: Output, name: string): unknown {
  const kept = output.data[MIME];
  return typeof kept === "object" && kept !== null ? (kept as Bundle)[name] : undefined;
}

/** Show in place of a view what any front end could: the picture, else the text. */
function still(output: Output): HTMLElement {
  const [picture, text] = [output.data["image/png"], output.data["text/plain"]];
  const words = typeof text === "string" ? text : "";
  const known = output.metadata["image/png"] as Bundle | undefined;
  if (typeof picture !== "string") {
    const block = document.createElement("pre");
    block.textContent = words;
    return block;
  }
  const image = document.createElement("img");
  image.className = "lstm-picture";
  image.src = `data:image/png;base64,${picture}`;
  image.alt = typeof known?.["alt"] === "string" ? known["alt"] : words;
  if (typeof known?.["width"] === "number") image.width = known["width"];
  image.style.maxWidth = "100%";
  return image;
}

/** Make the class of the renderer, once the application's own widgets are at hand. */
function rendererOn({ Panel, Widget }: { Panel: typeof LuminoPanel; Widget: typeof Lumino }, placeOf: (node: HTMLElement) => Place | undefined): new () => Renderer {
  return class SavedView extends Panel implements Renderer {
    #ending = new AbortController();
    #output: Output | null = null;
    #key: unknown = null;
    #wire: Wire | null = null;
    #listening = false;
    #attached: () => void = () => {};
    /** Drawn where it stands, a view has its width and its colours from the first. */
    readonly #place = new Promise<void>((resolve) => {
      this.#attached = resolve;
    });

    async renderModel(output: Output): Promise<void> {
      this.#output = output;
      if (field(output, "prefer") === "picture") return this.#fill(still(output));
      const preferred = field(output, "prefer") === "widget";
      const known = this.#key !== null && this.#key === field(output, "key");
      if (known && !preferred) return (await lab(output.data[MIME])).renew(output.data[MIME]);
      if (known) return this.#picture?.replaceChildren(still(output));
      this.#ending.abort();
      this.#ending = new AbortController();
      this.#wire = null;
      this.#listening = false;
      this.#key = field(output, "key");
      const { signal } = this.#ending;
      (preferred ? this.#prefer(output, signal) : this.#draw(output, signal)).catch((error: unknown) => {
        console.warn(`lstm_lab: the picture is shown, for ${error instanceof Error ? error.message : String(error)}`);
        this.#key = null;
        this.#fill(still(output));
      });
    }

    override dispose(): void {
      this.#ending.abort();
      super.dispose();
    }

    protected override onAfterAttach(message: unknown): void {
      super.onAfterAttach(message);
      this.#attached();
      this.#listen();
    }

    #fill(node: HTMLElement): void {
      for (const widget of [...this.widgets]) widget.dispose();
      this.addWidget(new Widget({ node }));
    }

    async #draw(output: Output, signal: AbortSignal): Promise<void> {
      const [drawer] = await Promise.all([lab(output.data[MIME]), this.#place]);
      if (signal.aborted) return;
      const host = document.createElement("div");
      this.#fill(host);
      this.#wire = await drawer.reopen(host, output.data[MIME], signal);
      this.#listen();
    }

    #picture: HTMLElement | null = null;

    /** Show the widget where a kernel has it, and the picture where none does: for what is no view of ours. */
    async #prefer(output: Output, signal: AbortSignal): Promise<void> {
      await this.#place;
      const picture = document.createElement("div");
      picture.append(still(output));
      this.#picture = picture;
      const around = placeOf(this.node);
      const replaced = new AbortController();
      const show = (): void => {
        this.addWidget(new Widget({ node: picture }));
        this.#revive(output, picture, AbortSignal.any([signal, replaced.signal])).catch((error: unknown) => console.warn("lstm_lab: what goes on cannot be drawn", error));
      };
      if (around === undefined || !output.trusted) return show();
      const shown = setTimeout(show, around.sessionContext.session?.kernel ? GLIMPSE : 0);
      if (!around.sessionContext.isReady) {
        await around.sessionContext.ready;
        await new Promise((resolve) => setTimeout(resolve, GLIMPSE)); // for the widgets' own manager
      }
      if (signal.aborted) return clearTimeout(shown);
      const widget = around.rendermime.createRenderer(WIDGET);
      const settle = (): void => {
        if (widget.widgets.length === 0 || signal.aborted) return;
        clearTimeout(shown);
        replaced.abort();
        for (const other of [...this.widgets]) if (other !== widget) other.dispose();
        widget.show();
      };
      widget.hide();
      this.addWidget(widget);
      const watch = new MutationObserver(settle);
      watch.observe(widget.node, { childList: true });
      signal.addEventListener("abort", () => watch.disconnect());
      await widget.renderModel(output);
      settle();
    }

    /** Draw the view of work that goes on within a widget, until the kernel is free to show the widget. */
    async #revive(output: Output, place: HTMLElement, signal: AbortSignal): Promise<void> {
      const kept = field(output, "live");
      if (typeof kept !== "object" || kept === null) return;
      const drawer = await lab(kept);
      if (signal.aborted) return;
      const host = document.createElement("div");
      place.replaceChildren(host);
      this.#wire = await drawer.reopen(host, kept, signal);
      this.#listen();
    }

    /** Follow the kernel of the notebook or console: it may restart, or be busy and have the view still. */
    #listen(): void {
      const context = placeOf(this.node)?.sessionContext;
      const { signal } = this.#ending;
      if (context === undefined || this.#wire === null || this.#listening || signal.aborted) return;
      this.#listening = true;
      let attached = new AbortController();
      const attach = (): void => {
        attached.abort();
        attached = new AbortController();
        const kernel = context.session?.kernel;
        if (kernel) this.#attach(kernel, attached.signal);
      };
      const status = (_: unknown, word: string): void => {
        if (["restarting", "autorestarting", "dead", "terminating"].includes(word)) this.#wire?.leave();
      };
      const changed = (): void => {
        this.#wire?.leave();
        attach();
      };
      context.statusChanged.connect(status);
      context.kernelChanged.connect(changed);
      signal.addEventListener("abort", () => {
        attached.abort();
        context.statusChanged.disconnect(status);
        context.kernelChanged.disconnect(changed);
      });
      attach();
    }

    #attach(kernel: Kernel, signal: AbortSignal): void {
      const output = this.#output;
      const wire = this.#wire;
      if (output === null || wire === null || !output.trusted) return;
      const live = field(output, "live") as Bundle | undefined;
      const widget = live?.["model"] ?? (output.data[WIDGET] as Bundle | undefined)?.["model_id"];
      if (typeof widget === "string") lineTo(kernel, widget, wire, signal);
      // A page that was loaded while the cell ran does not know which output a display's update belongs to.
      const heard = (_: unknown, message: { header: { msg_type: string }; content: unknown }): void => {
        if (message.header.msg_type !== "update_display_data") return;
        const { data, metadata } = message.content as { data: Bundle; metadata: Bundle };
        const newer = data[MIME] as Bundle | undefined;
        if (newer?.["key"] === this.#key && (newer?.["seq"] !== field(output, "seq") || newer?.["live"] !== live)) output.setData({ data, metadata });
      };
      kernel.iopubMessage.connect(heard);
      signal.addEventListener("abort", () => kernel.iopubMessage.disconnect(heard));
    }
  };
}

async function plugin(): Promise<object> {
  const { IRenderMimeRegistry } = await module<{ IRenderMimeRegistry: unknown }>("@jupyterlab/rendermime");
  const { INotebookTracker } = await module<{ INotebookTracker: unknown }>("@jupyterlab/notebook");
  const places = "@jupyterlab/console" in scope ? [(await module<{ IConsoleTracker: unknown }>("@jupyterlab/console")).IConsoleTracker] : [];
  const lumino = await module<{ Panel: typeof LuminoPanel; Widget: typeof Lumino }>("@lumino/widgets");
  return {
    id: "lstm-lab:saved-views",
    description: "Shows the views of lstm_lab that an output keeps, with a kernel and without one.",
    autoStart: true,
    requires: [IRenderMimeRegistry],
    optional: [INotebookTracker, ...places],
    activate: (_: unknown, registry: Registry, notebooks: Tracker<NotebookPanel> | null, consoles: Tracker<ConsolePanel> | null = null): void => {
      if (notebooks === null) return; // a page that runs a notebook for its visitor, as Voila's: the widget's kernel is there
      const SavedView = rendererOn(lumino, (node) => {
        const notebook = notebooks.find((panel) => panel.node.contains(node));
        if (notebook) return { sessionContext: notebook.sessionContext, rendermime: notebook.content.rendermime };
        const found = consoles?.find((panel) => panel.node.contains(node));
        return found && { sessionContext: found.sessionContext, rendermime: found.console.rendermime };
      });
      const sheet = document.createElement("style");
      sheet.textContent = darkPictures;
      document.head.append(sheet);
      // Safe: the data are checked, and nothing in them becomes markup or code.
      registry.addFactory({ safe: true, mimeTypes: [MIME], createRenderer: () => new SavedView() }, RANK);
    },
  };
}

const container: Container = {
  init: (given) => {
    scope = given;
  },
  get: async (name) => {
    if (name !== "./extension") throw new Error(`lstm_lab has no module ${name}`);
    const found = await plugin();
    return () => ({ __esModule: true, default: found });
  },
};
const federated = globalThis as unknown as { _JUPYTERLAB?: Record<string, Container> };
federated._JUPYTERLAB ??= {};
federated._JUPYTERLAB["lstm-lab"] = container;
