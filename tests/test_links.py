"""Badges, launch links and the list of notebooks, made from pyproject.toml and the notebooks.

As a script, write them into the README and into the first cell of every notebook.
"""

import json
import re
import tomllib
from pathlib import Path
from urllib.parse import quote, urlsplit

import pytest

ROOT = Path(__file__).parents[1]
README = ROOT / "README.md"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
REPOSITORY = PROJECT["urls"]["Repository"]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
REMEDY = "run python tests/test_links.py"


def launch_link(notebook):
    """Give the address that opens a notebook on Binder."""
    path = quote(f"notebooks/{notebook.name}", safe="")
    return f"https://mybinder.org/v2/gh{urlsplit(REPOSITORY).path}/HEAD?labpath={path}"


def title(notebook):
    cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
    heading = "".join(cells[0]["source"]).splitlines()[0]
    assert re.match(r"# \S", heading), f"{notebook.name} must begin with a heading"
    return heading.removeprefix("# ")


def badges():
    python = quote(PROJECT["requires-python"].replace(">=", "≥ "))
    return [
        f"[![Run on Binder](https://mybinder.org/badge_logo.svg)]({launch_link(NOTEBOOKS[0])})",
        f"![Python {PROJECT['requires-python']}](https://img.shields.io/badge/python-{python}-0072b2)",
        f"[![Licence](https://img.shields.io/badge/licence-{PROJECT['license'].replace('-', '--')}-00795a)](LICENSE)",
    ]


def notebooks():
    return [
        f"- [{title(notebook)}](notebooks/{notebook.name}) ([run on Binder]({launch_link(notebook)}))"
        for notebook in NOTEBOOKS
    ]


def launch_line(notebook):
    """Give the last line of a notebook's first cell."""
    return (
        f"[Run this page on Binder]({launch_link(notebook)}). A kernel that idles for 15 minutes is stopped there,\n"
        "and a third one replaces one that idles: then run the page again from its top."
    )


def with_launch_line(notebook):
    """Give the notebook as text, its first cell ending in the launch line."""
    text = notebook.read_text(encoding="utf-8")
    content = json.loads(text)
    first = "".join(content["cells"][0]["source"])
    line = launch_line(notebook)
    if first.endswith("\n\n" + line):
        return text
    first = re.sub(r"\n\n\[Run this page on Binder\].*\Z", "", first, flags=re.DOTALL)
    content["cells"][0]["source"] = f"{first}\n\n{line}".splitlines(keepends=True)
    return json.dumps(content, indent=1, ensure_ascii=False) + "\n"


PARTS = {"badges": badges, "notebooks": notebooks}


def written(text):
    """Give the text with each marked part as it should be."""
    for name, lines in PARTS.items():
        pattern = rf"(<!-- {name}: .*? -->\n).*?(<!-- end of {name} -->)"
        body = "\n".join(lines())
        text, count = re.subn(pattern, lambda match, body=body: f"{match[1]}{body}\n{match[2]}", text, flags=re.DOTALL)
        assert count == 1, f"the README needs <!-- {name}: ... --> and <!-- end of {name} -->"
    return text


def test_badges_and_notebooks_of_the_readme_are_these():
    text = README.read_text(encoding="utf-8")
    assert text == written(text), REMEDY


def test_every_notebook_has_a_launch_link_to_the_repository():
    text = README.read_text(encoding="utf-8")
    for notebook in NOTEBOOKS:
        name = re.escape(quote(notebook.name, safe=""))
        assert re.search(rf"\(https://mybinder\.org/v2/gh/[\w-]+/[\w-]+/HEAD\?labpath=notebooks%2F{name}\)", text), (
            REMEDY
        )


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_says_where_it_runs_and_when_its_kernel_is_stopped(notebook):
    assert notebook.read_text(encoding="utf-8") == with_launch_line(notebook), REMEDY


def test_the_repository_is_named_in_one_place():
    files = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "lstm_lab").rglob("*.py")]
    naming = [path.name for path in files if REPOSITORY in path.read_text(encoding="utf-8")]
    assert naming == [], "take the address from project.urls"


PAGES = [*ROOT.glob("*.md"), *sorted((ROOT / "docs").glob("*.md")), *NOTEBOOKS]


def words(page):
    """Give the Markdown of a page without its code."""
    text = page.read_text(encoding="utf-8")
    if page.suffix == ".ipynb":
        cells = json.loads(text)["cells"]
        text = "\n\n".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "markdown")
    return re.sub(r"^(`{3,}).*?^\1", "", text, flags=re.DOTALL | re.MULTILINE)


def anchors(page):
    """Give the names by which GitHub and the site know a page's headings."""
    headings = re.findall(r"^#+ (.+)$", words(page), re.MULTILINE)
    plain = [re.sub(r"[^\w\- ]", "", re.sub(r"\]\([^)]*\)", "", heading)).strip().lower() for heading in headings]
    return {heading.replace(" ", "-") for heading in plain} | set(re.findall(r'<a id="([^"]+)"', words(page)))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_to_a_file_or_heading_of_the_repository_leads_there(page):
    text = words(page)
    targets = re.findall(r"\]\(([^)\s]+)\)", text) + re.findall(r'(?:src|srcset|href)="([^"]+)"', text)
    dead = []
    for target in targets:
        if re.match(r"[a-z]+:", target):
            continue
        name, _, anchor = target.partition("#")
        file = (page.parent / name).resolve() if name else page
        if not file.exists() or (anchor and anchor not in anchors(file)):
            dead.append(target)
    assert dead == []


if __name__ == "__main__":
    README.write_text(written(README.read_text(encoding="utf-8")), encoding="utf-8")
    for path in NOTEBOOKS:
        path.write_text(with_launch_line(path), encoding="utf-8")
