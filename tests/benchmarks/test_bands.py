"""Whether the bands mean what they say, and the medians are worth having, on the bundled series."""

from __future__ import annotations

import pytest

import lstm_lab as lab

SERIES = {"temperature": 24, "co2": 30, "oil": 30}
SMALL = {"units": [32, 32], "dense": [16], "epochs": 20, "patience": 5}


@pytest.mark.benchmark
@pytest.mark.parametrize("name", SERIES)
def test_the_newest_fifth_of_a_bundled_series(name):
    """Train on the oldest four fifths, judge 60 origins in the rest: coverage, width and error beside the baselines."""
    frame = lab.example(name)[[lab.example(name).columns[0]]]
    run = lab.train(frame.iloc[: int(0.8 * len(frame))], **SMALL)
    summary = lab.backtest(run, frame, horizon=SERIES[name], origins=60).summary
    print(f"\n{name}: {run.reason}\n{summary[['mae', 'crps', 'coverage', 'joint_coverage', 'width']].round(3)}")  # noqa: T201 - the figure
    network, others = summary.loc["network"], summary.drop(index="network")
    assert 0.85 <= network["coverage"] <= 0.95
    assert network["mae"] <= 1.05 * others["mae"].min()
    # Widths compare at equal coverage: baselines that miss more than the network are no rivals.
    rivals = others[others["coverage"] >= network["coverage"] - 0.05]
    assert network["width"] <= 1.3 * rivals["width"].min()
