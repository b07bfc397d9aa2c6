"""A training that was watched, in a real browser: one series, several with a band, and a network without gates."""

import dataclasses

import numpy as np
import pytest

from lstm_lab.widgets.learning import LearningView
from tests.widgets.test_learning_view import learning


def several():
    made = learning(3)
    bands = np.stack([made.forecasts - 0.2, made.forecasts + 0.2], axis=1)
    bands[0] = np.nan
    return dataclasses.replace(made, ids=("north", "south"), borders=np.array([0, 13, 20]), bands=bands, draws=True)


def without_gates():
    made = learning(3, gates=())
    return dataclasses.replace(
        made, starts=np.arange(8, 18), forecasts=np.zeros((4, 10, 1), np.float32), unfollowed="'x' is a Bidirectional"
    )


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("make", [learning, several, without_gates])
def test_axe_finds_nothing_in_a_training_that_was_watched(mount, axe, make, theme):
    assert axe(mount(LearningView(make(), theme=theme)).page) == []


def test_each_series_has_its_chart_and_the_band_comes_and_goes_with_the_epoch(mount):
    view = mount(LearningView(several()))
    charts = view.root.get_by_role("application")
    names = [charts.nth(at).get_attribute("aria-label") for at in range(charts.count())]
    assert [name.split(".")[0] for name in names if name and ("north" in name or "south" in name)] == [
        "Forecasts of held-out rows of north after an epoch",
        "Forecasts of held-out rows of south after an epoch",
    ]
    assert "middle 80 % of the paths" in view.text()
    assert "Shaded: the middle 80 % of 24 paths, by dropout alone. Of 4 epochs 1 have none" in view.text()
    view.root.get_by_label("epoch", exact=True).press("Home")
    view.root.locator(".learning[data-epoch='0']").wait_for()
    assert "middle 80 % of the paths" not in view.root.locator(".learning > .legend").inner_text()


def test_a_network_without_gates_says_why_and_shows_no_heat_map(mount):
    view = mount(LearningView(without_gates()))
    assert "Held-out rows, each forecast from those before it" in view.text()
    assert "('x' is a Bidirectional): each held-out row is forecast" in view.text()
    assert not view.root.locator("figure canvas[role=img]").is_visible()
    assert "origin" not in view.root.locator(".learning > .legend").inner_text()


def test_epochs_that_play_stop_when_less_motion_is_asked_for(mount, page):
    view = mount(LearningView(learning(30)))
    view.root.get_by_label("epoch", exact=True).press("Home")
    view.root.get_by_role("button", name="Play").click()
    view.root.locator(".learning[data-playing='true']").wait_for()
    page.emulate_media(reduced_motion="reduce")
    view.root.locator(".learning[data-playing='false']").wait_for()
    assert view.root.get_by_role("button", name="Next epoch").is_visible()
