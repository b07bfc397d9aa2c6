"""The switches on the fan in a browser: each combination has its own band, coverage and paths, without a kernel."""

import numpy as np
import pytest

from lstm_lab.forecasting.spread import Sources
from tests.forecasting.drawn_spread import drawn_spread


def median_width(view):
    """Read the distance between the quartiles at the last step."""
    cells = view.root.get_by_role("table", name="Quantiles").get_by_role("row").nth(1).get_by_role("cell")
    low, high = (float(cells.nth(at).inner_text().replace("−", "-")) for at in (1, 3))
    return high - low


def test_a_switch_shows_another_band_with_its_own_coverage(mount):
    result = drawn_spread()
    view = mount(result.widget())
    view.expect("sources", "dropout + noise + calibration")
    for name in ("dropout", "calibration"):
        view.root.get_by_role("checkbox", name=name).uncheck()
    view.expect("sources", "noise")
    wanted = Sources(dropout=False, noise=True, calibration=False)
    low, high = result.forecasts[wanted].quantile([0.25, 0.75])[:, -1]
    assert median_width(view) == pytest.approx(high - low, abs=0.01)
    assert f"this band held {result.held(wanted)}" in view.text()
    level = float(result.full.history.iloc[-1])
    above = round(100 * np.mean(result.forecasts[wanted].paths[:, -1].astype(np.float32) > np.float32(level)))
    assert f": {above} % ±" in view.text()
    assert view.sent == [] or view.sent[-1]["kind"] == "hello"


def test_all_switches_off_is_one_path_without_width(mount):
    view = mount(drawn_spread().widget())
    for name in ("dropout", "noise", "calibration"):
        view.root.get_by_role("checkbox", name=name).press("Space")
    view.expect("sources", "nothing: one path")
    assert median_width(view) == 0


def test_a_switch_that_the_network_lacks_is_off_and_says_why(mount):
    view = mount(drawn_spread(dropout=False).widget())
    assert view.root.get_by_role("checkbox", name="dropout").is_disabled()
    assert not view.root.get_by_role("checkbox", name="dropout").is_checked()
    assert "dropout: the network has none" in view.text()
    view.expect("sources", "noise + calibration")


def test_it_fits_a_narrow_page_in_a_projectors_type(mount, page):
    page.set_viewport_size({"width": 500, "height": 800})
    view = mount(drawn_spread().widget())
    page.evaluate("document.documentElement.style.setProperty('--jp-content-font-size1', '22px')")
    page.wait_for_timeout(400)
    inner, outer = view.root.evaluate("root => [root.scrollWidth, root.clientWidth]")
    assert inner <= outer
