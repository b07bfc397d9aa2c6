"""`%lstm_weights` and `%lstm_loss` over a real training, and the choice that the next training takes up."""

import numpy as np
import pandas as pd
import pytest

import lstm_lab as lab
from lstm_lab.widgets.next_training import next_weights

LINE = "%lstm_train prices --target close --transform diff --units 3 --dense none --lookback 6 --epochs 1"


@pytest.fixture(scope="module")
def run():
    rng = np.random.default_rng(0)
    index = pd.date_range("2020-01-01", periods=120, freq="D")
    frame = pd.DataFrame({"close": 50 + np.cumsum(rng.normal(0, 1, 120))}, index=index)
    options = {"transform": "diff", "units": [3], "dense": "none", "lookback": 6, "epochs": 1, "weights": "linear"}
    return lab.train(frame, target="close", **options)


@pytest.fixture(autouse=True)
def _prepared(shell, run):
    shell.user_ns.update(first=run, prices=run.frame)
    next_weights.clear()
    yield
    next_weights.clear()


def test_weights_are_those_of_the_runs_training_windows(do, run):
    shown, out, err = do("%lstm_weights --run first")
    assert (shown.scheme, err) == ("linear", "")
    assert len(shown.index) == len(run.dataset.split.train)
    assert shown.index[0] == run.frame.index[run.dataset.windows.target_rows[run.dataset.split.train[0]]]
    assert out.count("Weights: linear") == 1
    steep = do("curve = %lstm_weights exponential:2 --run first")[0]
    assert steep is None
    assert do("curve.weights()[-1] / curve.weights()[0]")[0] == pytest.approx(np.exp(2), rel=0.05)


def test_losses_are_over_the_held_out_residuals(do, run):
    shown, out, err = do("%lstm_loss --run first")
    np.testing.assert_allclose(shown.residuals, np.sort(run.residuals().values))
    assert "beyond delta" in out
    assert err == ""


@pytest.mark.parametrize("line", ["%lstm_weights linaer --run first", "%lstm_loss --rnu first", "%lstm_weights"])
def test_mistakes_get_one_line(do, line):
    _, _, err = do(line)
    assert err.startswith("UsageError: ")
    assert err.strip().count("\n") == 0


def test_a_chosen_scheme_is_used_once_and_said(do):
    next_weights.set("exponential:2")
    trained, out, _ = do(LINE)
    assert trained.options.weights == "exponential:2"
    assert "Using --weights exponential:2, as chosen in the weight curve." in out
    trained, out, _ = do(LINE)
    assert trained.options.weights == "uniform"
    assert "Using" not in out


def test_a_flag_overrides_the_choice_and_a_failure_keeps_it(do):
    next_weights.set("linear")
    assert do(LINE + " --batch 0")[2].startswith("UsageError")
    assert next_weights.get() == "linear"
    trained, out, _ = do(LINE + " --weights uniform")
    assert trained.options.weights == "uniform"
    assert "Using" not in out
    assert next_weights.get() is None


def test_weights_and_losses_of_data_that_nothing_is_trained_on(do, run):
    shown, out, err = do("%lstm_weights prices --scheme linear --lookback 6 --transform diff")
    assert (shown.scheme, shown.planned, err) == ("linear", True, "")
    assert list(shown.index) == list(run.frame.index[run.dataset.windows.target_rows[run.dataset.split.train]])
    assert out.count("Weights: linear") == 1
    losses, _, err = do("%lstm_loss prices --transform diff --lookback 6 --delta 0.5 --loss huber")
    assert err == ""
    rows = run.dataset.windows.target_rows[run.dataset.split.train]
    changes = run.frame["close"].diff().iloc[rows] / run.encoder.scale[0]
    np.testing.assert_allclose(losses.residuals, np.sort(changes), rtol=1e-5)
    assert losses.delta == 0.5


def test_losses_of_levels_are_over_changes_too(run):
    losses = lab.preview_losses(run.frame, target="close", transform="none", lookback=6)
    level = run.frame["close"].to_numpy()
    assert losses.linear_share < 0.2
    changes = np.diff(level)[5 : 5 + len(losses.residuals)] / losses.scale
    np.testing.assert_allclose(losses.residuals, np.sort(changes), rtol=1e-4, atol=1e-5)


def test_a_run_with_another_loss_than_its_own(do):
    shown = do("%lstm_loss --run first --loss mae --delta 2")[0]
    assert (shown.loss, shown.delta) == ("mae", 2.0)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("%lstm_weights prices --run first", "leave out --run or prices"),
        ("%lstm_weights --lookback 9 --run first", "--lookback belongs to data, and none are named"),
        ("%lstm_weights prices --scheme linaer", "uniform, linear, exponential, exponential:RATE or column:NAME"),
        ("%lstm_loss prices --delta -1", "--delta"),
        ("%lstm_loss --transform diff --run first", "--transform belongs to data"),
    ],
)
def test_what_has_no_meaning_for_data_or_for_a_run_is_refused(do, line, message):
    _, _, err = do(line)
    assert err.startswith("UsageError: ")
    assert message in err
