"""The maps of the package agree with its import contracts; ``python tests/test_architecture.py`` draws the picture."""

import ast
import re
import tomllib
from html import escape
from itertools import pairwise
from pathlib import Path
from textwrap import wrap

ROOT = Path(__file__).parents[1]
PICTURE = ROOT / "docs" / "architecture.svg"
WIDTH, MARGIN, GAP = 900, 20, 12
STYLE = """
  .floor { fill: #eef3f8; stroke: #6b7f95; }
  .name { font: 600 15px system-ui, sans-serif; fill: #14202c; }
  .text { font: 12px system-ui, sans-serif; fill: #3b4a59; }
  .arrow { stroke: #6b7f95; stroke-width: 1.5; fill: none; marker-end: url(#head); }
  .head { fill: #6b7f95; }
  @media (prefers-color-scheme: dark) {
    .floor { fill: #1d2733; stroke: #8497ab; }
    .name { fill: #f0f4f8; }
    .text { fill: #c3cfda; }
    .arrow { stroke: #8497ab; }
    .head { fill: #8497ab; }
  }
"""


def layers():
    """Read the floors off the import contract, the highest first."""
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    found = next(
        contract for contract in contracts if contract["type"] == "layers" and contract["containers"] == ["lstm_lab"]
    )
    return [[name.strip(" ()") for name in re.split(r"[|:]", layer)] for layer in found["layers"]]


def purpose(name):
    """Give the first line of a module's docstring."""
    path = ROOT / "lstm_lab" / name
    file = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
    return (ast.get_docstring(ast.parse(file.read_text())) or "").partition("\n")[0].replace("`", "")


def picture():
    """Draw the floors as rows, the highest on top, as SVG."""
    body, top = [], MARGIN
    for row in layers():
        width = (WIDTH - 2 * MARGIN - GAP * (len(row) - 1)) / len(row)
        texts = [wrap(purpose(name), int(width / 6.9)) for name in row]
        height = 30 + 16 * max(map(len, texts))
        for place, (name, lines) in enumerate(zip(row, texts, strict=True)):
            x = MARGIN + place * (width + GAP)
            body.append(f'<rect class="floor" x="{x:g}" y="{top}" width="{width:g}" height="{height}" rx="6"/>')
            body.append(f'<text class="name" x="{x + 12:g}" y="{top + 21}">{escape(name)}</text>')
            body += [
                f'<text class="text" x="{x + 12:g}" y="{top + 39 + 16 * line}">{escape(text)}</text>'
                for line, text in enumerate(lines)
            ]
        top += height + GAP
    x = WIDTH - MARGIN / 2
    body.append(f'<path class="arrow" d="M {x:g} {MARGIN} V {top - GAP}"/>')
    marker = '<marker id="head" markerWidth="8" markerHeight="8" refX="4" refY="4" orient="auto">'
    marker += '<path class="head" d="M0 0 8 4 0 8z"/></marker>'
    title = "<title>The packages of lstm_lab: imports go down only</title>"
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {top - GAP + MARGIN}" role="img">',
            title,
            f"<style>{STYLE}</style>",
            f"<defs>{marker}</defs>",
            *body,
            "</svg>\n",
        ]
    )


def names():
    return [name for row in layers() for name in row]


def test_the_contract_names_every_module_at_the_top():
    entries = {path.stem for path in (ROOT / "lstm_lab").iterdir() if not path.name.startswith(("_", ".", "py.typed"))}
    assert set(names()) == entries - {"notebooks"}


def test_the_picture_is_that_of_the_contract():
    assert PICTURE.read_text() == picture(), "run python tests/test_architecture.py"


def test_contributing_lists_the_floors_in_the_contracts_order():
    text = (ROOT / "CONTRIBUTING.md").read_text()
    table = text[text.index("## The map") :].partition("\n\nBeside")[0]
    order = [table.index(f"| `{name}` |") for name in names()]
    groups = [[order.pop(0) for _ in row] for row in layers()]
    assert all(max(above) < min(below) for above, below in pairwise(groups))


def test_the_packages_own_docstring_names_every_floor():
    text = ast.get_docstring(ast.parse((ROOT / "lstm_lab" / "__init__.py").read_text()))
    assert [name for name in names() if not re.search(rf"\b{name}\b", text)] == []


if __name__ == "__main__":
    PICTURE.write_text(picture())
