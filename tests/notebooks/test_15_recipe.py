"""What `15-recipe` finds out."""

import re

EFFECT = r"([+-]\d+\.\d)% ± \d+\.\d%, (clear|not to be told from chance|no effect)"


def effect(text, sides):
    share, verdict = re.search(rf"{re.escape(sides)}: {EFFECT}", text).groups()
    return float(share), verdict


def test_the_target_is_what_matters_most(text):
    share, verdict = effect(text, "target: raw → target: log returns")
    assert share < -20
    assert verdict == "clear"
    (worse,) = re.findall(r"target: raw: error \+(\d+)%, clear", text)
    assert int(worse) > 20


def test_the_range_of_two_wild_days_is_a_worse_scale_than_the_deviation(text):
    share, verdict = effect(text, "scaler: min-max → scaler: standard")
    assert share < -5
    assert verdict == "clear"


def test_loss_weights_and_lookback_move_the_error_by_little(text):
    for sides in (
        "loss: mse → loss: huber",
        "loss: mae → loss: huber",
        "weights: uniform → weights: linear",
        "weights: uniform → weights: exponential",
        "lookback: half → lookback: as given",
    ):
        assert abs(effect(text, sides)[0]) < 8, sides


def test_the_guard_does_nothing_where_the_price_moves(text):
    assert abs(effect(text, "guard: off → guard: on")[0]) < 1


def test_noise_makes_the_band_and_calibration_its_promise(text):
    share, verdict = effect(text, "band: dropout → band: not calibrated")
    assert share < -30
    assert verdict == "clear"
    held = re.search(r"band held (\S+)% with calibration, (\S+)% without, (\S+)% of dropout alone", text).groups()
    calibrated, predictive, dropout = map(float, held)
    assert 80 <= calibrated <= 99
    assert dropout < 45 < predictive


def test_the_kinds_of_network_cannot_be_told_apart(text):
    between, seeds = re.search(
        r"kinds of network: (\S+) °C. Between two seeds of one kind: up to (\S+) °C", text
    ).groups()
    (naive,) = re.findall(r"best network and the best naive forecast: (\S+) °C", text)
    assert float(between) < float(naive)
    assert float(seeds) < float(naive)


def test_the_reference_stack_has_its_weights_and_nothing_to_show_for_them_on_prices(text):
    assert "with 8 inputs: 343,681 weights" in text
    times, low, high = re.search(
        r"the reference has (\d+) times the weights; the small one's error is (\S+)% to (\S+)% off", text
    ).groups()
    assert int(times) > 100
    assert max(abs(float(low)), abs(float(high))) < 3
