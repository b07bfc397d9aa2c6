"""Networks with held gates and changed inputs, by Python: `frontend/src/cell/network.ts` computes the same."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from lstm_lab.interpret.chain import chain_of, output_of
from lstm_lab.interpret.trace import trace
from lstm_lab.models.backend import keras
from lstm_lab.widgets.cell import CellView

VECTORS = Path(__file__).parent / "what_if_vectors.json"
STEPS = 7
L = keras.layers
NETWORKS = {
    "lstm and gru": lambda: [
        L.LSTM(3, return_sequences=True),
        L.Dropout(0.3),
        L.GRU(2),
        L.Dense(2, "relu"),
        L.Dense(1),
    ],
    "gru before, rnn": lambda: [L.GRU(2, reset_after=False, return_sequences=True), L.SimpleRNN(2), L.Dense(1)],
    "relu": lambda: [L.LSTM(2, activation="relu"), L.Dense(1, use_bias=False)],
}
HOLDS = {"lstm and gru": "forget", "gru before, rnn": "update", "relu": "output"}


def traced(name):
    keras.utils.set_random_seed(7)
    model = keras.Sequential([keras.Input((STEPS, 2)), *NETWORKS[name]()])
    for layer in model.layers:
        # A bias of zeros would hide which of its parts goes where.
        layer.set_weights(
            [
                weight + 0.1 * np.sin(1.0 + np.arange(weight.size)).reshape(weight.shape)
                for weight in layer.get_weights()
            ]
        )
    return trace(model, np.random.default_rng(2).normal(size=(STEPS, 2)))


def shown(found):
    layers = [{name: values.round(12).tolist() for name, values in layer.signals.items()} for layer in found.layers]
    return {"output": float(found.output[0, 0]), "layers": layers}


def network(name):
    found = traced(name)
    view = CellView(found.cell())
    gate = HOLDS[name]
    edited = found.inputs.astype(np.float32).copy()
    edited[2, 0] = np.float32(1.25)
    arrays = {
        key: values.ravel().tolist() for key, values in view.wire.arrays().items() if key.startswith(("net:", "inputs"))
    }
    described = {"stages": view.wire.get("network"), "steps": STEPS, "arrays": arrays}
    view.close()
    cases = [
        {"holds": [], "edit": None, **shown(found)},
        {
            "holds": [_hold(gate, 0.9, 1, 3)],
            "edit": None,
            **shown(found.what_if(layer=0, units=1, steps=range(3, STEPS), **{gate: 0.9})),
        },
        {"holds": [_hold(gate, 0.0, None, 0)], "edit": None, **shown(found.what_if(layer=0, **{gate: 0.0}))},
        {"holds": [], "edit": 1.25, **shown(found.what_if(inputs=edited))},
    ]
    return {"name": name, **described, "cases": cases}


def _hold(gate, value, unit, start):
    return {"place": 0, "gate": gate, "value": value, "unit": unit, "from": start}


@pytest.mark.parametrize("name", NETWORKS)
def test_the_vectors_that_the_page_is_tested_with_are_pythons(name):
    stored = {known["name"]: known for known in json.loads(VECTORS.read_text(encoding="utf-8"))}[name]
    now = json.loads(json.dumps(network(name)))
    assert stored["stages"] == now["stages"]
    for old, new in zip(stored["cases"], now["cases"], strict=True):
        assert old["output"] == pytest.approx(new["output"], abs=1e-5)
        for old_layer, new_layer in zip(old["layers"], new["layers"], strict=True):
            for signal, values in old_layer.items():
                np.testing.assert_allclose(values, new_layer[signal], atol=1e-5, err_msg=signal)


def test_what_is_no_chain_or_too_large_is_not_sent(monkeypatch):
    keras.utils.set_random_seed(7)
    x = np.random.default_rng(2).normal(size=(STEPS, 2))
    reads = keras.Input((STEPS, 2))
    bent = keras.Model(reads, L.Dense(1)(L.LSTM(2)(reads) + L.LSTM(2)(reads)))
    assert chain_of(trace(bent, x)) is None
    both = keras.Sequential([keras.Input((STEPS, 2)), L.Bidirectional(L.LSTM(2)), L.Dense(1)])
    assert chain_of(trace(both, x)) is None
    small = traced("relu")
    links = chain_of(small)
    np.testing.assert_allclose(output_of(links, small.batch), small.output, atol=1e-6)
    assert chain_of(small.what_if(output=0.3)) is None
    monkeypatch.setattr("lstm_lab.interpret.chain.MOST_WEIGHTS", 10)
    assert chain_of(small) is None


if __name__ == "__main__":
    VECTORS.write_text(json.dumps([network(name) for name in NETWORKS]) + "\n", encoding="utf-8")
