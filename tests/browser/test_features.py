"""The feature doctor in a browser: on a blank page, as an offline file, and in JupyterLab by its magic."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
import pytest

import lstm_lab as lab
from lstm_lab.widgets.features import FeatureDoctor

NASTY = "<img src=x onerror=alert(1)>"
RNG = np.random.default_rng(0)


def report(rows=600):
    close = 60 * np.exp(RNG.normal(0, 0.02, rows).cumsum())
    frame = pd.DataFrame({"close": close, NASTY: RNG.normal(size=rows)}, pd.date_range("2020-01-01", periods=rows))
    return lab.features(frame, target="close", transform="log_return", features=["volatility(8)", "dayofweek", NASTY])


@pytest.fixture(scope="module")
def found():
    return report()


@pytest.fixture
def view(mount, found):
    return mount(FeatureDoctor(found, theme="light"))


def inked(view, selector):
    """Count the pixels of each canvas that are drawn on."""
    return view.page.evaluate(
        """([host, selector]) => [...document.querySelector(host).shadowRoot.querySelectorAll(selector)].map((c) => {
            const { data } = c.getContext("2d").getImageData(0, 0, c.width, c.height);
            let drawn = 0;
            for (let at = 3; at < data.length; at += 4) drawn += data[at] > 8;
            return drawn;
        })""",
        [view.host, selector],
    )


def image(view, selector, at):
    return view.root.locator(selector).nth(at).evaluate("(canvas) => canvas.toDataURL()")


def test_everything_is_drawn_and_said(view, found):
    text = view.text()
    assert found.reason in text
    assert "held" in text
    for name in found.summary.index:
        assert name in text
    for label in found.candidates.index:
        assert label in text
    assert view.root.locator("img").count() == 0
    assert all(count > 30 for count in inked(view, ".columns canvas"))
    assert all(count > 300 for count in inked(view, "canvas")[len(found.summary) :])


def test_a_column_is_chosen_by_keys_alone(view, found):
    names = list(found.summary.index)
    view.expect("column", names[0])
    before = [image(view, ".chart canvas", 0), image(view, ".chart canvas", 1), image(view, ".below canvas", -1)]
    radio = view.root.get_by_role("radio").first
    radio.focus()
    radio.press("ArrowDown")
    view.expect("column", names[1])
    assert "re-computed on every simulated path" in view.root.get_by_role("status").inner_text()
    after = [image(view, ".chart canvas", 0), image(view, ".chart canvas", 1), image(view, ".below canvas", -1)]
    assert before[0] == after[0], "the target stays"
    assert before[1] != after[1]
    assert before[2] != after[2]
    view.root.get_by_role("radio", checked=True).press("End")
    for _ in range(len(names) - 2):
        view.root.get_by_role("radio", checked=True).press("ArrowDown")
    view.expect("column", NASTY)
    assert "held at its last value" in view.root.get_by_role("status").inner_text()


def test_both_charts_read_out_the_same_day(view, found):
    view.root.get_by_role("radio").nth(1).check()
    chart = view.root.locator(".chart").nth(1)
    chart.focus()
    for _ in range(40):
        chart.press("ArrowRight")
    said = view.root.locator(".readout").inner_text()
    day = re.match(r"(\d{4}-\d\d-\d\d) · close ([\d.]+) · volatility\(8\) ([\d.]+)$", said)
    assert day is not None, said
    assert float(day[2]) == pytest.approx(found.analysis.ready.dataset.frame["close"].loc[day[1]], rel=1e-3)
    assert float(day[3]) == pytest.approx(found.frame["volatility(8)"].loc[day[1]], rel=1e-3)


def test_both_charts_show_the_same_time_however_they_are_zoomed(view):
    chart = view.root.locator(".chart").nth(1)
    whole = image(view, ".chart canvas", 0)
    chart.focus()
    chart.press("+")
    view.page.wait_for_timeout(100)
    near = image(view, ".chart canvas", 0)
    assert near != whole
    view.root.get_by_role("radio").nth(2).check()
    view.page.wait_for_timeout(100)
    assert image(view, ".chart canvas", 0) == near, "another column keeps the time that was zoomed to"
    box = view.root.locator(".chart").first.bounding_box()
    mouse = view.page.mouse
    mouse.move(box["x"] + 300, box["y"] + 60)
    mouse.down()
    mouse.move(box["x"] + 500, box["y"] + 62, steps=5)
    mouse.up()
    view.page.wait_for_timeout(100)
    nearer = image(view, ".chart canvas", 0)
    assert nearer not in {near, whole}
    chart.focus()
    chart.press("0")
    view.page.wait_for_timeout(100)
    assert image(view, ".chart canvas", 0) == whole


def test_correlations_are_said_to_a_screen_reader(view, found):
    view.root.get_by_role("radio").nth(1).check()
    label = view.root.get_by_role("img").last.get_attribute("aria-label")
    numbers = [float(text.replace("−", "-")) for text in re.findall(r"−?[\d.]+\d", label)]
    row = found.summary.loc["volatility(8)"]
    assert numbers == pytest.approx([row["next"], row["size"]], rel=0.05)


def test_a_change_of_theme_keeps_the_choice_and_draws_anew(view, found):
    view.root.get_by_role("radio").nth(1).check()
    light = image(view, ".below canvas", -1)
    view.change("theme", "dark")
    view.expect("theme", "dark")
    view.expect("column", found.summary.index[1])
    assert image(view, ".below canvas", -1) != light
    assert view.root.get_by_role("radio").nth(1).is_checked()


@pytest.mark.parametrize("width", [1000, 600, 400])
def test_nothing_overflows_or_overlaps(mount, width):
    oil = lab.features(lab.example("temperature"), target="temperature", features=["auto", "humidity"])
    view = mount(FeatureDoctor(oil))
    view.page.set_viewport_size({"width": width, "height": 900})
    view.page.wait_for_timeout(200)
    assert view.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    boxes = [view.root.locator("figure").nth(at).bounding_box() for at in range(view.root.locator("figure").count())]
    tables = [view.root.locator("table").nth(at).bounding_box() for at in range(view.root.locator("table").count())]
    findings, columns = boxes[:2]
    assert columns["x"] >= findings["x"] + findings["width"] - 1 or columns["y"] >= findings["y"] + findings["height"]
    assert tables[0]["x"] + tables[0]["width"] <= columns["x"] + columns["width"] + 1
    assert tables[1]["x"] + tables[1]["width"] <= boxes[-1]["x"] + boxes[-1]["width"] + 1


@pytest.mark.parametrize("context_options", [{"offline": True}, {"offline": True, "color_scheme": "dark"}])
@pytest.mark.usefixtures("context_options")
def test_an_offline_file_opens_from_disk_without_a_network(page, errors, tmp_path, found):
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    file = found.to_html(tmp_path / "inputs.html")
    page.goto(file.as_uri())
    root = page.locator(".lab[data-ready]")
    root.wait_for()
    root.get_by_role("radio").nth(1).check()
    assert root.get_attribute("data-column") == "volatility(8)"
    assert page.locator("img").count() == 0
    assert asked == [file.as_uri()]
    assert errors == []


def test_the_magic_shows_the_doctor_in_a_notebook_without_a_network_library(notebook):
    book = notebook(
        "lab",
        "%load_ext lstm_lab",
        '%lstm_features oil --features "log_return, bollinger(20, 2), rsi(14)"',
        "import sys; print([name for name in ('tensorflow', 'keras') if name in sys.modules])",
    )
    book.run(0)
    book.run(1)
    book.wait_for("features", "data.ready")
    assert ["image/png" in kinds for kinds in book.bundles(1)] == [True]
    radio = book.view("features").get_by_role("radio").first
    radio.focus()
    radio.press("ArrowDown")
    book.wait_for("features", "data.column === 'bollinger(20, 2)'")
    book.theme("JupyterLab Dark")
    book.wait_for("features", "data.theme === 'dark'")
    book.theme("JupyterLab Light")
    assert "[]" in book.run(2)
