"""Studies and exports in a browser: names are text, marks are sorted and read out, nothing is wider than the page."""

import pytest

from lstm_lab.evaluation.search_marks import marks_of_search
from lstm_lab.evaluation.study_marks import MarkedResult
from lstm_lab.results import Summary
from tests.evaluation.test_search_marks import searched, trial
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


class Searched(MarkedResult):
    """A search, as it is drawn."""

    marks = marks_of_search(searched(trial(1, "complete", 1.0, 3.0), trial(2, "pruned", 3.0)))

    def summary_table(self):
        return Summary("Search for y", (), (("trial", "MAE"), ("1", "2")), "%%lstm_train prices --epochs 4\nLSTM(4)")


def test_the_best_of_a_search_is_there_to_copy_and_its_folds_are_read_out(mount):
    view = mount(Searched().widget())
    assert view.root.get_by_label("Code to copy").inner_text() == "%%lstm_train prices --epochs 4\nLSTM(4)"
    assert not mount(repeated().widget()).root.get_by_label("Code to copy").is_visible()
    mark = view.root.locator("tbody").first.locator("tr").nth(1).locator("[data-seed='1']").first.bounding_box()
    view.page.mouse.move(mark["x"] + mark["width"] / 2, mark["y"] + mark["height"] / 2)
    assert view.root.locator(".readout").inner_text().startswith("trial 1 · MAE 2 (1 to 3), fold 2 3 · difference")


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("make", [repeated, exported, Searched])
def test_axe_finds_nothing_and_nothing_is_clipped(mount, axe, make, theme):
    view = mount(make().widget(theme=theme))
    view.root.locator("summary").click()
    assert axe(view.page) == []
    view.page.set_viewport_size({"width": 500, "height": 800})
    view.page.wait_for_timeout(150)
    assert view.page.evaluate("document.documentElement.scrollWidth") <= 500


def test_a_line_that_stands_in_the_columns_stands_in_the_legend(mount):
    result = Searched()
    kinds = [kind for kind, _ in result.marks.lines]
    assert "line" in kinds
    view = mount(result.widget())
    swatch = view.root.locator(".legend .swatch").nth(kinds.index("line")).bounding_box()
    assert swatch["height"] > 5 * swatch["width"]
