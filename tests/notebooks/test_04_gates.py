"""What `04-gates` finds out."""

import re

import pytest


def test_a_short_training_hardly_moves_the_half_lives(text):
    ((start, of_three),) = re.findall(r"by the initial bias of 1 alone: (\S+) steps; of 3: (\S+) steps", text)
    assert (float(start), float(of_three)) == pytest.approx((2.21, 14.3), abs=0.05)
    ((median, longest),) = re.findall(r"after training: median (\S+), longest (\S+) steps", text)
    assert float(median) == pytest.approx(float(start), rel=0.4)
    assert float(longest) < 7


def test_the_newest_hours_move_the_forecast_and_gradient_and_occlusion_agree(text):
    ((six, day),) = re.findall(r"The newest 6 of the 48 hours hold (\d+)%.*?the newest 24 hold (\d+)%", text)
    assert int(six) > 60
    assert int(day) > 90
    (agreement,) = re.findall(r"rank the hours with a correlation of (\S+?)\.? ", text)
    assert float(agreement) > 0.8


def test_the_oil_price_hardly_moves_its_forecast(text):
    (warm,) = re.findall(r"reacts to its window by (\d+)% of a typical hourly change", text)
    (rich,) = re.findall(r"and by (\d+)% of a typical daily change", text)
    assert int(rich) < int(warm) / 2
