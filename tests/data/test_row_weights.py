"""A user's own weights: an array with one for each row, or a column, through training, file and newer rows."""

import numpy as np
import pandas as pd
import pytest

import lstm_lab as lab
from lstm_lab.cli.main import main
from lstm_lab.data.row_weights import with_weights
from lstm_lab.diagnostics.training_choices import weighting
from lstm_lab.options import TrainOptions

ROWS = 160
SMALL = {"transform": "none", "features": [], "lookback": 6, "units": [4], "dense": [], "epochs": 1}


@pytest.fixture(scope="module")
def table():
    rng = np.random.default_rng(0)
    values = pd.DataFrame({"price": rng.normal(size=ROWS).cumsum() + 50}, index=pd.RangeIndex(ROWS))
    return values.assign(trust=np.where(values.index % 3 == 0, 0.0, 1.0 + values.index / ROWS))


@pytest.fixture(scope="module")
def run(table):
    return lab.train(table, weights="column:trust", **SMALL)


def trained(run):
    """Give the rows and the weights of the training windows."""
    windows, train = run.dataset.windows, run.dataset.split.train
    return windows.target_rows[train], windows.weights[train]


def test_a_window_counts_as_the_row_of_its_target_with_mean_one(run, table):
    rows, weights = trained(run)
    own = table["trust"].to_numpy()[rows]
    np.testing.assert_allclose(weights, own / own.mean(), rtol=1e-12)
    assert (weights == 0).any()
    held_out = np.setdiff1d(np.arange(len(run.dataset.windows)), run.dataset.split.train)
    assert set(run.dataset.windows.weights[held_out]) == {1.0}
    assert run.dataset.encoder.target == "price"  # found, though the table has two columns of numbers
    assert "column:trust" in repr(run)


def test_an_array_is_the_same_as_a_column(run, table):
    own = table["trust"].to_numpy()
    again = lab.train(table[["price"]], weights=own, **SMALL)
    np.testing.assert_array_equal(trained(again)[1], trained(run)[1])
    for mine, other in zip(again.model.get_weights(), run.model.get_weights(), strict=True):
        np.testing.assert_array_equal(mine, other)
    plain = lab.train(table[["price"]], **SMALL)
    assert np.abs(plain.model.get_weights()[0] - run.model.get_weights()[0]).max() > 0


def test_rows_of_weight_zero_teach_nothing(table):
    """Where old rows have weight 0, what they hold does not matter, with a target at every step too."""
    own = np.where(table.index < 60, 0.0, 1.0)
    broken = table.assign(price=table["price"].where(table.index != 30, 51.0))
    cuts = [lab.train(each[["price"]], weights=own, **SMALL | {"scaler": "minmax"}) for each in (table, broken)]
    first, second = (run.dataset.windows.weights for run in cuts)
    np.testing.assert_array_equal(first, second)
    rows, weights = trained(cuts[0])
    assert set(weights[rows < 60]) == {0.0}
    assert weights[rows >= 60].min() > 0
    for mine, other in zip(*(run.model.get_weights() for run in cuts), strict=True):
        np.testing.assert_array_equal(mine, other)


def test_a_file_keeps_them(run, tmp_path):
    again = lab.load_run(run.save(tmp_path / "weighted.lstm"))
    np.testing.assert_array_equal(trained(again)[1], trained(run)[1])


def test_newer_rows_are_forecast_from_without_weights_and_learnt_from_with_them(run):
    newer = pd.DataFrame({"price": [50.0] * 120}, index=pd.RangeIndex(ROWS, ROWS + 120))
    later = run.on(newer)
    assert len(later.dataset) == ROWS + 120
    later.forecast(2, paths=4, calibrate=False)
    with pytest.raises(
        lab.LabError, match=r"^a weight is a number from 0 up .*, got none in 'trust' \(\d+ such rows\)"
    ):
        run.resume(newer, epochs=1)
    resumed = run.resume(newer.assign(trust=2.0), epochs=1)
    rows, weights = trained(resumed)
    assert weights[rows >= ROWS].min() > weights[rows < ROWS].max() - 1e-12


def test_weights_of_a_panel_have_mean_one_over_all_series(table):
    panel = pd.concat([table.assign(store=name, day=table.index, trust=own) for name, own in (("a", 1.0), ("b", 3.0))])
    run = lab.train(panel, id="store", target="price", time="day", weights="column:trust", **SMALL)
    rows, weights = trained(run)
    assert weights.mean() == pytest.approx(1)
    np.testing.assert_allclose(weights, np.where(rows < run.dataset.borders[1], 0.5, 1.5))


def test_the_view_and_the_preview_show_them_beside_the_curves(run, table):
    shown, planned = weighting(run.dataset), lab.preview_weights(table, "column:trust", lookback=6, transform="none")
    np.testing.assert_array_equal(shown.weights(), trained(run)[1])
    np.testing.assert_array_equal(planned.weights(), shown.weights())
    assert shown.schemes() == ("uniform", "linear", "column:trust")
    assert "column:trust      windows count 0 to 1.906;" in repr(shown)
    assert shown.png()[:4] == b"\x89PNG"
    view = shown.widget()
    assert view.wire.get("own_share") == pytest.approx(1 / np.mean(shown.weights() ** 2))
    assert view.wire.get("scheme") == "column:trust"


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        (np.ones(3), "has a number for each row of the table, 160 of them, got shape (3,)"),
        (["a"] * ROWS, "has a number for each row of the table, 160 of them, got a list"),
        (np.ones((ROWS, 1)), "got shape (160, 1)"),
        (pd.Series(1.0, index=range(1, ROWS + 1)), "has the index of the table, got another one"),
        (-np.ones(ROWS), "a weight is a number from 0 up for every training row, got -1 in 'weights'"),
        (
            np.full(ROWS, np.nan),
            "has a finite number for each row, got nan at position 0 (160 such)",
        ),
        (np.zeros(ROWS), "some training row needs a weight above 0, got none in 'weights'"),
        ("column:trusst", "weights name a column of the table, got 'column:trusst'; did you mean 'trust'?"),
        ("column:", "weights should be uniform, linear, exponential, exponential:RATE or column:NAME, got 'column:'"),
    ],
)
def test_what_is_no_weights_is_refused_in_one_line(table, weights, message):
    source = table if isinstance(weights, str) else table[["price"]]
    with pytest.raises(lab.LabError) as refused:
        lab.train(source, target="price", weights=weights, **SMALL)
    assert message in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_table_with_such_a_column_and_a_wide_table_are_refused(table):
    with pytest.raises(lab.LabError, match="write weights='column:weights' to weigh by that one"):
        with_weights(table.assign(weights=1.0), np.ones(ROWS), TrainOptions())
    with pytest.raises(lab.LabError, match="got id='columns'; make it long"):
        with_weights(table, np.ones(ROWS), TrainOptions(id="columns"))
    with pytest.raises(lab.LabError, match=r"^weights should be text, got a ndarray of shape \(160,\)"):
        lab.ablate(table, weights=np.ones(ROWS))


def test_a_file_and_the_command_line_take_a_column(table, tmp_path, capsys):
    path = tmp_path / "prices.csv"
    table.to_csv(path, index=False)
    attached = with_weights(path, np.ones(ROWS), TrainOptions())
    assert attached.columns.tolist() == ["price", "trust", "weights"]
    code = main(["run", str(path), "--target", "price", "--weights", "column:trusted"])
    assert code != 0
    assert "weights name a column of the table, got 'column:trusted'" in capsys.readouterr().err
