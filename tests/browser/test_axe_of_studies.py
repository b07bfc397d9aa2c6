"""Accessibility, light and dark: a backtest, where a spread comes from, forecasts overlaid, a training watched."""

import pandas as pd
import pytest

from tests.browser.test_views import TIMES, forecast
from tests.evaluation.drawn_backtest import drawn_backtest
from tests.forecasting.drawn_spread import drawn_spread
from tests.widgets.test_learning_view import learning


def overlaid():
    actual = pd.Series(forecast().quantile(0.4), TIMES[120:150])
    return forecast().reveal(actual, beside={"<b>other</b>": forecast(shift=2.0)}, shown=True)


VIEWS = {"backtest": lambda: drawn_backtest(8), "spread": drawn_spread, "reveal": overlaid, "learning": learning}


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("name", VIEWS)
def test_axe_finds_nothing(mount, axe, name, theme):
    view = mount(VIEWS[name]().widget(theme=theme))
    assert axe(view.page) == []
    if name == "reveal":
        table = view.root.get_by_role("table", name="The forecasts beside each other")
        assert "<b>other</b>" in table.inner_text()
        assert "30 of 30" in table.inner_text()
