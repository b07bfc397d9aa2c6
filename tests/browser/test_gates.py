"""The gate and the memory explorer on a blank page: what is shown is what was traced."""

from __future__ import annotations

import dataclasses
import json
import re

import numpy as np
import pandas as pd
import pytest

from lstm_lab.interpret.memory import memory
from lstm_lab.interpret.recall_task import Variant
from lstm_lab.interpret.trace import Scale, trace
from lstm_lab.models.backend import keras
from lstm_lab.widgets import gates
from lstm_lab.widgets.gates import MASKED, GateExplorer
from lstm_lab.widgets.memory import MemoryExplorer

STEPS = 24
NASTY = "<img src=x onerror=alert(1)>"


def traced(*layers, names=("temperature", NASTY), windows=1, masked=False, **options):
    keras.utils.set_random_seed(3)
    first = [keras.layers.Masking(0.0)] if masked else []
    model = keras.Sequential([keras.Input((STEPS, 2)), *first, *layers, keras.layers.Dense(1)], name="forecaster")
    x = np.random.default_rng(0).normal(size=(windows, STEPS, 2))
    if masked:
        x[:, :5] = 0.0
    days = pd.date_range("2021-03-01", periods=STEPS, name="day")
    scale = Scale(output=2.0, unit="°C", target="the forecast")
    return trace(model, x, index=days, feature_names=names, scale=scale, **options)


@pytest.fixture(scope="module")
def found():
    return traced(keras.layers.LSTM(9, return_sequences=True), keras.layers.GRU(5))


@pytest.fixture
def view(mount, found):
    explorer = GateExplorer(found, theme="light")
    explorer.wire._interval = 0
    shown = mount(explorer)
    shown.expect("sort", "half-life")
    return shown


def heat(view):
    return view.root.locator(".heat canvas")


def place(view, step, row, rows, steps=STEPS):
    """Where a unit's step lies in the heat map, in its pixels."""
    box = heat(view).bounding_box()
    left, right = 62, 76
    x = left + (step + 0.5) / steps * (box["width"] - left - right)
    return {"x": x, "y": (row + 0.5) / rows * box["height"]}


def drag(view, start, end, rows=9):
    """Drag over the heat map from one step and row to another; return where the heat map lies."""
    heat(view).scroll_into_view_if_needed()
    places = [place(view, *corner, rows) for corner in (start, end)]
    box = heat(view).bounding_box()
    (left, top), (right, bottom) = ((box["x"] + each["x"], box["y"] + each["y"]) for each in places)
    mouse = view.page.mouse
    mouse.move(left, top)
    mouse.down()
    mouse.move(right, bottom, steps=4)
    mouse.up()
    return box


def ranked(layer):
    return [int(unit) for unit in np.argsort(-layer.half_life, kind="stable")]


def told(found):
    """What the view says in words, sentence by sentence: three at once, the others on request."""
    sentences = re.split(r"(?<=\.) (?=[A-Z])", found.describe())
    return "\n".join(sentences[:3]), "\n".join(sentences[3:])


def number(text):
    return float(text.replace("−", "-"))


def test_the_face_says_that_it_is_verified_and_what_it_means(view, found):
    text = view.text()
    assert re.search(r"verified, largest difference \de-\d", text)
    first, rest = told(found)
    assert first in text
    assert rest.splitlines()[0] not in text
    view.root.locator("summary").click()
    assert rest in view.text()
    assert "Inside the network" in text
    assert "forecaster" not in view.text()
    assert "9 units" in text
    assert NASTY in text
    assert view.root.locator("img").count() == 0


def test_the_unit_that_remembers_longest_is_pinned_first_and_a_click_pins_another(view, found):
    order = ranked(found.layers[0])
    view.expect("pins", str(order[0]))
    heat(view).click(position=place(view, 7, 3, 9))
    view.expect("pins", f"{order[0]},{order[3]}")
    view.expect("step", "7")
    heat(view).click(position=place(view, 7, 3, 9))
    view.expect("pins", str(order[0]))
    view.root.get_by_role("button", name=f"Unpin unit {order[0]}").click()
    view.expect("pins", "")


def test_the_cursor_reads_out_the_exact_values_of_a_pinned_unit(view, found):
    layer = found.layers[0]
    unit = ranked(layer)[0]
    heat(view).hover(position=place(view, 11, 5, 9))
    view.expect("step", "11")
    numbers = view.root.locator(".numbers").inner_text()
    assert numbers.startswith(f"Unit {unit}, 2021-03-12")
    for name, values in layer.signals.items():
        said = number(re.search(rf"{name} (−?[\d.e−-]+)", numbers)[1])
        assert said == pytest.approx(values[11, unit], abs=6e-4), name
    text = view.text()
    kept, written, total = (
        number(re.search(rf"{name}\s+(−?[\d.e-]+)", text)[1]) for name in ("kept, f·c₋₁", "written, i·g", "their sum")
    )
    parts = layer.decomposition
    assert kept == pytest.approx(parts.kept[11, unit], abs=6e-4)
    assert written == pytest.approx(parts.written[11, unit], abs=6e-4)
    assert total == pytest.approx(layer.cell[11, unit], abs=6e-4)


def test_the_cursor_reads_out_every_panel(view, found):
    """Values stand in the panels' own legends, for the step that the one cursor is at."""
    layer = found.layers[0]
    order = ranked(layer)
    heat(view).hover(position=place(view, 6, 2, 9))
    view.expect("step", "6")
    text = view.text()
    said = {name: number(re.search(rf"^{re.escape(name)}\s+([+−]?[\d.e−-]+)", text, re.MULTILINE)[1]) for name in SAID}
    assert said["temperature"] == pytest.approx(found.batch[0, 6, 0], rel=1e-3)
    assert said["moved it by (against the mean)"] == pytest.approx(found.occlusion.step[6], rel=0.06)
    assert said["could move it by (a standard deviation)"] == pytest.approx(found.connectivity.step.median[6], rel=0.06)
    for name in ("forget", "input", "output"):
        assert said[name] == pytest.approx(layer.signals[name][6].mean(), abs=6e-3), name
    for name in ("candidate", "cell", "hidden"):
        assert said[f"|{name}|"] == pytest.approx(np.abs(layer.signals[name][6]).mean(), abs=6e-3), name
    readout = view.root.locator(".readout").inner_text()
    unit = order[2]
    assert re.match(rf"2021-03-07 · unit {unit}: cell", readout)
    assert number(re.search(r"half-life ([\d.]+)", readout)[1]) == pytest.approx(layer.half_life[unit], rel=6e-3)
    influence = found.unit_influence[0][unit]
    assert number(re.search(r"influence on the output ([\d.e−-]+)", readout)[1]) == pytest.approx(influence, rel=0.06)


SAID = ["temperature", "moved it by (against the mean)", "could move it by (a standard deviation)"]
SAID += ["forget", "input", "output", "|candidate|", "|cell|", "|hidden|"]


def test_the_cursor_passes_behind_headings_and_legends(view):
    """They have a ground of their own and lie above the line, which goes through all strips."""
    line = view.root.locator(".cursor").evaluate("(line) => Number(getComputedStyle(line).zIndex)")
    for words in view.root.locator(".stack .strip-head, .stack .legend").locator("visible=true").all():
        above, ground = words.evaluate(
            "(e) => [Number(getComputedStyle(e).zIndex), getComputedStyle(e).backgroundColor]"
        )
        assert above > line
        assert ground == "rgb(255, 255, 255)"


def test_keys_and_the_native_slider_move_the_same_cursor(view, found):
    view.expect("step", str(STEPS - 1))
    stack = view.root.locator(".stack")
    stack.focus()
    stack.press("ArrowLeft")
    view.expect("step", str(STEPS - 2))
    stack.press("Home")
    view.expect("step", "0")
    stack.press("ArrowDown")
    stack.press("ArrowDown")
    stack.press("Enter")
    view.expect("pins", ",".join(str(unit) for unit in ranked(found.layers[0])[:2]))
    slider = view.root.get_by_role("slider", name="Step")
    slider.fill("13")
    view.expect("step", "13")
    assert slider.get_attribute("aria-valuetext") == "2021-03-14"
    assert len([content for content in view.sent if content["kind"] not in {"hello", "pin"}]) == 0


def test_a_brush_finds_the_units_that_were_on_inside(view, found):
    drag(view, (4, 2), (9, 2))
    view.expect("sort", "brush")
    view.expect("brush", "4-9")
    size = np.abs(found.layers[0].cell)
    inside = np.zeros(STEPS, bool)
    inside[4:10] = True
    best = int(np.argmax(size[inside].mean(axis=0) - size[~inside].mean(axis=0)))
    answer = view.root.locator(".note[role=status]").inner_text()
    assert int(re.search(r"less outside: (\d+) ", answer)[1]) == best


def test_a_rectangle_of_units_and_steps_is_brushed_and_found_again(view, found):
    box = drag(view, (4, 1), (9, 3))
    view.expect("brush", "4-9")
    layer = found.layers[0]
    units = [int(unit) for unit in np.argsort(-layer.half_life, kind="stable")[1:4]]
    view.expect("units", ",".join(map(str, units)))
    view.expect("sort", "half-life")
    size = np.abs(layer.cell)[4:10][:, units].mean()
    assert f"mean |cell| {size:.2g} there" in view.root.locator(".note[role=status]").inner_text()
    drawn = view.root.locator(".brushed").bounding_box()
    row = box["height"] / 9
    assert abs(drawn["y"] - box["y"] - row) < 3
    assert abs(drawn["height"] - 3 * row) < 5
    view.root.get_by_role("button", name="Find again").click()
    view.wait_sent("find")
    assert (view.sent[-1]["steps"], view.sent[-1]["units"]) == ([4, 9], units)
    view.root.locator(".stack").press("Escape")
    view.expect("units", "")


def test_shift_and_arrows_brush_a_rectangle(view):
    stack = view.root.locator(".stack")
    stack.focus()
    for key in ("Home", "ArrowDown", "Shift+ArrowRight", "Shift+ArrowRight"):
        stack.press(key)
    view.expect("brush", "0-2")
    view.expect("units", "")
    stack.press("Shift+ArrowDown")
    view.page.wait_for_function(
        "document.querySelector('#view0').shadowRoot.querySelector('.lab').dataset.units.includes(',')"
    )


def test_layers_signals_and_orders_are_chosen(view, found):
    choose = view.root.get_by_label
    choose("sort by").or_(view.root.locator("select[aria-label='Order of the units']")).first.select_option("influence")
    view.expect("sort", "influence")
    view.root.locator("select[aria-label='Layer']").select_option(index=1)
    view.expect("layer", found.layers[1].name)
    assert "One state" in view.text()
    assert "h = z·h₋₁" in view.text()
    view.root.locator("select[aria-label='Signal of the heat map']").select_option("reset")
    view.expect("signal", "reset")
    assert "update" in view.root.locator(".numbers").inner_text()


def test_the_wheel_zooms_and_show_all_returns(view):
    heat(view).hover(position=place(view, 12, 4, 9))
    view.page.mouse.wheel(0, -300)
    view.page.mouse.wheel(0, -300)
    view.page.wait_for_timeout(100)
    heat(view).hover(position={"x": 66, "y": 20})
    assert int(view.root.get_attribute("data-step")) > 0
    view.root.get_by_role("button", name="Show all").click()
    heat(view).hover(position={"x": 66, "y": 20})
    view.expect("step", "0")


def rows_of(layer, order):
    """The units from the top of the heat map to its bottom."""
    if order == "half-life":
        return ranked(layer)
    return list(range(layer.units))


@pytest.mark.parametrize("order", ["half-life", "index", "influence", "cluster"])
def test_the_rows_stand_in_the_chosen_order(view, found, order):
    layer = found.layers[0]
    view.root.locator("select[aria-label='Order of the units']").select_option(order)
    view.expect("sort", order)
    wanted = rows_of(layer, order)
    if order == "influence":
        wanted = [int(unit) for unit in np.argsort(-found.unit_influence[0], kind="stable")]
    if order == "cluster":
        state = layer.cell[:, ranked(layer)]
        alike = np.abs(np.corrcoef(state.T))
        wanted = [ranked(layer)[0]]
        nearest = int(np.argmax(np.where(np.arange(9) == 0, -1, alike[0])))
        wanted.append(ranked(layer)[nearest])
    for row in range(2):
        heat(view).hover(position=place(view, 3, row, 9))
        assert f"unit {wanted[row]}:" in view.root.locator(".readout").inner_text()


def test_the_heat_map_shows_the_values_in_the_colours_of_its_scale(view, found):
    """Probe the canvas: a gate from violet at 0 to yellow at 1, whatever its own extremes."""
    view.root.locator("select[aria-label='Signal of the heat map']").select_option("forget")
    view.expect("signal", "forget")
    probe = """([host, places]) => {
        const canvas = document.querySelector(host).shadowRoot.querySelector(".heat canvas");
        const ctx = canvas.getContext("2d");
        return places.map(({ x, y }) => Array.from(ctx.getImageData(x, y, 1, 1).data).slice(0, 3));
    }"""
    cells = [(1, 2), (8, 4), (15, 6), (22, 8)]
    spots = [place(view, step, row, 9) for step, row in cells]
    stops = np.array([[68, 1, 84], [59, 82, 139], [33, 145, 140], [94, 201, 98], [253, 231, 37]])
    for (step, row), seen in zip(cells, view.page.evaluate(probe, [view.host, spots]), strict=True):
        value = found.layers[0].forget[step, ranked(found.layers[0])[row]]
        wanted = [np.interp(value, np.linspace(0, 1, 5), stops[:, part]) for part in range(3)]
        assert np.abs(np.subtract(seen, wanted)).max() < 4, (step, row, value)
    assert "shut 0" in view.text()
    view.root.locator("select[aria-label='Signal of the heat map']").select_option("cell")
    limit = np.abs(found.layers[0].cell).max()
    assert f"−{limit:.3g}" in view.text()


def test_brackets_brush_without_a_mouse(view):
    stack = view.root.locator(".stack")
    stack.focus()
    stack.press("Home")
    for key in ("ArrowRight", "ArrowRight", "[", "ArrowRight", "ArrowRight", "]"):
        stack.press(key)
    view.expect("brush", "2-4")
    assert "On from 2021-03-03 to 2021-03-05" in view.text()
    heat(view).dblclick(position=place(view, 12, 4, 9))
    view.expect("brush", "")
    assert "On from" not in view.text()


def test_the_summaries_say_what_the_trace_holds(view, found):
    lives = view.root.get_by_role("img", name="Half-lives of 9 units").get_attribute("aria-label")
    assert "0 outlast the window of 24 steps" in lives
    rows = view.root.locator(".features tbody tr")
    order = np.argsort(-found.connectivity.feature.median)
    for row, at in enumerate(order):
        name, could, did = rows.nth(row).locator("th, td").all_inner_texts()
        assert name == found.feature_names[at]
        assert number(could) == pytest.approx(found.connectivity.feature.median[at], rel=0.06)
        assert number(did) == pytest.approx(found.occlusion.feature[at], rel=0.06)


def test_gates_that_stand_shut_or_open_are_scattered_and_others_are_not(mount, view):
    words = "How often each unit's gates are shut and open"
    assert words not in view.text(), "no gate of this network is ever shut or open: one dot on another"
    wide = keras.initializers.RandomNormal(stddev=2.0, seed=0)
    found = traced(keras.layers.LSTM(9, kernel_initializer=wide))
    text = mount(GateExplorer(found)).text()
    assert words in text
    for gate, saturation in found.layers[0].saturation.items():
        shut, opened = f"{100 * saturation.left.mean():.0f} %", f"{100 * saturation.right.mean():.0f} %"
        assert re.search(rf"{gate}\s+shut {shut}, open {opened}", text), gate


def test_bands_hold_mean_and_quartiles_over_the_units(found):
    band = GateExplorer(found).wire.array("0:band:forget")
    forget = found.layers[0].forget
    assert np.allclose(band[0], forget.mean(axis=1), atol=1e-6)
    assert np.allclose(band[1:], np.quantile(forget, [0.25, 0.75], axis=1), atol=1e-6)


WRITTEN = """
window.written = [];
const fillText = CanvasRenderingContext2D.prototype.fillText;
CanvasRenderingContext2D.prototype.fillText = function (text, ...rest) {
  window.written.push(text);
  return fillText.call(this, text, ...rest);
};
"""


def test_the_axis_shows_the_dates_and_the_rows_their_half_lives(page, mount, found):
    page.add_init_script(WRITTEN)
    view = mount(GateExplorer(found))
    written = page.evaluate("written")
    assert {"2021-03-01", "2021-03-24"} <= set(written)
    assert "2021-03-03" not in written
    view.root.get_by_role("slider", name="Step").fill("2")
    assert "2021-03-03" in page.evaluate("written"), "the cursor's own date, among the others"
    longest = ranked(found.layers[0])[0]
    assert written.index(f"unit {longest}") < written.index(f"{found.layers[0].half_life[longest]:.3g}")
    assert "half-life in steps" in written


def test_a_forecast_stands_behind_the_series(mount, found):
    days = found.index
    history = pd.Series(np.linspace(10.0, 20.0, STEPS), days, name="level")
    ahead = pd.Series([23.5], [days[-1] + pd.Timedelta(days=1)])
    view = mount(GateExplorer(dataclasses.replace(found, history=history, forecast=ahead), theme="light"))
    assert "forecast 23.5" in view.text()
    red = """(host) => {
        const canvas = document.querySelector(host).shadowRoot.querySelector(".strip canvas");
        const { data, width } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
        let last = 0;
        for (let at = 0; at < data.length; at += 4) {
            if (data[at] > 150 && data[at + 1] < 110 && data[at + 2] < 60 && data[at + 3] > 200) {
                last = Math.max(last, (at / 4) % width);
            }
        }
        return last;
    }"""
    # The axis has room for one step more than was read.
    box = heat(view).bounding_box()
    middle = place(view, STEPS, 0, 9, steps=STEPS + 1)["x"]
    assert abs(view.page.evaluate(red, view.host) - middle) < 6, box


def test_masked_steps_are_hatched_in_every_panel_of_the_layer(mount):
    found = traced(keras.layers.LSTM(6), masked=True)
    view = mount(GateExplorer(found, theme="light"))
    assert (GateExplorer(found).wire.array("0:tile:cell")[:, :5] == MASKED).all()
    # Hatched is neither blank nor full.
    share = """([host, x]) => {
        const canvas = document.querySelector(host).shadowRoot.querySelector(".heat canvas");
        const { data } = canvas.getContext("2d").getImageData(x, 0, 40, canvas.height);
        return data.filter((value, at) => at % 4 === 3 && value > 60).length / (data.length / 4);
    }"""
    masked, seen = (view.page.evaluate(share, [view.host, round(place(view, step, 0, 6)["x"]) - 8]) for step in (1, 12))
    assert 0.02 < masked < 0.6
    assert seen == 1.0


def test_the_explorer_opens_on_the_layer_that_the_trace_names(mount):
    keras.utils.set_random_seed(1)
    slow = keras.layers.LSTM(4, bias_initializer=keras.initializers.Constant(4.0))
    found = traced(keras.layers.LSTM(4, return_sequences=True), slow)
    assert found.opening == 1
    mount(GateExplorer(found)).expect("layer", found.layers[1].name)


def test_many_units_are_said_to_be_shown_in_part(mount):
    model = keras.Sequential([keras.Input((12, 1)), keras.layers.GRU(300), keras.layers.Dense(1)])
    view = mount(GateExplorer(trace(model, np.random.default_rng(0).normal(size=(12, 1)))))
    assert "showing 256 of 300 units, evenly spaced by half-life" in view.text()


def test_tiles_are_bytes_of_a_fixed_scale(found):
    explorer = GateExplorer(found)
    layer = found.layers[0]
    codes = explorer.wire.array("0:tile:cell")
    assert codes.dtype == np.uint8
    limit = np.abs(layer.cell).max()
    values = (codes / (MASKED - 1) * 2 - 1) * limit
    assert np.abs(values - layer.cell[:, ranked(layer)].T).max() <= limit / (MASKED - 1) + 1e-9
    gates = explorer.wire.array("0:tile:forget") / (MASKED - 1)
    assert np.abs(gates - layer.forget[:, ranked(layer)].T).max() <= 0.5 / (MASKED - 1) + 1e-9


def test_an_exact_unit_is_sent_when_the_page_asks(mount, found, monkeypatch):
    monkeypatch.setattr(gates, "FEW", 0)
    explorer = GateExplorer(found)
    explorer.wire._interval = 0
    shown = mount(explorer)
    shown.wait_sent("pin")
    assert shown.sent[-1] == {"kind": "pin", "layer": 0, "unit": ranked(found.layers[0])[0]}
    explorer.on_message("pin", shown.sent[-1])
    unit = ranked(found.layers[0])[0]
    rows = explorer.wire.array(f"0:pin:{unit}")
    assert rows.shape == (8, STEPS)
    assert np.array_equal(rows[0], found.layers[0].cell[:, unit].astype(np.float32))
    assert np.allclose(rows[6] + rows[7], rows[0], atol=1e-6)
    explorer.on_message("pin", {"layer": 9, "unit": 0})
    explorer.on_message("tile", {"layer": 0, "signal": NASTY})


def test_many_units_are_shown_in_part_and_a_large_trace_travels_light():
    model = keras.Sequential([keras.Input((40, 1)), keras.layers.GRU(400), keras.layers.Dense(1)])
    found = trace(model, np.random.default_rng(0).normal(size=(40, 1)))
    explorer = GateExplorer(found)
    units = explorer.wire.array("0:units")
    assert len(units) == 256
    order = ranked(found.layers[0])
    assert (units[0], units[-1]) == (order[0], order[-1])
    sizes = [len(array["data"]) for array in explorer.wire.snapshot()["arrays"]]
    assert sum(sizes) < 1_500_000


@pytest.mark.parametrize(
    "layers",
    [
        [keras.layers.SimpleRNN(4)],
        [keras.layers.Bidirectional(keras.layers.LSTM(3, return_sequences=True)), keras.layers.SimpleRNN(2)],
        [keras.layers.LSTM(3, return_sequences=True), keras.layers.GRU(2)],
    ],
    ids=["rnn", "bidirectional", "several windows"],
)
def test_every_kind_of_trace_is_shown(mount, layers):
    windows = 4 if len(layers) == 2 and isinstance(layers[1], keras.layers.GRU) else 1
    found = traced(*layers, windows=windows, masked=True)
    view = mount(GateExplorer(found))
    view.page.wait_for_timeout(200)
    for place_ in range(len(found.layers)):
        view.root.locator("select[aria-label='Layer']").select_option(index=place_)
        view.expect("layer", found.layers[place_].name)
        assert "could not be drawn" not in view.text()
    view.root.get_by_role("slider", name="Step").fill("2")
    assert "masked" in view.root.locator(".readout").inner_text()


def test_the_offline_file_holds_everything(page, found, tmp_path):
    path = found.to_html(tmp_path / "gates.html")
    page.goto(path.as_uri())
    page.wait_for_selector(".lab[data-ready]")
    root = page.locator(".lab[data-view=gates]")
    for signal in ("forget", "hidden", "candidate"):
        root.locator("select[aria-label='Signal of the heat map']").select_option(signal)
        assert root.get_attribute("data-signal") == signal
    assert told(found)[0] in root.inner_text()
    state = json.loads(re.search(r'id="state">(.*?)</script>', path.read_text(), re.DOTALL)[1])
    names = {array["name"] for array in state["_snapshot"]["arrays"]}
    assert {f"1:tile:{signal}" for signal in found.layers[1].signals} <= names
    assert {f"0:pin:{unit}" for unit in range(9)} <= names


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_in_the_explorers(mount, axe, found, remembered, scheme):
    view = mount(GateExplorer(found, theme=scheme))
    mount(MemoryExplorer(remembered, theme=scheme))
    view.page.wait_for_timeout(200)
    assert axe(view.page) == []


@pytest.fixture(scope="module")
def remembered():
    x = np.random.default_rng(0).normal(size=(80, 12, 1))
    variants = [Variant("rnn"), Variant("lstm", 2.0)]
    return memory(x, x[:, 0, 0], units=3, updates=2, recall=[2, 4], variants=variants)


def test_memory_shows_curves_and_the_table(mount, remembered):
    view = mount(MemoryExplorer(remembered))
    text = view.text()
    assert remembered.describe() in " ".join(text.split())
    assert "2 steps" in text
    assert view.root.locator(".recall tbody tr").count() == 3
    chart = view.root.locator(".chart").first
    chart.focus()
    chart.press("ArrowRight")
    readout = view.root.locator(".readout").inner_text()
    norm = remembered.flow[(remembered.flow["network"] == "rnn") & (remembered.flow["state"] == "initial")]
    said = float(re.search(r"rnn ([\d.e-]+)", readout)[1])
    assert said == pytest.approx(norm["relative"].iloc[0], rel=0.06)


@pytest.mark.parametrize("width", [500, 700, 1400])
def test_the_memory_charts_neither_overlap_nor_spill(mount, page, remembered, width):
    page.set_viewport_size({"width": width, "height": 900})
    view = mount(MemoryExplorer(remembered))
    page.wait_for_timeout(100)
    boxes = [chart.bounding_box() for chart in view.root.locator(".uplot").all()]
    first, second = boxes
    assert first["x"] + first["width"] <= second["x"] or first["y"] + first["height"] <= second["y"]
    assert all(box["x"] + box["width"] <= width for box in boxes)


def test_text_and_pictures_grow_with_the_notebooks_font(view, page):
    def sizes():
        return page.evaluate(
            """(host) => {
                const root = document.querySelector(host).shadowRoot;
                const heat = root.querySelector(".heat canvas");
                return [parseFloat(getComputedStyle(root.querySelector(".title")).fontSize), heat.offsetHeight];
            }""",
            view.host,
        )

    before = sizes()
    page.evaluate("document.documentElement.style.setProperty('--jp-content-font-size1', '28px')")
    view.page.wait_for_function(
        """([host, height]) =>
            document.querySelector(host).shadowRoot.querySelector(".heat canvas").offsetHeight > 1.5 * height""",
        arg=[view.host, before[1]],
    )
    assert sizes() == pytest.approx([2 * value for value in before], rel=0.02)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    view.root.locator(".stack").focus()
    page.keyboard.press("Home")
    cursor, canvas = (view.root.locator(name).bounding_box() for name in (".cursor", ".heat canvas"))
    # The first of 25 steps (a forecast follows), between margins that have grown as well.
    left, right = 2 * 62, 2 * 14
    middle = canvas["x"] + left + (canvas["width"] - left - right) / (2 * STEPS)
    assert cursor["x"] == pytest.approx(middle, abs=2)


def test_a_share_just_below_the_limit_is_not_said_to_have_reached_it(mount, remembered):
    nearly = dataclasses.replace(remembered, recall=remembered.recall.assign(explained=0.896))
    table = mount(MemoryExplorer(nearly)).root.locator(".recall")
    assert set(table.locator("tbody td").all_inner_texts()) == {"89 %"}
    assert table.locator(".success").count() == 0
    written = {text.get_text() for made in nearly.plot().axes for text in made.texts}
    assert "89%" in written
    assert "90%" not in written


BUILD = """
import numpy as np
from lstm_lab.models.backend import keras
from lstm_lab.interpret.trace import trace
from lstm_lab.widgets import gates
gates.FEW = 0
gates.AT_ONCE = 3_000
layers = [keras.layers.LSTM(8, return_sequences=True), keras.layers.GRU(6), keras.layers.Dense(1)]
model = keras.Sequential([keras.Input((40, 2)), *layers])
found = trace(model, np.random.default_rng(0).normal(size=(40, 2)))
"""


def test_in_jupyterlab_the_kernel_sends_what_is_looked_at(notebook):
    book = notebook("lab", BUILD, "view = gates.GateExplorer(found)\nview")
    book.run(0, timeout=120)
    book.run(1)
    book.wait_for("gates", "data.pins !== undefined")
    book.idle()
    book.view("gates").locator("select[aria-label='Layer']").select_option(index=1)
    book.wait_for("gates", "data.layer.startsWith('gru')")
    book.view("gates").locator("select[aria-label='Signal of the heat map']").select_option("candidate")
    book.page.wait_for_function(
        """() => [...document.querySelectorAll(".lstm-lab")].some((host) => {
            const canvas = host.shadowRoot.querySelector(".heat canvas");
            const pixels = canvas.getContext("2d").getImageData(canvas.width / 2, 5, 1, 1).data;
            return pixels[3] === 255;
        })"""
    )
    shown = set().union(*book.bundles(1))
    assert {"application/vnd.jupyter.widget-view+json", "image/png", "text/plain"} <= shown
    book.save()
    assert "_snapshot" not in book.path.read_text()


def test_brushed_steps_are_found_again_with_a_kernel_and_without(mount, view, found, axe, tmp_path):
    stack = view.root.locator(".stack")
    stack.press("Home")
    stack.press("[")
    for key in ("ArrowRight", "ArrowRight", "]", "f"):
        stack.press(key)
    view.wait_sent("find")
    asked = view.sent[-1]
    assert (asked["steps"], asked["units"]) == ([0, 2], None)
    view.widget.on_message("find", asked)
    cards = view.root.locator(".match")
    result = found.find(steps=range(3), signal=asked["signal"], layer=asked["layer"])
    cards.nth(1).wait_for()
    assert cards.count() == 1 + len(result.rows)
    assert f"distance {result.matches['distance'][0]:.2f}" in cards.nth(1).inner_text()
    assert result.sentence in view.text()
    cards.nth(1).press("Enter")
    assert view.root.locator(".readout").inner_text().startswith(result.when(result.rows[0]))
    for theme in ("light", "dark"):
        mount(result.widget(theme=theme))
    assert axe(view.page) == []
    view.page.unroute("**/*")
    view.page.goto(found.to_html(tmp_path / "gates.html").as_uri())
    stack = view.page.locator(".stack")
    for key in ("Home", "[", "ArrowRight", "]", "f"):
        stack.press(key)
    assert "Searched the window alone" in view.page.locator(".again").inner_text()
    assert view.page.locator(".match").count() > 3


def test_a_network_with_held_gates_says_what_is_held_and_what_follows(mount, found):
    held = found.what_if(layer=0, forget=1.0, units=[2], steps=range(3, 9))
    told = mount(GateExplorer(held)).root.locator("header b").inner_text()
    assert told.startswith("forget held at 1 in unit 2 at steps 3 to 8: output ")
    before, after = told.split(": output ")[1].split(" → ")
    assert float(before.replace("−", "-")) == pytest.approx(float(found.output[0, 0]), rel=1e-3)
    assert float(after.replace("−", "-")) == pytest.approx(float(held.output[0, 0]), rel=1e-3)
    assert mount(GateExplorer(found)).root.locator("header b").inner_text() == ""
