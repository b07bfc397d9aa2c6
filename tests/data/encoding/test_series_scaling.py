"""Mean and scale of each series: its own as far as its rows say, else what is usual in the panel."""

import numpy as np
import pytest

from lstm_lab.data.encoding.series_scaling import ROWS, SeriesScaling, UsualScale, moments_of

PATH, CALENDAR = 0, 1
OWN = np.array([True, False])


def panel(lengths, levels, deviations, seed=0):
    """Make raw columns, the target and the number of the series of each row; the calendar is alike for all."""
    rng = np.random.default_rng(seed)
    series = np.repeat(np.arange(len(lengths)), lengths)
    target = np.concatenate(
        [
            level + deviation * rng.normal(size=rows)
            for rows, level, deviation in zip(lengths, levels, deviations, strict=True)
        ]
    )
    return np.column_stack([target, np.resize([-1.0, 1.0], len(target))]), target, series


def scaled(raw, target, series, usual=None):
    moments = moments_of(raw, target, series, int(series.max()) + 1)
    if usual is None:
        usual = UsualScale.of(moments, OWN, raw.mean(axis=0), raw.std(axis=0))
    return SeriesScaling.of(range(len(moments.rows)), moments, usual), moments


def test_moments_are_those_of_each_series_alone_and_rows_in_a_warmup_do_not_count():
    raw, target, series = panel([30, 50], [10, 1000], [1, 50])
    raw[0, PATH] = np.nan
    moments = moments_of(raw, target, series, 2)
    assert moments.rows.tolist() == [29, 50]
    np.testing.assert_allclose(moments.mean[1], raw[30:].mean(axis=0))
    np.testing.assert_allclose(moments.deviation[0], raw[1:30].std(axis=0))
    np.testing.assert_allclose(moments.level, [np.abs(target[1:30]).mean(), np.abs(target[30:]).mean()])


def test_a_scale_lies_between_the_own_and_the_usual_one_by_the_rows_on_a_logarithmic_scale():
    raw, target, series = panel([20, 90, 90, 90, 90], [100] * 5, [5, 1, 1, 1, 1])
    scaling, moments = scaled(raw, target, series)
    usual = np.exp(np.median(np.log(moments.deviation[:, PATH])))
    weight = 20 / (20 + ROWS)
    expected = np.exp(weight * np.log(moments.deviation[0, PATH]) + (1 - weight) * np.log(usual))
    assert scaling.scale[0, PATH] == pytest.approx(expected)


def test_the_usual_scale_follows_the_level_where_that_varies_less():
    levels = 10.0 ** np.arange(5)
    raw, target, series = panel([100] * 5 + [12], [*levels, 1000], [*(0.1 * levels), 0.0])
    scaling, _ = scaled(raw, target, series)
    assert scaling.usual.relative[PATH]
    assert scaling.scale[5, PATH] == pytest.approx(100, rel=0.3)  # a flat series at 1000


def test_a_flat_series_has_the_usual_scale_and_a_panel_of_flat_ones_a_scale_of_1():
    raw, target, series = panel([50, 50, 50, 50], [10, 10, 10, 10], [1, 1, 1, 0])
    scaling, moments = scaled(raw, target, series)
    assert scaling.scale[3, PATH] == pytest.approx(np.exp(np.median(np.log(moments.deviation[:3, PATH]))))
    flat, _ = scaled(*panel([20, 20], [0, 0], [0, 0]))
    assert flat.scale[:, PATH].tolist() == [1, 1]
    assert flat.mean[:, PATH].tolist() == [0, 0]


def test_levels_stay_their_own_and_drifts_become_nearly_the_usual_one():
    levels, _ = scaled(*panel([100] * 8, np.arange(8) * 10.0, [1] * 8))
    np.testing.assert_allclose(levels.mean[:, PATH], np.arange(8) * 10.0, atol=0.5)
    raw, target, series = panel([50] * 40, [0.2] * 40, [1] * 40)
    drifts, moments = scaled(raw, target, series)
    assert np.ptp(drifts.mean[:, PATH]) < 0.2 * np.ptp(moments.mean[:, PATH])


def test_the_calendar_is_scaled_alike():
    scaling, _ = scaled(*panel([31, 50], [10, 1000], [1, 50]))
    assert len(np.unique(scaling.mean[:, CALENDAR])) == len(np.unique(scaling.scale[:, CALENDAR])) == 1


def test_a_lone_series_keeps_its_own_moments_to_the_last_bit():
    raw, target, series = panel([37], [3.7], [1.3])
    scaling, moments = scaled(raw, target, series)
    assert scaling.mean[0, PATH] == moments.mean[0, PATH]
    assert scaling.scale[0, PATH] == moments.deviation[0, PATH]


def test_a_new_series_is_scaled_by_its_own_rows_and_what_is_usual():
    trained, _ = scaled(*panel([100] * 5, [10] * 5, [1] * 5))
    new, moments = scaled(*panel([200], [5000], [300]), usual=trained.usual)
    weight = 200 / (200 + ROWS)
    expected = moments.deviation[0, PATH] ** weight * np.exp(trained.usual.log_scale[PATH]) ** (1 - weight)
    assert new.scale[0, PATH] == pytest.approx(expected)
    assert new.mean[0, PATH] == pytest.approx(5000, rel=0.05)


def test_what_is_saved_is_the_same():
    scaling, _ = scaled(*panel([30, 50], [10, 1000], [1, 50]))
    again = SeriesScaling.from_json(scaling.ids, scaling.to_json())
    np.testing.assert_array_equal(again.scale, scaling.scale)
    assert again.usual.to_json() == scaling.usual.to_json()
