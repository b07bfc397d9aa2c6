"""The hand-written pages, with their links turned from the repository's files to the site's pages."""

import re
import shutil
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
REPOSITORY = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["urls"]["Repository"]
BESIDE = {"CONTRIBUTING.md": "contributing.md", "CHANGELOG.md": "changelog.md"}
"""Pages that stand outside docs/, and what they are called on the site."""


def copy(folder):
    """Copy pages and pictures, so that what the build writes stands beside them and not in the tree."""
    for path in [*DOCS.glob("*.md"), *DOCS.glob("*.png"), *DOCS.glob("*.svg")]:
        if path.suffix == ".md":
            (folder / path.name).write_text(on_site(path.read_text(encoding="utf-8"), "docs"), encoding="utf-8")
        else:
            shutil.copy(path, folder)
    for name, page in BESIDE.items():
        text = (ROOT / name).read_text(encoding="utf-8")
        (folder / page).write_text(on_site(text, ""), encoding="utf-8")
    shutil.copytree(DOCS / "style", folder / "_static")


def on_site(text, place):
    """Give the text with links to pages of the site, or to the repository where the site has no such page."""

    def link(match):
        target, _, anchor = match[1].partition("#")
        if not target or re.match(r"\w+:", target):
            return match[0]
        path = (ROOT / place / target).resolve().relative_to(ROOT).as_posix()
        if path.startswith("docs/"):
            page = path.removeprefix("docs/")
        elif path.endswith(".ipynb"):
            page = path.removesuffix(".ipynb") + ".md"
        else:
            page = BESIDE.get(path, f"{REPOSITORY}/blob/HEAD/{path}")
        return f"]({page}{'#' + anchor if anchor else ''})"

    return re.sub(r"\]\(([^)\s]+)\)", link, text)
