"""One network over many series: what `lab.train` makes of a panel."""

import numpy as np
import pytest

import lstm_lab as lab
from lstm_lab.errors import DataError
from tests.data.panels import made_panel

SMALL = {"units": [5], "dense": [], "epochs": 2, "lookback": 14, "seed": 3}
IDS = {"id": "store", "target": "units", "time": "day"}


@pytest.fixture(scope="module")
def table():
    return made_panel()


@pytest.fixture(scope="module")
def run(table):
    return lab.train(
        table[(table.store != "s05") | (table.day < "2023-01-30")],
        **IDS,
        static=["region", "size"],
        features=["auto", "promo"],
        **SMALL,
    )


def test_one_id_is_trained_like_a_lone_series_to_the_last_bit(table):
    one = table[table.store == "s02"]
    features = {"features": ["auto", "promo"], "supervise": "every", **SMALL}
    with_id = lab.train(one, **IDS, **features)
    lone = lab.train(one.drop(columns="store"), target="units", time="day", **features)
    for weights, expected in zip(with_id.model.get_weights(), lone.model.get_weights(), strict=True):
        np.testing.assert_array_equal(weights, expected)
    np.testing.assert_array_equal(with_id.history["val_loss"], lone.history["val_loss"])
    assert with_id.metrics["naive_val_loss"] == lone.metrics["naive_val_loss"]
    np.testing.assert_array_equal(with_id.residuals().values, lone.residuals().values)


def test_a_run_says_how_many_series_it_has_and_which_ids_are_left_out(run):
    told = dict(run.summary_table().rows)
    assert told["series"].startswith("5 of ")
    assert told["left out"] == "1 with too few rows to train on: 's05'"
    assert told["data"].startswith(f"{len(run.frame):,} rows, 2023-01-08 to 2023-05-27")
    assert "gap" not in told["data"]
    assert run.frame.index.names == ["store", "day"]


def test_the_naive_loss_is_that_of_each_series_own_unit(run):
    dataset = run.dataset
    windows, validation = dataset.windows, dataset.split.validation
    series = dataset.series[windows.target_rows[validation]]
    no_change = -dataset.encoder.series.mean[series, 0] / dataset.encoder.series.scale[series, 0]
    errors = np.abs(windows.targets(validation) - no_change.astype(np.float32))
    huber = np.where(errors <= 1, errors**2 / 2, errors - 0.5).mean()
    assert run.metrics["naive_val_loss"] == pytest.approx(huber, rel=1e-5)


def test_residuals_are_in_units_of_their_series(run):
    errors = run.fitted.errors
    series = run.dataset.series[run.dataset.windows.target_rows[run.dataset.split.calibration]]
    np.testing.assert_allclose(run.residuals().values * errors.sizes[series], errors.calibration)
    largest = [np.sqrt(np.mean(errors.calibration[series == number] ** 2)) for number in range(5)]
    assert np.argmax(errors.sizes) == np.argmax(largest)
    with pytest.raises(lab.LabError, match=r"noise='scaled' follows .* one series, got 5 series; use noise='residual'"):
        run.residuals(scaled=True)


@pytest.mark.parametrize(
    "call",
    [
        lambda run, _: lab.backtest(run),
        lambda run, _: run.stream(),
        lambda run, _: run.export("net.tflite"),
        lambda _, table: lab.compare(table, **IDS),
        lambda _, table: lab.ablate(table, **IDS),
    ],
    ids=["backtest", "stream", "export", "compare", "ablate"],
)
def test_what_takes_one_series_refuses_a_panel_in_one_line(run, table, call):
    with pytest.raises(DataError, match=r"takes one series, got \d by 'store'; give the rows of one id") as refused:
        call(run, table)
    assert "\n" not in str(refused.value)
