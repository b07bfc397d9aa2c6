"""Saved notebooks, opened again: every view is alive from what its output keeps, whatever became of the kernel."""

from __future__ import annotations

import copy
import functools
import json
import re
import threading
from pathlib import Path

import nbformat
import numpy as np
import pandas as pd
import pytest

import lstm_lab as lab
from lstm_lab.diagnostics.training_choices import ResidualLosses, Weighting
from lstm_lab.events import Batch, Epoch, TrainingEnd, TrainingPlan
from lstm_lab.forecasting.forecast import Forecast
from lstm_lab.interpret.memory import memory
from lstm_lab.interpret.recall_task import Variant
from lstm_lab.interpret.trace import trace
from lstm_lab.models.backend import keras
from lstm_lab.plots import mimebundle
from lstm_lab.widgets import widget
from lstm_lab.widgets.bundle import VIEWS as MODULES
from lstm_lab.widgets.saved import MIME, widget_or_still
from lstm_lab.widgets.training import training_view
from tests.notebooks.notebook_runs import still_parts

RNG = np.random.default_rng(0)
TIMES = pd.date_range("2024-01-01", periods=150, freq="D")
HISTORY = pd.Series(60 + RNG.normal(size=120).cumsum(), TIMES[:120])
PATHS = HISTORY.iloc[-1] + RNG.normal(size=(400, 30)).cumsum(axis=1)
NASTY = "<img src=x onerror=alert(1)>"


def training():
    view, listener = training_view(threading.Event())
    listener.on_start(TrainingPlan("a run", 8, 20, 10, 1000, 100, 5000, 0.4))
    for epoch in range(1, 9):
        for batch in range(1, 21):
            listener.on_batch(Batch(epoch, batch, 1 / (epoch + batch / 20)))
        listener.on_epoch(Epoch(epoch, 1 / epoch, 1.1 / epoch, 1e-3, 1.5, epoch, 10))
    listener.on_end(TrainingEnd("finished", 8, 8, 12.0, "8 epochs; weights of epoch 8"))
    return view


def gates():
    keras.utils.set_random_seed(3)
    layers = [keras.layers.LSTM(9, return_sequences=True), keras.layers.GRU(5), keras.layers.Dense(1)]
    model = keras.Sequential([keras.Input((24, 2)), *layers], name="forecaster")
    return widget(trace(model, RNG.normal(size=(1, 24, 2)), index=TIMES[:24], feature_names=("close", NASTY)))


def features():
    close = 60 * np.exp(RNG.normal(0, 0.02, 300).cumsum())
    frame = pd.DataFrame({"close": close}, pd.date_range("2020-01-01", periods=300))
    return widget(lab.features(frame, target="close", transform="log_return", features=["volatility(8)"]))


def remembered():
    x = RNG.normal(size=(40, 12, 1))
    return widget(memory(x, x[:, 0, 0], units=3, updates=2, recall=[2, 4], variants=[Variant("lstm"), Variant("gru")]))


VIEWS = {
    "training": training,
    "fan": lambda: widget(Forecast(PATHS, TIMES[120:], HISTORY, NASTY, "predictive")),
    "gates": gates,
    "weights": lambda: widget(Weighting(TIMES, "linear")),
    "loss": lambda: widget(ResidualLosses(RNG.standard_t(3, size=500), 2.0, "°C", 1.0, "500 held-out rows")),
    "memory": remembered,
    "features": features,
}


@functools.cache
def cell(name):
    view = VIEWS[name]()
    try:
        data, metadata = view._repr_mimebundle_()
    finally:
        view.close()
    made = nbformat.v4.new_code_cell(name, execution_count=1)
    made.outputs = [nbformat.v4.new_output("display_data", data, metadata=metadata)]
    return made


def complaints(book):
    return book.page.get_by_text(re.compile("model not found|Error displaying widget")).count()


@pytest.mark.parametrize(
    ("face", "trusted"),
    [("lab", True), ("lab", False), ("notebook", True), ("notebook", False)],
    ids=["lab-trusted", "lab-untrusted", "notebook-trusted", "notebook-untrusted"],
)
def test_every_view_of_a_saved_notebook_is_alive(notebook, face, trusted):
    book = notebook(face, *map(cell, VIEWS), trusted=trusted)
    for name in VIEWS:
        book.wait_for(name, "data.ready")
    assert complaints(book) == 0
    training = book.view("training")
    training.locator(".chart").first.press("Home")
    assert re.search(r"epoch 1 · .* validation 1.1", training.locator(".readout").inner_text())
    scrubber = book.view("gates").get_by_role("slider", name="Step")
    scrubber.press("Home")
    scrubber.press("ArrowRight")
    book.wait_for("gates", "data.step === '1'")
    fan = book.view("fan")
    fan.scroll_into_view_if_needed()  # JupyterLab hides a cell that is out of sight, and its words with it
    fan.get_by_text(NASTY).first.wait_for()
    assert fan.locator("img").count() == 0, "a name became markup"
    assert not fan.get_by_role("button", name="Add 200 paths").is_visible()
    assert not book.view("weights").get_by_role("button", name="Use in the next training").is_visible()


KEPT = Path(__file__).parents[2] / "docs" / "views"
"""The kinds of view that `VIEWS` has not, as an older notebook kept them; the site's gallery shows the same."""
CONTROLS = "[role=application], [role=listbox], [role=group][tabindex='0'], input[type=range], tbody tr[tabindex='0']"


def kept_cell(path):
    state = json.loads(path.read_text(encoding="utf-8"))
    made = nbformat.v4.new_code_cell(path.stem, execution_count=1)
    made.outputs = [nbformat.v4.new_output("display_data", {MIME: state, "text/plain": path.stem})]
    return made


def test_every_other_kind_follows_the_keys_without_a_kernel(notebook):
    kinds = sorted(path.stem for path in KEPT.glob("*.json"))
    assert {*kinds, *VIEWS} == {path.stem for path in MODULES.glob("*.js")}, "a kind of view that is not opened again"
    book = notebook("lab", *(kept_cell(KEPT / f"{kind}.json") for kind in kinds))
    for kind in kinds:
        book.wait_for(kind, "data.ready")
        assert follows(book.view(kind).first), kind
    assert complaints(book) == 0
    assert book.page.locator(".lab").get_by_role("alert").count() == 0


def follows(view):
    """Press keys on what a view has to be steered by, until its words or its state change."""
    view.scroll_into_view_if_needed()  # JupyterLab hides a cell that is out of sight, and its words with it
    seen = "(root) => root.innerText + JSON.stringify(root.dataset)"
    before = view.evaluate(seen)
    for control in view.locator(CONTROLS).all():
        if not control.is_visible():
            continue
        for key in ("Home", "End", "ArrowRight", "ArrowDown"):
            control.press(key)
            view.page.wait_for_timeout(60)
            if view.evaluate(seen) != before:
                return True
    return False


def test_a_damaged_output_shows_its_picture(notebook):
    damaged = copy.deepcopy(cell("weights"))
    damaged.outputs[0].data[MIME]["state"] = damaged.outputs[0].data[MIME]["state"][:80]
    book = notebook("lab", damaged)
    assert "linear" in book.page.locator(".jp-OutputArea img").get_attribute("alt")


def test_still_pictures_are_dark_in_a_dark_notebook_that_nobody_trusts(notebook):
    damaged = copy.deepcopy(cell("weights"))
    damaged.outputs[0].data[MIME]["state"] = damaged.outputs[0].data[MIME]["state"][:80]
    forecast = Forecast(PATHS, TIMES[120:], HISTORY, "close", "predictive")
    data, metadata = mimebundle(forecast)
    shown = nbformat.v4.new_output("display_data", data=data, metadata=metadata)
    (parted, _) = still_parts(copy.deepcopy(shown))
    outputs = [nbformat.v4.new_code_cell(outputs=[output]) for output in (shown, parted)]
    book = notebook("lab", damaged, *outputs)
    book.page.locator(".jp-OutputArea img.lstm-picture").nth(2).wait_for()
    for theme, expected in [("Light", "none"), ("Dark", "invert(0.93) hue-rotate(180deg)")]:
        book.theme(f"JupyterLab {theme}")
        pictures = book.page.locator(".jp-OutputArea img")
        assert pictures.evaluate_all("(all) => all.map((img) => getComputedStyle(img).filter)") == [expected] * 3


def test_a_widget_that_is_no_view_shows_its_picture_once_its_kernel_is_gone(notebook, errors):
    kept = copy.deepcopy(cell("weights"))
    output = kept.outputs[0]
    del output.data[MIME]
    output.data = widget_or_still(output.data)
    book = notebook("lab", kept, trusted=True)
    book.page.locator(".jp-OutputArea img").wait_for()
    # The widgets' own manager gives a model two seconds to come, and then complains where nobody sees it.
    book.page.get_by_text("model not found").wait_for(state="attached")
    assert not book.page.get_by_text("model not found").is_visible()
    assert book.page.locator(".jp-OutputArea img").is_visible()
    errors.clear()


def test_a_view_stays_when_its_kernel_is_restarted_and_offers_no_stop(notebook):
    book = notebook("notebook", "import fake_work", "view = fake_work.train()")
    book.run(0)
    book.start(1)
    book.wait_for("training", "Number(data.epochs) >= 2")
    book.view("training").get_by_role("button", name="Stop").wait_for()
    book._panel("return panel.sessionContext.restartKernel();")
    book.idle()
    book.view("training").get_by_role("button", name="Stop").wait_for(state="hidden")
    book.wait_for("training", "Number(data.epochs) >= 2")
    assert complaints(book) == 0


def reloaded_and_stopped(notebook, work, view, before, after):
    """Start work, load the page again once it is so far, and press Stop once it is further."""
    book = notebook("lab", "import fake_work", f"view = fake_work.{work}")
    book.run(0)
    book.start(1)
    book.wait_for(view, before)
    book.save()
    book.load(busy=True)
    book.wait_for(view, after)
    book.view(view).get_by_role("button", name="Stop").click()
    book.wait_for(view, "data.reason === 'stopped'")
    return book


def test_a_training_goes_on_in_a_reloaded_page_and_has_its_stop(notebook):
    reached = "Number(data.epochs) >= 2", "Number(data.epochs) >= 10"
    reloaded_and_stopped(notebook, "train(epochs=3000)", "training", *reached)


def test_work_goes_on_in_a_reloaded_page_has_its_stop_and_leaves_its_picture(notebook):
    reached = "Number(data.done) >= 60", "Number(data.done) >= 100"
    book = reloaded_and_stopped(notebook, "sample(chunks=600)", "fan", *reached)
    book.page.wait_for_function(
        """() => window.jupyterapp.shell.currentWidget.content.model.cells.get(1).outputs.toJSON()
            .some((output) => "image/png" in (output.data ?? {}))"""
    )
    book.save()
    kept = nbformat.read(book.path, as_version=4).cells[1].outputs[0].data
    assert {MIME, "image/png"} <= set(kept)
