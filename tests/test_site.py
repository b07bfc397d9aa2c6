"""The site: it builds without a warning, misses no public name, option, magic, command or view, and asks no network."""

import re
import subprocess
import sys
from html import unescape
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote

import pytest

import lstm_lab
from lstm_lab import options
from lstm_lab.cli import commands as cli
from lstm_lab.notebook.commands import COMMANDS
from lstm_lab.options.flags import Command

ROOT = Path(__file__).parents[1]
SUBCOMMANDS = sorted(value.name for value in vars(cli).values() if isinstance(value, Command))


class Page(HTMLParser):
    """What a page loads, where its links lead, and the anchors it has."""

    def __init__(self, path):
        super().__init__()
        self.loads, self.links, self.anchors = [], [], set()
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        if "id" in given:
            self.anchors.add(given["id"])
        if "src" in given:
            self.loads.append(given["src"])
        if tag == "link" and given.get("rel") in {"stylesheet", "icon", "preload"}:
            self.loads.append(given["href"])
        if tag == "a" and "href" in given:
            self.links.append(given["href"])


@pytest.fixture(scope="session")
def site(tmp_path_factory):
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "docs/build.py", str(folder)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    assert "WARNING" not in done.stderr
    return folder


@pytest.fixture(scope="session")
def pages(site):
    return {path: Page(path) for path in site.rglob("*.html")}


def words(site, page):
    """Give the text of a page's article."""
    text = (site / page).read_text(encoding="utf-8")
    text = text[text.index("<article") : text.index("</article>")]
    return unescape(re.sub(r"<[^>]+>", "", text))


def test_every_public_name_is_in_the_reference(site, pages):
    anchors = pages[site / "reference" / "python.html"].anchors
    missing = [name for name in lstm_lab.__all__ if f"lstm_lab.{name}" not in anchors]
    assert missing == ["__version__"]
    methods = [
        name for name in vars(lstm_lab.Run) if not name.startswith("_") and callable(getattr(lstm_lab.Run, name))
    ]
    undescribed = [name for name in methods if f"lstm_lab.Run.{name}" not in anchors]
    assert undescribed == ["summary_table"]


def test_every_option_is_in_the_reference(site):
    text = words(site, "reference/options.html").split()
    assert sorted(name for name in options.OPTION_NAMES if name not in text) == []


def test_every_magic_and_every_command_is_in_the_reference(site, pages):
    headings = words(site, "reference/magics.html")
    assert [name for name in COMMANDS if f"\n{name}" not in headings] == []
    assert [flag.written for flag in COMMANDS["lstm_train"].flags.values() if flag.written not in headings] == []
    text = words(site, "reference/commands.html")
    assert [name for name in SUBCOMMANDS if f"\n{name}" not in text] == []
    assert len(pages[site / "reference" / "commands.html"].links) > len(SUBCOMMANDS)


def test_every_notebook_is_a_page_with_its_views(site):
    for path in (ROOT / "notebooks").glob("*.ipynb"):
        html = (site / "notebooks" / f"{path.stem}.html").read_text(encoding="utf-8")
        kept = path.read_text(encoding="utf-8").count('"state": "')
        assert html.count('class="lab-view"') == kept


def test_the_gallery_shows_every_kind_of_view(site):
    kinds = {path.stem for path in (ROOT / "lstm_lab/widgets/frontend/src/entries").glob("*.ts")}
    html = (site / "gallery.html").read_text(encoding="utf-8")
    shown = re.findall(r'class="lab-view" id="(\w+)"', html)
    assert sorted(shown) == sorted({*kinds, "reveal", "search"}), "describe it in docs/gallery.md"


def test_no_page_loads_anything_from_elsewhere(pages):
    outside = {load for page in pages.values() for load in page.loads if re.match(r"(https?:)?//", load)}
    assert outside == set()


def test_every_link_within_the_site_leads_somewhere(pages):
    dead = []
    for path, page in pages.items():
        for link in page.links:
            target, _, anchor = link.partition("#")
            if re.match(r"[a-z]+:", link):
                continue
            file = (path.parent / unquote(target)).resolve() if target else path
            known = pages.get(file)
            if not file.exists() or (anchor and known is not None and unquote(anchor) not in known.anchors):
                dead.append((path.name, link))
    assert dead == []


def test_the_site_names_no_folder_of_the_machine_that_built_it(site):
    text = "\n".join(path.read_text(encoding="utf-8") for path in site.rglob("*.html"))
    assert str(ROOT.parent) not in text
