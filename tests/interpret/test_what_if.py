"""What if: held gates and changed inputs give the trace and the output that the equations give, checked again."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import lstm_lab as lab
from lstm_lab.errors import TraceError, VerificationError
from lstm_lab.interpret import held as held_module
from lstm_lab.interpret.trace import trace
from lstm_lab.models.backend import keras

STEPS = 12


def traced(*layers, windows=1, masked=False):
    keras.utils.set_random_seed(4)
    first = [keras.layers.Masking(0.0)] if masked else []
    made = [layer() for layer in layers]
    model = keras.Sequential([keras.Input((STEPS, 2)), *first, *made, keras.layers.Dense(1)])
    x = np.random.default_rng(1).normal(size=(windows, STEPS, 2))
    if masked:
        x[:, :3] = 0.0
    return trace(model, x)


@pytest.fixture(scope="module")
def lstm():
    return traced(lambda: keras.layers.LSTM(4, return_sequences=True), lambda: keras.layers.LSTM(3))


@pytest.fixture(scope="module")
def gru():
    return traced(lambda: keras.layers.GRU(4, reset_after=False))


def test_a_held_forget_gate_is_held_and_all_that_follows_is_the_cells(lstm):
    after = lstm.what_if(forget=1.0, units=[2], steps=range(5, 9), layer=0)
    was, now = lstm.layers[0], after.layers[0]
    held = np.zeros((STEPS, 4), bool)
    held[5:9, 2] = True
    assert (now.forget[held] == 1.0).all()
    np.testing.assert_allclose(now.cell[:5], was.cell[:5], atol=1e-5)
    np.testing.assert_allclose(now.cell, now.forget * now.cell_before + now.input * now.candidate, atol=1e-15)
    np.testing.assert_allclose(now.hidden, now.output * np.tanh(now.cell), atol=1e-15)
    np.testing.assert_array_equal(now.cell_before[1:], now.cell[:-1])
    assert np.abs(now.cell[5:] - was.cell[5:]).max() > 1e-3
    other = np.delete(np.arange(4), 2)
    assert np.abs(now.cell[6:, other] - was.cell[6:, other]).max() > 1e-6, "other units hear of it a step later"
    np.testing.assert_allclose(now.cell[5, other], was.cell[5, other], atol=1e-5)


def test_the_layers_above_read_what_the_held_layer_says(lstm):
    after = lstm.what_if(output=0.0, layer=0)
    assert (after.layers[0].hidden == 0.0).all()
    np.testing.assert_allclose(after.layers[1].read, 0.0)
    upper = lstm.model.layers[1]
    alone = keras.Sequential([keras.Input((STEPS, 4)), upper, lstm.model.layers[2]])
    np.testing.assert_allclose(after.output, np.asarray(alone(np.zeros((1, STEPS, 4), "float32"))), atol=1e-6)
    assert after.unchanged is lstm
    np.testing.assert_array_equal(lstm.output, trace(lstm.model, lstm.batch).output)


def test_a_gate_held_where_it_already_is_changes_nothing(lstm):
    layer = lstm.layers[0]
    unit, step = 1, 7
    after = lstm.what_if(layer=0, forget=float(layer.forget[step, unit]), units=unit, steps=step)
    np.testing.assert_allclose(after.layers[0].hidden, layer.hidden, atol=1e-5)
    np.testing.assert_allclose(after.output, lstm.output, atol=1e-5)


@pytest.mark.parametrize("kind", ["gru", "gru_before", "backward", "masked"])
def test_every_cell_can_be_held(kind):
    layers = {
        "gru": lambda: keras.layers.GRU(4),
        "gru_before": lambda: keras.layers.GRU(4, reset_after=False),
        "backward": lambda: keras.layers.LSTM(4, go_backwards=True),
        "masked": lambda: keras.layers.LSTM(4),
    }
    was = traced(layers[kind], windows=2, masked=kind == "masked")
    gate = "update" if "gru" in kind else "forget"
    after = was.what_if(**{gate: 0.0}, steps=[-1])
    now = after.layers[0]
    assert (now.signals[gate][:, -1] == 0.0).all()
    written = now.input * now.candidate if gate == "forget" else now.candidate
    np.testing.assert_allclose(now.state[:, -1], written[:, -1], atol=1e-15)
    untouched = slice(0, -1) if kind != "backward" else slice(0, 0)
    np.testing.assert_allclose(now.hidden[:, untouched], was.layers[0].hidden[:, untouched], atol=1e-5)
    if kind == "masked":
        assert np.isnan(now.forget[:, :3]).all()
        assert not now.mask[:, :3].any()


def test_changes_add_up(gru):
    once = gru.what_if(update=1.0, units=[0])
    twice = once.what_if(reset=0.0, units=[1])
    assert [str(hold) for hold in twice.holds] == [
        "update held at 1 in unit 0 at all steps",
        "reset held at 0 in unit 1 at all steps",
    ]
    assert (twice.layers[0].update[:, 0] == 1.0).all()
    assert (twice.layers[0].reset[:, 1] == 0.0).all()
    assert twice.unchanged is gru
    assert (twice.layers[0].hidden[:, 0] == 0.0).all(), "what keeps all writes nothing"
    assert dict(twice.summary_table().rows)["output"].endswith("with the change")


def test_changed_inputs_are_traced_as_ever(gru):
    x = gru.inputs.copy()
    x[4, 0] += 0.5
    after = gru.what_if(inputs=x)
    again = trace(gru.model, x)
    np.testing.assert_array_equal(after.layers[0].hidden, again.layers[0].hidden)
    np.testing.assert_array_equal(after.output, again.output)
    both = after.what_if(update=1.0, steps=range(4, 12))
    np.testing.assert_allclose(both.layers[0].hidden[3:], np.tile(both.layers[0].hidden[3], (9, 1)), atol=1e-15)


def test_a_held_trace_has_no_gradient_and_says_so(lstm):
    after = lstm.what_if(forget=0.5)
    with pytest.raises(TraceError, match="a gate is held"):
        _ = after.connectivity
    assert "forget held at 0.5" in repr(after)
    assert after.link == lstm.link


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({}, "what_if needs a change: inputs=, or a gate such as forget=1.0"),
        ({"forget": 1.5}, "forget must be a number from 0, shut, to 1, open; got 1.5"),
        ({"candidate": np.nan}, "candidate must be a finite number; got nan"),
        ({"update": 1, "layer": 0}, "has no 'update'; it can hold forget, input, output, candidate"),
        ({"forget": 1, "layer": 2}, "layer must be between 0 and 1, got 2; see trace.layers"),
        ({"forget": 1, "layer": 0, "units": [4]}, "units must be whole numbers from 0 to 3; got 4"),
        ({"forget": 1, "steps": range(10, 20)}, "steps must be whole numbers from -12 to 11; got 12"),
        ({"forget": 1, "steps": []}, "steps must be whole numbers from -12 to 11; got none"),
        ({"inputs": np.zeros((5, 2))}, "x of shape (5, 2) does not fit"),
    ],
)
def test_what_cannot_be_is_refused(lstm, asked, message):
    with pytest.raises(TraceError) as refused:
        lstm.what_if(**asked)
    assert message in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_plain_rnn_has_nothing_to_hold():
    with pytest.raises(TraceError, match="none; change inputs= instead"):
        traced(lambda: keras.layers.SimpleRNN(3)).what_if(forget=1.0)


def test_a_run_that_is_not_the_layers_is_refused(lstm, monkeypatch):
    weights = held_module.weights_of

    def wrong(cell):
        kernel, recurrent, bias = weights(cell)
        return kernel * 1.01, recurrent, bias

    monkeypatch.setattr(held_module, "weights_of", wrong)
    with pytest.raises(VerificationError, match="off the layer's own output"):
        lstm.what_if(forget=1.0, steps=[11])
    with pytest.raises(VerificationError, match="off the replay from the same states"):
        lstm.what_if(forget=1.0)


def test_the_forecast_follows_in_the_targets_unit():
    rng = np.random.default_rng(0)
    prices = pd.DataFrame({"close": 9 * np.exp(rng.normal(0, 0.02, 160).cumsum())}, pd.date_range("2022", periods=160))
    options = {"transform": "log_return", "features": [], "lookback": 8, "units": [3], "dense": [], "epochs": 1}
    run = lab.train(prices, **options)
    was = run.gates()
    after = was.what_if(input=0.0)
    z = float(after.output[0, 0])
    expected = prices["close"].iloc[-1] * np.exp(z * run.encoder.scale[0] + run.encoder.mean[0])
    assert after.forecast.iloc[0] == pytest.approx(expected, rel=1e-6)
    assert after.forecast.index.equals(was.forecast.index)
    assert after.history is was.history
    assert after.what_if(inputs=was.inputs + 0.1).history is None
