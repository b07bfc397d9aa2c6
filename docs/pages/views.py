"""Live views on a page of the site: what an output keeps of a view, and the script that draws it."""

import json

from lstm_lab.widgets.offline import inline_bundle

MIME = "application/vnd.lstm-lab.view.v1+json"

# Pages may be opened from a disk, where a script can import and fetch nothing: data and code stand in the page.
_BOOT = """
for (const place of document.querySelectorAll(".lab-view")) {
  const output = JSON.parse(place.querySelector("script").textContent);
  const view = document.createElement("div");
  lab.reopen(view, output, new AbortController().signal).then(
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
    return "(() => {\n" + inline_bundle() + _BOOT + "})();\n"


def holder(output, name, *, wide=False):
    """Give the HTML that holds what an output keeps of a view."""
    state = json.dumps(output).replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")
    kind = "lab-view wide" if wide else "lab-view"
    return f'<div class="{kind}" id="{name}"><script type="application/json">{state}</script></div>'
