"""The view of a backtest in a browser: origins chosen by slider, key, pointer and button; misses counted."""

import pytest

from tests.evaluation.drawn_backtest import drawn_backtest


@pytest.fixture
def result():
    return drawn_backtest(8)


def misses(result, name):
    return (1 - result.forecasts[name].covered).sum(axis=1).astype(int)


def test_origins_are_scrubbed_and_their_misses_counted(mount, result):
    view = mount(result.widget())
    view.expect("origin", "7")
    inside = 6 - misses(result, "network")
    assert f"{inside[7]} of 6 actual values inside the band" in view.text()
    slider = view.root.get_by_role("slider", name="origin")
    slider.press("Home")
    view.expect("origin", "0")
    assert f"{inside[0]} of 6 actual values inside the band" in view.text()
    errors = result.forecasts["naive"].errors.mean(axis=1)
    assert f"naive {errors[0]:.3g}" in view.text()
    view.root.get_by_role("button", name="Next with misses").click()
    missed = misses(result, "network")
    following = next(number % 8 for number in range(1, 9) if missed[number % 8])
    view.expect("origin", str(following))


def test_another_model_has_its_own_band_and_misses(mount, result):
    view = mount(result.widget())
    view.root.get_by_role("combobox", name="Model").select_option("naive")
    view.expect("model", "naive")
    assert f"{6 - misses(result, 'naive')[7]} of 6 actual values" in view.text()
    held = round(100 * result.summary.loc["naive", "coverage"])
    assert f"predictive band held {held} %" in view.text()


def test_the_pointer_on_the_series_and_the_keys_choose_an_origin(mount, result):
    view = mount(result.widget())
    chart = view.root.get_by_role("application", name="load and the origins")
    box = chart.locator(".u-over").bounding_box()
    view.page.mouse.move(box["x"] + 0.62 * box["width"], box["y"] + 30)
    view.page.mouse.down()
    view.page.mouse.move(box["x"] + 2, box["y"] + 30, steps=3)
    view.page.mouse.up()
    view.expect("origin", "0")
    chart.press("ArrowRight")
    view.expect("origin", "1")
    chart.press("End")
    view.expect("origin", "7")


@pytest.mark.parametrize("context_options", [{"reduced_motion": "reduce"}, {}])
@pytest.mark.usefixtures("context_options")
def test_playing_goes_from_the_first_origin_on_and_steps_for_who_wants_calm(mount, result, context_options):
    view = mount(result.widget())
    button = view.root.get_by_role("button", name="Next origin" if context_options else "Play")
    button.click()
    view.expect("origin", "0")
    if context_options:
        view.page.wait_for_timeout(900)
        view.expect("origin", "0")
        button.click()
    view.expect("origin", "1")


def test_scores_wider_than_a_narrow_page_scroll_by_themselves_and_by_keys(mount, axe, result):
    view = mount(result.widget())
    view.page.evaluate("document.documentElement.style.setProperty('--jp-content-font-size1', '22px')")
    view.page.set_viewport_size({"width": 500, "height": 800})
    view.page.wait_for_timeout(150)
    assert view.page.evaluate("document.documentElement.scrollWidth") <= 500
    scores = view.root.get_by_role("region", name="Scores of all models")
    assert scores.evaluate("(one) => one.scrollWidth > one.clientWidth")
    scores.focus()
    scores.press("ArrowRight")
    view.page.wait_for_timeout(300)
    assert scores.evaluate("(one) => one.scrollLeft") > 0
    assert axe(view.page) == []
