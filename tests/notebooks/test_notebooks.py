"""Every notebook runs from top to bottom; as a script, this keeps the outputs of such a run in the notebooks."""

import ast
import re
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

ROOT = Path(__file__).parents[2]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
QUICKSTART = ROOT / "notebooks" / "01-quickstart.ipynb"


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


def still(notebook):
    """Drop the live views, which nobody could show without this kernel, and keep their pictures."""
    for output in outputs(notebook):
        if "image/png" in output.get("data", {}):
            output.data.pop("application/vnd.jupyter.widget-view+json", None)
    return notebook


@pytest.fixture(scope="module")
def executed(tmp_path_factory):
    return {path: execute(path, tmp_path_factory.mktemp("run")) for path in NOTEBOOKS}


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_runs_without_an_error_or_a_warning(path, executed):
    found = outputs(executed[path])
    assert [output for output in found if output.output_type == "error"] == []
    assert [output.text for output in found if output.get("name") == "stderr"] == []


def test_the_quickstart_shows_a_run_and_a_fan_as_pictures_and_says_its_coverage(executed):
    found = [output for output in outputs(executed[QUICKSTART]) if "data" in output]
    assert sum("image/png" in output.data for output in found) == 2
    assert any("measured coverage" in str(output.data.get("text/plain", "")) for output in found)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_committed_notebook_is_small_names_its_kernel_and_keeps_no_widget_state(path):
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    assert path.stat().st_size < 300_000
    assert notebook.metadata.kernelspec.name == "python3"
    assert "widgets" not in notebook.metadata
    assert [output for output in outputs(notebook) if output.output_type == "error"] == []


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_committed_notebook_carries_its_outputs(path):
    notebook = nbformat.read(path, as_version=4)
    counts = [cell.execution_count for cell in notebook.cells if cell.cell_type == "code"]
    assert counts == list(range(1, len(counts) + 1))
    assert any("image/png" in output.get("data", {}) for output in outputs(notebook))


def test_the_demo_does_what_the_quickstart_does():
    from lstm_lab.cli import QUICKSTART as DEMO
    from lstm_lab.commands import TRAIN

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
        nbformat.write(still(execute(notebook_path, notebook_path.parent)), notebook_path)
