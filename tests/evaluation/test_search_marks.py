"""The view of a search: every trial beside the options as given, in the folds that both were judged in."""

from types import SimpleNamespace

import numpy as np
import pytest

from lstm_lab.evaluation.search import Trial
from lstm_lab.evaluation.search_marks import marks_of_search


def trial(number, state, *losses):
    return Trial(number, {"units": (number,), "dropout": 0.1}, state, tuple(np.full((1, 3), loss) for loss in losses))


def searched(*others):
    base = trial(0, "complete", 2.0, 4.0)

    def gap(tried):
        difference = np.mean(tried.losses) - np.mean(base.losses[: len(tried.losses)])
        return SimpleNamespace(mean=difference, error=0.1, clear=difference < -0.5)

    ranked = tuple(each for each in (*others, base) if each.state == "complete")
    folds = SimpleNamespace(folds=("first", "second"), mean=lambda losses: float(np.mean(losses)))
    words = {"target": "y", "metric": "MAE", "verdict": "trial 1 leads", "mattered": "no option more than chance"}
    return SimpleNamespace(all_trials=(base, *others), base=base, ranked=ranked, folds=folds, gap=gap, **words)


def test_trials_that_were_given_up_come_last_with_the_folds_that_they_had():
    failed = Trial(4, {}, "failed")
    marks = marks_of_search(searched(trial(1, "complete", 1.0, 3.0), trial(2, "pruned", 3.0), failed))
    assert marks.names == ("as given", "trial 1", "trial 2")
    assert [look.meaning.split(",")[0] for look in marks.looks[1:]] == ["differs by more than chance", "given up early"]
    error, change = marks.columns
    np.testing.assert_array_equal(error.values, [[2, 4], [1, 3], [3, np.nan]])
    assert error.line == 3
    np.testing.assert_allclose(change.values, [[np.nan] * 2, [-100 / 3, np.nan], [50, np.nan]])
    assert change.intervals[2] == pytest.approx([40, 60])
    assert marks.remarks == ("", "units=1, dropout=0.1", "units=2, dropout=0.1")


def test_a_search_without_another_trial_has_no_column_of_differences():
    marks = marks_of_search(searched())
    assert len(marks.columns) == 1
    assert marks.words == ("trial 1 leads",)
