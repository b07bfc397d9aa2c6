"""Searches over options of real trainings: what is compared, what is kept from it, and what it gives to copy."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import lstm_lab as lab
from lstm_lab.errors import DataError, OptionError, RunError
from lstm_lab.evaluation import refit
from lstm_lab.evaluation.search_folds import Folds
from lstm_lab.events import ProgressListener
from lstm_lab.notebook.commands import COMMANDS
from lstm_lab.options import TrainOptions

pytest.importorskip("optuna")
TRAIN = {"transform": "none", "lookback": 6, "units": [3], "dense": [], "epochs": 1, "batch": 32, "supervise": "last"}
SEARCH = {"horizon": 2, "origins": 6, "paths": 20, "folds": 2, "trials": 2, "together": 2}
SPACE = {"dropout": (0.0, 0.4), "learning_rate": [0.001, 0.02]}


def series(rows=300, changed=0):
    rng = np.random.default_rng(0)
    values = 3 + np.sin(np.arange(rows) / 5) + 0.1 * rng.normal(size=rows)
    values[rows - changed :] += 100
    return pd.DataFrame({"y": values})


@pytest.fixture
def trainings(monkeypatch):
    """The rows that were trained on, one a training."""
    trained = []
    usual = refit.train

    def counted(frame, **options):
        trained.append(frame)
        return usual(frame, **options)

    monkeypatch.setattr(refit, "train", counted)
    return trained


@pytest.fixture(scope="module")
def search():
    return lab.tune(series(), space=SPACE, prune=False, **TRAIN, **SEARCH)


def numbers(search):
    return search.trials.drop(columns="seconds")


def test_every_trial_is_beside_the_options_as_given(search):
    table = search.trials
    assert list(table.index) == [0, 1, 2]
    assert list(table["state"]) == ["complete"] * 3
    assert (table.loc[0, "dropout"], table.loc[0, "effect"]) == (0.2, 0)
    assert table.loc[1, "effect"] == pytest.approx(table.loc[1, "score"] - table.loc[0, "score"])
    assert table["score"].to_numpy() == pytest.approx(table[["fold_1", "fold_2"]].mean(axis=1).to_numpy())
    assert list(search.summary["score"]) == sorted(table["score"])
    assert search.best == dict(search.all_trials[search.summary.index[0]].options)
    assert list(search.best_so_far) == list(table["score"].cummin())
    assert search.importance.empty
    assert "takes 8 trials" in search.mattered


def test_the_text_says_what_was_done(search):
    text = repr(search)
    assert "space       dropout=0..0.4; learning_rate=0.001|0.02" in text
    assert "trained on  the first 168, 204 rows in turn, with 1 seed" in text
    assert "judged at   12 origins from 176 to 237, 2 steps each" in text
    assert "not seen    the newest 60 rows: .check() judges the winner there" in text
    assert text.endswith(f"  {search.call}")
    assert f"<pre>{search.call.replace(chr(39), '&#x27;')}</pre>" in search._repr_html_()


def test_the_verdict_allows_for_the_number_of_trials(search):
    assert search.verdict.startswith(("the options as given have", f"trial {search.winner.number}'s error is"))
    gap = search.gap(search.all_trials[1])
    assert search._is_clear(type(gap)(2.3 * gap.error, gap.error))  # of two trials: 2.24 standard errors
    assert not search._is_clear(type(gap)(2.2 * gap.error, gap.error))


class Killed(BaseException):
    """What no code of ours catches, as nothing catches SIGKILL."""


class KilledAfter(ProgressListener):
    def __init__(self, trainings):
        self.left = trainings

    def on_progress(self, progress):
        self.left -= progress.label != "" and progress.share > 0
        if self.left == 0:
            raise Killed


def test_a_search_that_was_killed_goes_on_whatever_the_test_rows_are(search, tmp_path, trainings):
    options = {"space": SPACE, "prune": False, "checkpoint": tmp_path, **TRAIN, **SEARCH}
    frame = series(changed=60)
    with pytest.raises(Killed):
        lab.tune(frame, listener=KilledAfter(5), **options)
    done = len(trainings)
    assert 2 < done < 6
    again = lab.tune(frame, **options)
    assert [len(each) for each in trainings] == [168, 204, 168, 168, 204, 204]
    pd.testing.assert_frame_equal(numbers(again), numbers(search), check_exact=True)
    assert again.details["done before"] == f"{done} trainings, read from the checkpoint"
    longer = lab.tune(frame, **options | {"trials": 3})
    assert len(trainings) == 8  # the third trial's two folds
    pd.testing.assert_frame_equal(numbers(longer).loc[:2], numbers(search), check_exact=True)
    with pytest.raises(RunError, match="together=2, here it is 1; use together=2"):
        lab.tune(frame, **options | {"together": 1})


def test_the_process_of_a_dask_cluster_gives_the_same_numbers(search):
    distributed = pytest.importorskip("distributed")
    with distributed.LocalCluster(
        n_workers=1, threads_per_worker=1, processes=True, dashboard_address=None, silence_logs=50
    ) as cluster:
        spread = lab.tune(series(), space=SPACE, prune=False, cluster=cluster.scheduler_address, **TRAIN, **SEARCH)
    pd.testing.assert_frame_equal(numbers(spread), numbers(search), check_exact=True)


def test_the_winner_is_written_to_copy_and_trained(search):
    dropout, rate = search.best["dropout"], search.best["learning_rate"]
    assert search.call == (
        f"lab.train(frame, transform='none', lookback=6, units=[3], dropout={dropout!r}, dense=[], epochs=1, batch=32,"
        f" learning_rate={rate!r}, supervise='last')"
    )
    assert search.command == (
        f"lstm-lab run frame --transform none --lookback 6 --units 3 --dropout {dropout} --dense none --epochs 1"
        f" --batch 32 --learning-rate {rate} --supervise last --horizon 2"
    )
    head, *layers = search.cell.split("\n")
    flags = COMMANDS["lstm_train"].parse(head.removeprefix("%%lstm_train "))
    assert flags.argument == "frame"
    given = TrainOptions.of(flags.of(TrainOptions))
    assert (given.lookback, given.epochs, given.learning_rate) == (6, 1, rate)
    assert layers == ["LSTM(3)", *[f"Dropout({dropout})"] * (dropout > 0), "Dense(1)"]
    run = search.train()
    same = lab.train(
        series(), stack="\n".join(layers), **{name: getattr(given, name) for name in flags.of(TrainOptions)}
    )
    assert len(run.dataset) == 300
    for own, other in zip(run.model.get_weights(), same.model.get_weights(), strict=True):
        np.testing.assert_array_equal(own, other)


def test_the_winner_is_checked_on_the_test_rows(search, trainings):
    if search.winner.number == 0:
        with pytest.raises(OptionError, match="nothing to check"):
            search.check()
        return
    check = search.check(seeds=(1,), origins=5)
    assert [len(frame) for frame in trainings] == [240] * 2
    assert list(check.scores.index) == [1]
    assert list(check.summary.index) == ["as given", "winner"]
    assert check.summary["score"].to_numpy() == pytest.approx(check.scores.mean().to_numpy())
    assert check.gap.mean == pytest.approx(check.summary["score"].diff().iloc[1])
    assert check.verdict.endswith("below")
    assert "which the search has not seen" in repr(check)
    assert check.plot().axes[0].get_title(loc="left").startswith("Check of the winner for y")
    drawn = check.widget().wire
    np.testing.assert_allclose(drawn.arrays()["values"][0], check.scores.to_numpy().T, rtol=1e-6)
    assert drawn.get("names") == ["as given", "winner"]


def test_the_view_shows_every_fold_and_the_difference_from_the_options_as_given(search):
    marks, table = search.marks, search.trials
    assert marks.names[0] == "as given"
    numbers = [0, *(int(name.removeprefix("trial ")) for name in marks.names[1:])]
    folds = [name for name in table if name.startswith("fold_")]
    assert marks.seeds == tuple(name.removeprefix("fold_") for name in folds)
    drawn = search.widget().wire
    errors, changes = drawn.arrays()["values"]
    np.testing.assert_allclose(errors, table.loc[numbers, folds], rtol=1e-6)
    assert marks.columns[0].line == pytest.approx(table.loc[0, "score"])
    effects = 100 * table.loc[numbers[1:], "effect"] / table.loc[0, "score"]
    np.testing.assert_allclose(changes[1:, 0], effects, rtol=1e-6)
    np.testing.assert_allclose(drawn.arrays()["intervals"][1, 1:].mean(axis=1), effects, rtol=1e-5)
    assert np.isnan(changes[0]).all()
    assert "dropout=" in marks.remarks[1]
    assert drawn.get("lines")[0] == ["mean", "mean of the folds"]
    assert drawn.get("code") == search.call


def test_the_picture_shows_every_trial(search):
    figure = search.plot()
    labels = [text.get_text() for text in figure.legends[0].get_texts()]
    assert labels[:2] == ["judged in all folds", "lowest so far"]
    marks = figure.axes[1].lines[0]
    assert list(marks.get_xdata()) == [1, 2]
    table = search.trials
    assert marks.get_ydata() == pytest.approx(100 * table["effect"].iloc[1:].to_numpy() / table["score"].iloc[0])
    assert search._repr_mimebundle_()[0]["text/plain"] == repr(search)


def test_a_failed_trial_is_told(monkeypatch):
    usual = refit.TrainingTask.__call__

    def fails(self, stop=None):
        if self.train["learning_rate"] == 0.02:
            raise RunError("the loss was no number")
        return usual(self, stop)

    monkeypatch.setattr(refit.TrainingTask, "__call__", fails)
    options = SEARCH | {"folds": 1, "trials": 9}
    failed = lab.tune(series(), space={"learning_rate": [0.001, 0.02]}, **TRAIN, **options)
    table = failed.trials.set_index("learning_rate")
    assert table.loc[0.02, ["state", "folds", "reason"]].tolist() == ["failed", 0, "the loss was no number"]
    assert table.loc[0.001, "state"] == "complete"
    assert failed.details["trials"] == "2 beside the options as given; 1 failed"
    assert failed.details["ended"] == "all 2 combinations of the space were tried"
    assert "failed" in [text.get_text() for text in failed.plot().legends[0].get_texts()]


def test_many_series_are_searched_by_series():
    parts = [
        series(120 + 20 * number).assign(shop=f"shop {number}", day=np.arange(120 + 20 * number)) for number in range(3)
    ]
    frame = pd.concat(parts)
    options = SEARCH | {"trials": 1, "folds": 1, "origins": 2}
    found = lab.tune(
        frame, id="shop", time="day", target="y", space={"learning_rate": [0.001, 0.05]}, **TRAIN, **options
    )
    assert found.metric == "MASE"
    assert found.details["trained on"] == "the first 235 rows of 3 ids, each cut by its own time, with 1 seed"
    assert found.details["not seen"].startswith("the newest 84 rows")
    assert found.base.losses[0].shape == (1, 3)
    assert (found.base.losses[0] > 0).all()
    assert found.gap(found.all_trials[1]).error > 0
    assert "id='shop', " in found.call
    assert found.train().dataset.is_panel


def test_what_cannot_be_searched_is_refused_before_a_training(trainings):
    refused = {
        "a study trains with several seeds": {"seed": 1},
        "did you mean 'dropout'": {"space": {"dropuot": [0.1, 0.2]}},
        "there is no option 'foldz'": {"foldz": 3},
        "lower folds= or test=": {"folds": 20, "horizon": 9},
        "lower lookback, shorten the horizon or lower folds=": {"space": {"lookback": [6, 250]}},
    }
    for message, options in refused.items():
        with pytest.raises((OptionError, DataError), match=message):
            lab.tune(series(), **{"space": SPACE, **TRAIN, **SEARCH, **options})
    assert trainings == []


def test_losses_of_many_series_are_averaged_over_what_is_judged():
    folds = Folds((), 0, ("a", "b", "c"), "")
    first = [np.array([[1.0, np.nan, np.nan]]), np.array([[3.0, 5.0, np.nan]])]
    second = [np.array([[1.0, np.nan, 7.0]]), np.array([[1.0, 1.0, 7.0]])]
    assert folds.mean(first) == pytest.approx((2 + 5) / 2)
    assert folds.compare(first, second).mean == pytest.approx((1 + 4) / 2)
    assert folds.compare(first[:1], second).mean == 0
