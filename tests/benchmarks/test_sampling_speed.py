"""How fast paths are drawn: beside one eager Keras call per path and step, beside bare matrix products, beside torch.

Ratios of CPU time on one core, each kind in turn in one run. `python tests/benchmarks/test_sampling_speed.py` prints
the table of docs/sampling-speed.md; torch, GluonTS and Darts are named as skipped where they are not installed.
"""

from __future__ import annotations

import os
import time
from importlib.util import find_spec

import numpy as np
import pandas as pd
import pytest

from lstm_lab.data.dataset import Dataset
from lstm_lab.data.encoding.encoder import Encoder
from lstm_lab.models.backend import keras, tf
from lstm_lab.models.build import build_forecaster, reference_stack
from lstm_lab.options import TrainOptions
from lstm_lab.simulation.simulator import CHUNK, SimulationSettings, Simulator

HORIZON = 30
NAIVE_CALLS = 30
"""The naive loop makes CHUNK * HORIZON equal calls; this many are timed, and the rest follow in proportion."""
LOOKBACK, COLUMNS, UNITS, LAYERS = 60, 8, 128, 3
"""The network that roll-outs are compared by."""
CASES = (("state", 50), ("state", 100), ("state", 1000), ("window", 50), ("window", 100), ("window", 1000))


def reference(units=None):
    """Build an origin of the reference stack, its encoder and its network."""
    rng = np.random.default_rng(0)
    index = pd.date_range("2020-01-01", periods=400, freq="D")
    frame = pd.DataFrame({"price": 50 * np.exp(np.cumsum(rng.normal(0, 0.01, 400)))}, index=index)
    features = ("bollinger(20, 2)", "volatility(20)", "momentum(10)", "rsi(14)", "dayofweek", "lag(1)")
    encoder = Encoder.fit(frame, "price", "log_return", features, slice(0, 300), np.zeros(400, np.int64))
    assert len(encoder.columns) == COLUMNS
    options = TrainOptions() if units is None else TrainOptions(units=units, dropout=0.2)
    forecaster = build_forecaster(reference_stack(options), LOOKBACK, COLUMNS)
    return Dataset.of(frame, encoder, LOOKBACK).newest(HORIZON), encoder, forecaster.model


def drawn(simulator, origin, rollout, paths):
    """Draw paths as a forecast does."""
    settings = SimulationSettings(rollout, "path", None, 0)
    for numbers in simulator.batches(origin, HORIZON, settings, paths // CHUNK):
        simulator.chunks(origin, HORIZON, settings, numbers)


def bare_products(rollout, paths):
    """Compile the matrix products of a roll-out and nothing else, all paths in each."""
    windows = HORIZON if rollout == "window" else 1
    later = 0 if rollout == "window" else HORIZON - 1
    # The paths of an origin share the first layer over its window: before the first mask they are all alike.
    counts = [(windows - 1) * LOOKBACK + later] + [windows * LOOKBACK + later] * (LAYERS - 1)
    rng = np.random.default_rng(0)

    def random(*shape):
        return tf.constant(rng.normal(size=shape).astype(np.float32))

    sizes = [COLUMNS + UNITS] + [2 * UNITS] * (LAYERS - 1)
    operands = [(random(paths, size), random(size, 4 * UNITS)) for size in sizes]

    @tf.function
    def run():
        total = tf.constant(0.0)
        for count, (x, w) in zip(counts, operands, strict=True):
            # The sum of before keeps TensorFlow from computing the product once.
            (_, total) = tf.while_loop(
                lambda step, _, last=count: step < last,
                lambda step, total, x=x, w=w: (step + 1, tf.matmul(x + 0 * total, w)[0, 0]),
                (0, total),
            )
        return total

    return lambda: run().numpy()


def torch_stepping(rollout, paths):
    """Build the same roll-out of `torch.nn.LSTM`, without features, noise or masks."""
    import torch

    torch.set_num_threads(1)
    lstm, head = torch.nn.LSTM(COLUMNS, UNITS, LAYERS, batch_first=True), torch.nn.Linear(UNITS, 1)
    window = torch.randn(paths, LOOKBACK, COLUMNS)

    def run():
        with torch.inference_mode():
            output, state = lstm(window)
            rows = window
            for _ in range(HORIZON - 1):
                row = head(output[:, -1:]).expand(-1, 1, COLUMNS)
                if rollout == "state":
                    output, state = lstm(row, state)
                else:
                    rows = torch.cat([rows[:, 1:], row], dim=1)
                    output, _ = lstm(rows)

    return run


def deepar_stepping(paths):
    """Build the roll-out of GluonTS's DeepAR: the paths share one pass over the window, then each carries its state."""
    import torch
    from gluonts.torch.model.deepar.module import DeepARModel

    network = DeepARModel(
        freq="D",
        context_length=LOOKBACK,
        prediction_length=HORIZON,
        num_feat_dynamic_real=6,
        num_feat_static_real=1,
        num_feat_static_cat=1,
        cardinality=[1],
        embedding_dimension=[1],
        num_layers=LAYERS,
        hidden_size=UNITS,
        lags_seq=[1],
        num_parallel_samples=paths,
    ).eval()
    past = LOOKBACK + 1
    inputs = {
        "feat_static_cat": torch.zeros(1, 1, dtype=torch.long),
        "feat_static_real": torch.zeros(1, 1),
        "past_time_feat": torch.zeros(1, past, 6),
        "past_target": torch.randn(1, past),
        "past_observed_values": torch.ones(1, past),
        "future_time_feat": torch.zeros(1, HORIZON, 6),
    }

    def run():
        with torch.inference_mode():
            network(**inputs)

    return run


def darts_stepping(rollout, paths):
    """Build the roll-out of a model of Darts with a Gaussian head: every path passes over its windows by itself.

    RNNModel carries a state; BlockRNNModel with one step an output moves its window on by one step at a time.
    """
    import torch
    from darts import TimeSeries
    from darts.models import BlockRNNModel, RNNModel
    from darts.utils.likelihood_models.torch import GaussianLikelihood

    rng, index = np.random.default_rng(0), pd.date_range("2020-01-01", periods=200, freq="D")
    target = TimeSeries.from_times_and_values(index, rng.normal(size=200).astype(np.float32))
    known = TimeSeries.from_times_and_values(index, rng.normal(size=(200, COLUMNS - 1)).astype(np.float32))
    quiet = {"accelerator": "cpu", "enable_progress_bar": False, "enable_model_summary": False}
    given = {
        "model": "LSTM",
        "hidden_dim": UNITS,
        "n_rnn_layers": LAYERS,
        "likelihood": GaussianLikelihood(),
        "n_epochs": 1,
        "pl_trainer_kwargs": {**quiet, "max_steps": 1},
    }
    if rollout == "state":
        peer, others = RNNModel(LOOKBACK, training_length=LOOKBACK + 1, **given), {"future_covariates": known}
    else:
        peer, others = BlockRNNModel(LOOKBACK, 1, **given), {"past_covariates": known}
    past = target[: 200 - HORIZON]
    peer.fit(past, **others)
    module, batches = peer.model, []
    predict_step = module.predict_step
    module.predict_step = lambda batch, *rest: (batches.append(batch), predict_step(batch, *rest))[1]
    peer.predict(HORIZON, past, num_samples=paths, batch_size=paths, **others)
    torch.set_num_threads(1)

    def run():
        # What a trainer sets before the step, without the trainer's own seconds.
        module.set_predict_parameters(HORIZON, paths, 1, paths, False, False)
        with torch.inference_mode():
            return predict_step(batches[0], 0)

    return run


def ratios(cases=CASES):
    """Measure each case beside bare products and peers; yield (rollout, paths, CPU seconds by kind)."""
    origin, encoder, model = reference([UNITS] * LAYERS)
    simulator = Simulator(model, encoder)
    for rollout, paths in cases:
        kinds = {
            "products": bare_products(rollout, paths),
            "ours": lambda rollout=rollout, paths=paths: drawn(simulator, origin, rollout, paths),
        }
        if find_spec("torch") is not None:
            kinds["torch"] = torch_stepping(rollout, paths)
            if find_spec("gluonts") is not None and rollout == "state":
                kinds["deepar"] = deepar_stepping(paths)
            if find_spec("darts") is not None:
                kinds["darts"] = darts_stepping(rollout, paths)
        for work in kinds.values():
            work()
        best = dict.fromkeys(kinds, float("inf"))
        for _ in range(5 if rollout == "state" else 3):
            for kind, work in kinds.items():
                started = time.process_time()
                work()
                best[kind] = min(best[kind], time.process_time() - started)
        yield rollout, paths, best


def report(rollout, paths, best):
    """Return a row of the table."""
    peers = " | ".join(
        f"{best[peer] / best['ours']:.2f}" if peer in best else "skipped" for peer in ("torch", "deepar", "darts")
    )
    return f"| {rollout} | {paths:,} | {best['ours']:.3f} s | {best['products'] / best['ours']:.0%} | {peers} |"


@pytest.fixture
def one_core():
    """Hold this process to one core, where the system can."""
    cores = os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else None
    if cores is not None:
        os.sched_setaffinity(0, {min(cores)})
    yield
    if cores is not None:
        os.sched_setaffinity(0, cores)


@pytest.mark.benchmark
@pytest.mark.usefixtures("one_core")
def test_many_paths_come_near_the_speed_of_matrices(record_property):
    shares = {}
    for rollout, paths, best in ratios((("state", 50), ("state", 1000), ("window", 50))):
        shares[rollout, paths] = best["products"] / best["ours"]
        record_property(f"{rollout} {paths}", shares[rollout, paths])
        print(report(rollout, paths, best))  # noqa: T201 - the figure
    keras.backend.clear_session()
    assert min(shares.values()) > 0.25
    assert shares["state", 1000] > 0.4


@pytest.mark.benchmark
@pytest.mark.parametrize(("rollout", "masks", "at_least"), [("window", "step", 300), ("state", "path", 4000)])
def test_fifty_paths_of_the_reference_stack(rollout, masks, at_least, record_property):
    origin, encoder, model = reference()
    simulator = Simulator(model, encoder)
    settings = SimulationSettings(rollout, masks, None, 0)
    simulator.chunk(origin, HORIZON, settings)
    ratios = []
    for _ in range(5):
        started = time.perf_counter()
        for _ in range(NAIVE_CALLS):
            model(origin.windows, training=True)
        naive = (time.perf_counter() - started) * CHUNK * HORIZON / NAIVE_CALLS
        started = time.perf_counter()
        simulator.chunk(origin, HORIZON, settings)
        ratios.append(naive / (time.perf_counter() - started))
    keras.backend.clear_session()
    record_property("ratio", float(np.median(ratios)))
    span = f"{min(ratios):,.0f} to {max(ratios):,.0f}"
    print(f"{rollout}/{masks}: {np.median(ratios):,.0f} times faster than the naive loop ({span})")  # noqa: T201 - the figure
    assert np.median(ratios) > at_least / 2, (
        "far below what was measured: something in the roll-out is no longer compiled"
    )


if __name__ == "__main__":
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    for case in ratios():
        print(report(*case), flush=True)  # noqa: T201 - the table
