"""What `01-quickstart` finds out."""

import re

from notebook_runs import outputs, said


def test_the_quickstart_shows_a_run_a_fan_and_what_happened_as_pictures_and_says_its_coverage(executed):
    found = [output for output in outputs(executed) if "data" in output]
    assert sum("image/png" in output.data for output in found) == 4
    assert any("measured coverage" in str(output.data.get("text/plain", "")) for output in found)
    assert any("inside the band" in str(output.data.get("text/plain", "")) for output in found)


def test_the_exercises_compare_two_bands_and_count_the_paths_below_a_price(executed):
    wide, narrow = map(float, re.search(r"ours: ([\d.]+) dollars, classic: ([\d.]+) dollars", said(executed)).groups())
    assert wide > 5 * narrow
    assert re.search(r"\d+% of 200 paths", said(executed))
