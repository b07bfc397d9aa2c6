"""The gallery: docs/gallery.md with its views put in, each from a run kept in docs/views, else from a notebook."""

import json
import re
from pathlib import Path

from pages.notebooks import NOTEBOOKS, outputs, read
from pages.views import MIME, holder

DOCS = Path(__file__).parents[1]
KEPT = DOCS / "views"
PLACE = re.compile(r"<!-- view: (\w+) -->")


def names():
    """Give the views that the page shows, in its order: kinds, and files of docs/views/more."""
    return PLACE.findall((DOCS / "gallery.md").read_text(encoding="utf-8"))


def kept(name):
    """Give what an output keeps of a view."""
    for path in (KEPT / f"{name}.json", KEPT / "more" / f"{name}.json"):
        if path.exists():
            return json.loads(path.read_text(encoding="utf-8"))
    for path in NOTEBOOKS:
        for output in outputs(read(path)):
            if output.get("data", {}).get(MIME, {}).get("view") == name:
                return output["data"][MIME]
    raise LookupError(f"no file of docs/views and no notebook has a view {name!r}")


def put_views(path):
    """Put every view in its place on the page."""

    def html(match):
        shown = holder({**kept(match[1]), "key": f"gallery-{match[1]}"}, match[1])
        return f"```{{raw}} html\n{shown}\n```"

    path.write_text(PLACE.sub(html, path.read_text(encoding="utf-8")), encoding="utf-8")
