"""Importing the package and loading the extension cost a blink: no heavy library comes along."""

import importlib
import json
import subprocess
import sys

import pytest

import lstm_lab

HEAVY = ["tensorflow", "keras", "matplotlib", "pandas", "anywidget", "ipywidgets", "jupyterlab"]
IMPORT = "import lstm_lab"
LOAD = "shell.run_line_magic('load_ext', 'lstm_lab')"
HELP = "from lstm_lab.cli.main import main; main(['run', '--help'])"


def imported(statement, setup=""):
    """Run a statement in a new interpreter; return the modules that it imported."""
    code = f"""
import json, os, sys
{setup}
before = set(sys.modules)
{statement}
print(json.dumps(sorted(set(sys.modules) - before)), file=sys.stderr)
os._exit(0)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(json.loads(done.stderr.splitlines()[-1]))


SHELL = "from IPython.core.interactiveshell import InteractiveShell; shell = InteractiveShell()"


RUNS = "from lstm_lab.notebook.namespace import named_runs; named_runs({'prices': 3})"


@pytest.mark.parametrize(
    ("statement", "setup", "at_most"), [(IMPORT, "", 100), (LOAD, SHELL, 200), (HELP, "", 300), (RUNS, "", 100)]
)
def test_little_and_nothing_heavy_is_imported(statement, setup, at_most, tmp_path, monkeypatch):
    """Pandas alone imports some 580 modules."""
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path))
    modules = imported(statement, setup)
    assert modules & set(HEAVY) == set()
    assert len(modules) <= at_most


@pytest.mark.parametrize("name", lstm_lab.__all__)
def test_every_public_name_exists_where_the_map_says(name):
    value = getattr(lstm_lab, name)
    if name != "__version__":
        home = importlib.import_module(lstm_lab._HOMES[name])
        assert getattr(home, name) is value
        assert name in home.__all__


def test_a_misspelt_name_is_explained():
    with pytest.raises(AttributeError, match="did you mean 'train'"):
        lstm_lab.trian  # noqa: B018 - looking it up is the test
