"""The notebook that a test file is named after, run once for the file."""

import pytest
from notebook_runs import ROOT, execute, outputs, said

MOST_MEMORY = 650
"""MB of a kernel without the libraries in files, which take up to 450 MB more on Binder; they are 550 at most there."""


@pytest.fixture(scope="module")
def executed(request, tmp_path_factory):
    """Run the notebook; one that fails, warns or takes too much memory fails each test of its file."""
    name = request.module.__name__.rpartition(".")[2].removeprefix("test_").replace("_", "-")
    peaks = []
    notebook = execute(ROOT / "notebooks" / f"{name}.ipynb", tmp_path_factory.mktemp("run"), peaks)
    assert max(peaks, default=0) < MOST_MEMORY
    assert [output.text for output in outputs(notebook) if output.get("name") == "stderr"] == []
    return notebook


@pytest.fixture(scope="module")
def text(executed):
    """Give what the notebook printed and what its results say of themselves."""
    return said(executed)
