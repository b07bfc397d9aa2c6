"""The replay against Keras itself, for every layer, option and dtype, and against deliberate mistakes."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import numpy as np
import pytest

from lstm_lab.errors import VerificationError
from lstm_lab.interpret import replay as replaying
from lstm_lab.interpret.recording import record
from lstm_lab.interpret.trace import trace
from lstm_lab.interpret.verify import layer_traces
from lstm_lab.models.backend import keras

STEPS, FEATURES, UNITS = 7, 3, 4
POLICIES = ("float32", "float64", "mixed_float16", "mixed_bfloat16", "bfloat16")
ROUNDOFF = {"float32": 2**-24, "float64": 2**-53, "mixed_float16": 2**-11, "mixed_bfloat16": 2**-8, "bfloat16": 2**-8}
KINDS = {
    "lstm": (keras.layers.LSTM, {}),
    "gru": (keras.layers.GRU, {"reset_after": True}),
    "gru_before": (keras.layers.GRU, {"reset_after": False}),
    "rnn": (keras.layers.SimpleRNN, {}),
}
ACTIVATIONS = ("tanh", "relu", "linear", "softsign", "gelu", "elu", "silu", "hard_tanh", "softplus", "mish", "softmax")
RECURRENT = ("sigmoid", "hard_sigmoid", "linear", "tanh", "softmax")
MERGES = {
    "concat": lambda a, b: np.concatenate([a, b], axis=-1),
    "sum": lambda a, b: a + b,
    "mul": lambda a, b: a * b,
    "ave": lambda a, b: (a + b) / 2,
    None: lambda a, b: np.stack([a, b]),
}


def sequences(seed=0):
    return np.random.default_rng(seed).normal(size=(5, STEPS, FEATURES)).astype("float32")


def masked(x):
    """Rows with no mask, masked at the left, at the right, in the middle, and here and there."""
    seen = np.ones(x.shape[:2], bool)
    seen[1, :2] = seen[2, -3:] = seen[3, 2:4] = seen[4, [0, 2, 5]] = False
    return np.where(seen[..., None], x, 0.0).astype("float32"), seen


class SideBySide(keras.Model):
    """Feeds every layer the same masked input; it runs eagerly, for compiling it would take longer."""

    def __init__(self, layers):
        super().__init__()
        self.masking, self.each = keras.layers.Masking(0.0), list(layers)
        self.run_eagerly = self.built = True
        for layer in layers:
            layer.build((None, STEPS, FEATURES))

    def call(self, x):
        """Keep what every layer gave, and give the first of it on."""
        x = self.masking(x)
        self.gave = [layer(x) for layer in self.each]
        return keras.tree.flatten(self.gave)[0]


def made(kind, policy, **options):
    """A layer; the default initialiser of recurrent weights cannot draw in bfloat16."""
    cls, own = KINDS[kind]
    return cls(UNITS, recurrent_initializer="glorot_uniform", dtype=policy, **own, **options)


def shuffle_weights(model, scale, seed=0):
    rng = np.random.default_rng(seed)
    model.set_weights([scale * rng.normal(size=weight.shape) for weight in model.get_weights()])


def shown(layer, traced):
    """What the traces say that the layer gives."""
    parts = [each for each in traced.layers if each.name.split("/")[0] == layer.name]
    if isinstance(layer, keras.layers.Bidirectional):
        forward, backward = (part.hidden for part in parts)
        if not layer.return_sequences:
            forward, backward = forward[:, -1], backward[:, 0]
        return MERGES[layer.merge_mode](forward, backward)
    hidden = parts[-1].hidden
    if layer.return_sequences:
        return hidden[:, ::-1] if layer.go_backwards else hidden
    return hidden[:, 0 if layer.go_backwards else -1]


def check(model, x, seen, allowed):
    """Trace the model and compare each layer's replayed states, merged as the layer does, with what it gave."""
    traced = trace(model, x)
    for layer, output in zip(model.each, model.gave, strict=True):
        own = np.stack([np.asarray(keras.ops.cast(each, "float64")) for each in keras.tree.flatten(output)])
        own = own if getattr(layer, "merge_mode", "") is None else own[0]
        replayed = shown(layer, traced)
        assert own.shape == replayed.shape, layer.name
        steps = np.ones(own.shape, bool)
        if layer.return_sequences:
            towards = seen[:, ::-1] if getattr(layer, "go_backwards", False) else seen
            steps = np.broadcast_to(towards[..., None], own.shape)
        assert (np.abs(replayed - own)[steps] <= allowed * np.abs(own).max()).all(), layer.name
    for each in traced.layers:
        assert each.verified <= each.tolerance, each.name
    return traced


def tolerance(policy):
    return 1e-5 if policy == "float32" else 40 * ROUNDOFF[policy]


def every_option(policy):
    layers = []
    turn = POLICIES.index(policy)
    for number, kind in enumerate(KINDS):
        for bias, backwards in product((True, False), (False, True)):
            name = f"{kind}_bias{bias:d}_back{backwards:d}"
            options = {"use_bias": bias, "go_backwards": backwards, "return_sequences": bias == backwards}
            layers.append(made(kind, policy, name=name, **options))
        layers.append(made(kind, policy, name=f"{kind}_one", recurrent_dropout=0.2, return_sequences=True))
        layers.append(made(kind, policy, name=f"{kind}_unrolled", unroll=True))
        layers.append(made(kind, policy, name=f"{kind}_zeros", return_sequences=True, zero_output_for_mask=True))
        # Over the policies, every kind meets every way of merging.
        merge = list(MERGES)[(number + turn) % len(MERGES)]
        inner = made(kind, policy, return_sequences=bool(number % 2))
        layers.append(keras.layers.Bidirectional(inner, merge_mode=merge, name=f"bi_{kind}", dtype=policy))
    return layers


@pytest.mark.parametrize("policy", POLICIES)
def test_agrees_with_keras_for_every_option_random_and_saturated(policy):
    model = SideBySide(every_option(policy))
    x, seen = masked(sequences())
    for scale in (0.5, 6.0):
        shuffle_weights(model, scale)
        traced = check(model, x, seen, tolerance(policy))
        assert len(traced.layers) == 4 * 9
    gates = [layer.saturation["reset"] for layer in traced.layers if "reset" in layer.gates]
    assert np.mean([gate.left + gate.right for gate in gates]) > 0.7


@pytest.mark.parametrize("policy", POLICIES)
def test_agrees_for_every_activation(policy):
    kinds, turn = list(KINDS), POLICIES.index(policy)
    layers = [
        made(kinds[(number + turn) % 4], policy, activation=name, name=f"by_{name}")
        for number, name in enumerate(ACTIVATIONS)
    ]
    layers += [
        made(kinds[(number + turn) % 3], policy, recurrent_activation=name, name=f"gated_by_{name}")
        for number, name in enumerate(RECURRENT)
    ]
    model = SideBySide(layers)
    shuffle_weights(model, 0.3)
    x, seen = masked(sequences())
    for layer in check(model, x, seen, tolerance(policy)).layers:
        assert layer.half_life is None or np.isfinite(layer.half_life).all()


@pytest.mark.parametrize("policy", POLICIES)
def test_agrees_for_stacked_cells(policy):
    options = {"recurrent_initializer": "glorot_uniform", "dtype": policy}
    cells = [keras.layers.LSTMCell(5, **options), keras.layers.GRUCell(3, reset_after=False, **options)]
    cells += [keras.layers.SimpleRNNCell(2, **options), keras.layers.LSTMCell(4, **options)]
    stacked = keras.layers.StackedRNNCells(cells, dtype=policy)
    model = SideBySide([keras.layers.RNN(stacked, name="tower", dtype=policy)])
    x, seen = masked(sequences())
    for scale in (0.5, 6.0):
        shuffle_weights(model, scale)
        traced = check(model, x, seen, tolerance(policy))
        assert [layer.kind for layer in traced.layers] == ["lstm", "gru", "rnn", "lstm"]


@pytest.mark.parametrize("policy", POLICIES)
def test_agrees_from_a_given_state_and_from_a_kept_one(policy):
    inputs = keras.Input(batch_shape=(5, STEPS, FEATURES))
    x = keras.layers.Masking(0.0)(inputs)
    state = keras.layers.Dense(UNITS, dtype=policy)(inputs[:, 1])
    given = [made(kind, policy, name=f"{kind}_given") for kind in KINDS]
    kept = [made(kind, policy, name=f"{kind}_kept", stateful=True, go_backwards=True) for kind in KINDS]
    outputs = [layer(x, initial_state=[state] * (2 if "lstm" in layer.name else 1)) for layer in given]
    model = keras.Model(inputs, outputs + [layer(x) for layer in kept])
    model.run_eagerly = True
    x, _ = masked(sequences())
    for scale in (0.5, 6.0):
        shuffle_weights(model, scale)
        for layer in kept:
            layer.reset_state()
        model(x)
        traced = {layer.name: layer for layer in trace(model, x).layers}
        own = dict(zip([layer.name for layer in given + kept], model(x), strict=True))
        for name, layer in traced.items():
            last = layer.hidden[:, 0 if layer.direction == "backward" else -1]
            value = np.asarray(keras.ops.cast(own[name], "float64"))
            assert np.abs(last - value).max() <= tolerance(policy) * np.abs(value).max(), name
        first = traced["lstm_kept"].before[:, -1]
        assert np.abs(first).max() > 0


@pytest.mark.parametrize("policy", ["float32", "mixed_bfloat16"])
def test_a_cell_state_that_no_kernel_tells_is_carried(monkeypatch, policy):
    model = SideBySide([made("lstm", policy)])
    shuffle_weights(model, 1.0)
    x, seen = masked(sequences())
    told = record(model, x).calls[0]
    fused = replace(told, outputs=told.outputs[..., :UNITS])
    heard, carried = layer_traces(told)[0], layer_traces(fused)[0]
    assert told.outputs.shape[-1] == 2 * UNITS
    assert np.abs(heard.cell - carried.cell)[seen].max() < 20 * ROUNDOFF[policy]
    assert np.abs(heard.hidden - carried.hidden)[seen].max() < 20 * ROUNDOFF[policy]
    assert np.array_equal(np.isnan(heard.forget), np.isnan(carried.forget))
    monkeypatch.setattr(replaying, "LSTM_ORDER", ("forget", "input", "candidate", "output"))
    with pytest.raises(VerificationError):
        layer_traces(fused)


def test_blocks_leave_no_seam(monkeypatch):
    model = SideBySide([made("lstm", "float32"), made("gru", "float32")])
    shuffle_weights(model, 1.0)
    x, _ = masked(sequences())
    whole = trace(model, x).layers
    monkeypatch.setattr(replaying, "_BLOCK", 4 * UNITS * 3)
    for a, b in zip(whole, trace(model, x).layers, strict=True):
        for name, signal in a.signals.items():
            assert np.allclose(signal, b.signals[name], rtol=0, atol=1e-14, equal_nan=True), name


SWAPS = {
    "input and forget": ("LSTM_ORDER", ("forget", "input", "candidate", "output"), "lstm"),
    "candidate and output": ("LSTM_ORDER", ("input", "forget", "output", "candidate"), "lstm"),
    "update and reset": ("GRU_ORDER", ("reset", "update", "candidate"), "gru"),
    "update and reset, before": ("GRU_ORDER", ("reset", "update", "candidate"), "gru_before"),
}


@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize("swap", SWAPS)
def test_a_wrong_gate_order_is_refused(monkeypatch, swap, policy):
    name, order, kind = SWAPS[swap]
    model = SideBySide([made(kind, policy)])
    for scale in (0.7, 6.0):
        shuffle_weights(model, scale)
        call = record(model, sequences()).calls[0]
        layer_traces(call)
        with monkeypatch.context() as patch:
            patch.setattr(replaying, name, order)
            with pytest.raises(VerificationError, match="cannot be shown"):
                layer_traces(call)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("policy", POLICIES)
def test_a_forgotten_bias_is_refused(monkeypatch, kind, policy):
    model = SideBySide([made(kind, policy)])
    shuffle_weights(model, 1.0)
    call = record(model, sequences()).calls[0]
    weights = replaying.weights_of
    monkeypatch.setattr(replaying, "weights_of", lambda cell: (*weights(cell)[:2], np.zeros_like(weights(cell)[2])))
    with pytest.raises(VerificationError):
        layer_traces(call)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("policy", POLICIES)
def test_a_wrong_mask_is_refused(kind, policy):
    model = SideBySide([made(kind, policy)])
    shuffle_weights(model, 1.0)
    x, seen = masked(sequences() + 1)
    call = record(model, x).calls[0]
    assert np.array_equal(call.mask, seen)
    layer_traces(call)
    for sequence, step in [(0, 0), (0, 4), (0, 6), (1, 1), (2, 5), (3, 3), (4, 0)]:
        mask = call.mask.copy()
        mask[sequence, step] ^= True
        with pytest.raises(VerificationError):
            layer_traces(replace(call, mask=mask))


@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize("cls", [keras.layers.LSTM, keras.layers.GRU])
def test_mistakes_are_caught_at_the_width_of_a_real_network(monkeypatch, cls, policy):
    """A bound that grows with width and length would let them through, and least of all be noticed in 16 bits."""
    layer = cls(64, recurrent_initializer="glorot_uniform", bias_initializer="glorot_uniform", dtype=policy)
    model = keras.Sequential([keras.Input((60, FEATURES)), layer])
    shuffle_weights(model, 0.1)
    x = np.random.default_rng(0).normal(size=(1, 60, FEATURES)).astype("float32")
    call = record(model, x).calls[0]
    assert layer_traces(call)[0].tolerance < 60 * ROUNDOFF[policy]
    mask = call.mask.copy()
    mask[0, 30] = False
    with pytest.raises(VerificationError):
        layer_traces(replace(call, mask=mask))
    orders = [swap[:2] for swap in SWAPS.values() if swap[2] == cls.__name__.lower()]
    weights = replaying.weights_of
    unbiased = ("weights_of", lambda cell: (*weights(cell)[:2], np.zeros_like(weights(cell)[2])))
    for name, value in [*orders, unbiased]:
        with monkeypatch.context() as patch:
            patch.setattr(replaying, name, value)
            with pytest.raises(VerificationError):
                layer_traces(call)
