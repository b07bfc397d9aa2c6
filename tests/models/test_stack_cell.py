"""A cell of Python becomes a list of layers."""

from __future__ import annotations

import traceback

import pytest

from lstm_lab.errors import StackError
from lstm_lab.models.backend import keras
from lstm_lab.models.stack_cell import read_stack


def kinds(source, namespace=None):
    return [type(found.layer).__name__ for found in read_stack(source, {} if namespace is None else namespace)]


def test_expressions_are_layers_and_statements_run_in_the_users_namespace():
    namespace = {"units": 5}
    source = """
half = units // 2
LSTM(units)
for _ in range(2):
    Dense(99)  # inside a block: no layer
block = [Dropout(0.1), Dense(half)]
block
(Dense(3), Dense(1))
print("text")
[]
[1, Dense(2)]
"""
    found = read_stack(source, namespace)
    assert [type(one.layer).__name__ for one in found] == ["LSTM", "Dropout", "Dense", "Dense", "Dense"]
    assert [one.line for one in found] == [3, 7, 7, 8, 8]
    assert found[0].place == "line 3: LSTM(units)"
    assert found[2].layer.units == 2
    assert namespace.keys() == {"units", "half", "_", "block"}


def test_lent_names_leave_no_trace_and_never_cover_the_users_own():
    own = {"Dense": lambda units: keras.layers.Dense(units, name="mine"), "__builtins__": __builtins__}
    found = read_stack("keras.layers.GRU(3)\nBidirectional(LSTM(2))\nDense(1)\nlen([1])", own)
    assert found[-1].layer.name == "mine"
    assert own.keys() == {"Dense", "__builtins__"}
    assert own["__builtins__"] is __builtins__


def test_an_import_in_the_cell_stays():
    namespace = {}
    assert kinds("from keras.layers import LSTM\nLSTM(3)", namespace) == ["LSTM"]
    assert namespace == {"LSTM": keras.layers.LSTM}


def test_a_function_of_the_cell_still_finds_the_layers_later():
    namespace = {}
    read_stack("def block():\n    return LSTM(3)", namespace)
    assert isinstance(namespace["block"](), keras.layers.LSTM)


def test_names_are_taken_back_after_an_error():
    namespace = {}
    with pytest.raises(ZeroDivisionError):
        read_stack("LSTM(1 // 0)", namespace)
    assert namespace == {}


def test_an_error_of_the_user_shows_the_users_line():
    with pytest.raises(ZeroDivisionError) as caught:
        read_stack("width = 0\nLSTM(8 // width)", {})
    assert "LSTM(8 // width)" in "".join(traceback.format_exception(caught.value))


@pytest.mark.parametrize("source", ["LSTM(denze)", "zzz(3)", "def Dens():\n    LTSM(1)\nDens()"])
def test_a_name_that_is_no_layers_stays_the_users_error(source):
    with pytest.raises(NameError):
        read_stack(source, {})


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("LSTM(8)\nDense(1", "line 2: 'Dense(1' is not Python"),
        ("LSTM\nDense(1)", "line 1: LSTM is a class, not a layer; write it with parentheses, LSTM(...)"),
        ("LSTM(8)\n[LTSM(4), Dense(1)]", "line 2: there is no 'LTSM'; did you mean 'LSTM'?"),
    ],
)
def test_a_slip_of_the_pen_is_one_line(source, said):
    with pytest.raises(StackError) as caught:
        read_stack(source, {})
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_cell_without_layers_is_an_empty_stack():
    assert read_stack("x = 1\nx", {}) == []
