"""What `07-targets` finds out."""

import re

import pytest


def test_min_max_squeezes_the_early_values(text):
    (low,) = re.findall(r"From 10\d to 100,000: (\d+)% of the rows lie below 0.05", text)
    assert 45 <= int(low) <= 70


def test_ten_percent_is_a_thousandth_early_and_the_same_as_a_log_return(executed):
    (table,) = [
        output.data["text/plain"]
        for cell in executed.cells
        if cell.cell_type == "code"
        for output in cell.outputs
        if "as a log return" in output.get("data", {}).get("text/plain", "")
    ]
    early, late = (line.split()[-3:] for line in table.splitlines()[-2:])
    assert float(late[1]) == pytest.approx(1000 * float(early[1]), abs=0.05)  # four digits are shown
    assert float(early[2]) == float(late[2]) == pytest.approx(0.0953, abs=1e-4)


def test_the_target_decides_and_the_scaler_does_not_mend_it(text):
    standard, minmax = re.search(r"price: off by (\d+) % \(standard\), (\d+) % \(min-max\)", text).groups()
    returns = [float(value) for value in re.search(r"log return: (\S+) % and (\S+) %", text).groups()]
    (naive,) = re.findall(r"naive: (\S+) %", text)
    assert min(int(standard), int(minmax)) > 15
    assert max(returns) < 10
    assert min(returns) < 1.2 * float(naive)


def test_the_transform_decides_more_than_the_network(text):
    (networks,) = re.findall(r"worst network taught log returns: (\S+) \$", text)
    (targets,) = re.findall(r"the best network taught the price: (\S+) \$", text)
    assert float(targets) > float(networks)


def test_a_logarithm_of_degrees_is_refused(text):
    assert re.search(r"log_return.*positive|positive.*log_return", text)
