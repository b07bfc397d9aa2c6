"""What `09-features` finds out."""

import re


def test_a_flat_market_breaks_the_textbook_and_not_the_feature(text):
    assert re.search(r"the textbook says \[.*nan.*?\] and the feature \[0\.5\]", text)
    (off,) = re.findall(r"differ by at most (\S+)", text)
    assert float(off) < 1e-9


def test_one_nan_takes_the_scaler_and_every_weight(text):
    assert "standard scaler: 400 of 400 values are NaN" in text
    assert re.search(r"clean: loss \d\.\d+ after one epoch, 0 of 117 weights are NaN", text)
    assert "one NaN: loss nan after one epoch, 117 of 117 weights are NaN" in text


def test_here_a_missing_value_is_refused_and_a_feature_without_one_costs_windows(text):
    assert "'price' must have a finite value in every row" in text
    counts = re.findall(
        r"bollinger\(20, 2\): (\d+) windows to learn from and to stop by; all weights finite: True", text
    )
    guarded, unguarded = map(int, counts)
    assert unguarded < guarded


def test_features_move_the_error_by_a_few_percent_at_most(text):
    changes = re.findall(r"instead of log_return alone: error ([+-]\d+\.\d)%", text)
    assert len(changes) == 2
    assert all(abs(float(change)) < 6 for change in changes)


def test_leakage_shines_in_validation_and_fails_in_the_backtest(text):
    assert "tomorrow changes its past when rows are added" in text
    assert "`secret` says the next target almost exactly" in text
    (gain,) = re.findall(r"Validation loss: (\d+)% below the naive forecast's. A sensation!", text)
    assert int(gain) > 80
    assert re.search(r"Backtest: network's error is \d+ % above naive's", text)
