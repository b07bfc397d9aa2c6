"""What `10-bands` finds out."""

import re


def test_the_dropout_spread_holds_far_less_than_the_calibrated_band(text):
    (spread,) = re.findall(r"The dropout spread, drawn as if it were 90 %, held (\d+)%", text)
    (calibrated,) = re.findall(r"The calibrated band held (\d+)%", text)
    assert int(spread) < 50
    assert 80 <= int(calibrated) <= 97
    assert re.search(r"Oil: crude's error is .*(above naive's|may be chance)", text)


def test_predictive_bands_grow_and_the_others_not_at_every_step(text):
    shrinks = {
        label: int(count)
        for label, count in re.findall(r"(\w+, [\w ]+): [\d., ]+ \S+; narrower than the step before at (\d+) of", text)
    }
    assert shrinks["temperature, predictive"] + shrinks["oil, predictive"] <= 3
    assert sum(shrinks.values()) > shrinks["temperature, predictive"] + shrinks["oil, predictive"]


def test_a_band_of_half_the_outcomes_is_narrower(text):
    held, low, high = map(int, re.search(r"held (\d+)%, which may be (\d+)% to (\d+)%", text).groups())
    assert low <= held <= high
    assert 25 <= held <= 70
