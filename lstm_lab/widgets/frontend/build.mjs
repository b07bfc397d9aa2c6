// Bundle each view into a minified ES module of its own beside the Python code, and refuse a module that grew too large.
import { cpSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import * as esbuild from "esbuild";

const here = dirname(fileURLToPath(import.meta.url));
const entries = join(here, "src", "entries");
const views = readdirSync(entries).map((name) => name.replace(/\.ts$/, ""));
const folder = join(here, "..", "static", "views");
const digest = process.env["LAB_DIGEST"] ?? "sources unknown";
const limit = 150_000;

/** What JupyterLab and Notebook 7 load: the same modules, and a renderer for saved outputs. */
const extension = join(here, "..", "static", "labextension");
const entry = `static/remoteEntry.${digest.slice(-12)}.js`;

/** Minify style sheets, which travel as text and which esbuild would take as they are. */
const sheets = {
  name: "sheets",
  setup(build) {
    build.onLoad({ filter: /\.css$/ }, async ({ path }) => {
      const { code } = await esbuild.transform(readFileSync(path, "utf8"), { loader: "css", minify: true });
      return { contents: code, loader: "text" };
    });
  },
};

const shared = {
  absWorkingDir: here,
  bundle: true,
  minify: true,
  target: "es2022",
  charset: "utf8",
  legalComments: "inline",
  logLevel: "warning",
  // Tells the Python build hook which sources this bundle was made of.
  footer: { js: `// ${digest}` },
  define: { BUILD: JSON.stringify(digest), VIEWS: JSON.stringify(views) },
};

const modules = { ...shared, entryPoints: views.map((name) => join(entries, `${name}.ts`)), outdir: folder, format: "esm", plugins: [sheets] };

async function buildExtension() {
  rmSync(extension, { recursive: true, force: true });
  await esbuild.build({ ...shared, plugins: [sheets], entryPoints: ["src/labextension.ts"], outfile: join(extension, entry), format: "iife" });
  cpSync(folder, join(extension, "static"), { recursive: true });
  const described = {
    name: "lstm-lab",
    version: process.env["LAB_VERSION"] ?? "0.0.0",
    description: "Shows the views of lstm_lab that a saved notebook keeps.",
    license: "BSD-3-Clause",
    jupyterlab: { extension: true, _build: { load: entry, extension: "./extension" } },
  };
  writeFileSync(join(extension, "package.json"), `${JSON.stringify(described, null, 2)}\n`);
}

if (process.argv.includes("--watch")) {
  const context = await esbuild.context(modules);
  await context.watch();
} else {
  rmSync(folder, { recursive: true, force: true });
  await esbuild.build(modules);
  for (const name of views) {
    const file = join(folder, `${name}.js`);
    const { size } = statSync(file);
    console.log(`${name}.js ${size} bytes, ${gzipSync(readFileSync(file)).length} after gzip`);
    if (size < limit) continue;
    console.error(`${name}.js must stay under ${limit} bytes, got ${size}; look at what was added to the view`);
    process.exit(1);
  }
  await buildExtension();
}
