"""What `11-many-series` finds out."""

import re


def test_batches_of_like_lengths_hold_little_padding(text):
    longest, like = re.search(
        r"Padding: (\d+)% padded to the longest, (\d+)% in batches of like lengths", text
    ).groups()
    assert int(longest) > 35
    assert int(like) < 12


def test_without_a_mask_the_network_learns_padding(text):
    masked, read = re.search(r"error with a mask (\S+), without (\S+); without a mask", text).groups()
    assert float(masked) < 0.4
    assert float(read) > 0.8
    assert "with every seed" in text


def test_only_a_mask_in_every_layer_gives_the_series_alone(text):
    ways = r"(mask forgotten|mask in the LSTM alone|mask in LSTM and pooling)"
    found = re.findall(rf"{ways}: (\d+)% off the series alone, moved by (\d+)% when padding is a million", text)
    off = {way: (int(distance), int(moved)) for way, distance, moved in found}
    assert off["mask forgotten"][1] > 10
    assert off["mask in the LSTM alone"][0] > 2
    assert off["mask in the LSTM alone"][1] == 0
    assert off["mask in LSTM and pooling"] == (0, 0)


def test_one_network_forecasts_short_series_too(text):
    assert "14 of 20 to 122 rows" in text
    network, naive, year = (
        float(value)
        for value in re.search(r"All ids: network (\S+), naive (\S+), a year ago (\d+\.\d+)", text).groups()
    )
    assert 0.8 * naive < network < 1.3 * naive
    assert naive < year
    assert "4 with too few rows to train on: 'Finance'" in text
    assert "(Flatten) would read padding" in text


def test_attention_needs_the_mask_too_and_a_reserved_zero_hides_real_hours(text):
    without, masked = (
        int(re.search(rf"attention {name} the mask: (\d+)% off", text)[1]) for name in ("without", "with")
    )
    assert without > 5
    assert masked == 0
    assert "would mask 57 real hours of 8,760" in text
