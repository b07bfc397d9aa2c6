"""Live views on a page of the site: what an output keeps of a view, and the scripts that draw it."""

import json

from lstm_lab.widgets.bundle import VIEWS
from lstm_lab.widgets.offline import inline_bundle

MIME = "application/vnd.lstm-lab.view.v1+json"

# Pages may be opened from a disk, where a script can import and fetch nothing: data stand in the page, and the module
# of each kind of view in a script of its own, which a page loads where it shows such a view.
_BOOT = """
const labs = (globalThis.lstmLab ??= {});
const base = document.currentScript?.src;
const loading = {};
const load = (name) => (loading[name] ??= name in labs ? Promise.resolve() : new Promise((resolve, reject) => {
  const script = document.createElement("script");
  script.src = new URL(`views/${name}.js`, base).href;
  script.addEventListener("load", resolve);
  script.addEventListener("error", () => reject(new Error(`${script.src} is missing`)));
  document.head.append(script);
}));
for (const place of document.querySelectorAll(".lab-view")) {
  const output = JSON.parse(place.querySelector("script").textContent);
  const view = document.createElement("div");
  load(output.view).then(() => labs[output.view].reopen(view, output, new AbortController().signal)).then(
    () => place.replaceChildren(view),
    (error) => { place.textContent = `This view cannot be drawn: ${error.message}`; },
  );
  place.append(view);
}
const follow = () => { document.body.dataset.jpThemeName = document.body.dataset.theme ?? "auto"; };
new MutationObserver(follow).observe(document.body, { attributes: true, attributeFilter: ["data-theme"] });
"""


def boot():
    """Give the script that draws every view of a page."""
    return "(() => {" + _BOOT + "})();\n"


def module(kind):
    """Give the script that knows one kind of view."""
    return f"(() => {{\n{inline_bundle(kind)}(globalThis.lstmLab ??= {{}}).{kind} = lab;\n}})();\n"


def write_scripts(folder):
    """Write the script of every page, and one for each kind of view."""
    (folder / "views").mkdir()
    (folder / "views.js").write_text(boot(), encoding="utf-8")
    for path in sorted(VIEWS.glob("*.js")):
        (folder / "views" / path.name).write_text(module(path.stem), encoding="utf-8")


def holder(output, name, *, wide=False):
    """Give the HTML that holds what an output keeps of a view."""
    state = json.dumps(output).replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")
    kind = "lab-view wide" if wide else "lab-view"
    return f'<div class="{kind}" id="{name}"><script type="application/json">{state}</script></div>'
