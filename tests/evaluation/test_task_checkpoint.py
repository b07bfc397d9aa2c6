"""Studies that are killed go on from their finished tasks, to the same numbers."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import lstm_lab as lab
from lstm_lab.errors import OptionError, RunError
from lstm_lab.evaluation import refit
from lstm_lab.events import ProgressListener

TRAIN = {"transform": "none", "lookback": 6, "units": [3], "dense": [], "epochs": 1, "batch": 32, "supervise": "last"}
JUDGE = {"horizon": 2, "origins": 6, "paths": 20}


def series(rows=240):
    rng = np.random.default_rng(0)
    return pd.DataFrame({"y": 3 + np.sin(np.arange(rows) / 5) + 0.1 * rng.normal(size=rows)})


class Killed(BaseException):
    """What no code of ours catches, as nothing catches SIGKILL."""


class KilledBeforeTheLast(ProgressListener):
    """Kills when all tasks but one are done."""

    def on_progress(self, progress):
        self.done = progress.done
        if progress.done == progress.total - 1:
            raise Killed


@pytest.fixture
def trainings(monkeypatch):
    """Names of the options' seeds that a task trained with, one a training."""
    trained = []
    usual = refit.train

    def counted(*arguments, **options):
        trained.append(options["seed"])
        return usual(*arguments, **options)

    monkeypatch.setattr(refit, "train", counted)
    return trained


@pytest.fixture(scope="module")
def run():
    return lab.train(series(), **TRAIN)


def numbers(frame):
    return frame.drop(columns=[name for name in frame if name.endswith("seconds")])


STUDIES = {
    "compare": (lab.compare, {"kinds": ["naive", "lstm"], "seeds": [0, 1]}),
    "ablate": (lab.ablate, {"changes": ["loss: mse"], "seeds": [0]}),
}


@pytest.mark.parametrize("name", STUDIES)
def test_a_study_goes_on_from_its_finished_tasks(tmp_path, trainings, name):
    study, options = STUDIES[name]
    options = TRAIN | JUDGE | options
    whole = study(series(), **options)
    assert len(trainings) == 2
    trainings.clear()
    killed = KilledBeforeTheLast()
    with pytest.raises(Killed):
        study(series(), checkpoint=str(tmp_path), listener=killed, **options)
    assert len(trainings) == 1
    again = study(series(), checkpoint=str(tmp_path), **options)
    assert len(trainings) == 2  # the other one alone
    pd.testing.assert_frame_equal(numbers(again.scores), numbers(whole.scores), check_exact=True)
    plural = "s" * (killed.done > 1)
    assert again.details["done before"] == f"{killed.done} task{plural}, read from the checkpoint"
    assert "done before" not in whole.details
    trainings.clear()
    third = study(series(), checkpoint=str(tmp_path), **options)
    assert trainings == []
    pd.testing.assert_frame_equal(third.scores, again.scores, check_exact=True)


def test_a_backtest_goes_on_within_its_refits(tmp_path, run, trainings):
    options = JUDGE | {"refit": 3}
    whole = lab.backtest(run, **options)
    assert len(trainings) == 2
    trainings.clear()
    with pytest.raises(Killed):
        lab.backtest(run, checkpoint=str(tmp_path), listener=KilledBeforeTheLast(), **options)
    again = lab.backtest(run, checkpoint=str(tmp_path), **options)
    assert len(trainings) == 2
    pd.testing.assert_frame_equal(numbers(again.summary), numbers(whole.summary), check_exact=True)


def test_a_study_of_other_options_or_rows_is_refused(tmp_path, run):
    lab.backtest(run, checkpoint=str(tmp_path), **JUDGE)
    with pytest.raises(RunError, match="of a backtest with paths=20, here it is 30; use paths=20, or name another"):
        lab.backtest(run, checkpoint=str(tmp_path), **JUDGE | {"paths": 30})
    with pytest.raises(RunError, match=r"of a backtest with .*here it is"):
        lab.backtest(run, series(280), checkpoint=str(tmp_path), **JUDGE)
    again = lab.backtest(run, checkpoint=str(tmp_path), **JUDGE)
    assert "done before" in again.details


def test_a_damaged_task_is_done_again(tmp_path, run):
    whole = lab.backtest(run, checkpoint=str(tmp_path), **JUDGE)
    path = sorted(tmp_path.glob("task-*"))[1]
    path.write_bytes(path.read_bytes()[:-7])
    with pytest.warns(UserWarning, match="no whole checkpoint .* or the work is done again"):
        again = lab.backtest(run, checkpoint=str(tmp_path), **JUDGE)
    pd.testing.assert_frame_equal(numbers(again.summary), numbers(whole.summary), check_exact=True)


def test_seconds_between_checkpoints_are_a_trainings():
    with pytest.raises(OptionError, match="a study is written after every task, got checkpoint_seconds=5; leave"):
        lab.compare(series(), checkpoint_seconds=5)
