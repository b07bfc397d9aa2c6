"""Notebooks as pages of the site, as they were run: text, code, tables, pictures, live views."""

import base64
import json
import re
from pathlib import Path

from pages.views import MIME, holder

ROOT = Path(__file__).parents[2]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))


def outputs(notebook):
    """Give the outputs of a notebook."""
    return [output for cell in notebook["cells"] for output in cell.get("outputs", [])]


def read(path):
    """Read a notebook."""
    return json.loads(path.read_text(encoding="utf-8"))


def write_pages(folder):
    """Write a page for each notebook into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for path in NOTEBOOKS:
        text = "\n\n".join(_cells(read(path), path.stem, folder))
        (folder / f"{path.stem}.md").write_text(text + "\n", encoding="utf-8")


def _cells(notebook, stem, folder):
    for number, cell in enumerate(notebook["cells"]):
        source = "".join(cell["source"])
        if cell["cell_type"] == "markdown":
            yield re.sub(r"\]\(([\w.-]+)\.ipynb\)", r"](\1.md)", source)
        elif cell["cell_type"] == "code" and source.strip():
            code = _fenced(source, "{code-block} ipython")
            yield _folded(code) if cell["metadata"].get("jupyter", {}).get("source_hidden") else code
            for place, output in enumerate(cell["outputs"]):
                yield _output(output, folder / f"{stem}-{number}-{place}.png")


def _folded(text):
    return f"<details>\n<summary>Show the code</summary>\n\n{text}\n\n</details>"


def _output(output, picture):
    data = {
        kind: "".join(value) if isinstance(value, list) else value for kind, value in output.get("data", {}).items()
    }
    if "view" in data.get(MIME, {}):
        return _html(holder(data[MIME], picture.stem))
    if "image/png" in data:
        picture.write_bytes(base64.b64decode(data["image/png"]))
        width = output["metadata"].get("image/png", {}).get("width")
        alternative = data.get("text/plain", "").partition("\n")[0].replace("[", "(").replace("]", ")")
        return f"![{alternative}]({picture.name})" + (f"{{width={width}px}}" if width else "")
    if "text/html" in data:
        return _html(f'<div class="lab-table">{data["text/html"]}</div>')
    text = "".join(output["text"]) if "text" in output else data.get("text/plain", "")
    return _fenced(text.rstrip("\n"), "{code-block} text\n:class: lab-output")


def _fenced(text, opening):
    return f"````{opening}\n\n{text}\n````"


def _html(text):
    # An empty line would end the block for a reader of Markdown.
    return "````{raw} html\n" + re.sub(r"\n\s*\n", "\n", text) + "\n````"
