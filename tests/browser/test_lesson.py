"""A lesson in a browser: slides by keys, a guess before the answer, views without a kernel, and names as text."""

import numpy as np
import pandas as pd
import pytest

import lstm_lab as lab

NASTY = "<img src=x onerror=alert(1)>"
LESSON = f"""# One {NASTY}
? Which gate keeps?
- [x] forget
- [ ] output
! The **forget** gate.
! {{cell unit=1}}
# Two
{{reveal horizon=4 paths=50}}
# Three
{{gates}}
"""


@pytest.fixture(scope="module")
def lesson():
    days = pd.date_range("2021-01-01", periods=120, freq="D", name="date")
    frame = pd.DataFrame({"level": np.sin(np.arange(120) / 3)}, index=days)
    return lab.train(frame, transform="none", lookback=8, units=[3], dense=[], epochs=1, seed=0).lesson(LESSON)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_class_guesses_before_the_answer_is_revealed(mount, lesson, axe, theme):
    view = mount(lesson.widget(theme=theme))
    root, slide = view.root.first, view.root.first.locator(".slide")
    assert slide.locator("h2").inner_text() == f"One {NASTY}"
    assert slide.locator("img").count() == 0
    assert "forget gate" not in slide.inner_text()
    slide.get_by_role("button", name="output").press("Enter")
    assert slide.get_by_role("button", name="output").get_attribute("aria-pressed") == "true"
    slide.press("r")
    assert "Not quite. It is: forget." in slide.inner_text()
    cell = slide.locator(".lab[data-view=cell][data-ready]")
    cell.wait_for()
    assert "Unit 1 of" in cell.inner_text()
    assert axe(view.page) == []
    slide.press("ArrowRight")
    view.expect("slide", "1")
    told = slide.locator(".lesson-fan [role=status]")
    assert told.inner_text().startswith("Forecast of level from")
    slide.press("r")
    reveal = lesson.results[1]
    inside = int(reveal.frame["inside"].sum())
    assert told.inner_text() == f"What happened: {inside} of 4 values lie within the band."
    slide.press("End")
    slide.locator(".lab[data-view=gates][data-ready]").wait_for()
    assert axe(view.page) == []
    assert root.get_by_role("button", name="Next").is_disabled()
    slide.press("Home")
    assert "Not quite" in slide.inner_text()


def test_the_forecast_of_a_slide_is_no_wider_than_a_narrow_page_of_large_type(mount, lesson):
    view = mount(lesson.widget())
    view.page.evaluate("document.documentElement.style.setProperty('--jp-content-font-size1', '22px')")
    view.page.set_viewport_size({"width": 500, "height": 900})
    view.root.first.locator(".slide").press("ArrowRight")
    view.expect("slide", "1")
    view.page.wait_for_timeout(200)
    assert view.page.evaluate("document.documentElement.scrollWidth") <= 500
