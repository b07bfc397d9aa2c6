"""Gate traces: of every kind of model, against a textbook loop, with their derived quantities and their words."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from lstm_lab.errors import TraceError, VerificationError
from lstm_lab.interpret import recording
from lstm_lab.interpret.trace import Scale, trace
from lstm_lab.models.backend import keras, tf

STEPS, FEATURES, UNITS = 7, 3, 4


def sequences(seed=0):
    return np.random.default_rng(seed).normal(size=(5, STEPS, FEATURES)).astype("float32")


def masked(x):
    """Rows with no mask, masked at the left, at the right, in the middle, and here and there."""
    seen = np.ones(x.shape[:2], bool)
    seen[1, :2] = seen[2, -3:] = seen[3, 2:4] = seen[4, [0, 2, 5]] = False
    return np.where(seen[..., None], x, 0.0).astype("float32"), seen


def side_by_side(layers):
    """One model that feeds every layer the same (masked) input; it runs eagerly, for compiling it would take longer."""
    inputs = keras.Input((STEPS, FEATURES))
    x = keras.layers.Masking(0.0)(inputs)
    model = keras.Model(inputs, [layer(x) for layer in layers])
    model.run_eagerly = True
    return model


def shuffle_weights(model, scale, seed=0):
    rng = np.random.default_rng(seed)
    model.set_weights([scale * rng.normal(size=weight.shape) for weight in model.get_weights()])


def test_bidirectional_states_lie_in_the_order_of_the_input():
    inner = keras.layers.LSTM(UNITS, return_sequences=True)
    model = side_by_side([keras.layers.Bidirectional(inner, name="both")])
    x, seen = masked(sequences())
    forward, backward = trace(model, x).layers
    own = np.asarray(model(x))
    assert (forward.direction, backward.direction) == ("forward", "backward")
    assert np.abs(forward.hidden - own[..., :UNITS])[seen].max() < 1e-6
    assert np.abs(backward.hidden - own[..., UNITS:])[seen].max() < 1e-6
    assert np.array_equal(backward.decomposition.kept + backward.decomposition.written, backward.cell)


def test_activation_of_ones_own_is_evaluated_in_float64():
    model = keras.Sequential([keras.Input((STEPS, FEATURES)), keras.layers.SimpleRNN(UNITS, activation=keras.ops.sin)])
    layer = trace(model, sequences()).layers[0]
    kernel, recurrent, bias = (np.asarray(weight, dtype=np.float64) for weight in model.get_weights())
    again = np.sin(sequences() @ kernel + layer.before @ recurrent + bias)
    assert np.abs(layer.hidden - again).max() < 1e-14


def test_gates_are_those_of_a_textbook_loop():
    model = keras.Sequential([keras.Input((STEPS, FEATURES)), keras.layers.LSTM(UNITS)])
    shuffle_weights(model, 0.7)
    x = sequences()[0]
    layer = trace(model, x).layers[0]
    kernel, recurrent, bias = (np.asarray(weight, dtype=np.float64) for weight in model.get_weights())
    h = c = np.zeros(UNITS)
    for step in range(STEPS):
        i, f, g, o = np.split(x[step] @ kernel + h @ recurrent + bias, 4)
        i, f, o = (1 / (1 + np.exp(-gate)) for gate in (i, f, o))
        c = f * c + i * np.tanh(g)
        h = o * np.tanh(c)
        for name, value in {
            "input": i,
            "forget": f,
            "output": o,
            "candidate": np.tanh(g),
            "cell": c,
            "hidden": h,
        }.items():
            assert np.abs(getattr(layer, name)[step] - value).max() < 1e-6, (name, step)


def test_gru_gates_are_those_of_a_textbook_loop():
    model = keras.Sequential([keras.Input((STEPS, FEATURES)), keras.layers.GRU(UNITS, reset_after=True)])
    shuffle_weights(model, 0.7)
    x = sequences()[0]
    layer = trace(model, x).layers[0]
    kernel, recurrent, (outer, inner) = (np.asarray(weight, dtype=np.float64) for weight in model.get_weights())
    h = np.zeros(UNITS)
    for step in range(STEPS):
        (xz, xr, xh), (hz, hr, hh) = np.split(x[step] @ kernel + outer, 3), np.split(h @ recurrent + inner, 3)
        z, r = 1 / (1 + np.exp(-xz - hz)), 1 / (1 + np.exp(-xr - hr))
        g = np.tanh(xh + r * hh)
        h = z * h + (1 - z) * g
        for name, value in {"update": z, "reset": r, "candidate": g, "hidden": h}.items():
            assert np.abs(getattr(layer, name)[step] - value).max() < 1e-6, (name, step)


def test_decompositions_are_exact():
    model = side_by_side([keras.layers.LSTM(UNITS, name="lstm"), keras.layers.GRU(UNITS, name="gru")])
    x, seen = masked(sequences())
    lstm, gru = sorted(trace(model, x).layers, key=lambda layer: layer.kind, reverse=True)
    parts = lstm.decomposition
    assert np.array_equal(parts.kept + parts.written, lstm.cell)
    assert np.array_equal((lstm.output * parts.squashed)[seen], lstm.hidden[seen])
    assert np.abs(np.tanh(lstm.cell) - parts.squashed)[seen].max() < 1e-15
    assert np.array_equal(gru.decomposition.kept + gru.decomposition.written, gru.hidden)


def test_masked_steps_carry_the_state_and_count_nowhere():
    model = side_by_side([keras.layers.LSTM(UNITS)])
    x, seen = masked(sequences())
    layer = trace(model, x).layers[0]
    assert np.isnan(layer.forget[~seen]).all()
    assert not np.isnan(layer.forget[seen]).any()
    assert np.array_equal(layer.cell[3, 2:4], np.repeat(layer.cell[3, 1:2], 2, axis=0))
    assert np.array_equal(layer.hidden[1, :2], np.zeros((2, UNITS)))
    assert np.array_equal(layer.saturation["forget"].right, (layer.forget[seen] > 0.9).mean(axis=0))
    assert np.allclose(layer.half_life, np.minimum(np.log(2) / -np.log(layer.forget[seen]).mean(axis=0), STEPS))
    assert np.array_equal(layer.retention, layer.forget[seen].mean(axis=0))


def test_zeros_for_masked_output_do_not_reach_the_state():
    cell = keras.layers.LSTMCell(UNITS)
    layer = keras.layers.RNN(cell, return_sequences=True, zero_output_for_mask=True)
    model = side_by_side([layer])
    x, seen = masked(sequences())
    traced = trace(model, x).layers[0]
    own = np.asarray(model(x))
    assert (own[~seen] == 0).all()
    assert np.abs(traced.hidden - own)[seen].max() < 1e-6
    assert np.abs(traced.hidden[3, 3] - own[3, 1]).max() < 1e-6


def test_wrapped_and_stacked_cells_are_traced_one_by_one():
    cells = [keras.layers.LSTMCell(5), keras.layers.GRUCell(3), keras.layers.SimpleRNNCell(2), keras.layers.LSTMCell(4)]
    model = side_by_side([keras.layers.RNN(cells, name="tower"), keras.layers.RNN(keras.layers.GRUCell(3), name="one")])
    x, _ = masked(sequences())
    before = [np.asarray(output) for output in model(x)]
    traced = trace(model, x)
    layers = {layer.name: layer for layer in traced.layers}
    kinds = {name: (layer.kind, layer.units) for name, layer in layers.items()}
    tower = {"tower/cell 1": ("lstm", 5), "tower/cell 2": ("gru", 3), "tower/cell 3": ("rnn", 2)}
    assert kinds == {**tower, "tower/cell 4": ("lstm", 4), "one": ("gru", 3)}
    assert np.abs(layers["tower/cell 4"].hidden[:, -1] - before[0]).max() < 1e-6
    assert all(np.array_equal(a, np.asarray(b)) for a, b in zip(before, model(x), strict=True))
    for layer in traced.layers:
        assert layer.verified < 1e-6


def test_graph_and_eager_runs_agree():
    stack = [keras.layers.LSTM(6, return_sequences=True), keras.layers.Dropout(0.5), keras.layers.GRU(4)]
    model = keras.Sequential([keras.Input((STEPS, FEATURES)), *stack, keras.layers.Dense(1)])
    x = sequences()
    graph = trace(model, x)
    model.run_eagerly = True
    recording._runners.clear()
    eager = trace(model, x)
    for a, b in zip(graph.layers, eager.layers, strict=True):
        assert np.abs(a.hidden - b.hidden).max() < 1e-6
    assert np.abs(graph.output - np.asarray(model(x))).max() < 1e-6


def test_new_weights_are_seen_by_a_second_trace():
    model = keras.Sequential([keras.Input((STEPS, FEATURES)), keras.layers.LSTM(UNITS)])
    first = trace(model, sequences()).layers[0]
    shuffle_weights(model, 0.7)
    second = trace(model, sequences()).layers[0]
    assert np.abs(first.forget - second.forget).max() > 0.01


@pytest.mark.parametrize("unroll", [False, True])
def test_unrolled_layers_and_stateful_layers(unroll):
    inputs = keras.Input(batch_shape=(5, STEPS, FEATURES))
    stateful = keras.layers.GRU(UNITS, stateful=True, unroll=unroll)
    model = keras.Model(inputs, stateful(inputs))
    x = sequences()
    model(x)
    left = np.asarray(stateful.states[0])
    layer = trace(model, x).layers[0]
    assert np.array_equal(layer.before[:, 0], left.astype(np.float64))
    assert np.array_equal(np.asarray(stateful.states[0]), left), "tracing moved the state"


def test_initial_state_is_where_the_trace_starts():
    inputs = keras.Input((STEPS, FEATURES))
    start = [keras.layers.Dense(UNITS)(inputs[:, 0]), keras.layers.Dense(UNITS)(inputs[:, 1])]
    model = keras.Model(inputs, keras.layers.LSTM(UNITS)(inputs, initial_state=start))
    layer = trace(model, sequences()).layers[0]
    given = [np.asarray(state) for state in keras.Model(inputs, start)(sequences())]
    assert np.abs(layer.before[:, 0] - given[0]).max() < 1e-6
    assert np.abs(layer.cell_before[:, 0] - given[1]).max() < 1e-6


class Wrapped(keras.Model):
    """A subclassed model that calls one layer twice and holds another in a plain layer."""

    def __init__(self):
        super().__init__()
        self.shared = keras.layers.LSTM(FEATURES, return_sequences=True, name="shared")
        self.head = keras.layers.Dense(1)

    def call(self, x):
        return self.head(self.shared(self.shared(x))[:, -1])


def test_subclassed_model_and_a_layer_called_twice():
    model = Wrapped()
    with pytest.raises(TraceError, match="not built"):
        trace(model, sequences())
    model(sequences())
    first, second = trace(model, sequences()).layers
    assert [first.name, second.name] == ["shared", "shared (call 2)"]
    once = model.shared(sequences())
    assert np.abs(first.hidden - np.asarray(once)).max() < 1e-6
    assert np.abs(second.hidden - np.asarray(model.shared(once))).max() < 1e-6


@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")  # Keras' reading under NumPy 2
def test_model_loaded_from_a_file(tmp_path):
    model = keras.Sequential([keras.Input((STEPS, FEATURES)), keras.layers.Bidirectional(keras.layers.LSTM(UNITS))])
    model.save(tmp_path / "m.keras")
    traced = trace(keras.models.load_model(tmp_path / "m.keras"), sequences()[0])
    assert [layer.hidden.shape for layer in traced.layers] == [(STEPS, UNITS)] * 2


def test_embedding_with_masked_zeros():
    embed = keras.layers.Embedding(7, 3, mask_zero=True)
    model = keras.Sequential([keras.Input((STEPS,), dtype="int32"), embed, keras.layers.LSTM(UNITS)])
    traced = trace(model, np.array([1, 2, 0, 3, 4, 5, 0]))
    assert traced.layers[0].window == 5
    assert "whole numbers" in traced.describe()
    with pytest.raises(TraceError, match="whole numbers"):
        traced.connectivity  # noqa: B018 - the property itself raises


def test_half_life_is_finite_or_beyond_the_window():
    layer = keras.layers.LSTM(3)
    model = keras.Sequential([keras.Input((STEPS, FEATURES)), layer])
    kernel, recurrent, bias = (np.zeros_like(weight) for weight in model.get_weights())
    bias[3:6] = [800.0, 0.0, -800.0]
    model.set_weights([kernel, recurrent, bias])
    traced = trace(model, sequences()[0]).layers[0]
    assert traced.half_life == pytest.approx([STEPS, 1.0, np.log(2) / 800])
    assert traced.half_life_text == (f"> {STEPS}", "1", "0.000866")
    assert traced.retention_over_window == pytest.approx([1.0, 2.0**-STEPS, 0.0])
    assert traced.saturation["forget"].right == pytest.approx([1, 0, 0])
    assert traced.saturation["forget"].left == pytest.approx([0, 0, 1])


def test_a_trace_opens_on_the_layer_whose_median_unit_remembers_longest():
    layers = [keras.layers.SimpleRNN(3), keras.layers.LSTM(3), keras.layers.GRU(3), keras.layers.LSTM(3)]
    model = side_by_side(layers)
    shuffle_weights(model, 0.0)
    # A single long memory counts for less than three of middling length.
    for layer, biases in zip(layers[1:], ([-2.0, -2.0, 9.0], [1.0, 1.0, 1.0], [0.0, 0.0, 0.0]), strict=True):
        bias = layer.cell.bias.numpy()
        keeper = bias[0] if bias.ndim == 2 else bias[3:]
        keeper[:3] = biases
        layer.cell.bias.assign(bias)
    traced = trace(model, sequences())
    assert traced.layers[traced.opening].name == layers[2].name
    plain = keras.Sequential([keras.Input((STEPS, FEATURES)), keras.layers.SimpleRNN(2)])
    assert trace(plain, sequences()).opening == 0


def test_mistakes_are_explained_in_one_line():
    dense = keras.Sequential([keras.Input((STEPS, FEATURES)), keras.layers.Dense(2)])
    lstm = keras.Sequential([keras.Input((STEPS, FEATURES)), keras.layers.LSTM(2)])
    hole = sequences()[0]
    hole[3, 1] = np.nan
    cases = [
        (dense, sequences(), "no recurrent layer"),
        (keras.Sequential([keras.layers.LSTM(2)]), sequences(), "not built"),
        ("model", sequences(), "keras.Model"),
        (lstm, sequences()[..., :2], "does not fit"),
        (lstm, sequences()[:, :5], "does not fit"),
        (lstm, np.zeros((2, 2, STEPS, FEATURES)), "does not fit"),
        (lstm, hole, r"\(0, 3, 1\)"),
        (lstm, [["a"] * FEATURES] * STEPS, "must be numbers"),
        (side_by_side([keras.layers.LSTM(2)]), np.zeros((STEPS, FEATURES)), "masked"),
    ]
    for model, x, words in cases:
        with pytest.raises(TraceError, match=words) as raised:
            trace(model, x)
        assert "\n" not in str(raised.value)
        assert ";" in str(raised.value)
    with pytest.raises(TraceError, match="feature_names"):
        trace(lstm, sequences(), feature_names=["a"])
    with pytest.raises(TraceError, match="index"):
        trace(lstm, sequences(), index=[1, 2])


class Odd(keras.layers.LSTMCell):
    """A cell that is an LSTM's by name alone."""

    def call(self, inputs, states, training=None):
        output, after = super().call(inputs, states, training=training)
        return output * 1.01, after


class Alien(keras.layers.Layer):
    """A cell of no known kind."""

    state_size = 2

    def call(self, inputs, states):
        return inputs[:, :2] + states[0], [inputs[:, :2]]


def test_cells_that_are_no_plain_cells():
    odd = keras.Sequential([keras.Input((STEPS, FEATURES)), keras.layers.RNN(Odd(UNITS))])
    with pytest.raises(VerificationError, match="plain Odd"):
        trace(odd, sequences())
    alien = keras.Sequential([keras.Input((STEPS, FEATURES)), keras.layers.RNN(Alien(), name="strange")])
    with pytest.raises(TraceError, match="strange"):
        trace(alien, sequences())
    layers = [keras.layers.RNN(Alien(), return_sequences=True, name="strange"), keras.layers.GRU(UNITS)]
    both = trace(keras.Sequential([keras.Input((STEPS, FEATURES)), *layers]), sequences())
    assert both.untraced == ("strange",)
    assert len(both.layers) == 1


class Looped(keras.layers.Wrapper):
    """Runs its layer inside a TensorFlow loop."""

    def call(self, x):
        return tf.map_fn(lambda each: self.layer(each[None])[0], x)


class Unused(keras.layers.Layer):
    """Holds a layer and never calls it."""

    def __init__(self):
        super().__init__()
        self.inner = keras.layers.LSTM(2, name="idle")

    def build(self, shape):
        self.inner.build(shape)

    def call(self, x):
        return x[:, -1]


def test_a_layer_that_cannot_be_heard_is_refused_in_one_line():
    cases = [(Looped(keras.layers.LSTM(UNITS, name="hid")), "hid.*tf.map_fn"), (Unused(), "called no layer.*idle")]
    for layer, words in cases:
        model = keras.Sequential([keras.Input((STEPS, FEATURES)), layer, keras.layers.Dense(1)])
        with pytest.raises(TraceError, match=words) as raised:
            trace(model, sequences())
        assert "\n" not in str(raised.value)
        assert "trace a keras.Sequential" in str(raised.value)


@pytest.mark.parametrize("nested", [False, True])
def test_every_call_inside_time_distributed_is_traced(nested):
    inner = keras.layers.LSTM(UNITS, name="inner")
    wrapped = keras.Sequential([keras.Input((STEPS, FEATURES)), inner]) if nested else inner
    layers = [keras.layers.TimeDistributed(wrapped), keras.layers.GRU(2, name="outer")]
    model = keras.Sequential([keras.Input((3, STEPS, FEATURES)), *layers])
    x = np.random.default_rng(0).normal(size=(2, 3, STEPS, FEATURES)).astype("float32")
    traced = trace(model, x)
    assert [layer.name for layer in traced.layers] == ["inner", "inner (call 2)", "inner (call 3)", "outer"]
    for number, layer in enumerate(traced.layers[:3]):
        assert np.abs(layer.hidden[:, -1] - np.asarray(inner(x[:, number]))).max() < 1e-6
    assert "not (batch, time, features)" in traced.describe()
    with pytest.raises(TraceError, match="no gradient"):
        traced.occlusion  # noqa: B018 - the property itself raises


def test_a_model_within_a_model_is_heard():
    inner = keras.Sequential([keras.Input((STEPS, FEATURES)), keras.layers.LSTM(UNITS, return_sequences=True)])
    model = keras.Sequential([keras.Input((STEPS, FEATURES)), inner, keras.layers.GRU(2)])
    lower, upper = trace(model, sequences()).layers
    assert np.abs(lower.hidden - np.asarray(inner(sequences()))).max() < 1e-6
    assert np.abs(upper.hidden[:, -1] - np.asarray(model(sequences()))).max() < 1e-6


def test_a_gate_that_a_layer_has_not_is_named():
    model = keras.Sequential([keras.Input((STEPS, FEATURES)), keras.layers.GRU(2)])
    layer = trace(model, sequences()[0]).layers[0]
    with pytest.raises(AttributeError, match="of kind gru and has no 'forget'; it has update, reset"):
        layer.forget  # noqa: B018 - the attribute itself raises


def test_describe_says_it_in_sentences():
    stack = [keras.layers.LSTM(6, return_sequences=True), keras.layers.GRU(4), keras.layers.Dense(1)]
    model = keras.Sequential([keras.Input((STEPS, FEATURES)), *stack])
    days = pd.date_range("2020-01-01", periods=STEPS, freq="D", name="day")
    scale = Scale(output=2.0, unit="°F", target="temperature")
    text = trace(model, sequences()[0], index=days, feature_names=["a", "b", "c"], scale=scale).describe()
    assert 3 <= text.count(". ") + 1 <= 6
    assert "2020-01-0" in text
    assert "°F" in text
    assert "nan" not in text
    assert "inf" not in text
    traced = trace(model, sequences())
    assert "over 5 windows" in traced.describe()
    assert repr(traced).startswith(traced.describe())
    rnn = keras.Sequential([keras.Input((STEPS, FEATURES)), keras.layers.SimpleRNN(2)])
    assert "no half-life" in trace(rnn, sequences()).describe()
