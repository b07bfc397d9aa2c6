"""Runs beside each other in a browser: both are named, and the charts read both out."""

import numpy as np
import pandas as pd

import lstm_lab as lab
from tests.browser.test_views import colours


def test_both_runs_are_drawn_and_read_out(mount, axe):
    index = pd.date_range("2022-01-01", periods=160, freq="D")
    frame = pd.DataFrame({"level": np.sin(np.arange(160) / 5)}, index)
    given = {"target": "level", "lookback": 8, "dense": [], "transform": "none", "seed": 0}
    runs = {f"run <{units}>": lab.train(frame, units=[units], epochs=2, **given) for units in (2, 3)}
    compared = lab.compare_runs(runs, 3, paths=50)
    view = mount(compared.widget())
    assert "units 2 / 3" in view.text()
    view.root.get_by_role("application", name="Losses of the runs").press("Home")
    loss = runs["run <3>"].history["val_loss"].iloc[0]
    readout = view.root.locator(".readout")
    assert readout.inner_text().startswith("epoch 1, validation loss · run <2> ")
    assert (
        float(readout.inner_text().rsplit(" ", 1)[1]) == np.float32(loss)
        or abs(float(readout.inner_text().rsplit(" ", 1)[1]) / loss - 1) < 1e-3
    )
    view.root.get_by_role("application", name="Forecasts of level").press("End")
    median = compared.forecasts["run <2>"].quantile(0.5)[-1]
    shown = readout.inner_text().split("run <2> ")[1].split(" ")[0].replace("−", "-")
    assert abs(float(shown) - median) < 2e-3 * max(1, abs(median))
    for theme in ("light", "dark"):
        view.change("theme", theme)
        view.expect("theme", theme)
        assert axe(view.page) == []


def test_forecasts_of_one_step_are_bars_beside_each_other(mount):
    index = pd.date_range("2022-01-01", periods=160, freq="D")
    frame = pd.DataFrame({"level": np.sin(np.arange(160) / 5)}, index)
    run = lab.train(frame, target="level", lookback=8, units=[2], dense=[], transform="none", epochs=1, seed=0)
    view = mount(lab.compare_runs({"one": run, "two": run}, 1, paths=50).widget())
    seen = colours(view, chart=1)
    assert seen["blue"] > 300
    assert seen["orange"] > 300
