"""Roll-outs against plain Keras loops, and the masks against what Keras itself would draw."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from lstm_lab.data.encoding.encoder import Encoder
from lstm_lab.data.windows.origins import Origins
from lstm_lab.errors import ForecastError
from lstm_lab.models.backend import keras
from lstm_lab.simulation.network import Network
from lstm_lab.simulation.residuals import DECAY, Residuals
from lstm_lab.simulation.simulator import CHUNK, GrowingPaths, SimulationSettings, Simulator

LOOKBACK = 10
FEATURES = ("bollinger(5, 2)", "hour")
PLAIN = SimulationSettings("window", "step", None, 7)


def prices(rows: int = 80) -> pd.DataFrame:
    rng = np.random.default_rng(3)
    index = pd.date_range("2024-01-01", periods=rows, freq="h", name="time")
    return pd.DataFrame({"price": 50 * np.exp(np.cumsum(rng.normal(0, 0.02, rows)))}, index=index)


@pytest.fixture(scope="module")
def frame() -> pd.DataFrame:
    return prices()


@pytest.fixture(scope="module")
def encoder(frame) -> Encoder:
    segments = np.zeros(len(frame), dtype=np.int64)
    return Encoder.fit(frame, "price", "log_return", FEATURES, slice(0, 60), segments)


def origins_at(rows: list[int], frame: pd.DataFrame, encoder: Encoder, horizon: int) -> Origins:
    matrix = encoder.encode(frame, np.zeros(len(frame), dtype=np.int64))
    y = frame["price"].to_numpy()
    windows, tails, known = [], [], []
    for row in rows:
        windows.append(matrix[row - LOOKBACK : row])
        tails.append(y[row - encoder.tail : row])
        times = pd.date_range(frame.index[row - 1], periods=horizon + 1, freq="h")[1:]
        known.append(encoder.known(pd.DataFrame(index=times)))
    return Origins(np.stack(windows), np.stack(tails), np.stack(known), np.array(rows))


def test_a_path_that_diverges_is_infinite_without_a_warning(frame):
    plain = Encoder.fit(frame, "price", "none", FEATURES, slice(0, 60), np.zeros(len(frame), dtype=np.int64))
    paths = GrowingPaths(plain, origins_at([40], frame, plain, 3), np.zeros((1, 2, 3)))
    for step in range(2):
        row = paths.append(step, np.array([np.inf, 0.0], np.float32))
    assert paths.simulated[0, 0, :2].tolist() == [np.inf, np.inf]
    assert np.isfinite(paths.simulated[0, 1, :2]).all()
    assert np.isfinite(row[1]).all()


def network(columns: int, *, dropout: float = 0.3, inner: float = 0.0, cell=keras.layers.LSTM) -> keras.Model:
    keras.utils.set_random_seed(5)
    layers = [
        cell(6, return_sequences=True, dropout=inner, recurrent_dropout=inner),
        keras.layers.Dropout(dropout),
        cell(5),
        keras.layers.Dropout(dropout),
        keras.layers.Dense(1),
    ]
    model = keras.Sequential([keras.Input((None, columns)), *layers])
    # Larger weights than Glorot's, so that what is compared is not almost zero.
    model.set_weights([2.0 * w for w in model.get_weights()])
    return model


def keras_loop(model, encoder, origins: Origins, horizon: int, *, slide: bool, paths: int = 1, training=False):
    """Forecast step by step with plain Keras calls, on a sliding or on a growing window, (paths, horizon)."""
    window = np.repeat(origins.windows[:1], paths, axis=0)
    values = np.repeat(origins.tails[:1], paths, axis=0)
    for step in range(horizon):
        z = np.asarray(model(window, training=training), dtype=np.float64)[:, 0]
        values = np.concatenate([values, encoder.decode(z, values)[:, None]], axis=1)
        row = encoder.encode_step(values, origins.known[0, step])
        window = np.concatenate([window[:, 1:] if slide else window, row[:, None]], axis=1)
    return values[:, -horizon:]


@pytest.mark.parametrize("cell", [keras.layers.LSTM, keras.layers.GRU, keras.layers.SimpleRNN])
@pytest.mark.parametrize(("rollout", "slide"), [("window", True), ("state", False)])
def test_without_dropout_every_path_is_the_plain_keras_loop(frame, encoder, rollout, slide, cell):
    model = network(len(encoder.columns), dropout=0.0, cell=cell)
    origins = origins_at([70], frame, encoder, 6)
    paths = Simulator(model, encoder).chunk(origins, 6, replace(PLAIN, rollout=rollout))
    assert paths.shape == (1, CHUNK, 6)
    assert (paths == paths[:, :1]).all()
    np.testing.assert_allclose(paths[0, 0], keras_loop(model, encoder, origins, 6, slide=slide)[0], rtol=1e-5)


@pytest.mark.parametrize("masks", ["path", "step"])
@pytest.mark.parametrize("inner", [0.0, 0.4])
def test_window_and_state_agree_exactly_on_the_first_step(frame, encoder, masks, inner):
    simulator = Simulator(network(len(encoder.columns), inner=inner), encoder)
    origins = origins_at([66, 70], frame, encoder, 1)
    window, state = (
        simulator.chunk(origins, 1, SimulationSettings(rollout, masks, None, 1)) for rollout in ("window", "state")
    )
    np.testing.assert_array_equal(window, state)
    assert np.ptp(window) > 0


def masked_copy(model: keras.Model, masks: list[np.ndarray], path: int) -> keras.Model:
    """Write one path's masks into the graph of a second, plain Keras model."""
    x = inputs = keras.Input((None, model.input_shape[-1]))
    remaining = iter(masks)
    for layer in model.layers:
        if isinstance(layer, keras.layers.Dropout):
            mask = np.asarray(next(remaining))[path]
            x = x * mask.reshape((1,) * (len(x.shape) - 1) + (-1,))
        else:
            x = layer(x)
    return keras.Model(inputs, x)


@pytest.mark.parametrize(("rollout", "slide"), [("window", True), ("state", False)])
def test_a_path_mask_is_one_sampled_network_for_the_whole_path(frame, encoder, rollout, slide):
    model = network(len(encoder.columns))
    origins = origins_at([70], frame, encoder, 5)
    rules = SimulationSettings(rollout, "path", None, 11)
    paths = Simulator(model, encoder).chunk(origins, 5, rules)
    seed = np.random.SeedSequence([11, 0]).generate_state(2).view(np.int32)
    masks = Network(model).encode(origins.windows, seed[None], CHUNK, shared=True, fresh=False).masks
    for path in (0, CHUNK - 1):
        expected = keras_loop(masked_copy(model, masks, path), encoder, origins, 5, slide=slide)[0]
        np.testing.assert_allclose(paths[0, path], expected, rtol=1e-5)


@pytest.mark.parametrize("inner", [0.0, 0.3])
def test_step_masks_have_the_moments_of_the_naive_keras_loop(frame, encoder, inner):
    """Mean within 4 standard errors, deviation within 4 of its own (sd / sqrt(2 (n - 1)), normal theory)."""
    model = network(len(encoder.columns), inner=inner)
    origins = origins_at([70], frame, encoder, 3)
    ours = np.concatenate([Simulator(model, encoder).chunk(origins, 3, PLAIN, number)[0] for number in range(8)])
    keras.utils.set_random_seed(17)
    naive = keras_loop(model, encoder, origins, 3, slide=True, paths=400, training=True)
    for step in range(3):
        a, b = np.log(ours[:, step]), np.log(naive[:, step])
        assert abs(a.mean() - b.mean()) < 4 * np.sqrt(a.var() / len(a) + b.var() / len(b))
        error = np.sqrt(a.var() / (2 * len(a) - 2) + b.var() / (2 * len(b) - 2))
        assert abs(a.std() - b.std()) < 4 * error


def test_masks_are_inverted_bernoulli(frame, encoder):
    chain = Network(network(len(encoder.columns), dropout=0.25))
    windows = origins_at([70], frame, encoder, 1).windows
    fresh = np.asarray(chain.encode(windows, np.array([[1, 2]], np.int32), 400, shared=True, fresh=True).masks[0])
    assert fresh.shape == (400, LOOKBACK, 6)
    np.testing.assert_allclose(np.unique(fresh), [0, 1 / 0.75], rtol=1e-6)
    assert abs((fresh == 0).mean() - 0.25) < 4 * np.sqrt(0.25 * 0.75 / fresh.size)
    kept = np.asarray(chain.encode(windows, np.array([[1, 2]], np.int32), 400, shared=True, fresh=False).masks[0])
    assert kept.shape == (400, 1, 6)


@pytest.mark.parametrize("rollout", ["window", "state"])
@pytest.mark.parametrize("masks", ["path", "step"])
def test_an_origin_does_not_depend_on_its_batch(frame, encoder, rollout, masks):
    simulator = Simulator(network(len(encoder.columns)), encoder)
    residuals = Residuals(np.linspace(-1, 1, 9), np.arange(60, 69))
    rules = SimulationSettings(rollout, masks, residuals, 2)
    together = simulator.chunk(origins_at([64, 67, 70], frame, encoder, 4), 4, rules)
    for place, row in enumerate([64, 67, 70]):
        alone = simulator.chunk(origins_at([row], frame, encoder, 4), 4, rules)
        # Eigen sums a batch of another size in another order: the last bits of float32 are its own.
        np.testing.assert_allclose(together[place], alone[0], rtol=1e-5)


def test_blocks_of_origins_change_nothing(frame, encoder, monkeypatch):
    simulator = Simulator(network(len(encoder.columns)), encoder)
    origins = origins_at([64, 67, 70], frame, encoder, 3)
    whole = simulator.chunk(origins, 3, PLAIN)
    monkeypatch.setattr("lstm_lab.simulation.simulator._ELEMENTS", 1)
    np.testing.assert_allclose(simulator.chunk(origins, 3, PLAIN), whole, rtol=1e-5)


def test_same_seed_same_paths_bit_for_bit(frame, encoder):
    model = network(len(encoder.columns))
    origins = origins_at([70], frame, encoder, 4)
    rules = SimulationSettings("state", "path", Residuals(np.linspace(-1, 1, 9), np.arange(60, 69)), 2)
    first, again = (Simulator(model, encoder).chunk(origins, 4, rules) for _ in range(2))
    np.testing.assert_array_equal(first, again)
    other_chunk = Simulator(model, encoder).chunk(origins, 4, rules, 1)
    other_seed = Simulator(model, encoder).chunk(origins, 4, replace(rules, seed=3))
    assert (other_chunk == first).mean() < 0.1
    assert (other_seed == first).mean() < 0.1


@pytest.mark.parametrize("rollout", ["window", "state"])
@pytest.mark.parametrize("masks", ["path", "step"])
def test_the_first_paths_of_many_are_those_of_few(frame, encoder, rollout, masks):
    """Masks and noise are the same to the bit; the network's output as far as a product does not depend on its rows."""
    simulator = Simulator(network(len(encoder.columns), inner=0.3), encoder)
    settings = SimulationSettings(rollout, masks, Residuals(np.linspace(-1, 1, 9), np.arange(60, 69)), 2)
    origins = origins_at([66, 70], frame, encoder, 4)
    many = simulator.chunks(origins, 4, settings, range(5))
    assert many.shape == (2, 5 * CHUNK, 4)
    for number in range(5):
        alone = simulator.chunk(origins, 4, settings, number)
        np.testing.assert_allclose(many[:, number * CHUNK : (number + 1) * CHUNK], alone, rtol=1e-5)
    np.testing.assert_array_equal(many, simulator.chunks(origins, 4, settings, range(5)))
    np.testing.assert_allclose(many[:, 3 * CHUNK :], simulator.chunks(origins, 4, settings, range(3, 5)), rtol=1e-5)


@pytest.mark.parametrize("fresh", [True, False])
def test_masks_of_a_chunk_are_the_same_beside_others(frame, encoder, fresh):
    chain = Network(network(len(encoder.columns), inner=0.3))
    windows = origins_at([66, 70], frame, encoder, 1).windows
    seeds = np.array([[1, 2], [3, 4], [5, 6]], np.int32)
    together = chain.encode(windows, seeds, 4, shared=True, fresh=fresh).masks
    for number, seed in enumerate(seeds):
        alone = chain.encode(windows, seed[None], 4, shared=True, fresh=fresh).masks
        assert len(alone) == len(together) > 2
        for mask, whole in zip(alone, together, strict=True):
            np.testing.assert_array_equal(whole[number * 4 : number * 4 + 4], mask)


def recorded_calls(monkeypatch) -> list[tuple[int, int, int]]:
    """Record origins, chunks and paths of a chunk of every call of the compiled roll-out."""
    calls, carry = [], Network.carry

    def recorded(self, windows, seeds, paths, append, **options):
        calls.append((len(windows), len(seeds), paths))
        return carry(self, windows, seeds, paths, append, **options)

    monkeypatch.setattr(Network, "carry", recorded)
    return calls


@pytest.mark.parametrize(("allowed", "expected"), [(6, [(3, 2)]), (4, [(2, 2), (1, 2)]), (1, 6 * [(1, 1)])])
def test_no_call_holds_more_than_memory_allows(frame, encoder, monkeypatch, allowed, expected):
    simulator = Simulator(network(len(encoder.columns)), encoder)
    origins = origins_at([64, 67, 70], frame, encoder, 2)
    settings = replace(PLAIN, rollout="state")
    whole = simulator.chunks(origins, 2, settings, range(2))
    largest = LOOKBACK * 6 * 7  # the first layer's gates and states
    assert simulator.network.largest_output(LOOKBACK) == largest
    monkeypatch.setattr("lstm_lab.simulation.simulator._ELEMENTS", allowed * CHUNK * largest)
    calls = recorded_calls(monkeypatch)
    np.testing.assert_allclose(simulator.chunks(origins, 2, settings, range(2)), whole, rtol=1e-5)
    assert [call[:2] for call in calls] == expected


def test_calls_grow_with_the_paths_until_they_are_long_enough(frame, encoder, monkeypatch):
    simulator = Simulator(network(len(encoder.columns)), encoder)
    origin = origins_at([70], frame, encoder, 4)
    settings = replace(PLAIN, rollout="state")
    assert simulator.batches(origin, 4, settings, 20) == [range(20)]
    chunk = CHUNK * (LOOKBACK + 4) * simulator.model.count_params()
    monkeypatch.setattr("lstm_lab.simulation.simulator._PRODUCTS", 8 * chunk)
    assert simulator.batches(origin, 4, settings, 20) == [range(7), range(7, 14), range(14, 20)]
    assert simulator.batches(origin, 4, PLAIN, 3) == [range(2), range(2, 3)]  # a window is encoded for every step
    monkeypatch.setattr("lstm_lab.simulation.simulator.on_gpu", lambda: True)
    assert simulator.batches(origin, 4, settings, 20) == [range(20)]


def test_what_a_feature_raises_is_raised_as_it_is(frame, encoder, monkeypatch):
    simulator = Simulator(network(len(encoder.columns)), encoder)

    def broken(*_):
        raise ZeroDivisionError("my feature")

    monkeypatch.setattr(Encoder, "encode_step", broken)
    with pytest.raises(ZeroDivisionError, match="my feature"):
        simulator.chunk(origins_at([70], frame, encoder, 3), 3, replace(PLAIN, rollout="state"))


def test_features_are_those_of_the_path(frame, encoder):
    """Append a simulated path to the frame, encode that from scratch: the network must have seen those very rows."""
    model = network(len(encoder.columns), dropout=0.0)
    origins = origins_at([70], frame, encoder, 4)
    path = Simulator(model, encoder).chunk(origins, 4, PLAIN)[0, 0]
    longer = frame.iloc[:74].copy()
    longer.iloc[70:, 0] = path
    matrix = encoder.encode(longer, np.zeros(74, dtype=np.int64))
    for step in range(4):
        z = float(np.asarray(model(matrix[None, 60 + step : 70 + step]))[0, 0])
        tail = longer["price"].to_numpy()[: 70 + step]
        assert path[step] == pytest.approx(float(encoder.decode(np.float64(z), tail)), rel=1e-5)


def test_state_is_refused_where_a_layer_needs_the_window(encoder):
    columns = len(encoder.columns)
    model = keras.Sequential(
        [keras.Input((LOOKBACK, columns)), keras.layers.Bidirectional(keras.layers.LSTM(3)), keras.layers.Dense(1)]
    )
    simulator = Simulator(model, encoder)
    assert simulator.allowed("auto", "state") == "window"
    with pytest.raises(ForecastError, match="needs the whole window; use rollout='window'"):
        simulator.allowed("state", "state")
    assert Simulator(network(columns), encoder).allowed("auto", "state") == "state"


@pytest.mark.parametrize(
    "layer",
    [
        keras.layers.SpatialDropout1D(0.4),
        keras.layers.GaussianDropout(0.4),
        keras.layers.GaussianNoise(0.4),
    ],
)
def test_other_dropouts_match_keras_in_the_first_step(frame, encoder, layer):
    keras.utils.set_random_seed(5)
    model = keras.Sequential(
        [keras.Input((None, len(encoder.columns))), layer, keras.layers.LSTM(4), keras.layers.Dense(1)]
    )
    windows = origins_at([70], frame, encoder, 1).windows
    seeds = np.array([[3, 4]], np.int32)
    ours = np.asarray(Network(model).encode(windows, seeds, 2000, shared=True, fresh=True).output)
    theirs = np.asarray(model(np.repeat(windows, 2000, axis=0), training=True))[:, 0]
    assert abs(ours.mean() - theirs.mean()) < 4 * np.sqrt((ours.var() + theirs.var()) / 2000)
    assert ours.std() == pytest.approx(theirs.std(), rel=0.08)


def test_a_diverging_path_is_refused_with_the_step(frame, encoder):
    model = network(len(encoder.columns), dropout=0.0)
    origins = origins_at([70], frame, encoder, 3)
    rules = replace(PLAIN, residuals=Residuals(np.array([np.nan]), np.array([69])))
    with pytest.raises(ForecastError, match="left the range of numbers at step 1"):
        Simulator(model, encoder).chunk(origins, 3, rules)


def test_residuals_are_drawn_as_they_are():
    values = np.array([-2.0, 0.5, 1.5])
    drawn = Residuals(values, np.arange(3)).draw(np.array([3, 9]), 4000, 2, (0,))
    assert drawn.shape == (2, 4000, 2)
    assert set(np.unique(drawn)) == set(values)
    for value in values:
        assert abs((drawn == value).mean() - 1 / 3) < 4 * np.sqrt(2 / 9 / drawn.size)


def test_the_noise_has_the_mean_of_all_errors():
    """A few held-out residuals have a mean by chance, which every step of a path would add again."""
    residuals = Residuals(np.array([0.2, 0.5, 1.1]), np.arange(3), earlier=np.array([-0.1, -0.1, -0.1, -0.1, -0.3]))
    drawn = residuals.draw(np.array([3]), 99, 2, (0,))
    np.testing.assert_allclose(np.unique(drawn), np.array([0.2, 0.5, 1.1]) - 0.6 + (1.8 - 0.7) / 8)


def test_scaled_residuals_follow_the_recent_volatility():
    """After a storm the next noise is wild, and its size is that of the running variance, computed by hand."""
    values = np.concatenate([np.tile([0.1, -0.1], 50), np.tile([2.0, -2.0], 10)])
    residuals = Residuals(values, np.arange(len(values)), scaled=True)
    variance = np.mean(values**2)
    for value in values:
        variance = DECAY * variance + (1 - DECAY) * value**2
    assert residuals.volatility()[-1] == pytest.approx(np.sqrt(variance))
    quiet, stormy = residuals.draw(np.array([90, 120]), 2000, 1, (0,))
    assert stormy.std() > 3 * quiet.std()


def test_later_errors_say_how_volatile_it_was_and_are_never_drawn():
    values = np.tile([0.1, -0.1], 50)
    longer = np.concatenate([values, np.tile([2.0, -2.0], 10)])
    residuals = Residuals(longer, np.arange(len(longer)), scaled=True, drawn=len(values))
    alone = Residuals(values, np.arange(len(values)), scaled=True)
    np.testing.assert_array_equal(residuals.volatility()[:101], alone.volatility())
    stormy = residuals.draw(np.array([120]), 200, 1, (0,))
    quiet = alone.draw(np.array([100]), 200, 1, (0,))
    ratio = np.abs(stormy).mean() / np.abs(quiet).mean()
    assert ratio > 5
    plain = replace(residuals, scaled=False).draw(np.array([120]), 200, 1, (0,))
    assert set(np.unique(plain)) == {0.1, -0.1}
