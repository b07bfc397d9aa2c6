"""What happened to many series: each as if it were alone, all counted together, and what cannot be counted."""

import numpy as np
import pandas as pd
import pytest

from lstm_lab.errors import ForecastError
from tests.forecasting.panel_forecasts import drawn_panel


def outcomes(fcs):
    """Medians and a miss: of `s01` two steps, of `s02` nothing."""
    actual = pd.Series(fcs.quantile(0.5).reshape(-1), fcs.index, name="units")
    actual.iloc[0] = 1e9
    return actual.drop("s02").drop([("s01", time) for time in fcs["s01"].index[2:]])


@pytest.fixture(scope="module")
def fcs():
    return drawn_panel(4, horizon=5)


@pytest.fixture(scope="module")
def seen(fcs):
    return fcs.reveal(outcomes(fcs))


def test_each_series_is_as_if_it_were_alone(fcs, seen):
    alone = fcs["s00"].reveal(seen.actual[0]).frame
    pd.testing.assert_frame_equal(seen["s00"].frame, alone)
    np.testing.assert_allclose(seen.so_far("crps")[0], alone["crps so far"])
    np.testing.assert_allclose(seen.so_far("naive error")[0], alone["naive error so far"])
    np.testing.assert_allclose(seen.frame.loc["s00", "crps"], alone["crps"])
    scored = fcs.score(outcomes(fcs))
    np.testing.assert_allclose(seen.scores["crps"].reindex(scored.index), scored["crps"])


def test_all_are_counted_by_step_and_the_unknown_named(seen):
    assert list(seen) == ["s00", "s01", "s02", "s03"]
    assert seen.unknown == ("s02",)
    assert seen.by_step["inside"].tolist() == [2, 5, 7, 9, 11]
    assert seen.by_step["known"].tolist() == [3, 6, 8, 10, 12]
    assert seen.by_step["series"].tolist() == [3] * 5
    assert seen.scores.index[0] == "s00"
    assert np.isnan(seen.scores.loc["s02", "coverage"])
    text = repr(seen)
    assert "units: what happened to 4 series" in text
    assert "11 of 12 values inside the band, 92 %, by a 90 % band" in text
    assert "not known  1 of 4: 's02'" in text


def test_what_happened_to_the_sum_is_known_where_all_are(fcs):
    actual = pd.Series(1.0, fcs.index).drop(("s01", fcs["s01"].index[0]))
    np.testing.assert_array_equal(fcs.reveal(actual).summed_at(fcs.total().index), [np.nan, 4, 4, 4, 4])


def twice(actual):
    return pd.concat([actual, actual.iloc[:1]])


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (twice, r"actual holds an id and time once, got 1 more than once, the first 's00' at 2000-02-10; keep one"),
        (lambda actual: actual.replace(1e9, np.inf), r"must be finite, got infinity for 's00' at 2000-02-10; mend it"),
        (lambda actual: actual.astype(object).replace(1e9, "many"), "must hold numbers, by id and time: "),
        (lambda actual: actual.rename({"s00": "x", "s01": "y", "s03": "z"}), "shares no id and time with the forecast"),
        (lambda actual: actual.droplevel(0), "rows by id and time, got one level"),
    ],
)
def test_what_cannot_be_aligned_is_refused_in_one_line(fcs, spoil, message):
    with pytest.raises(ForecastError, match=message) as refused:
        fcs.reveal(spoil(outcomes(fcs)))
    assert "\n" not in str(refused.value)


def test_the_picture_counts_those_it_shows_and_all(seen):
    figure = seen.plot(ids=["s00", "s02"])
    words = " ".join(text.get_text() for text in figure.axes[-1].texts)
    assert "4 of 5 actual values of these series inside the band" in words.replace("\n", " ")
    assert seen.words in words.replace("\n", " ")
    assert [panel.get_title(loc="right") for panel in figure.axes[:2]] == ["", "not known"]
