"""What `08-errors-and-weights` finds out."""

import re


def test_mse_dares_more_than_huber_on_oil_which_refutes_that_it_plays_safe(text):
    mse, huber = (float(re.search(rf"\b{loss}: (\d\.\d+) \(with three seeds", text)[1]) for loss in ("mse", "huber"))
    assert huber < mse < 0.3  # of daily moves with a standard deviation of 1: every loss plays safe
    assert "MSE plays safer than Huber with 3 of 3 seeds" not in text
    (change,) = re.findall(r"Error with Huber instead of MSE: ([+-]\d+\.\d)%", text)
    assert abs(float(change)) < 2


def test_a_quarter_of_the_errors_have_most_of_the_square(text):
    few, much = re.search(
        r"(\d+)% of the residuals lie beyond delta; (\d+)% of the squared error is theirs", text
    ).groups()
    assert 15 <= int(few) <= 30
    assert 65 <= int(much) <= 90


def test_weights_pay_after_a_planted_break_and_next_to_nothing_on_oil(text):
    effect = r"exponential weights change the error by ([+-]\d+\.\d)%"
    (broken,) = re.findall(rf"planted break: {effect}, with every seed", text)
    (oil,) = re.findall(rf"oil: {effect}", text)
    (own,) = re.findall(r"planted break: weights of one's own change the error by ([+-]\d+\.\d)%", text)
    assert float(own) < float(broken) < -5
    assert abs(float(oil)) < 2
    assert re.search(r"exponential +newest counts 20\.09 times the oldest", text)


def test_a_lookback_of_four_years_changes_nothing(text):
    (change,) = re.findall(r"1,460 rows against 20: error ([+-]\d+\.\d)%", text)
    assert abs(float(change)) < 2


def test_huber_lies_between_absolute_and_half_the_squared_error(text):
    small, mae, large, half = (
        float(value)
        for value in re.search(
            r"by delta: (\S+) and MAE: (\S+) delta 1,000: (\S+) and half of MSE: (\S+)", text
        ).groups()
    )
    assert abs(small / mae - 1) < 0.01
    assert abs(large / half - 1) < 1e-6


def test_huber_is_no_better_than_the_absolute_error(text):
    (change,) = re.findall(r"Error with Huber instead of MAE: ([+-]\d+\.\d)%", text)
    assert abs(float(change)) < 1


def test_a_hundred_epochs_are_a_ceiling(text):
    first, second = re.search(r"stopped after (\d+) and (\d+) of 100 epochs", text).groups()
    assert min(int(first), int(second)) > 10
    assert max(int(first), int(second)) < 60
    assert "held out: 10% of the rows to stop by" in text
    assert "Adam loss val_loss mae val_mae" in text
    assert "mean weights: {'uniform': 1.0, 'linear': 1.0, 'exponential': 1.0}" in text
    for change in re.search(r"batches of 256 instead: error (\S+)% and (\S+)% by seed", text).groups():
        assert abs(float(change)) < 1.5
