"""The dashboard in JupyterLab: from the first click to the code that does the same."""

from __future__ import annotations

import nbformat
import pytest

SERIES = """import numpy as np, pandas as pd
rng = np.random.default_rng(0)
close = 50 + rng.normal(0, 1, 300).cumsum()
prices = pd.DataFrame({"close": close}, index=pd.date_range("2022", periods=300, freq="D"))
%load_ext lstm_lab"""
OPEN = "%lstm_lab prices --lookback 8 --units 4 --dense none --epochs 5000 --patience 5000 --horizon 4 --paths 100"
SPILT = """() => {
    const board = document.querySelector(".lstm-board");
    const edge = board.getBoundingClientRect();
    const spilt = [];
    for (const one of board.querySelectorAll("input, select, button, label, p, h4, svg, pre")) {
        const box = one.getBoundingClientRect();
        if (box.width && !one.closest(".scroll, pre") && (box.right > edge.right + 1 || box.left < edge.left - 1))
            spilt.push(one.outerHTML.slice(0, 120));
    }
    return spilt;
}"""
UNNAMED = """() => [...document.querySelectorAll(".lstm-board :is(input, select, button)")].filter((one) =>
    !one.labels?.length && !one.textContent.trim() && !one.getAttribute("aria-label")).map((one) => one.outerHTML)"""

FAINT = """() => {
    const light = (text) => {
        const parts = text.match(/[\\d.]+/g).slice(0, 3).map((part) => part / 255);
        const [r, g, b] = parts.map((share) => (share <= 0.03928 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4));
        return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const ground = (one) => {
        for (; one; one = one.parentElement) {
            const colour = getComputedStyle(one).backgroundColor;
            if (!/, 0\\)|transparent/.test(colour)) return colour;
        }
        return "rgb(255, 255, 255)";
    };
    const contrast = (one) => {
        const [a, b] = [light(getComputedStyle(one).color), light(ground(one))];
        return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    };
    return [...document.querySelectorAll(".lstm-board :is(p, h4, summary, label, .ends span, .section-title)")]
        .filter((one) => one.offsetParent && one.textContent.trim() && contrast(one) < 4.5)
        .map((one) => one.outerHTML.slice(0, 100) + getComputedStyle(one).color + ground(one));
}"""
"""Words that stand out from their ground by less than WCAG 2 asks of small text."""


def tab(board, name):
    board.get_by_role("tab", name=name, exact=True).click()


def press(board, name):
    board.get_by_role("button", name=name, exact=True).locator("visible=true").first.click()


def test_it_opens_in_a_console_too(notebook):
    book = notebook("lab")
    console = """async (cells) => {
        const kernelPreference = { name: "python3", shutdownOnDispose: true };
        const panel = await window.jupyterapp.commands.execute("console:create", { kernelPreference, activate: true });
        await panel.sessionContext.ready;
        for (const cell of cells) await panel.console.inject(cell);
    }"""
    book.page.evaluate(console, [SERIES, OPEN])
    board = book.page.locator(".jp-CodeConsole .lstm-board")
    board.get_by_role("button", name="Train", exact=True).wait_for()
    board.get_by_text("train 240 rows").first.wait_for()
    assert not book.page.get_by_text("it comes back when its kernel is free").is_visible()


def test_a_student_trains_stops_forecasts_looks_inside_and_takes_the_code(notebook):
    first, second = (f"print({name}.end.reason, {name}.target)" for name in ("run_1", "run_2"))
    book = notebook("lab", SERIES, OPEN, first, "", second)
    page = book.page
    book.run(0)
    book.run(1)
    board = page.locator(".lstm-board")
    board.get_by_text("train 240 rows").wait_for()
    assert page.evaluate(UNNAMED) == []
    lookback = board.get_by_label("lookback (rows)")
    lookback.fill("0")
    lookback.press("Enter")
    board.locator(".cell").get_by_text("lookback should be greater than or equal to 1").wait_for()
    lookback.fill("9")
    lookback.press("Enter")
    page.wait_for_function("!document.querySelector('.lstm-board .cell .lab-wrong')")

    press(board, "Train")
    book.wait_for("training", "data.ready && Number(data.epochs) >= 2", timeout=90_000)
    tab(board, "Forecast")
    assert board.get_by_role("button", name="Forecast", exact=True).is_disabled()
    board.get_by_text("Training is running: stop it, or wait for its end.").locator("visible=true").wait_for()
    tab(board, "Training")
    board.get_by_role("button", name="Stop", exact=True).locator("visible=true").first.click()
    book.wait_for("training", "data.reason === 'stopped'")
    board.get_by_text("kept as run_1").wait_for()
    assert book.run(2).strip() == "stopped close"
    press(board, "Train")
    book.wait_for("training", "data.ready && data.reason === '' && Number(data.epochs) >= 2", timeout=30_000)
    book.interrupt()
    book.wait_for("training", "data.reason === 'interrupted'")
    board.get_by_text("kept as run_2").wait_for()
    assert book.run(4).strip() == "interrupted close"
    assert book.run(2).strip() == "stopped close"

    tab(board, "Forecast")
    press(board, "Forecast")
    book.wait_for("fan", "data.done === '100'", timeout=60_000)
    tab(board, "Inside")
    press(board, "Look")
    book.wait_for("gates", "data.ready", timeout=60_000)
    for width in (700, 1400):
        page.set_viewport_size({"width": width, "height": 900})
        page.wait_for_timeout(200)
        assert page.evaluate(SPILT) == []

    tab(board, "Code")
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    board.get_by_role("button", name="Copy: Forecast").click()
    board.get_by_role("button", name="Copy: Forecast").get_by_text("Copied").wait_for()
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied == "%lstm_forecast --horizon 4 --paths 100 --run run_2"
    book._panel("panel.content.model.cells.get(3).sharedModel.setSource(argument);", copied)
    book.run(3)
    assert "image/png" in set().union(*book.bundles(3))
    shown = book.bundles(1)
    assert "application/vnd.jupyter.widget-view+json" in shown[0]
    assert "image/png" in shown[1]
    book.save()
    page.wait_for_timeout(300)
    kept = nbformat.read(book.path, as_version=4).cells[1].outputs
    assert kept[1].data["text/plain"].startswith("In layer")
    assert "Dashboard: prices" in kept[0].data["text/plain"]


def test_a_training_of_a_dashboard_goes_on_in_a_reloaded_page_and_has_its_stop(notebook):
    book = notebook("lab", SERIES, OPEN)
    board = book.page.locator(".lstm-board")
    book.run(0)
    book.run(1)
    board.get_by_text("train 240 rows").wait_for()
    press(board, "Train")
    book.wait_for("training", "data.ready && Number(data.epochs) >= 2", timeout=90_000)
    stops = book.page.get_by_role("button", name="Stop", exact=True).locator("visible=true")
    assert stops.count() == 1, "the page's, and no second one in its view"
    book.save()
    reached = book.view("training").first.get_attribute("data-epochs")
    book.load(busy=True)
    book.wait_for("training", f"Number(data.epochs) >= {int(reached) + 5}", timeout=30_000)
    stops.first.click()
    board.get_by_text("kept as run_1").wait_for(timeout=60_000)
    book.wait_for("training", "data.reason === 'stopped'")
    views = book.page.locator(".lab[data-view=training]").locator("visible=true")
    views.first.wait_for()
    book.page.wait_for_timeout(500)
    assert views.count() == 1, "the one in the dashboard"


CUT = """() => [...document.querySelectorAll(".lstm-board .lm-TabBar-tabLabel")].filter((label) => {
    const edge = label.closest(".lstm-board").getBoundingClientRect().right;
    return label.scrollWidth > label.clientWidth + 1 || label.getBoundingClientRect().right > edge;
}).map((label) => label.textContent)"""


CUT_WORDS = """() => [...document.querySelectorAll(".lstm-board :is(.widget-toggle-button, .widget-label)")]
    .filter((one) => one.offsetParent && one.scrollWidth > one.clientWidth + 1).map((one) => one.textContent)"""


def test_no_tab_is_cut_on_a_projector(notebook):
    book = notebook("lab", SERIES, OPEN)
    book.run(0, timeout=120)
    book.run(1, timeout=120)
    page = book.page
    board = page.locator(".lstm-board")
    board.get_by_text("train 240 rows").wait_for()
    before = board.get_by_role("tab", name="Preview").bounding_box()["height"]
    for switch in board.locator(".settings").get_by_label("more options").all():
        switch.check()
    page.evaluate("document.documentElement.style.setProperty('--jp-content-font-size1', '22px')")
    for width in (700, 1400):
        page.set_viewport_size({"width": width, "height": 900})
        page.wait_for_timeout(200)
        assert page.evaluate(CUT) == []
        assert page.evaluate(SPILT) == []
        assert page.evaluate(CUT_WORDS) == []
    page.set_viewport_size({"width": 3840, "height": 2160})
    page.wait_for_timeout(200)
    assert board.bounding_box()["width"] > 2200
    assert board.get_by_role("tab", name="Preview").bounding_box()["height"] > 1.3 * before


@pytest.mark.parametrize("theme", ["Light", "Dark"])
def test_a_cell_run_again_leaves_no_comm_and_the_words_can_be_read(notebook, theme):
    again = f"%load_ext lstm_lab\n{OPEN}"  # in the cell that loads the extension its result is IPython's to show
    count = "from comm import get_comm_manager; print(len(get_comm_manager().comms))"
    book = notebook("lab", SERIES.removesuffix("%load_ext lstm_lab"), again, count)
    book.run(0)
    book.theme(f"JupyterLab {theme}")
    assert book.page.locator(".lstm-board").count() == 0
    counts = []
    for _ in range(2):
        book.run(1)
        counts.append(int(book.run(2)))
    assert counts[0] == counts[1]
    assert book.page.locator(".lstm-board").count() == 1
    book.page.locator(".lstm-board").get_by_text("train 240 rows").wait_for()
    assert book.page.evaluate(FAINT) == []
