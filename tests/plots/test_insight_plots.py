"""Still pictures of traces and memories: what is drawn is what was traced, whatever the layer."""

from __future__ import annotations

import threading

import numpy as np
import pandas as pd
import pytest

from lstm_lab.errors import TraceError
from lstm_lab.interpret.cell_step import decimal
from lstm_lab.interpret.memory import memory
from lstm_lab.interpret.recall_task import Variant
from lstm_lab.interpret.trace import Scale, trace
from lstm_lab.models.backend import keras
from lstm_lab.plots import png

STEPS = 10


def model_of(*layers):
    return keras.Sequential([keras.Input((STEPS, 2)), *layers, keras.layers.Dense(1)])


@pytest.fixture(scope="module")
def found():
    days = pd.date_range("2020-01-01", periods=STEPS, name="day")
    x = np.random.default_rng(0).normal(size=(STEPS, 2))
    model = model_of(keras.layers.LSTM(5, return_sequences=True), keras.layers.GRU(3))
    return trace(model, x, index=days, feature_names=["$a", "b"], scale=Scale(unit="°C", target="the level"))


def test_the_heat_map_holds_the_states_of_the_layer(found):
    figure = found.plot(layer=0)
    heat = next(made for made in figure.axes if made.images)
    order = np.argsort(-found.layers[0].half_life, kind="stable")
    assert np.array_equal(heat.images[0].get_array(), found.layers[0].cell[:, order].T)
    limit = np.abs(found.layers[0].cell).max()
    assert heat.images[0].get_clim() == pytest.approx((-limit, limit))
    texts = [text.get_text() for made in figure.axes for text in made.get_xticklabels()]
    assert "2020-01-01" in texts


def test_gate_means_are_those_of_the_units(found):
    figure = found.plot(layer=0)
    lines = [line for made in figure.axes for line in made.get_lines() if line.get_label() == "forget"]
    assert np.allclose(lines[0].get_ydata(), found.layers[0].forget.mean(axis=1))


def test_every_kind_of_trace_is_drawn(found):
    x = np.random.default_rng(0).normal(size=(4, STEPS, 2))
    masked = x.copy()
    masked[:, :3] = 0.0
    pooled = [keras.layers.LSTM(3, return_sequences=True), keras.layers.MaxPooling1D(2), keras.layers.GRU(3)]
    embed = keras.Sequential([keras.Input((STEPS,), dtype="int32"), keras.layers.Embedding(9, 2), keras.layers.GRU(2)])
    traces = [
        found,
        trace(model_of(keras.layers.SimpleRNN(3)), x),
        trace(model_of(keras.layers.Masking(0.0), keras.layers.Bidirectional(keras.layers.LSTM(3))), masked),
        trace(model_of(*pooled), x[0]),
        trace(embed, np.arange(STEPS) % 9),
    ]
    for each in traces:
        for layer in (None, 0, len(each.layers) - 1):
            assert png(each.plot(layer=layer))[:4] == b"\x89PNG"
    with pytest.raises(TraceError, match="between 0 and 1"):
        found.plot(layer=2)


def test_a_cell_is_drawn_with_its_numbers_and_equations(found):
    for layer in (0, 1):
        cell = found.cell(layer=layer, unit=2, step=4)
        figure = cell.plot()
        texts = [text.get_text() for panel in figure.axes for text in panel.texts]
        assert {decimal(cell.numbers[box.value]) for box in cell.drawing.boxes} < set(texts)
        assert set(cell.equations) < set(texts)
        assert cell.sentence in texts
        course = figure.axes[-1].get_lines()
        np.testing.assert_array_equal(course[0].get_ydata(), cell.of.state[:, 2])
        bars = [bar.get_height() for bar in figure.axes[-1].patches]
        if bars:  # what was kept, then what was written: together they are the state
            np.testing.assert_allclose(np.sum(np.split(np.array(bars), 2), axis=0), cell.of.state[:, 2], atol=1e-6)
        heights = [patch.get_height() for patch in figure.axes[0].patches if patch.get_alpha() is not None]
        first = cell.drawing.boxes[0]
        assert heights[0] == pytest.approx(-cell.numbers[first.value] * first.height)


def test_a_plain_and_a_masked_cell_are_drawn():
    masked = np.random.default_rng(2).normal(size=(STEPS, 2))
    masked[:3] = 0.0
    found = trace(model_of(keras.layers.Masking(0.0), keras.layers.SimpleRNN(3)), masked)
    assert len(png(found.cell(step=0).plot())) > 5_000
    assert len(png(found.cell().plot())) > 5_000


def test_a_held_cell_is_drawn_beside_what_it_was(found):
    held = found.what_if(forget=1.0, layer=0)
    cell = held.cell(layer=0, unit=1)
    panel = cell.plot().axes[-1]
    lines = {line.get_label(): line.get_ydata() for line in panel.get_lines()}
    np.testing.assert_array_equal(lines["cell state"], held.layers[0].cell[:, 1])
    np.testing.assert_array_equal(lines["cell state, as it was"], found.layers[0].cell[:, 1])
    heads = [panel.get_title(loc="left") for panel in held.plot().axes]
    assert any(head.startswith("no gradient: a gate is held") for head in heads)


def test_memory_is_drawn_whole_or_stopped():
    x = np.random.default_rng(0).normal(size=(70, 6, 1))
    few = {"units": 2, "updates": 1, "variants": [Variant("rnn"), Variant("lstm", 1.0)]}
    whole = memory(x, x[:, 0, 0], recall=[2, 3], model=None, **few)
    table = next(made for made in whole.plot().axes if made.images)
    assert np.array_equal(table.images[0].get_array(), np.clip(whole.table, 0, 1))
    stop = threading.Event()
    stop.set()
    assert png(memory(x, x[:, 0, 0], stop=stop, **few).plot())[:4] == b"\x89PNG"


def test_a_terminal_gets_the_words_first(found):
    assert found._repr_mimebundle_()[0]["text/plain"].startswith(found.describe())
