"""What `10-bands` finds out."""

import re


def test_the_dropout_spread_holds_far_less_than_the_calibrated_band(text):
    (spread,) = re.findall(r"The dropout spread, drawn as if it were 90 %, held (\d+)%", text)
    (calibrated,) = re.findall(r"The calibrated band held (\d+)%", text)
    assert int(spread) < 50
    assert 80 <= int(calibrated) <= 97
    assert re.search(r"Oil: crude's error is .*(above naive's|may be chance)", text)
