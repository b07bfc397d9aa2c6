"""The view of a cell: what its wire holds is what was traced, and what a saved notebook keeps of it is alive."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from lstm_lab.errors import TraceError
from lstm_lab.interpret.cell_drawing import DRAWINGS
from lstm_lab.interpret.cell_step import decimal, signals_of
from lstm_lab.interpret.trace import trace
from lstm_lab.models.backend import keras
from lstm_lab.widgets import saved
from lstm_lab.widgets.cell import CellView

STEPS = 24
VECTORS = Path(__file__).parent / "cell_vectors.json"
DECIMALS = [0.784, -0.5, 0.0123, -0.0123, 0.00123, 0.0996, 0.00001, -0.001, 12.345, 0.0, 1.0]


def traced(*layers):
    model = keras.Sequential([keras.Input((STEPS, 1)), *layers, keras.layers.Dense(1)])
    return trace(model, np.sin(np.arange(STEPS) / 3)[:, None])


def vectors():
    """Give what `frontend/src/cell` must write as Python does."""
    keras.utils.set_random_seed(1)
    cells = [traced(layer).cell(unit=0, step=5) for layer in (keras.layers.LSTM(2), keras.layers.GRU(2))]
    written = [
        {
            "drawing": asdict(cell.drawing),
            "values": {name: round(value, 12) for name, value in cell.numbers.items()},
            "activation": cell.of.activation,
            "equations": list(cell.equations),
            "sentence": cell.sentence,
        }
        for cell in cells
    ]
    return {"decimals": [[value, decimal(value)] for value in DECIMALS], "cells": written}


def test_the_vectors_that_the_page_is_tested_with_are_pythons():
    stored, now = json.loads(VECTORS.read_text(encoding="utf-8")), json.loads(json.dumps(vectors()))
    assert stored["decimals"] == now["decimals"]
    for old, new in zip(stored["cells"], now["cells"], strict=True):
        assert {**old, "values": None} == {**new, "values": None}
        assert old["values"] == pytest.approx(new["values"], abs=1e-6)


@pytest.fixture(scope="module")
def small():
    return traced(keras.layers.LSTM(3, return_sequences=True), keras.layers.GRU(2))


@pytest.fixture
def view(small):
    made = CellView(small.cell(layer=0, unit=1, step=7))
    yield made
    made.close()


def test_the_wire_holds_every_signal_of_every_unit_of_a_small_network(view):
    layers = view.result.trace.layers
    for number, layer in enumerate(layers):
        facts = view.wire.get("layers")[number]
        assert facts["signals"] == [*layer.signals, *(["squashed"] if layer.kind == "lstm" else [])]
        for unit in range(layer.units):
            rows = view.wire.array(f"{number}:unit:{unit}")
            signals = signals_of(layer, unit)
            expected = np.stack([signals[name] for name in facts["signals"]])
            np.testing.assert_allclose(rows, expected, rtol=1e-6, atol=1e-7)
    assert [view.wire.get(name) for name in ("layer", "unit", "step")] == [0, 1, 7]
    assert set(view.wire.get("drawings")) == {"lstm", "gru"}
    assert view.wire.get("drawings")["gru"] == asdict(DRAWINGS["gru"])


def test_a_unit_that_was_not_sent_is_sent_when_it_is_asked_for(small, monkeypatch):
    monkeypatch.setattr("lstm_lab.widgets.cell.FEW", 24 * 7 * 4)
    made = CellView(small.cell(layer=0, unit=1))
    sent = []
    made.wire._send = lambda content, _: sent.append((content["kind"], [array["name"] for array in content["arrays"]]))
    held = [name for name in made.wire.arrays() if ":unit:" in name]
    made.on_message("unit", {"layer": 0, "unit": 2})
    made.on_message("unit", {"layer": 0, "unit": 9})
    made.on_message("unit", {"layer": 7, "unit": 0})
    made.close()
    assert held == ["0:unit:1"]
    assert [names for kind, names in sent if kind == "delta"] == [["0:unit:2"]]


def test_a_saved_notebook_keeps_the_unit_that_is_shown_first():
    made = CellView(traced(keras.layers.LSTM(24, name="lstm")).cell(unit=17))
    whole, small = (saved.saved(made, room) for room in (saved.ROOM, 20_000))
    data, metadata = made._repr_mimebundle_()
    kept = made.saved_arrays(0.0)
    made.close()
    assert len(whole["state"]) > 20_000 > len(small["state"])
    assert [name for name in kept if ":unit:" in name] == ["0:unit:17"]
    assert {"0:mask", "0:read", "series", "times"} < set(kept)
    assert {"text/plain", "image/png", saved.MIME} <= set(data)
    assert len(json.dumps([data, metadata])) <= saved.ROOM
    assert data["text/plain"].startswith("Unit 17 of lstm at step 23\n  c = ")


def test_states_that_do_not_start_at_zero_or_run_backwards_are_sent():
    made = CellView(traced(keras.layers.LSTM(2, go_backwards=True)).cell())
    names = made.wire.get("layers")[0]["signals"]
    made.close()
    assert {"before", "cell_before"} < set(names)


def test_a_long_window_of_a_large_network_is_kept_alive():
    """As large as 3 × 128 units over four years of days; the picture takes its share."""
    steps, rng = 1460, np.random.default_rng(0)
    small = traced(keras.layers.LSTM(2))
    layer = small.layers[0]
    signals = {
        name: np.tanh(rng.normal(0, 0.1, (steps, 128)).cumsum(axis=0))
        for name in (*layer.signals, "squashed", "pre_forget", "forgetting")
    }
    before = {"before": np.zeros((steps, 128)), "cell_before": np.zeros((steps, 128))}
    read = rng.normal(size=(steps, 7))
    large = replace(layer, **signals, **before, read=read, mask=np.ones(steps, bool))
    batch = read[None].astype(np.float32)
    names = tuple("abcdefg")
    found = replace(
        small, layers=(large,) * 3, batch=batch, index=pd.date_range("2020", periods=steps), feature_names=names
    )
    made = CellView(found.cell(layer=1, unit=5))
    data, metadata = made._repr_mimebundle_()
    made.close()
    assert saved.MIME in data
    assert len(json.dumps([data, metadata])) <= saved.ROOM


def test_the_offline_page_holds_every_unit(small, monkeypatch, tmp_path):
    monkeypatch.setattr("lstm_lab.widgets.cell.FEW", 0)
    page = small.cell().to_html(tmp_path / "cell.html").read_text(encoding="utf-8")
    assert all(f"0:unit:{unit}" in page for unit in range(3))


def test_the_kernel_computes_what_the_page_cannot(small, monkeypatch):
    monkeypatch.setattr("lstm_lab.interpret.chain.MOST_WEIGHTS", 10)
    made = CellView(small.cell(layer=0, unit=1))
    assert made.wire.get("network") is None
    sent = []
    made.wire._send = lambda content, _: sent.append(content) if content["kind"] == "delta" else None
    hold = {"place": 0, "gate": "forget", "value": 1.0, "unit": 1, "from": 4}
    change = json.dumps({"hold": hold, "edits": {"2": 0.5}})
    made.on_message("what_if", {"change": change, "layer": 0, "unit": 1})
    inputs = small.inputs.copy()
    inputs[2, 0] = 0.5
    expected = small.what_if(inputs=inputs, layer=0, forget=1.0, units=1, steps=range(4, STEPS))
    rows = made.wire.array("now:0:unit:1")
    signals = signals_of(expected.layers[0], 1)
    sent_signals = made.wire.get("layers")[0]["signals"]
    np.testing.assert_allclose(rows, np.stack([signals[name] for name in sent_signals]), rtol=1e-6, atol=1e-7)
    assert sent[-1]["values"]["changed"] == change
    assert sent[-1]["values"]["changed_output"] == pytest.approx(float(expected.output[0, 0]))
    wrong = json.dumps({"hold": hold | {"value": 2.0}, "edits": {}})
    with pytest.raises(TraceError):
        made.on_message("what_if", {"change": wrong, "layer": 0, "unit": 1})
    assert sent[-1]["values"] == {"changed": wrong}, "the page hears that it need not wait"
    made.close()


if __name__ == "__main__":
    VECTORS.write_text(json.dumps(vectors(), indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def test_a_changed_network_comes_with_what_was_and_a_saved_view_keeps_it(small):
    held = small.what_if(forget=1.0, layer=0)
    view = CellView(held.cell(layer=0, unit=1))
    try:
        layer = held.layers[0]
        arrays = view.wire.arrays()
        told = view.wire.snapshot()["values"]
        names = told["layers"][0]["signals"]
        np.testing.assert_allclose(
            arrays["was:0:unit:1"][names.index("hidden")], small.layers[0].hidden[:, 1], atol=1e-6
        )
        np.testing.assert_allclose(arrays["0:unit:1"][names.index("hidden")], layer.hidden[:, 1], atol=1e-6)
        assert told["unchanged"] == pytest.approx(float(small.output[0, 0]))
        kept = view.saved_arrays(0.0)
        assert [name for name in kept if ":unit:" in name] == ["0:unit:1", "was:0:unit:1"]
    finally:
        view.close()
    plain = CellView(small.cell(layer=0, unit=1))
    assert not [name for name in plain.wire.arrays() if name.startswith("was:")]
    plain.close()
