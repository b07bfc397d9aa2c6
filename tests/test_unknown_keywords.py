"""Every public function and every method of a result answers an unknown keyword in one line."""

from __future__ import annotations

import inspect

import pytest

import lstm_lab as lab
from lstm_lab.errors import LabError, OptionError, named_keywords
from lstm_lab.forecasting.forecast import Forecast
from lstm_lab.interpret.trace import Trace

FUNCTIONS = [name for name in lab.__all__ if inspect.isfunction(getattr(lab, name)) and name != "feature"]
METHODS = [
    method
    for kind in (lab.Run, Forecast, Trace, lab.FeatureReport)
    for name, method in vars(kind).items()
    if inspect.isfunction(method) and not name.startswith("_")
]


def needed(function):
    """Return as many values as a function needs."""
    parameters = inspect.signature(function).parameters.values()
    return [None for each in parameters if each.default is each.empty and each.kind is each.POSITIONAL_OR_KEYWORD]


@pytest.mark.parametrize("name", FUNCTIONS)
def test_an_unknown_keyword_of_a_function_is_one_line(name):
    function = getattr(lab, name)
    with pytest.raises(LabError):
        function(*needed(function), zzz=1)


@pytest.mark.parametrize("method", METHODS, ids=lambda method: method.__qualname__)
def test_an_unknown_keyword_of_a_method_is_one_line(method):
    if any(each.kind is each.VAR_KEYWORD for each in inspect.signature(method).parameters.values()):
        return  # its options are checked by their model, as tests of the options hold
    with pytest.raises(OptionError, match=rf"^{method.__name__} has no option 'zzz'; "):
        method(*needed(method), zzz=1)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: lab.load("prices.csv", on_disc=True), "load has no option 'on_disc'; did you mean 'on_disk'?"),
        (lambda: lab.example("oil", x=1), "example has no option 'x'; choose from 'name'"),
        (lambda: lab.family(x=1), "family has no option 'x'; leave it out"),
    ],
)
def test_the_nearest_keyword_is_named(call, words):
    with pytest.raises(OptionError) as refused:
        call()
    assert str(refused.value) == words


def test_what_is_wrapped_keeps_its_name_and_signature():
    assert lab.load.__name__ == "load"
    assert "on_disk" in inspect.signature(lab.load).parameters
    assert named_keywords(lab.train) is lab.train
