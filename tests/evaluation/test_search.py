"""The loop of a search, over trainings that are computed in a blink: order, pruning, failures, repeats and Stop."""

from __future__ import annotations

import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from types import SimpleNamespace

import numpy as np
import pytest

from lstm_lab.errors import ForecastError, MissingExtraError, RunError
from lstm_lab.evaluation.proposals import Proposals
from lstm_lab.evaluation.search import TrialSearch
from lstm_lab.evaluation.search_folds import Folds
from lstm_lab.evaluation.trial_task import FailedTraining
from lstm_lab.events import ProgressListener
from lstm_lab.execution.parallel import TaskRunner
from lstm_lab.options import TrainOptions, TuneOptions, read_space

pytest.importorskip("optuna")
SPACE = "dropout=0..0.5; units=4|8|16"
BASE = TrainOptions(dropout=0.25, units=(8,))
ORIGINS = 30


@dataclass(frozen=True)
class Fake:
    """A training whose loss follows from its options: the nearer dropout is to 0.1, the lower."""

    name: str
    options: TrainOptions
    fold: int
    seed: int
    noise: float

    def __call__(self, stop=None):
        assert stop is None or not stop.is_set()
        if self.options.units == (16,):
            return FailedTraining("too large")
        rng = np.random.default_rng([self.fold, self.seed])
        loss = 1 + 3 * abs(self.options.dropout - 0.1) + self.noise * rng.normal(size=ORIGINS)
        return SimpleNamespace(loss=loss, training_seconds=1.0)


@dataclass(frozen=True)
class FakeFold:
    number: int
    noise: float = 0.05
    first_rows: int = 100

    def task(self, name, options, seed):
        return Fake(f"{name} with seed {seed}", options, self.number, seed, self.noise)

    def losses(self, result):
        return result.loss


class Recorder(ProgressListener):
    def __init__(self):
        self.told = []

    def on_progress(self, progress):
        self.told.append(progress)


def searched(runner=None, *, space=SPACE, base=BASE, listener=None, stop=None, **options):
    study = TuneOptions.of({"trials": 12, "seeds": (0, 1), **options})
    folds = Folds(tuple(FakeFold(number) for number in range(study.folds)), 0, None, "somewhere")
    search = TrialSearch(folds, read_space(space), base, study, runner or TaskRunner(), listener, stop)
    search.run()
    return search


def facts(search):
    return [(trial.number, dict(trial.options), trial.state, len(trial.losses)) for trial in search.trials]


@pytest.fixture(scope="module")
def search():
    return searched()


def test_the_options_as_given_come_first_and_the_best_is_found(search):
    assert [trial.number for trial in search.trials] == list(range(13))
    assert search.trials[0].options == {"dropout": 0.25, "units": (8,)}
    assert search.trials[0].state == "complete"
    others = [trial.options["dropout"] for trial in search.trials[1:] if trial.state == "complete"]
    assert search.best.options["dropout"] == min([0.25, *others], key=lambda dropout: abs(dropout - 0.1))
    assert len({tuple(trial.options.items()) for trial in search.trials}) == 13


def test_what_is_tried_depends_on_no_worker(search):
    with ThreadPoolExecutor(3) as pool:
        assert facts(searched(TaskRunner(pool, None, 3))) == facts(search)


def test_a_longer_search_begins_with_the_shorter_one(search):
    assert facts(searched(trials=6)) == facts(search)[:7]


def test_another_seed_or_group_tries_others(search):
    assert facts(searched(search_seed=1)) != facts(search)
    assert facts(searched(together=1, trials=24)) != facts(searched(trials=24))  # the first 10 are random


def test_a_trial_that_is_beyond_chance_worse_is_given_up_and_no_other(search):
    states = {trial.number: trial.state for trial in search.trials}
    assert {"complete", "pruned"} <= set(states.values())
    for trial in search.trials:
        if trial.state == "pruned":
            assert len(trial.losses) < 3
            assert abs(trial.options["dropout"] - 0.1) > abs(search.best.options["dropout"] - 0.1)
    assert "pruned" not in {trial.state for trial in searched(prune=False).trials}


def test_a_trial_that_fails_costs_itself_alone(search):
    failed = [trial for trial in search.trials if trial.state == "failed"]
    assert failed
    assert {trial.options["units"] for trial in failed} == {(16,)}
    assert {trial.reason for trial in failed} == {"too large"}
    assert {trial.options["units"] for trial in search.trials} == {(4,), (8,), (16,)}
    with pytest.raises(RunError, match="the options as given cannot be trained: too large"):
        searched(base=TrainOptions(units=(16,)))


def test_a_space_that_is_used_up_ends_the_search():
    small = searched(space="units=4|8", trials=50)
    assert [trial.options["units"] for trial in small.trials] == [(8,), (4,)]  # the base is not tried again
    outside = searched(space="units=4|8", base=TrainOptions(units=(2,)), trials=50)
    assert sorted(trial.options["units"] for trial in outside.trials) == [(2,), (4,), (8,)]


def test_every_combination_of_a_small_space_is_proposed_once():
    space = read_space("units=1|2|3; epochs=1..4")
    proposals = Proposals(space, 0)
    proposed = []
    while (options := proposals.ask(len(proposed))) is not None:
        proposals.tell(len(proposed), float(sum(options["units"])))
        proposed.append((options["units"], options["epochs"]))
    assert len(proposed) == len(set(proposed)) == 12


def test_the_study_of_optuna_knows_all_trials(search):
    states = [trial.state.name for trial in search.proposals.study.trials]
    ours = [trial.state for trial in search.trials]
    assert states.count("COMPLETE") == ours.count("complete")
    assert states.count("PRUNED") == ours.count("pruned")
    assert states.count("FAIL") == ours.count("failed")


def test_numbers_are_short_enough_to_copy():
    for trial in searched(space="learning_rate=1e-5..1e-1:log").trials[1:]:
        assert len(f"{trial.options['learning_rate']:g}") <= 9
        assert float(f"{trial.options['learning_rate']:.4g}") == trial.options["learning_rate"]


def test_progress_never_falls_and_ends_at_one():
    recorder = Recorder()
    search = searched(listener=recorder)
    shares = [progress.share for progress in recorder.told]
    assert shares == sorted(shares)
    assert shares[-1] == 1
    assert (recorder.told[-1].done, recorder.told[-1].total) == (12, 12)
    assert (
        recorder.told[0].label == f"tuning; 1 of {13 * len(search.folds.folds) * len(search.seeds)} trainings; trials"
    )
    lowest = search.folds.mean(search.best.losses)
    assert recorder.told[-1].label == f"tuning, lowest error {lowest:.4g} (trial {search.best.number}); trials"


class StopsAfter(ProgressListener):
    """Sets the flag once so many trials are over."""

    def __init__(self, trials):
        self.trials, self.stop = trials, threading.Event()

    def on_progress(self, progress):
        if progress.done >= self.trials:
            self.stop.set()


def test_stop_keeps_the_trials_that_are_over(search):
    stopper = StopsAfter(4)
    stopped = searched(listener=stopper, stop=stopper.stop)
    assert stopped.stopped
    assert facts(stopped) == facts(search)[: len(stopped.trials)]
    assert len(stopped.trials) == 5
    early = StopsAfter(0)
    early.stop.set()
    with pytest.raises(ForecastError, match="stopped before the options as given were judged"):
        searched(stop=early.stop)


def test_an_interrupt_keeps_the_trials_that_are_over(search, monkeypatch):
    usual = Proposals.ask

    def ask(self, number):
        if number == 9:
            raise KeyboardInterrupt
        return usual(self, number)

    monkeypatch.setattr(Proposals, "ask", ask)
    interrupted = searched()
    assert interrupted.stopped
    assert facts(interrupted) == facts(search)[:9]


def test_optuna_says_nothing_and_is_named_where_it_is_missing(search, capfd, monkeypatch):
    searched(trials=2)
    assert capfd.readouterr() == ("", "")
    monkeypatch.setitem(sys.modules, "optuna", None)
    with pytest.raises(
        MissingExtraError, match=r"needs optuna, which is not installed; pip install 'lstm-lab\[tune\]'"
    ):
        Proposals(search.space, 0)
