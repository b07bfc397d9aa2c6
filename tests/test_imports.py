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


def measure(statement, setup="", times=1):
    """Run a statement in a new interpreter; give back its best seconds and the heavy libraries it left behind."""
    code = f"""
import json, os, sys, time
{setup}
before = set(sys.modules)
begun = time.perf_counter()
{statement}
seconds = time.perf_counter() - begun
heavy = sorted(set({HEAVY!r}) & (set(sys.modules) - before))
print(json.dumps([seconds, heavy]), file=sys.stderr)
os._exit(0)
"""
    results = []
    for _ in range(times):
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
        results.append(json.loads(done.stderr.splitlines()[-1]))
    return min(seconds for seconds, _ in results), results[0][1]


SHELL = "from IPython.core.interactiveshell import InteractiveShell; shell = InteractiveShell()"


RUNS = "from lstm_lab.notebook.namespace import named_runs; named_runs({'prices': 3})"


@pytest.mark.parametrize(("statement", "setup"), [(IMPORT, ""), (LOAD, SHELL), (HELP, ""), (RUNS, "")])
def test_nothing_heavy_is_imported(statement, setup, tmp_path, monkeypatch):
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path))
    assert measure(statement, setup)[1] == []


@pytest.mark.parametrize(("statement", "setup"), [(IMPORT, ""), (LOAD, SHELL)])
def test_it_takes_less_time_than_importing_pandas(statement, setup, tmp_path, monkeypatch):
    """A ratio, which a busy machine does not change: pandas alone takes 0.4 s on a quiet one with two cores."""
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path))
    assert measure(statement, setup, times=5)[0] < measure("import pandas", times=5)[0]


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
