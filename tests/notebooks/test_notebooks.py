"""Every notebook runs from top to bottom; as a script, this keeps the outputs of such a run in the notebooks.

The script takes beginnings of names, as in ``python tests/notebooks/test_notebooks.py 02 04``; without any it runs all.
"""

import ast
import base64
import functools
import re
import struct
import sys
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

ROOT = Path(__file__).parents[2]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
QUICKSTART, BANDS, INSIDE, RECIPE, YOUR_DATA = NOTEBOOKS
LIVE = "application/vnd.jupyter.widget-view+json"
SHARP = 1200
"""Pictures of so many pixels are drawn at twice the density of a screen."""


def execute(path, folder):
    """Run a notebook in a folder of its own, without keeping widget state or times."""
    notebook = nbformat.read(path, as_version=4)
    client = NotebookClient(
        notebook,
        timeout=300,
        kernel_name="python3",
        store_widget_state=False,
        record_timing=False,
        resources={"metadata": {"path": str(folder)}},
    )
    return client.execute()


def outputs(notebook):
    return [output for cell in notebook.cells if cell.cell_type == "code" for output in cell.outputs]


def said(notebook):
    """Give what the cells printed and what results say of themselves."""
    found = outputs(notebook)
    texts = (output.get("text") or str(output.get("data", {}).get("text/plain", "")) for output in found)
    return " ".join(" ".join(texts).split())


def still(notebook):
    """Drop the live views, which nobody could show without this kernel, and keep pictures and tables side by side."""
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs = [part for output in cell.outputs for part in still_parts(output)]
    return notebook


def still_parts(output):
    """Part a picture from its table: HTML with a picture inside carries it twice, and some viewers cut it out."""
    data = output.get("data", {})
    if "image/png" not in data:
        return [output]
    data.pop(LIVE, None)
    (pixels,) = struct.unpack(">I", base64.b64decode(data["image/png"][:32])[16:20])
    if pixels >= SHARP:
        output.metadata["image/png"] = {"width": pixels // 2}
    table = re.sub(r"<img [^>]*>", "", data.pop("text/html", ""))
    if "<table" not in table:
        return [output]
    return [output, nbformat.v4.new_output("display_data", {"text/html": table, "text/plain": data["text/plain"]})]


@pytest.fixture(scope="module")
def executed(tmp_path_factory):
    """Run a notebook when it is first asked for, and once."""
    return functools.cache(lambda path: execute(path, tmp_path_factory.mktemp("run")))


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_runs_without_an_error_or_a_warning(path, executed):
    found = outputs(executed(path))
    assert [output for output in found if output.output_type == "error"] == []
    assert [output.text for output in found if output.get("name") == "stderr"] == []


def test_the_quickstart_shows_a_run_and_a_fan_as_pictures_and_says_its_coverage(executed):
    found = [output for output in outputs(executed(QUICKSTART)) if "data" in output]
    assert sum("image/png" in output.data for output in found) == 2
    assert any("measured coverage" in str(output.data.get("text/plain", "")) for output in found)


def test_the_dropout_spread_holds_far_less_than_the_calibrated_band(executed):
    found = said(executed(BANDS))
    (spread,) = re.findall(r"The dropout spread, drawn as if it were 90 %, held (\d+)%", found)
    (calibrated,) = re.findall(r"The calibrated band held (\d+)%", found)
    assert int(spread) < 50
    assert 80 <= int(calibrated) <= 97
    assert re.search(r"Oil: crude's error is .*(above naive's|may be chance)", found)


def test_the_lstm_by_hand_agrees_with_the_trace_and_with_keras(executed):
    found = said(executed(INSIDE))
    (cells,) = re.findall(r"largest difference of the cells to the trace: (\S+)", found)
    assert float(cells) < 1e-5
    ((hand, keras),) = re.findall(r"forecast by hand (\S+), by Keras (\S+),", found)
    assert float(hand) == pytest.approx(float(keras), abs=2e-6)
    (parts,) = re.findall(r"c - \(kept \+ written\): at most (\S+)", found)
    assert float(parts) < 1e-5
    assert re.search(r"was recalled .* lstm, forget bias 1 over 10 steps; lstm, forget bias 2 over 10, 50 steps", found)


def test_the_recipe_guards_a_flat_market_refuses_to_look_ahead_and_finds_the_raw_price_clearly_worse(executed):
    found = said(executed(RECIPE))
    assert re.search(r"the textbook says \[.*nan.*\] and the feature \[0\.5\]", found)
    assert "must not look ahead" in found
    (worse,) = re.findall(r"target: raw: error \+(\S+)%, clear", found)
    assert float(worse) > 20


def test_your_data_are_refused_by_name_mended_and_kept(executed):
    found = said(executed(YOUR_DATA))
    assert "times must be unique" in found
    assert "(30 such rows); set missing= to interpolate" in found
    assert "1 gap, spanned by no window; 30 values filled in" in found
    assert all(name in found for name in ("forecast.png", "forecast.csv", "forecast.html"))


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
    both = nbformat.v4.new_output("display_data", {"image/png": png, "text/html": html, "text/plain": "a", LIVE: {}})
    picture, table = still_parts(both)
    assert (set(picture.data), picture.metadata) == ({"image/png", "text/plain"}, {"image/png": {"width": 900}})
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
    assert any("image/png" in output.get("data", {}) for output in outputs(notebook))


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
