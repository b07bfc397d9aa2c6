"""A measurement repeated with several seeds."""

import numpy as np
import pytest

import lstm_lab as lab


def test_mean_and_spread_are_those_of_the_values():
    result = lab.repeat(lambda seed: {"a": seed, "b": 10.0 + seed % 2}, seeds=[1, 2, 6], quantity="error (°C)")
    assert result.values["a"].tolist() == [1, 2, 6]
    assert result.summary.loc["a"].tolist() == pytest.approx([3.0, np.std([1, 2, 6], ddof=1), 1.0, 6.0])
    assert result.clear("a", "b")
    assert not lab.repeat(lambda seed: {"a": seed, "b": 1.0}, seeds=3).clear("a", "b")
    assert "error (°C)" in repr(result)


def test_the_picture_has_a_dot_for_each_seed_and_the_mean():
    result = lab.repeat(lambda seed: {"a": 1.0 + seed, "b": 2.0}, seeds=3, quantity="loss")
    (panel,) = result.plot().axes
    dots = [
        line.get_xdata().tolist() for line in panel.get_lines() if line.get_marker() == "o" and len(line.get_xdata())
    ]
    assert dots == [[1.0, 2.0, 3.0], [2.0, 2.0, 2.0]]
    assert [text.get_text() for text in panel.get_yticklabels()] == ["a", "b"]
    assert panel.get_title(loc="left") == "loss"


def test_no_seed_and_names_that_change_are_refused():
    with pytest.raises(lab.LabError, match=r"at least one seed, got seeds=\[\]; use seeds=5"):
        lab.repeat(lambda _: {"a": 1.0}, seeds=[])
    with pytest.raises(lab.LabError, match=r"same names with every seed, got \['s1'\] with seed 1"):
        lab.repeat(lambda seed: {f"s{seed}": 1.0}, seeds=2)


def test_many_decades_keep_their_labels():
    figure = lab.repeat(lambda seed: {"a": 1.0 + seed, "b": 1e-30 * (1 + seed)}, seeds=2).plot()
    figure.draw_without_rendering()
    low, high = figure.axes[0].get_xlim()
    shown = [at for at in figure.axes[0].get_xticks() if low <= at <= high]
    assert 3 <= len(shown) <= 8


def test_a_value_of_zero_keeps_its_dot_on_a_linear_axis():
    scales = {}
    for name, least in (("zero", 0.0), ("positive", 0.01)):
        (panel,) = lab.repeat(lambda seed, least=least: {"a": [least, 5.0][seed]}, seeds=2).plot().axes
        scales[name] = panel.get_xscale()
    assert scales == {"zero": "linear", "positive": "log"}


def test_far_decades_are_written_as_powers_of_ten():
    figure = lab.repeat(lambda seed: {"a": [1e-9, 1.0, 1e9][seed]}, seeds=3).plot()
    figure.draw_without_rendering()
    labels = [label.get_text() for label in figure.axes[0].get_xticklabels()]
    assert "1e-09" in labels or "1e-08" in labels
    assert not any("000e" in label for label in labels)


def test_long_names_that_differ_at_their_end_are_told_apart_in_the_picture():
    names = [f"each hour by itself: the year {order}" for order in ("shuffled", "in order")]
    (panel,) = lab.repeat(lambda seed: dict.fromkeys([*names, "x" * 200], 1.0 + seed), seeds=2).plot().axes
    labels = [text.get_text() for text in panel.get_yticklabels()]
    assert [label.replace("\n", " ") for label in labels[:2]] == names
    assert all(len(line) <= 34 for label in labels for line in label.split("\n"))
    assert labels[2].count("\n") == 1
    assert labels[2].endswith("…")


def test_marks_keep_their_room_on_a_logarithmic_axis_though_an_interval_reaches_below_zero():
    values = {"near": [70.0, 60.0, 85.0], "far": [3.0, 27.0, 15.0], "least": [2.9, 2.9, 2.9]}
    (panel,) = lab.repeat(lambda seed: {name: row[seed] for name, row in values.items()}, seeds=3).plot().axes
    assert panel.get_xscale() == "log"
    low, high = panel.get_xlim()
    assert 1 < low < 2.9
    assert 85 < high < 200
