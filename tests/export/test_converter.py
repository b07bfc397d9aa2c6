"""One step of a network as a file: it ends up where Keras does, whatever the cell, the stack and the precision."""

from __future__ import annotations

import importlib

import numpy as np
import pytest

from lstm_lab.errors import ExportError
from lstm_lab.export import interpreter as interpreting
from lstm_lab.export.converter import convert
from lstm_lab.export.interpreter import Device, runner
from lstm_lab.export.litert_file import contents
from lstm_lab.export.step import State, Step
from lstm_lab.models.backend import keras, tf
from lstm_lab.models.transformer import CausalBlock, LastStep

L = keras.layers
CELLS = {"lstm": L.LSTM, "gru": L.GRU, "rnn": L.SimpleRNN}
LOOKBACK, COLUMNS = 10, 3
ALLOWED = {"none": 1e-5, "float16": 0.01, "dynamic": 0.04, "int8": 0.3, "int16x8": 0.08}
"""Mean error over the spread of the forecasts; gates in a wrong order or states of zero give far more."""


def built(*layers, lookback=LOOKBACK, seed=0):
    """Build a chain whose biases, scales and means are all different, and whose state matters."""
    model = keras.Sequential([keras.Input((lookback, COLUMNS)), *layers])
    rng = np.random.default_rng(seed)
    for weight in (weight for weight in model.weights if weight.dtype == "float32"):
        kernel = "kernel" in weight.path
        spread = rng.normal(0, 0.8 / np.sqrt(weight.shape[0]) if kernel else 0.3, weight.shape)
        weight.assign(spread if kernel else np.abs(weight.numpy() + spread) + 0.2)
    return model


def windows(count=40, seed=1):
    return np.random.default_rng(seed).normal(size=(count, LOOKBACK, COLUMNS)).astype(np.float32)


def forecasts(model, x):
    return np.asarray(model(x, training=False), dtype=np.float64)[:, 0]


def read(model, quantize="none", x=None):
    step = Step.of(model)
    content = convert(step, quantize, windows(seed=2))
    return Device(runner(content), step.states).over_windows(windows() if x is None else x)


def stack(cell, kind):
    make = CELLS[cell]
    if kind == "plain":
        return [make(16), L.Dense(1)]
    return [
        make(16, return_sequences=True),
        L.Dropout(0.3),
        L.LayerNormalization(),
        make(16),
        L.Dense(8, activation="relu"),
        L.Dense(1),
    ]


@pytest.mark.parametrize(
    ("kind", "quantize"), [("plain", "none"), ("plain", "int8"), *(("deep", quantize) for quantize in ALLOWED)]
)
@pytest.mark.parametrize("cell", CELLS)
def test_a_file_read_row_by_row_ends_where_keras_does(cell, kind, quantize):
    model = built(*stack(cell, kind))
    expected = forecasts(model, windows())
    off = np.abs(read(model, quantize) - expected)
    assert off.mean() < ALLOWED[quantize] * expected.std()


@pytest.mark.parametrize("cell", ["lstm", "gru"])
def test_gates_in_a_wrong_order_would_be_found(cell):
    model = built(*stack(cell, "plain"))
    expected = forecasts(model, windows())
    for weight in model.layers[0].weights:
        weight.assign(np.roll(weight.numpy(), 16, axis=-1))
    assert np.abs(read(model) - expected).mean() > 2 * max(ALLOWED.values()) * expected.std()


@pytest.mark.parametrize(
    "layers",
    [
        [L.BatchNormalization(), L.LSTM(5, return_sequences=True), L.BatchNormalization(), L.GRU(4), L.Dense(1)],
        [L.LSTM(5, return_sequences=True), L.LayerNormalization(axis=2), L.LSTM(4), L.LayerNormalization(), L.Dense(1)],
        [L.LSTM(5, return_sequences=True), L.UnitNormalization(), L.SimpleRNN(4), L.UnitNormalization(), L.Dense(1)],
        [L.TimeDistributed(L.Dense(4, activation="tanh")), L.LSTM(5), L.Dense(1)],
        [L.LSTM(5, return_sequences=True), L.PReLU(shared_axes=[1]), L.LSTM(4), L.PReLU(), L.Dense(1)],
        [L.Rescaling(0.5, 0.1), L.GRU(5, reset_after=False, use_bias=False), L.LeakyReLU(), L.ELU(), L.Dense(1)],
        [L.LSTM(5, dropout=0.2, recurrent_dropout=0.2), L.AlphaDropout(0.2), L.GaussianNoise(0.3), L.Dense(1)],
        [L.RNN(L.StackedRNNCells([L.LSTMCell(4), L.GRUCell(3)])), L.Dense(1)],
        [L.LSTM(4, activation="softsign", recurrent_activation="hard_sigmoid"), L.Dense(3, "softmax"), L.Dense(1)],
        [L.Dense(4), L.LSTM(1)],
    ],
)
def test_every_layer_that_can_go_row_by_row_does(layers):
    model = built(*(type(layer).from_config(layer.get_config()) for layer in layers))
    np.testing.assert_allclose(read(model), forecasts(model, windows()), atol=1e-5)


def test_states_come_out_by_name_and_must_go_in_by_name():
    model = built(L.LSTM(6, name="front"), L.Dense(1))
    step = Step.of(model)
    assert step.states == (State("front_h", 6), State("front_c", 6))
    run = runner(convert(step, "none", windows()))
    reporting = L.RNN(model.layers[0].cell, return_state=True)
    x = windows(1)
    zero = np.zeros((1, 6), np.float32)
    h, c = zero, zero
    swapped = (zero, zero)
    for row in x[0]:
        out = run(row=row[None], front_h=h, front_c=c)
        h, c = out["front_h_next"], out["front_c_next"]
        wrong = run(row=row[None], front_h=swapped[1], front_c=swapped[0])
        swapped = wrong["front_h_next"], wrong["front_c_next"]
    _, h_keras, c_keras = reporting(x)
    np.testing.assert_allclose(h, h_keras, atol=1e-6)
    np.testing.assert_allclose(c, c_keras, atol=1e-6)
    assert abs(wrong["forecast"] - out["forecast"]).item() > 0.05


def test_inputs_and_outputs_stand_in_order_and_arrays_are_aligned():
    schema = importlib.import_module("tensorflow.lite.python.schema_py_generated")
    model = built(L.GRU(20, return_sequences=True), L.LSTM(16), L.Dense(1))
    for quantize in ALLOWED:
        file = schema.Model.GetRootAs(convert(Step.of(model), quantize, windows()), 0)
        graph = file.Subgraphs(0)
        inputs = [graph.Tensors(graph.Inputs(k)) for k in range(graph.InputsLength())]
        outputs = [graph.Tensors(graph.Outputs(k)) for k in range(graph.OutputsLength())]
        layers = [layer.name for layer in model.layers]
        states = [f"{layers[0]}_h", f"{layers[1]}_h", f"{layers[1]}_c"]
        assert [one.Name().decode() for one in inputs] == ["row", *states]
        assert [one.Name().decode() for one in outputs] == ["forecast", *(f"{name}_next" for name in states)]
        assert [one.ShapeAsNumpy().tolist() for one in inputs] == [[1, 3], [1, 20], [1, 16], [1, 16]]
        assert {one.Type() for one in (*inputs, *outputs)} == {schema.TensorType.FLOAT32}
        buffers = [file.Buffers(k) for k in range(file.BuffersLength())]
        places = [one._tab.Vector(one._tab.Offset(4)) for one in buffers if not one.DataIsNone()]
        assert len(places) > 5
        assert {place % 16 for place in places} == {0}


def test_the_smaller_precisions_are_smaller():
    model = built(L.LSTM(32, return_sequences=True), L.LSTM(32), L.Dense(16), L.Dense(1))
    size = {quantize: len(convert(Step.of(model), quantize, windows())) for quantize in ALLOWED}
    assert size["none"] > 4 * model.count_params()
    assert size["float16"] < 0.65 * size["none"]
    assert size["dynamic"] < size["int8"] < 0.55 * size["none"]
    assert size["int8"] < size["int16x8"] < 0.65 * size["none"]


def test_operators_and_products_are_those_of_the_layers():
    model = built(L.LSTM(6, return_sequences=True), L.GRU(5), L.Dense(4), L.Dense(1))
    told = contents(convert(Step.of(model), "none", windows()))
    assert told.multiply_adds == 4 * 6 * (3 + 6) + 3 * 5 * (6 + 5) + 5 * 4 + 4
    assert told.operators["FULLY_CONNECTED"] == 6
    assert {"WHILE", "CUSTOM", "UNIDIRECTIONAL_SEQUENCE_LSTM"} & set(told.operators) == set()
    assert list(told.operators.values()) == sorted(told.operators.values(), reverse=True)


@pytest.mark.parametrize(
    ("layers", "message"),
    [
        ([L.Bidirectional(L.LSTM(3)), L.Dense(1)], "Bidirectional 'b' and the others have none; train with LSTM"),
        ([L.Bidirectional(L.LSTM(3, return_sequences=True)), L.LSTM(2), L.Dense(1)], "reads a window from both its"),
        ([L.LSTM(3, go_backwards=True), L.Dense(1)], "LSTM 'b' reads a window backwards; train with"),
        ([L.Conv1D(3, 2, padding="causal"), L.LSTM(3), L.Dense(1)], "Conv1D 'b' is not known to need the newest alone"),
        ([L.LSTM(3, return_sequences=True), L.Flatten(), L.Dense(1)], "LSTM 'b' hands on what it made of every row"),
        ([L.LSTM(3), L.RepeatVector(2), L.LSTM(3), L.Dense(1)], "hands on what it made of a window's last row alone"),
        ([L.LSTM(3, return_sequences=True), L.LayerNormalization(axis=1), L.LSTM(2), L.Dense(1)], "looks along the"),
        ([L.LSTM(3, return_sequences=True), L.PReLU(), L.LSTM(2), L.Dense(1)], "weights of its own for every row"),
        ([L.LSTM(3, dtype="mixed_float16"), L.Dense(1)], "LSTM 'b' computes in float16, and is exported from float32"),
        ([L.Masking(), L.LSTM(3), L.Dense(1)], "Masking 'b' is not known to need the newest alone"),
        ([CausalBlock(1, 4), LastStep(), L.Dense(1)], "CausalBlock 'b' and the others have none"),
    ],
)
def test_a_layer_that_needs_more_than_the_newest_row_is_refused_by_name(layers, message):
    config = layers[0].get_config() | {"name": "b"}
    model = keras.Sequential([keras.Input((LOOKBACK, COLUMNS)), type(layers[0]).from_config(config), *layers[1:]])
    with pytest.raises(ExportError, match=message) as refused:
        Step.of(model)
    assert "\n" not in str(refused.value)


def test_a_network_that_is_no_chain_is_found_out():
    inputs = keras.Input((LOOKBACK, COLUMNS))
    twice = L.Dense(3, "tanh")
    model = keras.Model(inputs, L.Dense(1)(twice(twice(L.LSTM(3)(inputs)))))
    with pytest.raises(ExportError, match=r"row by row it is off by [0-9.]+ standard deviations; build the network"):
        Step.of(model).verify(windows(), forecasts(model, windows()))
    chain = built(L.LSTM(3), L.Dense(1))
    Step.of(chain).verify(windows(), forecasts(chain, windows()))
    with pytest.raises(ExportError, match="row by row it is off"):
        Step.of(chain).verify(windows(), np.full(40, np.nan))


def test_what_litert_has_no_operator_for_is_refused():
    bessel = L.Activation(tf.math.special.bessel_j0)
    with pytest.raises(ExportError, match="has LiteRT's own operators, but") as refused:
        convert(Step.of(built(L.LSTM(3), bessel, L.Dense(1))), "none", windows())
    assert "\n" not in str(refused.value)


def test_tensorflows_interpreter_stands_in_where_litert_is_not_installed(monkeypatch):
    model = built(L.LSTM(5), L.Dense(1))
    expected = read(model)
    found = []

    def without(name):
        found.append(name)
        raise ImportError(name)

    monkeypatch.setattr(interpreting, "import_module", without)
    np.testing.assert_allclose(read(model), expected, atol=1e-6)
    assert found == ["ai_edge_litert.interpreter"]
    monkeypatch.delattr(tf.lite, "Interpreter")
    assert runner(b"") is None


def test_a_device_reads_on_and_begins_anew_after_a_gap():
    model = built(L.LSTM(5), L.Dense(1))
    step = Step.of(model)
    device = Device(runner(convert(step, "none", windows())), step.states)
    matrix = windows(4).reshape(-1, COLUMNS)
    ends = np.array([10, 11, 12, 30, 31])
    whole = [matrix[0:10], matrix[0:11], matrix[0:12], matrix[20:30], matrix[20:31]]
    free = keras.Sequential([keras.Input((None, COLUMNS)), *model.layers])
    expected = [np.asarray(free(rows[None])).item() for rows in whole]
    np.testing.assert_allclose(device.onward(matrix, ends, LOOKBACK), expected, atol=1e-6)
