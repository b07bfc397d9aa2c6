"""The cell on a blank page: what flows through it is what was traced, by hand, by keys and by itself."""

from __future__ import annotations

import numpy as np
import pytest

from lstm_lab.interpret.cell_step import decimal
from lstm_lab.interpret.trace import trace
from lstm_lab.models.backend import keras
from lstm_lab.widgets.cell import CellView
from lstm_lab.widgets.gates import GateExplorer

STEPS = 24
ROOT = "document.querySelector(host).shadowRoot.querySelector('.lab')"
STEP = f"Number({ROOT}.dataset.step)"
NASTY = "<img src=x onerror=alert(1)>"


@pytest.fixture(scope="module")
def found():
    """Two units that read a sine, and a GRU above them."""
    keras.utils.set_random_seed(1)
    layers = [keras.layers.LSTM(2, return_sequences=True, name="lstm"), keras.layers.GRU(3), keras.layers.Dense(1)]
    model = keras.Sequential([keras.Input((STEPS, 1)), *layers])
    return trace(model, np.sin(np.arange(STEPS) / 3)[:, None], feature_names=[NASTY])


@pytest.fixture
def view(mount, found):
    cell = CellView(found.cell(layer=0, unit=0, step=5), theme="light")
    cell.wire._interval = 0
    shown = mount(cell)
    shown.expect("step", "5")
    return shown


def equations(view):
    return [line.strip() for line in view.root.locator(".filled").all_inner_texts()]


def test_the_equations_are_those_of_the_step(view, found):
    assert equations(view) == list(found.cell(layer=0, unit=0, step=5).equations)
    assert found.cell(layer=0, unit=0, step=5).sentence in view.text()
    assert NASTY in view.text()
    assert view.root.locator("img").count() == 0
    view.root.get_by_role("button", name="Step back").click()
    view.expect("step", "4")
    assert equations(view) == list(found.cell(layer=0, unit=0, step=4).equations)


def test_keys_step_through_the_window_and_the_units(view, found, page):
    view.root.get_by_role("application").focus()
    moves = {"Home": "0", "ArrowRight": "1", "Shift+ArrowRight": "11", "ArrowLeft": "10", "End": "23"}
    for key, step in moves.items():
        page.keyboard.press(key)
        view.expect("step", step)
    page.keyboard.press("ArrowDown")
    view.expect("unit", "1")
    assert equations(view) == list(found.cell(layer=0, unit=1, step=23).equations)
    view.root.get_by_label("Layer").select_option("1")
    view.expect("layer", "1")
    assert equations(view) == list(found.cell(layer=1, unit=0, step=23).equations)


def test_it_plays_to_the_end_and_again_from_the_start(view, page):
    view.root.get_by_label("Speed").select_option("fastest")
    view.root.get_by_role("button", name="Play").click()
    view.expect("playing", "true")
    page.wait_for_function(f"host => {STEP} > 6", arg=view.host)
    view.root.get_by_role("button", name="Pause").click()
    view.expect("playing", "false")
    view.root.get_by_role("application").focus()
    page.keyboard.press("End")
    page.keyboard.press("Space")
    view.expect("playing", "true")
    page.wait_for_function(f"host => {STEP} < 6", arg=view.host)


def test_a_step_forward_is_played_and_its_numbers_come_one_after_the_other(view, found, page):
    view.root.get_by_label("Speed").select_option("fast")
    box = view.root.locator(".plane text.large", has_text=decimal(found.layers[0].squashed[6, 0]))
    view.root.get_by_role("button", name="Step forward").click()
    view.expect("step", "6")
    box.locator("xpath=self::*[@opacity='0']").wait_for(state="attached", timeout=2_000)
    box.locator("xpath=self::*[@opacity='1']").wait_for(state="attached", timeout=5_000)
    page.wait_for_timeout(300)
    assert equations(view) == list(found.cell(layer=0, unit=0, step=6).equations)


def test_a_click_in_the_series_goes_to_its_step(view):
    canvas = view.root.locator(".stack canvas").first
    box = canvas.bounding_box()
    left, right = 62, 14
    canvas.click(position={"x": left + (13 + 0.5) / STEPS * (box["width"] - left - right), "y": box["height"] / 2})
    view.expect("step", "13")


def test_gates_and_cell_of_a_window_follow_each_other(view, mount, found, page):
    gates = mount(GateExplorer(found, theme="light"))
    gates.expect("sort", "half-life")
    view.root.get_by_role("application").focus()
    page.keyboard.press("Home")
    gates.expect("step", "0")
    page.keyboard.press("ArrowDown")
    page.wait_for_function(f"host => {ROOT}.dataset.pins.split(',').includes('1')", arg=gates.host)
    gates.root.get_by_role("application").focus()
    for _ in range(3):
        page.keyboard.press("ArrowRight")
    view.expect("step", "3")


def output(view):
    return view.page.evaluate(f"host => {ROOT}.dataset.output", view.host)


def test_a_gate_that_is_held_moves_the_state_and_the_output_as_in_python(view, found):
    assert output(view) == ""
    view.root.get_by_label("Gate to hold").select_option("forget")
    expected = found.what_if(layer=0, forget=1.0, units=0, steps=range(5, STEPS))
    assert float(output(view)) == pytest.approx(float(expected.output[0, 0]), abs=1e-5)
    assert equations(view) == list(expected.cell(layer=0, unit=0, step=5).equations)
    assert "What unit 0 remembers, and remembered (dashed)" in view.text()
    view.root.get_by_label("Units whose gate is held").select_option("all")
    expected = found.what_if(layer=0, forget=1.0, steps=range(5, STEPS))
    assert float(output(view)) == pytest.approx(float(expected.output[0, 0]), abs=1e-5)
    was, now = (f"{float(trace.output[0, 0]):.4f}"[:-1].replace("-", "−") for trace in (found, expected))
    assert was in view.root.locator(".what-if b").inner_text().split(" → ")[0]
    assert now in view.root.locator(".what-if b").inner_text().split(" → ")[1]
    view.root.get_by_label("Layer").select_option("1")
    assert equations(view) == list(expected.cell(layer=1, unit=0, step=5).equations)
    view.root.get_by_role("button", name="Undo").click()
    assert output(view) == ""
    assert equations(view) == list(found.cell(layer=1, unit=0, step=5).equations)


def test_a_past_value_is_drawn_up_and_what_follows_moves(view, found, page):
    canvas = view.root.locator(".stack canvas").nth(1)
    canvas.scroll_into_view_if_needed()
    box = canvas.bounding_box()
    x = box["x"] + 62 + (8 + 0.5) / STEPS * (box["width"] - 62 - 14)
    page.mouse.move(x, box["y"] + 40)
    page.mouse.down()
    page.mouse.up()
    view.expect("step", "8")
    assert output(view) == "", "a click alone changes nothing"
    page.mouse.down()
    page.mouse.move(x, box["y"] + 20, steps=3)
    page.mouse.up()
    value = page.evaluate(f"host => {ROOT}.querySelector('.plane .number').textContent", view.host)
    assert value
    changed = float(view.root.locator(".stack .strip").nth(1).locator(".value").inner_text().replace("−", "-"))
    assert changed != pytest.approx(found.batch[0, 8, 0], abs=0.1)
    inputs = found.inputs.copy()
    inputs[8, 0] = changed
    assert float(output(view)) == pytest.approx(float(found.what_if(inputs=inputs).output[0, 0]), abs=5e-3)
    view.root.get_by_role("application").focus()
    before = float(output(view))
    page.keyboard.press("+")
    page.wait_for_function(f"host => Number({ROOT}.dataset.output) !== {before!r}", arg=view.host)


def test_the_kernel_computes_what_is_no_chain(mount, found):
    layers = [keras.layers.Bidirectional(keras.layers.LSTM(2)), keras.layers.Dense(1)]
    traced = trace(keras.Sequential([keras.Input((STEPS, 1)), *layers]), found.inputs)
    view = mount(CellView(traced.cell(layer=0, unit=0, step=5)))
    view.widget.wire._interval = 0
    assert "The kernel computes it: the page takes chains of at most 14,000 weights." in view.text()
    view.root.get_by_label("Gate to hold").select_option("forget")
    view.wait_sent("what_if")
    view.widget.on_message("what_if", view.sent[-1])
    expected = traced.what_if(layer=0, forget=1.0, units=0, steps=range(5, STEPS))
    view.page.wait_for_function(f"host => {ROOT}.dataset.output !== ''", arg=view.host)
    assert float(output(view)) == pytest.approx(float(expected.output[0, 0]), abs=1e-6)
    assert equations(view) == list(expected.cell(layer=0, unit=0, step=5).equations)
    assert " → " in view.root.locator(".what-if b").inner_text()


def test_a_held_trace_says_what_is_held_and_draws_the_difference(mount, found):
    changed = found.what_if(forget=0.5, layer=0, units=[1])
    held = mount(CellView(changed.cell(layer=0, unit=1)))
    was, now = (f"{float(trace.output[0, 0]):.4f}"[:-1].replace("-", "−") for trace in (found, changed))
    said = held.root.locator(".what-if b").inner_text()
    assert said.startswith(f"forget held at 0.5 in unit 1 at all steps: output {was}")
    assert f" → {now}" in said
    assert "What unit 1 remembers, and remembered (dashed)" in held.text()
    assert not held.root.get_by_label("Gate to hold").is_visible(), "it would say that nothing is held"


def test_a_window_that_was_changed_in_python_has_what_was_beside_it(mount, found):
    inputs = found.inputs.copy()
    inputs[5] += 2
    changed = found.what_if(inputs=inputs)
    view = mount(CellView(changed.cell(layer=0, unit=0)))
    assert "remembered (dashed)" in view.text()
    view.root.get_by_label("Gate to hold").select_option("forget")
    both = changed.what_if(layer=0, forget=1.0, units=0, steps=[STEPS - 1])
    was, now = (f"{float(trace.output[0, 0]):.4f}"[:-1].replace("-", "−") for trace in (found, both))
    said = view.root.locator(".what-if b").inner_text()
    assert was in said.split(" → ")[0]
    assert now in said.split(" → ")[1]


class TestCalm:
    @pytest.fixture
    def context_options(self):
        return {"reduced_motion": "reduce"}

    def test_nothing_plays_for_who_asks_for_less_motion(self, view, found):
        view.root.get_by_role("button", name="Next step").click()
        view.expect("step", "6")
        view.expect("playing", "false")
        assert equations(view) == list(found.cell(layer=0, unit=0, step=6).equations)


def test_what_plays_stops_when_less_motion_is_asked_for(view, page):
    view.root.get_by_role("button", name="Play").click()
    view.expect("playing", "true")
    page.emulate_media(reduced_motion="reduce")
    view.expect("playing", "false")
    assert view.root.locator("button.play").inner_text() == "Next step"


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_has_nothing_against_it(mount, found, axe, page, theme):
    view = CellView(found.cell(layer=0), theme=theme)
    page.emulate_media(color_scheme=theme)
    mount(view).expect("layer", "0")
    assert axe(page) == []


LAPS = """([host]) => {
    const plane = document.querySelector(host).shadowRoot.querySelector(".plane");
    const box = (element) => element.getBoundingClientRect();
    const whole = box(plane.querySelector("svg"));
    const boxes = [...plane.querySelectorAll("rect.paper")].map(box);
    const texts = [...plane.querySelectorAll("text:not(.token)")].filter((text) => text.textContent.trim() !== "");
    const meet = (one, other, across, down) =>
        Math.min(one.right, other.right) - Math.max(one.left, other.left) > across
        && Math.min(one.bottom, other.bottom) - Math.max(one.top, other.top) > down;
    const beyond = (one, other) => one.left < other.left - 1 || one.right > other.right + 1;
    const found = [];
    for (const [at, text] of texts.entries()) {
        const one = box(text);
        const words = text.textContent;
        if (beyond(one, whole)) found.push(`${words} leaves the drawing`);
        if (boxes.some((other) => meet(one, other, 0, 0) && beyond(one, other))) found.push(`${words} leaves its box`);
        for (const other of texts.slice(at + 1)) {
            if (meet(one, box(other), 1, 8)) found.push(`${words} on ${other.textContent}`);
        }
    }
    return found;
}"""


@pytest.mark.parametrize("size", [0.004, -0.04, -9.0])
@pytest.mark.parametrize("kind", ["LSTM", "GRU", "SimpleRNN"])
def test_no_number_of_a_drawing_runs_into_another_or_out_of_its_box(mount, page, kind, size):
    """Negative numbers with three or four decimals are the widest."""
    keras.utils.set_random_seed(1)
    layer = getattr(keras.layers, kind)(1)
    model = keras.Sequential([keras.Input((STEPS, 1)), layer])
    layer.set_weights([size * np.abs(weights) for weights in layer.get_weights()])
    name = "a very long name of a column that somebody exported from SAP"
    traced = trace(model, np.abs(np.sin(np.arange(STEPS) / 3))[:, None] + 0.1, feature_names=[name])
    for width in (900, 500):
        page.set_viewport_size({"width": width, "height": 800})
        view = mount(CellView(traced.cell(unit=0, step=5)))
        assert page.evaluate(LAPS, [view.host]) == []
        assert "a very long name of a column" in view.root.locator(".plane").inner_text()


def test_on_a_wall_the_cell_takes_its_share_of_it(view, page):
    page.set_viewport_size({"width": 3840, "height": 2160})
    page.wait_for_timeout(200)
    assert view.root.locator(".plane").bounding_box()["width"] > 0.4 * 3840
    inner, outer = page.evaluate(f"host => [{ROOT}.scrollWidth, {ROOT}.clientWidth]", view.host)
    assert inner <= outer


def test_it_fits_a_narrow_page(view, page):
    page.set_viewport_size({"width": 500, "height": 800})
    page.wait_for_timeout(200)
    inner, outer = page.evaluate(f"host => [{ROOT}.scrollWidth, {ROOT}.clientWidth]", view.host)
    assert inner <= outer
