"""Pictures and views register themselves for the class of a result: nothing is decided by the name of a class."""

import re
import subprocess
import sys
from inspect import signature
from pathlib import Path

import pytest

import lstm_lab
from lstm_lab import plots, widgets
from lstm_lab.errors import LabError
from lstm_lab.forecasting.forecast import Forecast
from lstm_lab.models import backend
from lstm_lab.results import Renderers, Result, StillResult, networks_are_loaded, pictures, views


class Base:
    """A result."""


class Derived(Base):
    """One with nothing registered for itself."""


def test_a_subclass_is_rendered_as_its_base_and_a_namesake_is_not():
    kinds = Renderers("picture")
    kinds.register(Base)(lambda _: "base")
    assert kinds.of(Derived())(Derived()) == "base"
    kinds.register(Derived)(lambda _: "derived")
    assert kinds.of(Derived())(Derived()) == "derived"
    assert kinds.of(Base())(Base()) == "base"
    namesake = type("Base", (), {"__module__": Base.__module__})
    with pytest.raises(LabError, match="there is no picture of a Base; there are pictures of: Base, Derived"):
        kinds.of(namesake())


@pytest.mark.parametrize(
    ("package", "load", "mark"),
    [(plots, plots.drawing_modules, "pictures"), (widgets, widgets.view_modules, "views")],
)
def test_every_module_that_registers_is_imported(package, load, mark):
    assert backend.keras
    registering = {
        f"{package.__name__}.{path.stem}"
        for path in Path(package.__file__).parent.glob("*.py")
        if re.search(rf"^@{mark}\.register", path.read_text(encoding="utf-8"), re.MULTILINE)
    }
    assert {module.__name__ for module in load()} == registering


def test_every_public_result_has_a_picture_and_a_view_unless_it_stands_still():
    plots.drawing_modules()
    widgets.view_modules()
    results = [
        value
        for name in lstm_lab.__all__
        if isinstance(value := getattr(lstm_lab, name), type) and issubclass(value, Result)
    ]
    assert len(results) >= 4
    for kind in results:
        shown = object.__new__(kind)
        assert pictures.of(shown)
        if not issubclass(kind, StillResult):
            assert views.of(shown)


def test_networks_are_loaded_with_the_module_that_imports_tensorflow(monkeypatch):
    assert networks_are_loaded()
    monkeypatch.delitem(sys.modules, backend.__name__)
    assert not networks_are_loaded()


@pytest.mark.parametrize("package", ["plots", "widgets"])
def test_what_needs_no_network_is_shown_without_tensorflow(package):
    function = {"plots": "drawing_modules", "widgets": "view_modules"}[package]
    code = f"import sys; from lstm_lab.{package} import {function}; {function}(); print('tensorflow' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False"]


def test_an_object_without_a_view_is_named():
    with pytest.raises(LabError, match=f"no live view of a int; there are live views of: .*{Forecast.__name__}"):
        widgets.widget(3)


def test_every_picture_names_its_options_so_that_an_unknown_one_is_refused():
    plots.drawing_modules()
    for draw in pictures._functions.values():
        assert not [each for each in signature(draw).parameters.values() if each.kind is each.VAR_KEYWORD], draw
