"""A choice that rests is tried on a tiny network: what the page asks for, and what it draws and says."""

import numpy as np
import pandas as pd
import pytest

from lstm_lab.diagnostics.tiny_trial import TinyForecast
from lstm_lab.diagnostics.training_choices import ResidualLosses, Weighting
from lstm_lab.widgets.loss import LossExplorer
from lstm_lab.widgets.weights import WeightCurve
from tests.forecasting.drawn_spread import drawn_spread

TIMES = pd.date_range("2024-01-01", periods=60)


class Trial:
    """Answers at once."""

    units, seconds = 6, 4.0

    def __init__(self):
        self.own = drawn_spread().full
        self.horizon = len(self.own.index)

    def forecast(self, stop, told, **choice):
        assert choice
        told(2, 12)
        return TinyForecast(self.own, 3, 0.2, stop.is_set())

    def band(self, forecast):
        return forecast.quantile((0.05, 0.5, 0.95)).astype(np.float32)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_scheme_that_rests_is_tried_once_and_its_band_drawn(mount, axe, theme):
    view = mount(WeightCurve(Weighting(TIMES, "uniform", trial=Trial()), theme=theme))
    assert "Move a control: a network of 6 units is then trained" in view.text()
    view.root.get_by_label("exponential", exact=True).check()
    view.root.get_by_label("linear").check()
    view.wait_sent("try")
    asked = [content for content in view.sent if content["kind"] == "try"]
    assert asked == [{"kind": "try", "weights": "linear"}]
    view.widget.on_message("try", asked[0])
    view.root.get_by_text("for illustration: weights linear; trained for 3 epochs, 0.2 s").wait_for()
    assert view.root.get_by_role("application", name="Forecast of the run, and of a tiny network").is_visible()
    assert "tiny network, 6 units, for illustration" in view.root.locator(".trial .legend").inner_text()
    assert axe(view.page) == []


def test_a_delta_is_tried_with_the_keyboard_unless_this_is_switched_off(mount, axe):
    view = mount(LossExplorer(ResidualLosses(np.linspace(-2, 2, 50), trial=Trial())))
    slider = view.root.get_by_label("delta")
    slider.press("ArrowRight")
    view.wait_sent("try")
    assert view.sent[-1] == {"kind": "try", "loss": "huber", "delta": 1.05}
    view.widget.on_message("try", view.sent[-1])
    view.root.get_by_text("for illustration: loss huber, delta 1.05").wait_for()
    for theme in ("light", "dark"):
        view.change("theme", theme)
        view.expect("theme", theme)
        assert axe(view.page) == []
    view.root.get_by_label("retrain a tiny network when a choice rests").uncheck()
    before = len(view.sent)
    slider.press("ArrowRight")
    view.page.wait_for_timeout(900)
    assert len(view.sent) == before


def test_another_choice_drops_the_training_that_runs_where_a_click_arrives(mount):
    view = mount(LossExplorer(ResidualLosses(np.linspace(-2, 2, 50), trial=Trial())))
    slider = view.root.get_by_label("delta")
    slider.press("ArrowRight")
    assert view.root.get_by_text("A tiny network is trained once the control rests").is_visible()
    view.wait_sent("try")
    view.widget.wire.set(live=True, stop=True, trial_share=0.25, trial_words="A tiny network is trained: epoch 3 of 12")
    view.widget.wire.flush(final=True)
    bar = view.root.get_by_label("Training of the tiny network")
    bar.wait_for()
    assert bar.evaluate("bar => bar.value") == 0.25
    slider.press("ArrowRight")
    view.wait_sent("stop")
    assert view.sent[-1] == {"kind": "stop", "dropped": True}
    view.widget.wire.set(live=False, trial_words="")
    view.widget.wire.flush(final=True)
    view.wait_sent("try")
    assert view.sent[-1] == {"kind": "try", "loss": "huber", "delta": 1.1}
    assert bar.is_hidden()


def test_a_page_without_a_kernel_says_so_and_keeps_what_was_tried(mount, page, tmp_path):
    view = mount(WeightCurve(Weighting(TIMES, "uniform", trial=Trial())))
    view.widget.on_message("try", {"kind": "try", "weights": "linear"})
    path = view.widget.to_html(tmp_path / "weights.html")
    page.unroute("**/*")
    page.goto(path.as_uri())
    words = page.get_by_text("Without a kernel no network can be trained: run the cell again to try a choice.")
    words.wait_for()
    assert words.inner_text().startswith("Tiny network, 6 units, for illustration: weights linear")
    assert page.get_by_role("application", name="Forecast of the run, and of a tiny network").is_visible()
    assert page.get_by_role("checkbox", name="retrain a tiny network").is_hidden()
