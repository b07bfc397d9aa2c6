"""The view of many series in a browser: picked by name, by thumbnail and by key, drawn before the kernel answers."""

import re
from pathlib import Path

import pytest

from lstm_lab.widgets import panel_fan
from tests.forecasting.panel_forecasts import drawn_panel
from tests.forecasting.test_panel_reveal import outcomes


def answer(view, widget):
    """Let the kernel hear what the page sent last."""
    view.wait_sent("choose")
    widget._receive(widget, view.sent[-1], [])


def chosen(view):
    return view.root.locator("[aria-selected=true]").get_attribute("title")


def median(view):
    """Read the median at the last step."""
    cells = view.root.get_by_role("table").get_by_role("row").nth(1).get_by_role("cell").all_inner_texts()
    return float(cells[2].replace(",", ""))


def comes_to(view, read, expected):
    """Hold what is read to what is expected, within some frames: a busy machine draws them late."""
    for _ in range(100):
        if read(view) == expected:
            break
        view.page.wait_for_timeout(20)
    assert read(view) == expected


def test_a_series_is_picked_by_name_thumbnail_and_key(mount):
    fcs = drawn_panel(8, horizon=10)
    widget = fcs.widget()
    view = mount(widget)
    assert view.root.get_by_role("option").count() == 9
    assert chosen(view) == "total of 8 series"
    assert median(view) == pytest.approx(fcs.total().quantile(0.5)[-1], rel=1e-3)
    view.root.get_by_role("option", name="s02").click()
    # Without the kernel; the paths come with its answer.
    comes_to(view, median, pytest.approx(fcs["s02"].quantile(0.5)[-1], rel=1e-3))
    assert "no paths yet" in view.text()
    answer(view, widget)
    view.root.get_by_text("of 60 paths; drag").wait_for()
    view.root.get_by_role("listbox").press("ArrowRight")
    comes_to(view, chosen, "s03")
    pick = view.root.get_by_label("Series").first
    pick.fill("s07")
    pick.press("Enter")
    comes_to(view, median, pytest.approx(fcs["s07"].quantile(0.5)[-1], rel=1e-3))


def test_a_series_that_was_not_sent_is_asked_for_and_a_wrong_one_is_said(mount, monkeypatch):
    monkeypatch.setattr(panel_fan, "SENT_BYTES", 4_000)
    fcs = drawn_panel(30)
    widget = fcs.widget()
    view = mount(widget)
    assert re.search(r"\d+ of 30 series are held here, spread evenly", view.text())
    pick = view.root.get_by_label("Series").first
    assert "s20" not in view.root.get_by_role("option").all_inner_texts()
    pick.fill("s20")
    pick.press("Enter")
    answer(view, widget)
    view.page.wait_for_timeout(200)
    assert median(view) == pytest.approx(fcs["s20"].quantile(0.5)[-1], rel=1e-3)


def test_the_field_of_ids_is_whole_in_a_very_narrow_view(mount):
    view = mount(drawn_panel(8).widget())
    view.page.set_viewport_size({"width": 220, "height": 900})
    field = view.root.get_by_label("Series").first.bounding_box()
    whole = view.root.bounding_box()
    assert field["width"] > 60
    assert field["x"] >= whole["x"]
    assert field["x"] + field["width"] <= whole["x"] + whole["width"]


@pytest.mark.parametrize(
    ("context_options", "width"),
    [({"color_scheme": "light"}, 1000), ({"color_scheme": "dark"}, 500)],
    ids=["light", "dark-narrow"],
)
def test_axe_finds_nothing_in_many_series(mount, axe, context_options, width):
    view = mount(drawn_panel(20).widget())
    view.page.set_viewport_size({"width": width, "height": 900})
    assert view.root.get_attribute("data-theme") == context_options["color_scheme"]
    assert axe(view.page) == []


def test_a_page_without_kernel_draws_what_it_holds(page, errors, tmp_path):
    fcs = drawn_panel(5)
    page.goto(fcs.to_html(tmp_path / "panel.html").as_uri())
    page.get_by_role("option", name="s04").click()
    page.get_by_text("Its single paths are not held here.").wait_for()
    page.get_by_label("Series").first.fill("nowhere")
    page.get_by_label("Series").first.press("Enter")
    page.get_by_text("nowhere is not held here").wait_for()
    assert errors == []


def test_enter_picks_a_series_in_a_real_notebook(notebook):
    root = str(Path(__file__).parents[2])
    code = f"import sys; sys.path.insert(0, {root!r})\nfrom tests.forecasting.panel_forecasts import drawn_panel"
    book = notebook("lab", f"{code}\ndrawn_panel(70).widget()")
    book.run(0)
    book.wait_for("panel", "data.ready")
    view = book.view("panel")
    view.get_by_label("Series").first.fill("s02")
    view.get_by_label("Series").first.press("Enter")
    expected = drawn_panel(70)["s02"].quantile(0.5)[-1]
    view.get_by_role("cell", name=f"{expected:.4g}", exact=True).first.wait_for()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_what_happened_is_counted_for_the_series_and_for_all(mount, axe, theme):
    fcs = drawn_panel(4, horizon=5)
    widget = fcs.reveal(outcomes(fcs)).widget(theme=theme)
    view = mount(widget)
    play = view.root.get_by_role("button", name="Reveal what happened")
    view.root.get_by_role("option", name="total of 4 series").click()
    view.root.get_by_text("What happened to total of 4 series is not known.").wait_for()
    assert play.is_disabled()
    view.root.get_by_role("option", name="s00").click()
    answer(view, widget)
    steps = view.root.get_by_label("steps")
    steps.fill("2")
    view.root.get_by_text("1 of 2 actual values inside the band").wait_for()
    assert "All series: 5 of 6 values inside the band, 83 %, by a 90 % band" in view.text()
    steps.fill("5")
    view.root.get_by_text("4 of 5 actual values inside the band: 80 %, by a 90 % band").wait_for()
    assert "All series: 11 of 12 values" in view.text()
    view.root.get_by_role("option", name="s02").click()
    view.root.get_by_text("What happened to s02 is not known. All series: 11 of 12 values").wait_for()
    assert axe(view.page) == []
