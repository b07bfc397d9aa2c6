"""What every notebook keeps to: small files with their outputs, live links; as a script, run and keep the outputs.

The script takes beginnings of names, as in ``python tests/notebooks/test_notebooks.py 04 10``; without any it runs all.
What a notebook finds out is held to by a file of its own beside this one, which also runs it: the processes of a test
run share the notebooks among them.
"""

import ast
import base64
import re
import struct
import sys
from pathlib import Path

import nbformat
import pytest
from notebook_runs import LIVE, NOTEBOOKS, ROOT, execute, outputs, still, still_parts

from lstm_lab.widgets.saved import MIME

QUICKSTART = ROOT / "notebooks" / "01-quickstart.ipynb"


def test_each_notebook_is_run_by_a_file_of_its_own():
    files = {path.stem.removeprefix("test_") for path in Path(__file__).parent.glob("test_[0-9][0-9]_*.py")}
    assert files == {path.stem.replace("-", "_") for path in NOTEBOOKS}


def test_links_between_notebooks_lead_somewhere_and_the_readme_names_each():
    names = {path.name for path in NOTEBOOKS}
    for path in NOTEBOOKS:
        notebook = nbformat.read(path, as_version=4)
        linked = set(re.findall(r"\]\(([^)#]+\.ipynb)\)", notebook.cells[-1].source))
        assert linked, path.name
        assert linked <= names - {path.name}
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert [name for name in sorted(names) if f"](notebooks/{name})" not in readme] == []


def test_a_picture_and_its_table_are_kept_side_by_side():
    png = base64.b64encode(b"\x89PNG\r\n\x1a\n" + struct.pack(">I4sII", 13, b"IHDR", 1800, 900)).decode()
    html = f'<div><img src="data:image/png;base64,{png}" alt="a &gt; b" width="900"><table></table></div>'
    metadata = {"image/png": {"alt": "a > b", "width": 900}}
    shown = {"image/png": png, "text/html": html, "text/plain": "a", LIVE: {}}
    both = nbformat.v4.new_output("display_data", shown, metadata=metadata)
    picture, table = still_parts(both)
    assert (set(picture.data), picture.metadata) == ({"image/png", "text/plain", MIME}, metadata)
    assert picture.data[MIME] == {"prefer": "picture"}
    assert table.data == {"text/html": "<div><table></table></div>", "text/plain": "a"}


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_committed_notebook_is_small_names_its_kernel_and_keeps_no_widget_state(path):
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    assert path.stat().st_size < 1_000_000
    assert notebook.metadata.kernelspec.name == "python3"
    assert "widgets" not in notebook.metadata
    assert not any(LIVE in output.get("data", {}) for output in outputs(notebook))
    assert [output for output in outputs(notebook) if output.output_type == "error"] == []


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_committed_notebook_carries_its_outputs(path):
    notebook = nbformat.read(path, as_version=4)
    counts = [cell.execution_count for cell in notebook.cells if cell.cell_type == "code"]
    assert counts == list(range(1, len(counts) + 1))
    pictures = [output for output in outputs(notebook) if "image/png" in output.get("data", {})]
    assert pictures
    assert all(MIME in output.data for output in pictures), "a dark notebook would show it on white"
    for output in pictures:
        shown = output.metadata["image/png"]
        assert shown["alt"] == output.data["text/plain"]
        assert 600 <= shown["width"] <= 900, "a width for a screen, not the pixels of a sharp picture"


def test_the_demo_does_what_the_quickstart_does():
    from lstm_lab.cli.commands import QUICKSTART as DEMO
    from lstm_lab.notebook.commands import TRAIN

    notebook = nbformat.read(QUICKSTART, as_version=4)
    (cell,) = [cell.source for cell in notebook.cells if cell.source.startswith("%%lstm_train")]
    line, _, body = cell.partition("\n")
    flags = TRAIN.parse(line.removeprefix("%%lstm_train")).values
    layers = [ast.unparse(statement) for statement in ast.parse(body).body]
    units = re.findall(r"LSTM\((\d+)\)", body)
    dense = re.findall(r"Dense\((\d+), activation", body)
    assert flags | {"units": ",".join(units), "dense": ",".join(dense)} == DEMO
    assert layers[-1] == "Dense(1)"


if __name__ == "__main__":
    for notebook_path in NOTEBOOKS:
        if not sys.argv[1:] or notebook_path.name.startswith(tuple(sys.argv[1:])):
            nbformat.write(still(execute(notebook_path, notebook_path.parent)), notebook_path)
