"""Studies and exports in a browser: names are text, marks are sorted and read out, nothing is wider than the page."""

import pytest

from tests.widgets.test_study_view import exported, repeated


def test_rows_are_sorted_and_walked_and_their_seeds_read_out(mount):
    view = mount(repeated().widget())
    rows = view.root.locator("tbody").first.locator("tr")
    assert [row.split("\n")[0].strip() for row in rows.all_inner_texts()][1].startswith("b <i>")
    head = view.root.get_by_role("columnheader", name="loss (°C)")
    assert head.get_attribute("aria-sort") == "none"
    head.get_by_role("button").click()
    assert head.get_attribute("aria-sort") == "ascending"
    assert rows.first.inner_text().startswith("b <i>")
    rows.first.focus()
    rows.first.press("ArrowDown")
    readout = view.root.locator(".readout")
    assert readout.inner_text() == "a · loss 2 (1 to 3)"
    mark = rows.nth(1).locator("[data-seed='2']").bounding_box()
    view.page.mouse.move(mark["x"] + mark["width"] / 2, mark["y"] + mark["height"] / 2)
    assert readout.inner_text() == "a · loss 2 (1 to 3), seed 2 3"
    view.root.locator("summary").click()
    assert "b <i>" in view.root.get_by_role("table", name="All scores").inner_text()


def test_an_export_reads_both_errors_out(mount):
    view = mount(exported().widget())
    view.root.get_by_role("application", name="Errors of <b>price</b>").press("Home")
    assert view.root.locator(".readout").inner_text() == "2024-01-01 · Keras is off 1 · the file is off Keras 0.5"
    assert "900" in view.root.get_by_role("table", name="Bytes of each part").inner_text()


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("make", [repeated, exported])
def test_axe_finds_nothing_and_nothing_is_clipped(mount, axe, make, theme):
    view = mount(make().widget(theme=theme))
    view.root.locator("summary").click()
    assert axe(view.page) == []
    view.page.set_viewport_size({"width": 500, "height": 800})
    view.page.wait_for_timeout(150)
    assert view.page.evaluate("document.documentElement.scrollWidth") <= 500
