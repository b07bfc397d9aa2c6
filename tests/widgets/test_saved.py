"""What an output keeps of a view: all of it where there is room, the most looked at where there is not."""

from __future__ import annotations

import base64
import gzip
import json
import re
import struct
from pathlib import Path
from types import SimpleNamespace

import nbformat
import numpy as np
import pandas as pd
import pytest
from bs4 import BeautifulSoup
from nbconvert import HTMLExporter

from lstm_lab.diagnostics.training_choices import Weighting
from lstm_lab.events import Batch, Epoch, TrainingPlan
from lstm_lab.forecasting.forecast import Forecast
from lstm_lab.interpret.trace import trace
from lstm_lab.models.backend import keras
from lstm_lab.widgets import cell_outputs, saved, widget
from lstm_lab.widgets.training import training_view

VECTOR = Path(__file__).parent / "saved_vector.json"
TEMPLATES = Path(__file__).parents[2] / "lstm_lab" / "plots" / "nbconvert"
TIMES = pd.date_range("2024-01-01", periods=530, freq="D")
HISTORY = pd.Series(np.linspace(10.0, 20.0, 500), TIMES[:500])
PATHS = 20 + np.random.default_rng(0).normal(size=(1000, 30)).cumsum(axis=1)


def decoded(output):
    """Read a state as `frontend/src/saved.ts` does: values, and arrays by name."""
    whole = gzip.decompress(base64.b64decode(output["state"]))
    (length,) = struct.unpack_from("<I", whole)
    head = json.loads(whole[4 : 4 + length])
    at, arrays = 4 + length, {}
    for part in head["arrays"]:
        count = int(np.prod(part["shape"]))
        array = np.frombuffer(whole, {"f4": "<f4", "f8": "<f8", "u1": "u1"}[part["dtype"]], count, at)
        arrays[part["name"]] = array.reshape(part["shape"])
        at += array.nbytes
    assert at == len(whole)
    return head["values"], arrays


@pytest.fixture
def fan():
    chart = widget(Forecast(PATHS, TIMES[500:], HISTORY, "close", "predictive"))
    yield chart
    chart.close()


@pytest.fixture
def gates():
    keras.utils.set_random_seed(0)
    layers = [keras.layers.LSTM(32, return_sequences=True), keras.layers.LSTM(32), keras.layers.Dense(1)]
    model = keras.Sequential([keras.Input((60, 1)), *layers])
    explorer = widget(trace(model, np.random.default_rng(0).normal(size=(1, 60, 1))))
    yield explorer
    explorer.close()


def test_both_sides_read_one_and_the_same_output():
    vector = json.loads(VECTOR.read_text())
    values, arrays = decoded(vector["output"])
    assert values == vector["values"]
    assert {name: array.tolist() for name, array in arrays.items()} == vector["arrays"]
    typed = {"f4": np.float32, "f8": np.float64, "u1": np.uint8}
    again = {name: np.array(rows, typed[vector["dtypes"][name]]) for name, rows in vector["arrays"].items()}
    assert decoded({"state": saved.encode(values, again)})[1].keys() == arrays.keys()


def test_a_view_with_room_is_kept_whole(fan):
    output = saved.saved(fan, 1_000_000)
    values, arrays = decoded(output)
    assert (output["view"], output["key"], output["label"]) == ("fan", fan._key, "Forecast of close")
    assert values["target"] == "close"
    np.testing.assert_array_equal(arrays["paths"], PATHS.astype(np.float32))
    np.testing.assert_array_equal(arrays["quantiles"], fan.wire.array("quantiles"))


def test_a_fan_gives_up_single_paths_and_keeps_its_quantiles(fan):
    output = saved.saved(fan, 40_000)
    assert len(json.dumps(output)) <= 40_000
    arrays = decoded(output)[1]
    assert 100 < len(arrays["paths"]) < 1000
    np.testing.assert_array_equal(arrays["paths"], PATHS[: len(arrays["paths"])].astype(np.float32))
    np.testing.assert_array_equal(arrays["quantiles"], fan.wire.array("quantiles"))


def test_gates_give_up_exact_units_first_and_the_first_heat_map_last(gates):
    names = [set(decoded(saved.saved(gates, room))[1]) for room in (10**6, 60_000, 18_000)]
    assert names[0] > names[1] > names[2]
    assert {name for name in names[2] if ":tile:" in name} == {"0:tile:cell"}
    assert {name for name in names[1] if ":tile:" in name} > {"0:tile:cell", "1:tile:cell", "0:tile:forget"}
    assert all(":pin:" in name or ":tile:" in name for name in names[0] - names[2])


def test_a_file_of_gates_holds_every_heat_map_and_the_open_page_is_sent_what_it_asks_for(gates, tmp_path, monkeypatch):
    monkeypatch.setattr("lstm_lab.widgets.gates.AT_ONCE", 3_000)
    monkeypatch.setattr("lstm_lab.widgets.gates.FEW", 0)
    sent = []
    explorer = widget(gates.result)
    monkeypatch.setattr(explorer, "send", lambda content, _: sent.append(content))
    opened = set(explorer.wire.arrays())
    text = explorer.to_html(tmp_path / "gates.html").read_text(encoding="utf-8")
    state = json.loads(re.search(r'id="state">(.*?)</script>', text, re.DOTALL)[1])
    names = {array["name"] for array in state["_snapshot"]["arrays"]}
    assert names - opened == {name for name in names if ":tile:" in name or ":pin:" in name} - {"0:tile:cell"}
    assert len(names - opened) == 2 * 6 - 1 + 2 * 32
    explorer.on_message("tile", {"layer": 1, "signal": "hidden"})
    explorer.close()
    assert [[array["name"] for array in message["arrays"]] for message in sent] == [["1:tile:hidden"]]


def test_a_training_gives_up_batches_and_never_an_epoch():
    view, listener = training_view()
    listener.on_start(TrainingPlan("run", 200, 25, 3, 100, 20, 5000, 0.5))
    losses = np.random.default_rng(0).random(200 * 25)
    for epoch in range(1, 201):
        for batch in range(1, 26):
            listener.on_batch(Batch(epoch, batch, losses[(epoch - 1) * 25 + batch - 1]))
        listener.on_epoch(Epoch(epoch, 0.5, 0.5, 1e-3, 1.0, 1, 3))
    arrays = decoded(saved.saved(view, 12_000))[1]
    view.close()
    assert len(arrays["epochs"]) == 200
    assert 50 < len(arrays["batches_loss"]) == len(arrays["batches_at"]) < 2500
    assert arrays["batches_at"][-1] == 200.0


def test_a_view_that_no_room_holds_keeps_its_picture_alone(fan):
    assert saved.saved(fan, 500) is None


def test_a_bundle_holds_picture_text_and_state_within_its_room(fan):
    data, metadata = fan._repr_mimebundle_()
    assert {"text/plain", "image/png", saved.MIME, saved.WIDGET} == set(data)
    assert len(json.dumps([data, metadata])) <= saved.ROOM
    assert metadata["image/png"]["alt"] == data["text/plain"]
    assert 500 <= metadata["image/png"]["width"] <= 1200


def test_without_a_page_the_widget_is_left_out_for_it_would_outrank_the_picture(monkeypatch):
    parent = {"metadata": {}}
    shell = SimpleNamespace(get_parent=lambda: parent)
    monkeypatch.setattr(cell_outputs, "get_ipython", lambda: shell)
    assert not cell_outputs.page_is_there()
    monkeypatch.setenv("SERVER_SOFTWARE", "voila/0.5")
    assert cell_outputs.page_is_there()
    monkeypatch.delenv("SERVER_SOFTWARE")
    parent["metadata"] = {"trusted": True}
    assert cell_outputs.page_is_there()


def test_a_widget_that_is_no_view_is_marked_for_the_renderer():
    bundle = {saved.WIDGET: {"model_id": "abc"}, "text/plain": "a board"}
    assert saved.widget_or_still(bundle) == {**bundle, saved.MIME: {"prefer": "widget", "key": "abc"}}


def test_weights_are_small_and_whole():
    view = widget(Weighting(TIMES, "linear"))
    output = saved.saved(view)
    view.close()
    assert len(output["state"]) < 5_000
    assert len(decoded(output)[1]["times"]) == 400


@pytest.mark.parametrize(
    ("template", "alternative"), [("classic", True), ("basic", True), ("lstm-lab", True), ("lab", False)]
)
def test_nbconvert_shows_the_picture_and_its_alternative_text_where_the_template_knows_one(fan, template, alternative):
    """The default, lab, reads none; lstm-lab, which the wheel carries, is lab with them."""
    data, metadata = fan._repr_mimebundle_()
    output = nbformat.v4.new_output("display_data", data, metadata=metadata)
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("fc.widget()", outputs=[output])])
    exporter = HTMLExporter(template_name=template, extra_template_basedirs=[str(TEMPLATES)])
    page, _ = exporter.from_notebook_node(notebook)
    (image,) = BeautifulSoup(page, "html.parser").select("img")
    assert image["src"] == f"data:image/png;base64,{data['image/png']}"
    assert image["width"] == str(metadata["image/png"]["width"])
    if alternative:
        assert image["alt"] == metadata["image/png"]["alt"]
        assert image["alt"].startswith("Forecast of close")
