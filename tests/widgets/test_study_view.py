"""The views of studies and of exports: what they put on the wire is what picture and table say."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import lstm_lab as lab
from lstm_lab.evaluation.mask_effect import MaskEffect
from lstm_lab.export.exporter import Export, StepComparison
from lstm_lab.widgets.saved import MIME, ROOM
from lstm_lab.widgets.study import StudyView


def repeated(seeds=3):
    return lab.repeat(lambda seed: {"a": 1.0 + seed, "b <i>": 2.0 - seed}, seeds=seeds, quantity="loss (°C)")


def exported(*, comparison=True):
    times = pd.date_range("2024-01-01", periods=3, name="day")
    zero = np.zeros(3)
    values = {"keras": zero, "file": zero + 0.1, "keras_values": np.array([1.0, 2.0, 3.0])}
    values |= {"file_values": np.array([1.5, 2.0, 2.5]), "onward_values": zero, "actual": np.array([0.0, 2.0, 4.0])}
    about = {"target": "<b>price</b>", "bytes": 900, "multiply_adds": 10, "operators": {"ADD": 1}, "states": {}}
    about |= {"quantize": "int8", "scaler": "standard"}
    told = StepComparison("calibration", times, **values) if comparison else None
    return Export(Path("x.tflite"), (Path("x.tflite"),), about, "lstm(4)", 101, told, {"x.tflite": 900, "x.h": 50})


def test_marks_and_tables_are_on_the_wire():
    view = repeated().widget()
    assert isinstance(view, StudyView)
    np.testing.assert_array_equal(view.wire.arrays()["values"], [[[1, 2, 3], [2, 1, 0]]])
    assert view.wire.get("names") == ["a", "b <i>"]
    assert view.wire.get("seeds") == ["0", "1", "2"]
    assert view.wire.get("table")[1] == ["a", "2", "1", "3"]
    assert view.wire.get("columns")[0]["line"] is None
    assert view.wire.get("remarks") == ["", ""]


def test_a_study_of_many_seeds_is_saved_within_its_room():
    data, _ = lab.repeat(lambda seed: {f"v{n}": seed * n for n in range(20)}, seeds=50).widget()._repr_mimebundle_()
    assert len(data[MIME]["state"]) < ROOM
    assert data["image/png"]


def test_a_mask_without_whole_windows_has_one_column():
    index = pd.MultiIndex.from_product([["mask: on", "mask: off"], [0, 1]], names=["variant", "seed"])
    scores = pd.DataFrame({"padded": [1.0, 2.0, 15.0, 25.0], "whole": np.nan}, index=index)
    marks = MaskEffect(scores, 3, 4).marks
    assert [column.label for column in marks.columns] == ["mean absolute error of padded windows (standard deviations)"]
    assert marks.columns[0].scale == "log"
    assert marks.words[0] == "without a mask the error of padded windows is 13 times as large, with every seed"


def test_an_export_sends_errors_and_sizes_and_says_what_the_picture_says():
    result = exported()
    view = result.widget()
    np.testing.assert_allclose(view.wire.arrays()["off"], [[1.0, 0.0, -1.0], [0.5, 0.0, -0.5]])
    assert view.wire.get("sizes") == [["weights as float32", 404], ["x.tflite", 900], ["x.h", 50]]
    figure = result.plot()
    assert figure.axes[0].get_title(loc="left") == view.wire.get("title") == "x.tflite against Keras"
    assert "\n".join(view.wire.get("words")) == figure.axes[0].texts[-1].get_text()
    assert [bar.get_width() for bar in figure.axes[1].patches] == [404, 900, 50]


@pytest.mark.parametrize("face", ["view", "picture"])
def test_an_export_that_was_not_measured_says_so(face):
    result = exported(comparison=False)
    drawn = [text.get_text() for text in result.plot().axes[0].texts]
    words = result.widget().wire.get("words") if face == "view" else drawn
    assert any("not measured: there is no interpreter here" in line for line in words)
