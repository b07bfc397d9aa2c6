"""What every test run says first, and the shell that the magics are tested in."""

import atexit
import os
import random
import signal
import sys

import pytest
from hypothesis import settings

import lstm_lab

# On a build machine the drawn examples are the same in every run: a change lands or fails for what it changed.
settings.register_profile("ci", derandomize=True)
if os.environ.get("CI"):
    settings.load_profile("ci")


# A shell starts what runs in the background deaf to Ctrl-C, and every process that it starts: the tests press it.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_report_header():
    """Say which copy is tested: with a plain `pip install .` it is the installed one, not this folder."""
    return f"lstm_lab {lstm_lab.__version__} from {lstm_lab.__file__}"


@pytest.fixture(autouse=True)
def same_first_weights():
    """Give each test the same draws where it names no seed: Keras draws those of first weights from this generator."""
    random.seed(0)


@pytest.fixture
def shell(tmp_path, monkeypatch):
    """Start an IPython of its own, in a folder of its own, with the extension loaded."""
    from IPython.core.interactiveshell import InteractiveShell
    from traitlets.config import Config

    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    monkeypatch.chdir(tmp_path)
    # IPython puts a module of its own in the place of the main one: give that back.
    monkeypatch.setitem(sys.modules, "__main__", sys.modules["__main__"])
    config = Config()
    config.HistoryManager.hist_file = ":memory:"
    InteractiveShell.clear_instance()
    shell = InteractiveShell.instance(config=config, colors="nocolor")
    shell.run_line_magic("load_ext", "lstm_lab")
    yield shell
    shell.atexit_operations()
    atexit.unregister(shell.atexit_operations)
    InteractiveShell.clear_instance()


@pytest.fixture
def do(shell, capsys):
    """Run a cell; give back its value, its stdout and its stderr."""

    def do(cell):
        value = shell.run_cell(cell, store_history=True).result
        written = capsys.readouterr()
        return value, written.out, written.err

    return do
