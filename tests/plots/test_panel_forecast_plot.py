"""Small multiples of a forecast of many series: which are drawn, how many are not, what stands where."""

import matplotlib.dates
import numpy as np
import pandas as pd
import pytest

from lstm_lab.data.encoding.panel_ids import evenly
from lstm_lab.errors import DataError, ForecastError, OptionError
from lstm_lab.plots import mimebundle
from tests.forecasting.panel_forecasts import drawn_panel


def multiples(figure):
    return [panel for panel in figure.axes if panel.axison]


def names(figure):
    return [panel.get_title(loc="left") for panel in multiples(figure)]


def subtitle(figure):
    (head,) = (panel for panel in figure.axes if not panel.axison)
    return " ".join(" ".join(text.get_text() for text in head.texts).split())


@pytest.mark.parametrize("series", [1, 2, 4, 7, 12])
def test_up_to_twelve_series_are_all_drawn(series):
    fcs = drawn_panel(series)
    figure = fcs.plot()
    assert names(figure) == list(fcs)
    assert ("all" if series > 1 else "the only series") in subtitle(figure)
    figure.canvas.draw()
    for panel in multiples(figure):
        box = panel.get_tightbbox()
        assert box.x0 >= 0
        assert box.x1 <= figure.bbox.x1
    boxes = [panel.get_window_extent() for panel in multiples(figure)]
    assert min(box.height for box in boxes) > 60


def test_more_than_twelve_are_spread_evenly_and_the_rest_is_counted():
    fcs = drawn_panel(40)
    figure = fcs.plot()
    shown = names(figure)
    assert (len(shown), shown[0], shown[-1]) == (12, "s00", "s39")
    assert "12 of 40 series, spread evenly over the ids; 28 more are not shown" in subtitle(figure)
    assert figure.get_size_inches().tolist() == pytest.approx([9, 6])
    assert np.diff(evenly(40, 12)).max() == 4


def test_ids_choose_what_is_drawn_and_wrong_ones_are_refused():
    fcs = drawn_panel(40)
    figure = fcs.plot(ids=["s07", "s03"])
    assert names(figure) == ["s07", "s03"]
    assert "2 of 40 series, as chosen" in subtitle(figure)
    with pytest.raises(DataError, match="there is no id 's7' in the run; did you mean"):
        fcs.plot(ids=["s7"])
    with pytest.raises(ForecastError, match="1 to 12 series to draw, got 13"):
        fcs.plot(ids=list(fcs)[:13])


def test_each_series_has_its_history_its_median_and_its_band():
    fcs = drawn_panel(3)
    panel = multiples(fcs.plot(recent=10))[1]
    median, observed, _ = panel.lines
    expected = fcs["s01"]
    np.testing.assert_allclose(median.get_ydata(), expected.quantile(0.5))
    np.testing.assert_allclose(observed.get_ydata(), expected.history[-10:])
    times = matplotlib.dates.num2date(matplotlib.dates.date2num(median.get_xdata()))
    assert times[0].date() == expected.index[0].date()
    outer = panel.collections[0].get_paths()[0].vertices[:, 1]
    assert outer.min() == pytest.approx(expected.quantile(0.05).min())
    assert outer.max() == pytest.approx(expected.quantile(0.95).max())


def test_actual_values_are_counted_over_what_is_drawn():
    fcs = drawn_panel(3)
    actual = pd.Series(fcs.quantile(0.5).ravel(), index=fcs.index, name="units")
    actual.loc["s02"] = 1e9
    assert "6 of 12 actual values" in subtitle(fcs.plot(ids=["s00", "s02"], actual=actual))


def test_few_paths_make_no_band_and_sums_have_no_history():
    assert not multiples(drawn_panel(2, paths=20).plot())[0].collections
    fcs = drawn_panel(2, horizon=14).sum("W")
    assert len(multiples(fcs.plot())[0].lines) == 1


def test_a_notebook_shows_the_picture_and_its_words():
    bundle, metadata = drawn_panel(2)._repr_mimebundle_()
    assert set(bundle) == {"text/plain", "text/html", "image/png"}
    assert bundle["text/plain"].startswith("Forecasts of units\n  series  2: 's00', 's01'")
    assert (bundle, metadata) == mimebundle(drawn_panel(2))
    assert metadata["image/png"]["alt"] == bundle["text/plain"]


def test_an_unknown_option_of_a_picture_is_refused_with_the_nearest():
    with pytest.raises(
        OptionError, match=r"^a picture of a PanelForecast has no id=, got id='s00'; did you mean ids=\?$"
    ):
        drawn_panel(2).plot(id="s00")
    with pytest.raises(OptionError, match=r"has no widht=, got widht=3; did you mean 'width'\?$"):
        drawn_panel(2).plot(widht=3)
