"""A cell in numbers: its equations hold, its words say what they say, and what is not there is refused."""

from __future__ import annotations

import functools
import re

import numpy as np
import pandas as pd
import pytest

from lstm_lab.errors import LabError, OptionError, TraceError
from lstm_lab.interpret.cell_drawing import DRAWINGS, Box, Line, Operation, Slot, Text
from lstm_lab.interpret.cell_step import decimal
from lstm_lab.interpret.trace import trace
from lstm_lab.models.backend import keras

STEPS = 24
DAYS = pd.date_range("2021-03-01", periods=STEPS, name="day")


def traced(*layers, windows=1, masked=False):
    first = [keras.layers.Masking(0.0)] if masked else []
    model = keras.Sequential([keras.Input((STEPS, 1)), *first, *layers, keras.layers.Dense(1)])
    wave = np.tile(np.sin(1 + np.arange(STEPS) / 3)[:, None], (windows, 1, 1))
    if masked:
        wave[:, :2] = 0.0
    return trace(model, wave, index=DAYS, feature_names=["wave"])


LAYERS = {
    "lstm": lambda: keras.layers.LSTM(2, name="lstm"),
    "gru": lambda: keras.layers.GRU(3),
    "rnn": lambda: keras.layers.SimpleRNN(3, activation="relu"),
}


@functools.cache
def of_kind(kind):
    """Trace a layer of a kind that reads a sine: two units of an LSTM, three of the others."""
    keras.utils.set_random_seed(1)
    return traced(LAYERS[kind]())


@pytest.fixture(scope="module")
def sine():
    return of_kind("lstm")


def test_the_numbers_are_the_layers_own_and_satisfy_the_equations(sine):
    layer = sine.layers[0]
    for unit in (0, 1):
        for step in (0, 5, STEPS - 1):
            values = sine.cell(unit=unit, step=step).numbers
            for name, array in layer.signals.items():
                assert values[name] == array[step, unit], name
            assert values["cell"] == pytest.approx(values["kept"] + values["written"], abs=1e-15)
            assert values["hidden"] == pytest.approx(values["output"] * np.tanh(values["cell"]), abs=1e-15)
            assert values["x"] == sine.batch[0, step, 0]
            assert values["before"] == pytest.approx(0 if step == 0 else layer.hidden[step - 1, unit], abs=1e-6)


def test_equations_and_words_say_the_numbers(sine):
    cell = sine.cell(unit=0, step=5)
    said = {name: decimal(abs(value)) for name, value in cell.numbers.items()}
    plain = [line.replace("−", "").replace("(", "").replace(")", "") for line in cell.equations]
    assert plain == [
        f"c = {said['forget']} · {said['cell_before']} + {said['input']} · {said['candidate']} = {said['cell']}",
        f"h = {said['output']} · tanh{said['cell']} = {said['hidden']}",
    ]
    assert f"It keeps {100 * cell.numbers['forget']:.0f} % of its memory" in cell.sentence
    assert cell.heading == "Unit 0 of lstm at 2021-03-06"
    assert repr(cell).splitlines() == [cell.heading, *(f"  {line}" for line in (*cell.equations, cell.sentence))]
    assert ("equation", cell.equations[0]) in cell.summary_table().rows


def test_a_negative_factor_stands_in_brackets_and_a_sum_does_not(sine):
    negative = next(s for s in range(STEPS) if sine.layers[0].candidate[s, 0] < 0)
    line = sine.cell(unit=0, step=negative).equations[0]
    assert " · (−" in line
    assert "= (" not in line


@pytest.mark.parametrize("kind", ["gru", "rnn"])
def test_a_gru_and_a_plain_rnn_have_equations_of_their_own(kind):
    cell = of_kind(kind).cell(unit=1, step=4)
    values = cell.numbers
    if cell.of.kind == "gru":
        total = values["update"] * values["before"] + (1 - values["update"]) * values["candidate"]
        assert values["hidden"] == pytest.approx(total, abs=1e-15)
        assert len(cell.equations) == 1
    else:
        assert cell.drawing.boxes[0].name.replace("{a}", cell.of.activation).startswith("relu(")
        assert len(cell.equations) == 1
    assert dict(cell.summary_table().rows)["equation"] == cell.equations[0]


def test_the_unit_that_remembers_longest_and_the_last_step_are_shown_first():
    found = traced(keras.layers.LSTM(4, return_sequences=True), keras.layers.GRU(3))
    cell = found.cell()
    assert cell.layer == found.opening
    assert cell.unit == np.argmax(found.layers[found.opening].half_life)
    assert cell.step == STEPS - 1
    assert found.cell(layer=1).reads == "output of the layer below, the first of 4 inputs"
    assert found.cell(layer=0).reads == "wave"


def test_a_masked_step_says_that_nothing_is_read():
    cell = traced(keras.layers.LSTM(2), masked=True).cell(unit=0, step=1)
    assert cell.masked
    assert cell.equations == ()
    assert "masked" in cell.sentence
    assert np.isnan(cell.numbers["forget"])


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"layer": 1}, "layer must be a whole number from 0 to 0; got 1"),
        ({"unit": 2}, "unit must be a whole number from 0 to 1; got 2"),
        ({"unit": -1}, "unit must be a whole number from 0 to 1; got -1"),
        ({"step": 24}, "step must be a whole number from -24 to 23, -1 is the last; got 24"),
        ({"step": 1.5}, "step must be a whole number from -24 to 23, -1 is the last; got 1.5"),
    ],
)
def test_what_is_not_there_is_refused(sine, asked, message):
    with pytest.raises(TraceError) as refused:
        sine.cell(**asked)
    assert str(refused.value) == message


def test_several_windows_are_refused():
    with pytest.raises(TraceError, match="shows one window, this trace has 3"):
        traced(keras.layers.LSTM(2), windows=3).cell()


def test_equal_windows_of_a_network_are_linked_and_others_are_not(sine):
    again = trace(sine.model, sine.batch[0])
    other = trace(sine.model, sine.batch[0] + 0.5)
    assert sine.link == again.link != other.link


@pytest.mark.parametrize("kind", DRAWINGS)
def test_every_number_of_a_drawing_is_a_number_of_the_cell(kind):
    drawing, values = DRAWINGS[kind], of_kind(kind).cell().numbers
    slots = [part for parts in (*drawing.filled, drawing.sentence) for part in parts if isinstance(part, Slot)]
    shown = [*drawing.boxes, *drawing.texts, *slots, *(line for line in drawing.lines if line.value)]
    assert {item.value for item in shown} <= set(values)
    timed: list[Box | Operation | Text | Slot] = [*drawing.boxes, *drawing.operations, *drawing.texts, *slots]
    assert all(0 <= item.at < 1 for item in timed)
    assert all(0 <= line.start < line.end <= 1 for line in drawing.lines)
    assert all(inside(point, drawing) for line in drawing.lines for point in line.path)


def inside(point, drawing):
    return 0 <= point[0] <= drawing.width and 0 <= point[1] <= drawing.height


@pytest.mark.parametrize("kind", DRAWINGS)
def test_a_number_reaches_an_operation_before_it_is_done(kind):
    """Nothing is added or multiplied before both numbers are there."""
    drawing = DRAWINGS[kind]
    for operation in drawing.operations:
        arriving: list[Line] = [
            line
            for line in drawing.lines
            if np.hypot(line.path[-1][0] - operation.x, line.path[-1][1] - operation.y) < 18
        ]
        assert len(arriving) == (1 if operation.sign == "1−" else 2), operation
        assert all(line.end <= operation.at for line in arriving), operation


def test_run_cell_is_the_cell_of_its_gates():
    import lstm_lab as lab

    rng = np.random.default_rng(0)
    prices = pd.DataFrame({"close": 9 + rng.normal(0, 0.1, 160).cumsum()}, pd.date_range("2022", periods=160))
    run = lab.train(prices, units=[3], dense=[], lookback=8, epochs=1, transform="diff", features=[])
    cell = run.cell(-20, unit=2, step=3)
    assert (cell.unit, cell.step) == (2, 3)
    assert cell.numbers == run.gates(-20).cell(unit=2, step=3).numbers
    assert cell.when == "2022-05-17"
    assert cell.reads == "diff(close), scaled"
    with pytest.raises(OptionError, match="unit"):
        run.cell(unit=-1)
    held = run.cell(-20, unit=2, step=3, hold={"forget": 1.0, "input": 0.5}, hold_units=[2], hold_steps=[1, 2, 3])
    what_if = run.gates(-20).what_if(forget=1.0, input=0.5, units=[2], steps=[1, 2, 3])
    assert held.numbers == what_if.cell(unit=2, step=3).numbers
    assert held.trace.unchanged is not None
    assert (
        run.cell(-20, unit=2, step=3, hold="forget=1,input=0.5", hold_units=2, hold_steps="1-3").numbers == held.numbers
    )


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"hold": "forget"}, r"hold= takes a gate, = and its value, got 'forget'; for example hold='forget=1'"),
        ({"hold_units": [0]}, r"got hold_units= without hold=; give hold= too"),
        ({"hold": "forget=2"}, r"in hold=, forget must be a number from 0, shut, to 1, open; got 2.0"),
        ({"hold": "update=1"}, r"has no 'update'; it can hold forget, input, output, candidate"),
        ({"hold": "forget=1", "hold_units": [7]}, r"hold_units= must be whole numbers from 0 to 1; got 7"),
        ({"hold": "forget=1", "hold_steps": [99]}, r"hold_steps= must be whole numbers from -6 to 5; got 99"),
    ],
)
def test_a_hold_that_cannot_be_is_refused_by_its_own_name(small_run, given, said):
    with pytest.raises(LabError, match=re.escape(said)):
        small_run.cell(**given)


@pytest.fixture(scope="module")
def small_run():
    import lstm_lab as lab

    frame = pd.DataFrame({"y": np.sin(np.arange(80) / 3)})
    return lab.train(frame, units=[2], dense=[], lookback=6, epochs=1, transform="none", features=[])


def test_a_row_is_no_step_and_a_value_that_is_scaled_says_so(small_run):
    cell = small_run.cell(unit=0, step=2)
    assert cell.heading.endswith("at step 2, row 76")
    assert cell.reads == "y, scaled"
    changed = cell.trace.what_if(inputs=cell.trace.inputs + 1).cell(unit=0, step=2)
    assert changed.reads == "y, scaled"


@pytest.mark.parametrize("kind", ["lstm", "gru"])
def test_what_is_written_stands_clear_of_the_number_on_its_way(kind):
    """A number of seven letters is some 92 wide, and travels centred on its line."""
    drawing = DRAWINGS[kind]
    text = next(text for text in drawing.texts if text.value == "written")
    line = next(line for line in drawing.lines if line.value == "written")
    assert text.x - line.path[0][0] >= 34
