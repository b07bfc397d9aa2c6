"""The notebook that a test file is named after, run once for the file."""

import pytest
from notebook_runs import ROOT, execute, outputs, said


@pytest.fixture(scope="module")
def executed(request, tmp_path_factory):
    """Run the notebook; one that fails or warns fails each test of its file."""
    name = request.module.__name__.rpartition(".")[2].removeprefix("test_").replace("_", "-")
    notebook = execute(ROOT / "notebooks" / f"{name}.ipynb", tmp_path_factory.mktemp("run"))
    assert [output.text for output in outputs(notebook) if output.get("name") == "stderr"] == []
    return notebook


@pytest.fixture(scope="module")
def text(executed):
    """Give what the notebook printed and what its results say of themselves."""
    return said(executed)
