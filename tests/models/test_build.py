"""The reference stack, a user's stack, and what is refused."""

from __future__ import annotations

import random

import numpy as np
import pytest

from lstm_lab.errors import StackError
from lstm_lab.models.backend import keras, tf
from lstm_lab.models.build import build_forecaster, from_model, read_stack, reference_stack
from lstm_lab.models.keras_private import parts_of
from lstm_lab.models.stack_cell import SourcedLayer
from lstm_lab.options import TrainOptions

LOOKBACK, COLUMNS = 10, 3


def build(source, **options):
    return build_forecaster(read_stack(source, {}), LOOKBACK, COLUMNS, **options)


def weights_of(forecaster):
    return forecaster.model.get_weights()


def same(first, second):
    return len(first) == len(second) and all(np.array_equal(a, b) for a, b in zip(first, second, strict=True))


@pytest.fixture
def windows():
    return np.random.default_rng(5).normal(size=(4, LOOKBACK, COLUMNS)).astype(np.float32)


@pytest.mark.parametrize(("cell", "gates", "biases"), [("lstm", 4, 1), ("gru", 3, 2), ("rnn", 1, 1)])
def test_the_reference_stack_has_the_parameters_of_the_closed_form(cell, gates, biases):
    options = TrainOptions(cell=cell, units=(5, 4), dense=(3,), dropout=0.2)
    forecaster = build_forecaster(reference_stack(options), LOOKBACK, COLUMNS)

    def recurrent(inputs, units):
        return gates * units * (inputs + units + biases)

    expected = recurrent(COLUMNS, 5) + recurrent(5, 4) + (4 * 3 + 3) + (3 + 1)
    assert forecaster.model.count_params() == expected
    assert forecaster.describe().endswith(f"→ Dense 3 → 1 ({expected:,} parameters)")


def test_the_default_stack_is_the_one_of_the_recipe():
    kinds = [type(layer).__name__ for layer in reference_stack(TrainOptions())]
    assert kinds == ["LSTM", "Dropout"] * 3 + ["Dense"] * 3
    lean = [type(layer).__name__ for layer in reference_stack(TrainOptions(dropout=0, dense=()))]
    assert lean == ["LSTM"] * 3 + ["Dense"]


def test_kernels_start_as_keras_would_glorot_and_orthogonal():
    model = build("LSTM(16)\nDense(1)").model
    kernel, recurrent, _ = model.layers[1].get_weights()
    limit = np.sqrt(6 / (COLUMNS + 64))
    assert np.abs(kernel).max() <= limit
    assert np.abs(kernel).max() > 0.9 * limit
    np.testing.assert_allclose(recurrent @ recurrent.T, np.eye(16), atol=1e-5)


def test_same_seed_same_weights_and_global_generators_untouched():
    layers = read_stack("LSTM(4, recurrent_dropout=0.1)\nDropout(0.2)\nBidirectional(GRU(3))\nDense(1)", {})
    np.random.seed(1)  # noqa: NPY002 - the global state is what this test watches
    python, numpy = random.getstate(), np.random.get_state()  # noqa: NPY002 - likewise
    tf.random.set_seed(1)
    first = build_forecaster(layers, LOOKBACK, COLUMNS, seed=7)
    tf.random.set_seed(2)
    second = build_forecaster(layers, LOOKBACK, COLUMNS, seed=7)
    other = build_forecaster(layers, LOOKBACK, COLUMNS, seed=8)
    assert same(weights_of(first), weights_of(second))
    assert not same(weights_of(first), weights_of(other))
    assert random.getstate() == python
    assert np.array_equal(np.random.get_state()[1], numpy[1])  # noqa: NPY002 - likewise
    assert not any(found.layer.weights for found in layers)
    assert not layers[0].layer.return_sequences


def test_same_seed_same_dropout_masks(windows):
    outputs = [build("LSTM(4)\nDropout(0.5)\nDense(1)", seed=3).model(windows, training=True) for _ in range(2)]
    assert np.array_equal(*outputs)


def test_layers_of_one_size_start_differently():
    model = build("LSTM(3)\nLSTM(3)\nBidirectional(LSTM(3))\nDense(1)").model
    second = model.layers[2].get_weights()
    forward, backward = model.layers[3].forward_layer.get_weights(), model.layers[3].backward_layer.get_weights()
    assert not np.array_equal(model.layers[1].get_weights()[1], second[1])
    assert not np.array_equal(forward[0], backward[0])


def test_a_seed_of_the_users_own_is_kept():
    source = "LSTM(3, kernel_initializer=keras.initializers.GlorotUniform(seed=11))\nDense(1)"
    first, second = weights_of(build(source, seed=1)), weights_of(build(source, seed=2))
    assert np.array_equal(first[0], second[0])
    assert not np.array_equal(first[1], second[1])


@pytest.mark.parametrize("cell", ["lstm", "gru", "rnn"])
@pytest.mark.parametrize(
    ("recurrent", "kernel"), [("orthogonal", "glorot"), ("glorot", "gaussian"), ("gaussian", "glorot")]
)
def test_weights_start_as_asked_for(cell, recurrent, kernel):
    units, columns = 40, 30
    options = TrainOptions(units=(units,), dense=(), dropout=0, cell=cell, recurrent_init=recurrent, kernel_init=kernel)
    layer = build_forecaster(reference_stack(options), 5, columns).layers[0]
    inputs, state = (weight.numpy() for weight in layer.cell.trainable_variables[:2])
    gates = {"lstm": 4, "gru": 3, "rnn": 1}[cell]
    assert inputs.shape == (columns, gates * units)
    for weight, start in ((inputs, kernel), (state, recurrent)):
        if start == "orthogonal":
            np.testing.assert_allclose(weight @ weight.T, np.eye(units), atol=1e-5)
        elif start == "glorot":
            limit = np.sqrt(6 / sum(weight.shape))
            assert 0.97 * limit < np.abs(weight).max() <= limit
        else:
            assert weight.std() == pytest.approx(0.05, rel=0.1)


@pytest.mark.parametrize("forget_bias", [1.0, 0.0, 2.5, -3.0])
def test_any_forget_bias(forget_bias):
    source = "LSTM(4)\nBidirectional(LSTM(3))\nRNN([LSTMCell(2), GRUCell(2)], return_sequences=True)\nLSTM(2)\nDense(1)"
    forecaster = build(source, forget_bias=forget_bias)
    wide, both, stacked, narrow, _ = forecaster.layers
    cells = [wide.cell, both.forward_layer.cell, both.backward_layer.cell, stacked.cell.cells[0], narrow.cell]
    for cell in cells:
        expected = np.zeros((4, cell.units), np.float32)
        expected[1] = forget_bias
        assert np.array_equal(cell.bias.numpy().reshape(4, -1), expected)
    assert not stacked.cell.cells[1].bias.numpy().any()


def test_forget_bias_leaves_alone_what_has_none():
    forecaster = build("LSTM(4, unit_forget_bias=False)\nLSTM(4, use_bias=False)\nDense(1)", forget_bias=2.0)
    assert not forecaster.layers[0].cell.bias.numpy().any()


@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")  # Keras's own, in saving
def test_the_model_is_pure_keras_and_survives_a_file(tmp_path, windows):
    forecaster = build("LSTM(4)\nDropout(0.2)\nBidirectional(GRU(3))\nDense(1)", forget_bias=1.7)
    forecaster.model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras", safe_mode=True)
    np.testing.assert_array_equal(loaded(windows).numpy(), forecaster.model(windows).numpy())
    assert from_model(loaded, LOOKBACK, COLUMNS).describe() == forecaster.describe()


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("LSTM(4)\nGRU(4)\nSimpleRNN(4)\nDense(1)", [True, True, False]),
        ("LSTM(4, return_sequences=True)\nDense(1)", [False]),
        ("LSTM(4)\nDropout(0.1)\nGlobalAveragePooling1D()\nDense(1)", [True]),
        ("LSTM(4)\nFlatten()\nDense(1)", [True]),
        ("LSTM(4)\nTimeDistributed(Dense(2))\nLSTM(3)\nDense(1)", [True, False]),
        ("LSTM(4)\nRepeatVector(5)\nLSTM(3)\nDense(1)", [False, False]),
        ("Bidirectional(LSTM(4))\nConv1D(3, 2)\nLSTM(3)\nDense(1)", [True, False]),
        ("RNN(LSTMCell(4))\nRNN([GRUCell(3), LSTMCell(2)])\nDense(1)", [True, False]),
    ],
)
def test_return_sequences_is_set_for_the_user(source, expected, windows):
    forecaster = build(source)
    flags = [layer.return_sequences for layer in forecaster.layers if hasattr(layer, "return_sequences")]
    assert flags == expected
    assert forecaster.model(windows).shape == (4, 1)


class Newest(keras.Layer):
    """A layer of the user's own that takes the newest step."""

    def call(self, x):
        return x[:, -1]


def test_before_a_layer_of_the_users_own_what_the_user_wrote_stands(windows):
    layers = [keras.layers.LSTM(4, return_sequences=True), Newest(), keras.layers.Dense(1)]
    forecaster = build_forecaster(layers, LOOKBACK, COLUMNS)
    assert forecaster.layers[0].return_sequences
    assert forecaster.model(windows).shape == (4, 1)
    assert "Newest" in forecaster.every_refused


@pytest.mark.parametrize(
    "source",
    [
        "LSTM(4)\nDropout(0.2)\nGRU(3)\nDense(2, activation='relu')\nDense(1)",
        "Conv1D(4, 3, padding='causal')\nBatchNormalization()\nSimpleRNN(3)\nLayerNormalization()\nDense(1)",
        "RNN([LSTMCell(4), GRUCell(3)])\nDense(1)",
    ],
)
def test_every_gives_the_same_forecast_at_each_step_from_the_past_alone(source, windows):
    forecaster = build(source)
    assert forecaster.every_refused is None
    steps = forecaster.every(windows).numpy()
    assert steps.shape == (4, LOOKBACK, 1)
    np.testing.assert_allclose(steps[:, -1], forecaster.model(windows), atol=1e-6)
    for seen in (3, 7):
        np.testing.assert_allclose(steps[:, seen - 1], forecaster.model(windows[:, :seen]), atol=1e-6)
    changed = windows.copy()
    changed[:, 6:] += 9
    np.testing.assert_array_equal(forecaster.every(changed)[:, :6], steps[:, :6])


def test_every_and_model_share_their_variables():
    forecaster = build("LSTM(4)\nGRU(3)\nDense(1)")
    ours, theirs = forecaster.model.trainable_variables, forecaster.every.trainable_variables
    assert all(a is b for a, b in zip(ours, theirs, strict=True))


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("Bidirectional(LSTM(4))\nDense(1)", "Bidirectional LSTM 4 looks at more"),
        ("LSTM(4)\nFlatten()\nDense(1)", "Flatten looks at more"),
        ("LSTM(4, go_backwards=True)\nDense(1)", "LSTM 4 looks at more"),
        ("LSTM(4)\nBatchNormalization()\nDense(1)", "BatchNormalization looks at more"),
        ("Conv1D(4, 3)\nLSTM(4)\nDense(1)", "Conv1D 4 looks at more"),
    ],
)
def test_every_is_refused_where_a_layer_looks_ahead(source, reason):
    assert reason in build(source).every_refused
    assert build(source).every is None
    with pytest.raises(StackError, match="use supervise='last'"):
        build(source, supervise="every")


def test_time_is_open_unless_a_layer_must_know_it(windows):
    assert build("LSTM(4)\nDense(1)").model.input_shape == (None, None, COLUMNS)
    assert build("LSTM(4)\nFlatten()\nDense(1)").model.input_shape == (None, LOOKBACK, COLUMNS)
    unrolled = build("LSTM(4, unroll=True)\nDense(1)")
    assert unrolled.model.input_shape == (None, LOOKBACK, COLUMNS)
    assert unrolled.every(windows).shape == (4, LOOKBACK, 1)


def test_layers_with_weights_keep_them(windows):
    trained = build("LSTM(4)\nDense(1)", seed=1).layers[0]
    forecaster = build_forecaster([trained, keras.layers.Dense(1)], LOOKBACK, COLUMNS, forget_bias=5.0, seed=2)
    assert forecaster.layers[0] is not trained
    assert same(forecaster.layers[0].get_weights(), trained.get_weights())
    with pytest.raises(StackError, match="do not fit"):
        build_forecaster([keras.layers.LSTM(7), trained, keras.layers.Dense(1)], LOOKBACK, COLUMNS)
    assert forecaster.model(windows).shape == (4, 1)


def test_inputs_sequentials_and_models_are_welcome(windows):
    plain = build("Input((10, 3))\nLSTM(4)\nDense(1)")
    nested = build("Sequential([Input((None, 3)), LSTM(4)])\nDense(1)")
    assert [layer.name for layer in plain.layers] == [layer.name for layer in nested.layers] == ["lstm_1", "dense_1"]
    source = "i = Input((10, 3))\nh = LSTM(4)(i)\nm = keras.Model(i, Dense(1)(Concatenate()([h, h])))\nm"
    namespace = {}
    whole = build_forecaster(read_stack(source, namespace), LOOKBACK, COLUMNS)
    assert whole.model is not namespace["m"]
    np.testing.assert_array_equal(whole.model(windows), namespace["m"](windows))
    assert whole.every_refused == "its layers are no simple chain"


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("", "a stack needs at least one layer, got none"),
        ("LSTM(4)", "line 1: LSTM(4): the stack must end in one number a window, got shape (4,); end it with Dense(1)"),
        ("LSTM(4)\nDense(2)", "line 2: Dense(2): the stack must end in one number"),
        ("Dense(1)", "line 1: Dense(1): the stack must end in one number a window, got shape (10, 1); put a recurrent"),
        ("LSTM(4)\nConv2D(2, 2)\nDense(1)", "line 2: Conv2D(2, 2): cannot take an input of shape"),
        ("LSTM(4)\nReshape((3,))\nDense(1)", "line 2: Reshape((3,)): cannot take an input of shape (batch, 4)"),
        ("Reshape((7,))\nDense(1)", "line 1: Reshape((7,)): cannot take"),
        ("LSTM(4, stateful=True)\nDense(1)", "stateful=True, but windows are shuffled; leave it out"),
        ("Bidirectional(LSTM(4, stateful=True))\nDense(1)", "stateful=True"),
        ("LSTM(4, return_state=True)\nDense(1)", "return_state=True gives more than one output; leave it out"),
        ("x = LSTM(4)\nx\nx\nDense(1)", "line 3: x: the same layer object stands twice"),
        ("Input((9, 3))\nLSTM(4)\nDense(1)", "takes shape (9, 3), but a window is (10, 3); leave the line out"),
        ("LSTM(4)(Input((10, 3)))\nDense(1)", "write the layer alone"),
        (
            "LSTM(4)\nLambda(lambda x: x)\nDense(1)",
            "line 2: Lambda(lambda x: x): a run with a Lambda could not be loaded",
        ),
        ("LSTM(4, name='a')\nGRU(4, name='a')\nDense(1)", "give each layer a name of its own"),
    ],
)
def test_what_cannot_work_is_refused_with_line_reason_and_remedy(source, said):
    with pytest.raises(StackError) as caught:
        build(source)
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


def test_what_is_no_layer_is_refused():
    with pytest.raises(StackError, match="made of Keras layers, got 3"):
        build_forecaster([keras.layers.LSTM(4), 3], LOOKBACK, COLUMNS)


@pytest.mark.parametrize(("shape", "units", "said"), [((9, 3), 1, "must take windows"), ((10, 3), 2, "one number")])
def test_a_whole_model_of_another_shape_is_refused(shape, units, said):
    model = keras.Sequential([keras.Input(shape), keras.layers.LSTM(4), keras.layers.Dense(units)])
    with pytest.raises(StackError, match=said):
        from_model(model, LOOKBACK, COLUMNS)


class Raises(keras.layers.Layer):
    def call(self, x):  # noqa: ARG002 - Keras's signature
        raise RuntimeError("no such unit\nin two lines")


def own(*layers):
    return [SourcedLayer(layer, number, "text") for number, layer in enumerate(layers, 1)]


def test_what_a_layer_of_the_user_raises_is_one_line_with_its_position():
    with pytest.raises(StackError, match=r"^line 2: text: .* shape \(batch, 3\): no such unit; change this layer"):
        build_forecaster(own(keras.layers.LSTM(3), Raises(), keras.layers.Dense(1)), LOOKBACK, COLUMNS)


@pytest.mark.parametrize("function", [np.tanh, lambda x: x])
def test_a_function_that_cannot_be_saved_is_refused_in_few_words_without_a_warning(function):
    with pytest.raises(
        StackError, match=r"Dense cannot be copied from its configuration \(.*\); use functions"
    ) as told:
        build_forecaster(own(keras.layers.LSTM(3), keras.layers.Dense(1, activation=function)), LOOKBACK, COLUMNS)
    assert len(str(told.value)) < 350


class Silent(keras.layers.Layer):
    def call(self, x):  # noqa: ARG002 - Keras's signature
        return None


def test_a_refusal_carries_no_other_error_along():
    with pytest.raises(StackError, match="gives NoneType, not one tensor; use a layer with one output") as caught:
        build_forecaster(own(keras.layers.LSTM(2), Silent()), LOOKBACK, COLUMNS)
    assert caught.value.__context__ is None


@pytest.mark.parametrize(
    ("source", "location"),
    [
        ("LSTM(4)\nDropout(1.0)\nDense(1)", "line 2: Dropout(1.0)"),
        ("LSTM(4, return_sequences=True)\nSpatialDropout1D(1)\nLSTM(4)\nDense(1)", "line 2: SpatialDropout1D(1)"),
        ("LSTM(4, dropout=1.0)\nDense(1)", "line 1: LSTM(4, dropout=1.0)"),
        (
            "Bidirectional(GRU(4, recurrent_dropout=1.0))\nDense(1)",
            "line 1: Bidirectional(GRU(4, recurrent_dropout=1.0))",
        ),
    ],
)
def test_a_layer_that_drops_everything_is_refused(source, location):
    with pytest.raises(StackError) as refused:
        build(source)
    assert (
        str(refused.value) == f"{location}: drops every output, and nothing is learnt; use a rate below 1, such as 0.2"
    )


def test_a_softmax_over_the_one_output_is_refused():
    with pytest.raises(StackError, match=r'^line 2: Dense\(1, activation="softmax"\): a softmax over one number is'):
        build('LSTM(4)\nDense(1, activation="softmax")')


def test_random_generators_of_a_stack_have_the_names_of_an_earlier_one():
    def names():
        forecaster = build("LSTM(4, dropout=0.1)\nDropout(0.2)\nDense(1)").clone()
        return [
            part.seed_generator.state.path for part in parts_of(forecaster.model) if hasattr(part, "seed_generator")
        ]

    first = names()
    assert len(first) >= 2
    keras.layers.Dropout(0.1)  # the user's own go on being numbered over the process
    assert names() == first
    own = keras.random.SeedGenerator().state.path, keras.random.SeedGenerator().state.path
    assert own[0] != own[1]


@pytest.mark.parametrize("body", ['LSTM(4)\nDense(1, dtype="int32")', 'LSTM(4, dtype="int32")\nDense(1)'])
def test_a_layer_of_whole_numbers_is_refused(body):
    with pytest.raises(
        StackError, match=r"^line \d: .*: computes in int32, which cannot be trained; leave dtype= out$"
    ):
        build(body)


def test_a_wrapped_cell_has_no_variables_beside_its_own_at_every_step():
    model = build("RNN([LSTMCell(3), GRUCell(2)])\nDense(1)")
    assert {id(weight) for weight in model.every.variables} <= {id(weight) for weight in model.model.variables}
