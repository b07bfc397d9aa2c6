"""What the package exports: a name that comes, goes or moves is a decision, and this list is where it is taken."""

import importlib
import pkgutil
import subprocess
import sys

import pytest

import lstm_lab

PUBLIC = [
    "Export",
    "FeatureReport",
    "Forecast",
    "LabError",
    "Run",
    "Stream",
    "__version__",
    "ablate",
    "backtest",
    "bench",
    "compare",
    "compare_bands",
    "compare_runs",
    "dashboard",
    "example",
    "family",
    "feature",
    "features",
    "load",
    "load_run",
    "mask_effect",
    "memory",
    "padded_steps",
    "preview_losses",
    "preview_weights",
    "repeat",
    "trace",
    "train",
    "tune",
]
MODULES = [
    module.name for module in pkgutil.walk_packages(lstm_lab.__path__, "lstm_lab.") if "__main__" not in module.name
]


def test_the_public_names_are_these():
    assert sorted(lstm_lab.__all__) == PUBLIC
    assert dir(lstm_lab) == PUBLIC


def test_a_star_import_gives_the_public_names_and_no_others():
    code = "import json; before = set(globals()); from lstm_lab import *; print(sorted(set(globals()) - before))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert set(PUBLIC) <= set(eval(done.stdout)) <= {*PUBLIC, "before"}  # noqa: S307 - our own list of names


@pytest.mark.parametrize("name", MODULES)
def test_every_name_that_a_module_exports_exists(name):
    module = importlib.import_module(name)
    exported = getattr(module, "__all__", [])
    assert sorted(set(exported)) == sorted(exported), f"{name} lists a name twice"
    assert [entry for entry in exported if not hasattr(module, entry)] == []


def test_an_unknown_name_is_refused_with_the_nearest_one():
    with pytest.raises(AttributeError, match="did you mean 'train'"):
        _ = lstm_lab.trian
