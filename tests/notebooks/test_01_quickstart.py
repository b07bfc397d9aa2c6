"""What `01-quickstart` finds out."""

from notebook_runs import outputs


def test_the_quickstart_shows_a_run_a_fan_and_what_happened_as_pictures_and_says_its_coverage(executed):
    found = [output for output in outputs(executed) if "data" in output]
    assert sum("image/png" in output.data for output in found) == 3
    assert any("measured coverage" in str(output.data.get("text/plain", "")) for output in found)
    assert any("inside the band" in str(output.data.get("text/plain", "")) for output in found)
