/** Where the renderer of saved views takes part: in applications with notebooks, and in no other. */
import { strict as assert } from "node:assert";
import { test } from "node:test";

interface Extension {
  activate(app: unknown, registry: unknown, notebooks: unknown, consoles: unknown): void;
}

interface Container {
  init(scope: unknown): void;
  get(name: string): Promise<() => { default: Extension }>;
}

/** Load the extension as JupyterLab does, into a page that shares what the extension asks for. */
async function extension(): Promise<Extension> {
  const page = { currentScript: { src: "http://here/remoteEntry.js" }, createElement: () => ({}), head: { append: () => {} } };
  Object.assign(globalThis, { document: page });
  await import("../src/labextension");
  const { _JUPYTERLAB } = globalThis as unknown as { _JUPYTERLAB: Record<string, Container> };
  const container = _JUPYTERLAB["lstm-lab"] as Container;
  const shared = (module: object): object => ({ "1.0.0": { from: "CORE", get: () => Promise.resolve(() => module) } });
  container.init({ "@jupyterlab/rendermime": shared({}), "@jupyterlab/notebook": shared({}), "@jupyterlab/console": shared({}), "@lumino/widgets": shared({ Panel: class {}, Widget: class {} }) });
  return (await container.get("./extension"))().default;
}

test("the renderer is registered where notebooks are, and not on a page that runs one for its visitor, as Voila's", async () => {
  const { activate } = await extension();
  const registered = (notebooks: unknown): number => {
    let count = 0;
    activate(null, { addFactory: () => count++ }, notebooks, null);
    return count;
  };
  assert.equal(registered({ find: () => undefined }), 1);
  assert.equal(registered(null), 0);
});
