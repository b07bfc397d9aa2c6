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
    Dense(9)
block = [Dropout(0.1), Dense(half)]
block
(Dense(3), Dense(1))
print("text")
[]
"""
    found = read_stack(source, namespace)
    assert [type(one.layer).__name__ for one in found] == [
        "LSTM",
        "Dense",
        "Dense",
        "Dropout",
        "Dense",
        "Dense",
        "Dense",
    ]
    assert [one.line for one in found] == [3, 5, 5, 7, 7, 8, 8]
    assert found[0].location == "line 3: LSTM(units)"
    assert found[4].layer.units == 2
    assert namespace.keys() == {"units", "half", "_", "block"}


def test_the_same_text_is_the_same_code_again():
    namespace = {}
    made = []
    for _ in range(2):
        assert kinds("def half():\n    return LSTM(4)\nhalf()\nDense(1)", namespace) == ["LSTM", "Dense"]
        made.append(namespace["half"].__code__)
    assert made[0] is made[1]


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


def test_a_body_that_ends_python_is_refused():
    with pytest.raises(StackError, match=r"ends Python \(SystemExit\); leave that out"):
        read_stack("LSTM(3)\nraise SystemExit", {})


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


@pytest.mark.parametrize(
    ("source", "units"),
    [
        ("for n in (8, 4):\n    LSTM(n)\n    Dropout(0.1)\nDense(1)", [8, None, 4, None, 1]),
        ("deep = True\nif deep:\n    LSTM(8)\nelse:\n    GRU(4)\nDense(1)", [8, 1]),
        ("[LSTM(n) for n in (8, 4)]\nDense(1)", [8, 4, 1]),
        ("(LSTM(n) for n in (8, 4))\nDense(1)", [8, 4, 1]),
        ("def block(n):\n    LSTM(n)\n    Dropout(0.1)\nblock(8)\nblock(4)\nDense(1)", [8, None, 4, None, 1]),
        ("def block(n):\n    return [LSTM(n), Dropout(0.1)]\nblock(8)\nDense(1)", [8, None, 1]),
        ("first = LSTM(8)\nfirst\nDense(1)", [8, 1]),
        ("parts = []\nfor n in (8, 4):\n    parts.append(LSTM(n))\nparts\nDense(1)", [8, 4, 1]),
        ("n = 0\nwhile n < 2:\n    n += 1\n    LSTM(n)\nDense(1)", [1, 2, 1]),
        ("try:\n    LSTM(8)\nfinally:\n    Dense(1)", [8, 1]),
        ("inner = LSTM(8)\nBidirectional(inner)\nDense(1)", [None, 1]),
        ("RNN([LSTMCell(4), GRUCell(3)])\nDense(1)", [None, 1]),
        ("inner = Dense(3)\nwrapped = TimeDistributed(inner)\nwrapped\nLSTM(2)\nDense(1)", [None, 2, 1]),
        ("model = Sequential()\nmodel.add(LSTM(8))\nmodel\nDense(1)", [None, 1]),
        ("i = Input((10, 3))\nm = keras.Model(i, Dense(1)(LSTM(4)(i)))\nm", [None]),
    ],
)
def test_every_layer_that_is_called_for_is_a_layer_in_order(source, units):
    assert [getattr(found.layer, "units", None) for found in read_stack(source, {})] == units


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("first = LSTM(8)\nDense(1)", "line 1: LSTM(8) is made, but no line of its own stands for it; write it"),
        ("stack = [\n  LSTM(8),\n  Dense(1)]", "line 2: LSTM(8) is made, but no line of its own"),
        ("for n in (1, 2):\n    x = LSTM(n)\nDense(1)", "line 2: LSTM(n) is made"),
        ("{'a': LSTM(8)}\nDense(1)", "line 1: LSTM(8) is made"),
        ("[LSTM(8), 3]\nDense(1)", "line 1: LSTM(8) is made"),
        ("def block(n):\n    kept = LSTM(n)\nblock(8)\nDense(1)", "line 2: LSTM(n) is made"),
        (
            "LSTM(8)\n\n%lstm_forecast 30",
            "line 3: '%lstm_forecast 30' is not Python (invalid syntax); a magic stands in a cell of its own",
        ),
        ("LSTM(8)\nreturn 1", "line 2: 'return 1' is not Python ('return' outside function); mend the line"),
        ("LSTM('64')\nDense(1)", "line 1: LSTM('64'): "),
        ("LSTM(8, unit_forget_bas=True)\nDense(1)", "LSTM takes no unit_forget_bas=; did you mean 'unit_forget_bias'?"),
        ("Dense(1, zzz=3)", "line 1: Dense(1, zzz=3): Dense takes no zzz=; leave it out"),
        ("LSTM()\nDense(1)", "line 1: LSTM(): LSTM.__init__() missing 1 required positional argument: 'units'"),
        ("for n in (8, -4):\n    Dense(n)", "line 2: Dense(n): "),
        ("Dense(1, activation='rleu')", "line 1: Dense(1, activation='rleu'): "),
    ],
)
def test_what_cannot_be_collected_or_made_is_refused_with_its_line(source, said):
    with pytest.raises(StackError) as caught:
        read_stack(source, {})
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_helper_of_an_earlier_cell_counts_by_what_it_gives_back():
    namespace = {}
    read_stack("def block(n):\n    return [LSTM(n), Dropout(0.1)]", namespace)
    assert kinds("block(3)\nDense(1)", namespace) == ["LSTM", "Dropout", "Dense"]


def test_a_class_of_the_users_own_keeps_its_lines_to_itself():
    source = """
class Scaled(keras.Layer):
    'A layer of its own.'
    def __init__(self, **options):
        super().__init__(**options)
        self.inner = Dense(2)
    def call(self, x):
        return 2 * self.inner(x)
LSTM(3)
Scaled()
Dense(1)
"""
    assert kinds(source) == ["LSTM", "Scaled", "Dense"]
