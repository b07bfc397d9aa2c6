"""Comparisons and ablations: same rows and seeds for all, chance told from effect, a Transformer that samples."""

from __future__ import annotations

import threading
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import lstm_lab as lab
from lstm_lab.errors import DataError, ForecastError, OptionError, RunError
from lstm_lab.evaluation.kinds import BASE, CHANGES, UNCALIBRATED, change
from lstm_lab.events import ProgressListener
from lstm_lab.models.backend import keras
from lstm_lab.models.build import build_forecaster
from lstm_lab.models.serialize import PackedModel, fresh_layers, pack, unpack
from lstm_lab.models.transformer import transformer_stack
from lstm_lab.options import TrainOptions
from lstm_lab.simulation.simulator import CHUNK
from lstm_lab.training.reporter import Reporter

HORIZON, ORIGINS, LOOKBACK = 3, 14, 8
STUDY = {"horizon": HORIZON, "origins": ORIGINS, "paths": CHUNK}
TRAIN = {"transform": "diff", "features": (), "units": [4], "dense": [], "lookback": LOOKBACK, "epochs": 1}
SMALL = TrainOptions(units=(8, 8), dense=(4,), lookback=LOOKBACK, dropout=0.3)


def table(rows=400):
    rng = np.random.default_rng(5)
    index = pd.date_range("2021-03-01", periods=rows, freq="D", name="day")
    return pd.DataFrame({"price": 50 + rng.normal(0, 1, rows).cumsum()}, index=index)


@pytest.fixture(scope="module")
def comparison():
    return lab.compare(
        table(), kinds=["rnn", "transformer", "naive", "drift"], seeds=(0, 1), calibration=0.2, **STUDY, **TRAIN
    )


@pytest.fixture(scope="module")
def ablation():
    changes = ["loss: mse", "loss: huber", "target: raw", "target: log returns"]
    return lab.ablate(table(), changes=changes, seeds=(3,), cell="rnn", calibration=0.2, **STUDY, **TRAIN)


def test_a_comparison_of_medians_that_lean_says_so(comparison):
    leaning = lab.compare(table(), kinds=["rnn", "naive"], seeds=(0,), combine=True, **STUDY, **TRAIN)
    assert "every network's leans on the naive forecasts" in repr(leaning)
    assert "leans" not in repr(comparison)


def test_a_change_of_the_lookback_is_a_multiple_of_the_base():
    base = TrainOptions(lookback=9, units=(4,))
    assert change("lookback: half", base).lookback == 4
    assert change("lookback: double", base).lookback == 18
    assert change("loss: mae", base) == base.model_copy(update={"loss": "mae"})


def test_the_guard_is_taken_off_every_bollinger_position():
    base = TrainOptions(features=("log_return", "bollinger(5, 2)", " bollinger", "my_bollinger"))
    assert change("guard: off", base).features == (
        "log_return",
        "unguarded_bollinger(5, 2)",
        "unguarded_bollinger",
        "my_bollinger",
    )


def test_every_change_differs_from_the_defaults_or_is_one_of_them():
    base = TrainOptions()
    same = [name for name in CHANGES if change(name, base) == base]
    assert same == [
        "loss: huber",
        "weights: uniform",
        "scaler: standard",
        "guard: off",
        "forget bias: 1",
        "recurrent weights: orthogonal",
        "input weights: glorot",
        "band: dropout",
    ]


def test_lookbacks_and_starts_are_ablated_where_their_windows_fit():
    changes = ["lookback: half", "lookback: double", "recurrent weights: gaussian", "forget bias: 0"]
    result = lab.ablate(table(), changes=changes, seeds=(3,), calibration=0.2, **STUDY, **TRAIN)
    assert list(result.summary.index) == [BASE, *changes, UNCALIBRATED]
    assert result.summary["mae"].nunique() >= 4
    wide = {**TRAIN, "lookback": 30}
    short = lab.ablate(table(100), changes=changes[:2], seeds=(3,), calibration=0.2, **STUDY, **wide)
    assert "lookback: double" not in short.summary.index
    assert "lookback: half" in short.summary.index


# The Transformer ----------------------------------------------------------------------------------


def attention_in_numpy(block, x):
    """Compute one block head by head, step by step."""

    def norm(layer, values):
        centred = values - values.mean(axis=-1, keepdims=True)
        scaled = centred / np.sqrt((centred**2).mean(axis=-1, keepdims=True) + layer.epsilon)
        return scaled * layer.gamma.numpy() + layer.beta.numpy()

    def dense(layer, values):
        return values @ layer.kernel.numpy() + layer.bias.numpy()

    units, size = x.shape[-1], x.shape[-1] // block.heads
    projected = dense(block.project, norm(block.before_attention, x))
    attended = np.zeros_like(x)
    for head in range(block.heads):
        own = slice(head * size, (head + 1) * size)
        query, key, value = (projected[..., start : start + units][..., own] for start in (0, units, 2 * units))
        for step in range(x.shape[1]):
            score = np.einsum("bd,bkd->bk", query[:, step], key[:, : step + 1]) / np.sqrt(size)
            share = np.exp(score - score.max(axis=1, keepdims=True))
            share /= share.sum(axis=1, keepdims=True)
            attended[:, step, own] = np.einsum("bk,bkd->bd", share, value[:, : step + 1])
    x = x + dense(block.merge, attended)
    hidden = keras.activations.gelu(dense(block.widen, norm(block.before_dense, x))).numpy()
    return x + dense(block.narrow, hidden)


def test_a_block_against_plain_numpy():
    forecaster = build_forecaster(transformer_stack(SMALL), LOOKBACK, 2, seed=4)
    block = next(layer for layer in forecaster.layers if type(layer).__name__ == "CausalBlock")
    x = np.random.default_rng(0).normal(size=(3, LOOKBACK, 8)).astype(np.float32)
    np.testing.assert_allclose(block(x).numpy(), attention_in_numpy(block, x), rtol=2e-4, atol=2e-5)
    later = x.copy()
    later[:, 5:] += 1.0
    np.testing.assert_allclose(block(later).numpy()[:, :5], block(x).numpy()[:, :5], rtol=1e-6)


def test_the_order_of_steps_counts():
    forecaster = build_forecaster(transformer_stack(SMALL), LOOKBACK, 2, seed=4)
    x = np.random.default_rng(0).normal(size=(3, LOOKBACK, 2)).astype(np.float32)
    turned = x[:, [1, 0, *range(2, LOOKBACK)]]
    assert not np.allclose(forecaster.model(x), forecaster.model(turned), rtol=1e-5)


def test_seeds_and_packing():
    one, same, other = (build_forecaster(transformer_stack(SMALL), LOOKBACK, 2, seed=seed).model for seed in (4, 4, 5))
    for mine, its in zip(one.get_weights(), same.get_weights(), strict=True):
        np.testing.assert_array_equal(mine, its)
    assert pack(one).digest == pack(same).digest != pack(other).digest
    x = np.random.default_rng(0).normal(size=(3, LOOKBACK, 2)).astype(np.float32)
    np.testing.assert_array_equal(unpack(pack(one))(x), one(x))


def test_dropout_of_a_transformer_is_sampled():
    run = lab.train(table(), stack=transformer_stack(SMALL), lookback=LOOKBACK, epochs=1, transform="diff")
    paths = run.forecast(HORIZON, paths=CHUNK, noise="none", calibrate=False).paths
    assert (paths.std(axis=0) > 0).all()
    assert run.simulator.allowed("auto", "state") == "window"


def test_a_class_that_cannot_be_imported_is_refused_in_one_line():
    layer = {"class_name": "Mine", "module": "nowhere", "config": {}, "registered_name": "Mine", "inbound_nodes": []}
    config = '{"module":"keras","class_name":"Sequential","config":{"name":"s","layers":[%s]}}'
    import json

    with pytest.raises(RunError, match="can be imported there") as refused:
        unpack(PackedModel(config % json.dumps(layer), (), "x"))
    assert "\n" not in str(refused.value)


def test_only_a_chain_is_trained_anew():
    x = keras.Input((LOOKBACK, 1))
    model = keras.Model(
        x, keras.layers.Dense(1)(keras.layers.add([keras.layers.Flatten()(x), keras.layers.Flatten()(x)]))
    )
    with pytest.raises(RunError, match="refit=False"):
        fresh_layers(model)


# Comparing ----------------------------------------------------------------------------------------


def test_every_kind_is_judged_on_the_same_rows_and_trained_with_every_seed(comparison):
    assert set(comparison.scores.index) == {
        ("rnn", 0),
        ("rnn", 1),
        ("transformer", 0),
        ("transformer", 1),
        ("naive", 0),
        ("drift", 0),
    }
    assert comparison.evaluated.rows[0] >= 320
    assert comparison.evaluated.rows[-1] == 400 - HORIZON
    assert comparison.details["trained on"].startswith("320 rows")
    table_ = comparison.summary
    assert list(table_["mae"]) == sorted(table_["mae"])
    assert table_.loc["rnn", "seeds"] == 2
    assert table_.loc["rnn", "parameters"] == 4 * (1 + 4 + 1) + 5
    assert table_.loc["rnn", "kilobytes"] == pytest.approx(4 * 29 / 1000)
    assert table_.loc["naive", "parameters"] == 0
    assert (table_.loc[["rnn", "transformer"], ["training_seconds", "forecast_seconds"]] > 0).all(axis=None)
    both = comparison.scores.loc["rnn", "mae"]
    assert table_.loc["rnn", ["mae", "mae_low", "mae_high"]].tolist() == [both.mean(), both.min(), both.max()]


def test_a_network_of_a_comparison_is_the_one_that_train_makes(comparison):
    again = lab.train(table().iloc[:320], cell="rnn", seed=1, calibration=0.2, **TRAIN)
    first = comparison.evaluated.rows[0]
    later = lab.backtest(again, table(), baselines=(), **STUDY)
    np.testing.assert_array_equal(later.evaluated.rows, comparison.evaluated.rows)
    assert first == later.evaluated.rows[0]
    np.testing.assert_allclose(later.forecasts["network alone"].paths, comparison.forecasts["rnn", 1].paths, rtol=1e-6)


def test_a_random_walk_has_no_winner(comparison):
    assert comparison.verdict.startswith("no winner")
    assert "cannot be told from it" in repr(comparison)


def test_a_clear_winner_is_named():
    """A series that is its own past a week ago: the seasonal naive forecast is exact but for a little noise."""
    rng = np.random.default_rng(0)
    frame = table(300)
    frame["price"] = 50 + np.tile(rng.normal(0, 5, 7), 43)[:300] + rng.normal(0, 0.1, 300)
    result = lab.compare(frame, kinds=["naive", "seasonal_naive"], origins=30, horizon=HORIZON, calibration=0.2)
    assert result.verdict.startswith("seasonal_naive has the lowest error")
    assert result.rivals == ()


def test_seeds_that_overlap_leave_a_doubt(comparison):
    table_ = comparison.summary
    leader = table_.index[0]
    for kind in table_.index[1:]:
        if table_.loc[kind, "mae_low"] <= table_.loc[leader, "mae_high"]:
            assert kind in comparison.rivals


def test_stop_keeps_the_complete_kinds():
    stop = threading.Event()

    class StopSoon(ProgressListener):
        def on_progress(self, progress):
            if progress.done == progress.total - 1:
                stop.set()

    result = lab.compare(
        table(), kinds=["rnn", "naive"], seeds=(0,), calibration=0.2, stop=stop, listener=StopSoon(), **STUDY, **TRAIN
    )
    assert list(result.summary.index) == ["naive"]
    assert result.details["stopped"] == "with 1 of 2 models judged"
    with pytest.raises(ForecastError, match="stopped before any model"):
        lab.compare(table(), kinds=["naive"], stop=stop, **STUDY)


@pytest.mark.parametrize("how", ["stop", "interrupt"])
def test_a_training_that_was_cut_short_is_not_judged(how, monkeypatch):
    """Else Stop or Ctrl-C during one training would let an unfinished network into the table."""
    stop = threading.Event()
    trained = []

    def on_batch(self, batch, logs):
        trained.append(batch)
        if len(trained) == 2 and how == "interrupt":
            raise KeyboardInterrupt
        if len(trained) == 2:
            stop.set()
        return told(self, batch, logs)

    told = Reporter.on_train_batch_end
    monkeypatch.setattr(Reporter, "on_train_batch_end", on_batch)
    kinds, options = ["naive", "rnn", "lstm"], {**TRAIN, "epochs": 50}
    result = lab.compare(table(), kinds=kinds, seeds=(0,), calibration=0.2, stop=stop, **STUDY, **options)
    assert list(result.summary.index) == ["naive"]
    assert len(trained) == 2


def test_mistakes_are_one_line():
    for error, message, options in (
        (OptionError, "did you mean 'lstm'", {"kinds": ["lsmt"]}),
        (OptionError, "use seeds=", {"seed": 3}),
        (OptionError, "did you mean units=", {"unit": 3}),
        (OptionError, "recurrent network, got the kind 'transformer'", {"supervise": "every"}),
        (OptionError, "seeds", {"seeds": []}),
        (DataError, "raise test=", {"test": 0.01, "horizon": 10}),
    ):
        with pytest.raises(error, match=message) as refused:
            lab.compare(table(), **options)
        assert "\n" not in str(refused.value)
    with pytest.raises(OptionError, match="did you mean 'loss: mse'"):
        lab.ablate(table(), changes=["loss: mes"])


# Ablating -----------------------------------------------------------------------------------------


def test_one_thing_is_changed_at_a_time(ablation):
    # "loss: huber" is the base itself and takes no training of its own.
    assert ablation.variants == (BASE, "loss: mse", "target: raw", "target: log returns", UNCALIBRATED)
    row = ablation.summary.loc["target: raw"]
    base, raw = ablation.forecasts[BASE, 3], ablation.forecasts["target: raw", 3]
    assert row["mae_effect"] == pytest.approx(raw.errors.mean() - base.errors.mean())
    assert row["mae"] == pytest.approx(raw.errors.mean())
    assert np.isnan(row["mae_spread"])
    assert ablation.summary.loc[BASE, "mae_effect"] == 0
    assert not ablation.summary.loc[BASE, "clear"]


def test_calibration_is_ablated_on_the_same_paths(ablation):
    with_it, without = ablation.forecasts[BASE, 3], ablation.forecasts[UNCALIBRATED, 3]
    assert with_it.raw is without.raw
    assert without.kind == "predictive"
    np.testing.assert_allclose(with_it.band[1], without.band[1])
    assert not np.allclose(with_it.band[0], without.band[0])


# Pictures -----------------------------------------------------------------------------------------


def legend(figure):
    return [text.get_text() for text in figure.legends[0].get_texts()]


def test_no_tick_says_that_a_band_held_more_than_everything(comparison, ablation):
    for result in (comparison, ablation):
        coverage = next(made for made in result.plot().axes if "coverage" in made.get_xlabel())
        ticks = [tick for tick in coverage.get_xticks() if tick <= coverage.get_xlim()[1]]
        assert len(ticks) >= 3
        assert max(ticks) <= 1 + 1e-9
        assert coverage.get_xlim()[1] > 1


def test_pictures(comparison, ablation):
    for result in (comparison, ablation):
        bundle, metadata = result._repr_mimebundle_()
        assert bundle["text/plain"] == repr(result)
        assert bundle["image/png"].startswith("iVBOR")
        assert metadata["image/png"]["alt"] == repr(result)


def test_baselines_are_told_from_networks_by_shape(comparison):
    figure = comparison.plot()
    marks = figure.axes[1].get_lines()
    rows = {mark: {float(line.get_ydata()[0]) for line in marks if line.get_marker() == mark} for mark in "os"}
    order = list(comparison.summary.index)
    assert rows["o"] == {order.index("rnn"), order.index("transformer")}
    assert rows["s"] == {order.index("naive"), order.index("drift")}
    assert {"network, a mark a seed", "baseline", "nominal coverage"} <= set(legend(figure))
    assert figure.axes[1].get_xlabel() == "mean absolute error (price)"
    assert comparison.band() in figure.axes[2].get_xlabel().replace("\n", " ")
    title = figure.axes[0].texts[0].get_text().replace("\n", " ")
    assert comparison.verdict in title
    assert comparison.best_network in title


def test_an_effect_that_may_be_chance_is_hollow(ablation):
    marks = ablation.plot().axes[1].get_lines()
    hollow = {float(line.get_ydata()[0]) for line in marks if line.get_markerfacecolor() == "white"}
    doubtful = [
        row
        for row, (name, clear) in enumerate(ablation.summary["clear"].items())
        if not clear and name not in {BASE, UNCALIBRATED}
    ]
    assert hollow == set(doubtful)


def test_one_failure_does_not_hide_the_rest(ablation):
    far = replace(ablation)
    far.__dict__["scores"] = ablation.scores.assign(width=[1.0, 2.0, 3.0, 4.0, 500.0][: len(ablation.scores)])
    scales = [made.get_xscale() for made in far.plot().axes[1:]]
    assert scales == ["linear", "linear", "log"]


def test_a_doubt_is_named_after_what_leaves_it(ablation):
    cells = {line[0]: line[3] for line in ablation.summary_table().table[1:]}
    assert cells[BASE] == cells[UNCALIBRATED] == ""
    for variant in set(cells) - {BASE, UNCALIBRATED}:
        beyond = abs(ablation.gap(variant, BASE).mean) > 2 * ablation.gap(variant, BASE).error
        assert cells[variant] == ("clear" if beyond else "may be chance")
    torn = replace(ablation)
    torn.__dict__["summary"] = ablation.summary.assign(clear=False)
    words = {line[0]: line[3] for line in torn.summary_table().table[1:]}
    assert {words[name] for name, word in cells.items() if word == "clear"} <= {"not with every seed"}


# Words --------------------------------------------------------------------------------------------


def test_the_table_says_how_far_each_kind_is_from_naive(comparison):
    head, *lines = comparison.summary_table().table
    cells = {line[0]: dict(zip(head, line, strict=True)) for line in lines}
    assert list(cells) == list(comparison.summary.index)
    assert cells["naive"]["vs naive"] == ""
    share = 100 * (comparison.mean_error("rnn") / comparison.mean_error("naive") - 1)
    mean, doubt = cells["rnn"]["vs naive"].removesuffix(" %").replace("−", "-").split(" ± ")
    assert float(mean) == pytest.approx(share, abs=0.5)
    gap = comparison.gap("rnn", "naive")
    assert float(doubt) == pytest.approx(100 * gap.error / comparison.mean_error("naive"), abs=0.5)
    assert cells["drift"]["weights"] == ""


def test_the_best_network_is_held_against_the_best_baseline(comparison):
    networks = [kind for kind in comparison.summary.index if kind in {"rnn", "transformer"}]
    baselines = [kind for kind in comparison.summary.index if kind in {"naive", "drift"}]
    said = comparison.best_network
    gap = comparison.gap(networks[0], baselines[0])
    assert said.startswith(f"{networks[0]}'s error is ")
    assert f"{'below' if gap.mean < 0 else 'above'} {baselines[0]}'s" in said
    assert ("may be chance" in said) == (not gap.clear)
    assert said in repr(comparison)


def test_seeds_that_only_one_of_two_has_are_left_out(ablation, comparison):
    """A study that was stopped holds fewer seeds of its last models."""
    fewer = {key: one for key, one in comparison.forecasts.items() if key != ("transformer", 1)}
    fitted = {key: one for key, one in comparison.fitted.items() if key != ("transformer", 1)}
    stopped = replace(comparison, forecasts=fewer, fitted=fitted)
    first = [comparison.forecasts[kind, 0].errors.mean() for kind in ("rnn", "transformer")]
    assert stopped.gap("rnn", "transformer").mean == pytest.approx(first[0] - first[1])
    both = np.mean([comparison.forecasts["rnn", seed].errors for seed in (0, 1)])
    assert stopped.gap("rnn", "naive").mean == pytest.approx(both - comparison.forecasts["naive", 0].errors.mean())
    assert ablation.gap(UNCALIBRATED, BASE).mean == pytest.approx(0)
