"""A run for a small device: one step of its network as a file, what a program must know, how exact the file is.

What is said of the file was measured with the file: an interpreter reads held-out windows row by row, as a device
would, and ends up where it ends up.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from lstm_lab.errors import ExportError
from lstm_lab.export.c_source import c_files
from lstm_lab.export.converter import INTEGER, convert
from lstm_lab.export.interpreter import Device, runner
from lstm_lab.export.manifest import manual
from lstm_lab.export.step import Step
from lstm_lab.formatting import number
from lstm_lab.results import Result, Summary
from lstm_lab.simulation.residuals import one_step
from lstm_lab.storage.atomic_files import check_target, write_bytes
from lstm_lab.storage.names import at_home

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import pandas as pd
    from numpy.typing import NDArray

    from lstm_lab.data.dataset import Dataset
    from lstm_lab.fitted import FittedModel
    from lstm_lab.options import ExportOptions

__all__ = ["Export", "StepComparison", "export_step"]

_MEASURED_ROWS = 20_000
"""Rows that the interpreter reads twice to measure the error, in about a second for a small network."""
_RANGE_ROWS = 3_000
"""Rows of training windows that tell the integer kinds their ranges. With 480 of them a network for temperatures met
values later that were out of range: the largest error of int16x8 was three times that with 1,440."""
_PRECISIONS = {
    "none": "float32; for LiteRT and TensorFlow Lite Micro",
    "float16": "float16, computed in float32; for LiteRT (phones, Raspberry Pi), not for TensorFlow Lite Micro",
    "dynamic": "int8, computed in float32; for LiteRT (phones, Raspberry Pi), not for TensorFlow Lite Micro",
    "int8": "int8, computed in 8-bit integers; for LiteRT and TensorFlow Lite Micro",
    "int16x8": "int8, computed in 16-bit integers; for LiteRT and TensorFlow Lite Micro",
}


@dataclass(frozen=True, eq=False)
class StepComparison:
    """What the file and the network it is made of forecast for the same windows, one row ahead."""

    rows: str
    """Which rows the windows end before: ``calibration``, or what there was."""
    times: pd.Index
    """(windows,) of the row that is forecast."""
    keras: NDArray[np.float64]
    """(windows,) the network's forecast of the whole window, in standard deviations."""
    file: NDArray[np.float64]
    """(windows,) the file's after the last of its rows."""
    keras_values: NDArray[np.float64]
    """(windows,) in the target's unit; so are the next three."""
    file_values: NDArray[np.float64]
    onward_values: NDArray[np.float64]
    """The file's where its states are never set back to zero, but for gaps."""
    actual: NDArray[np.float64]

    @property
    def error(self) -> NDArray[np.float64]:
        """By how much the file is off the network, (windows,) in standard deviations of the transformed target."""
        return np.abs(self.file - self.keras)

    @property
    def error_values(self) -> NDArray[np.float64]:
        """The same in the target's unit."""
        return np.abs(self.file_values - self.keras_values)

    @property
    def mae(self) -> Mapping[str, float]:
        """Mean absolute error in the target's unit, of ``keras``, the ``file``, and the file read ``onward``."""
        forecasts = {"keras": self.keras_values, "file": self.file_values, "onward": self.onward_values}
        return {name: float(np.abs(values - self.actual).mean()) for name, values in forecasts.items()}


@dataclass(frozen=True, eq=False, repr=False)
class Export(Result):
    """A file for a small device, and what was measured of it; made by `Run.export`."""

    path: Path
    """The LiteRT file; its inputs and outputs are named, in the order that `about` gives."""
    files: tuple[Path, ...]
    """All that was written, `path` first."""
    about: Mapping[str, Any]
    """What stands in the JSON beside the file: all that a program must know to run it."""
    network: str
    parameters: int
    comparison: StepComparison | None
    """None where there is no interpreter to run the file with."""
    written: Mapping[str, int] = field(default_factory=dict)
    """Bytes of all that was written, by name, the LiteRT file first."""

    @property
    def sizes(self) -> Mapping[str, int]:
        """Bytes of all that was written, before them those of the weights as Keras has them."""
        return {"weights as float32": 4 * self.parameters, **self.written}

    @property
    def heading(self) -> str:
        """What is compared, in words."""
        return f"{self.path.name} against Keras"

    @property
    def verdict(self) -> tuple[str, ...]:
        """Say how the file was measured, and how far it is off the network."""
        comparison = self.comparison
        if comparison is None:
            return ("not measured: there is no interpreter here; pip install 'lstm-lab[edge]'",)
        windows = f"{len(comparison.keras)} windows before {comparison.rows} rows, one row ahead, read row by row"
        off = f"at most {comparison.error.max():.2g} {self.measure} off"
        return windows, f"quantize={self.about['quantize']}, {self.size:,} bytes; {off}"

    @property
    def size(self) -> int:
        """Bytes of the file."""
        return int(self.about["bytes"])

    @property
    def multiply_adds(self) -> int:
        """Of the matrices, in a step; element by element there are a few more."""
        return int(self.about["multiply_adds"])

    @property
    def operators(self) -> Mapping[str, int]:
        """How often each of LiteRT's operators stands in the file."""
        return dict(self.about["operators"])

    def summary_table(self) -> Summary:
        """Describe what was written, how large it is, and how far it is off the network."""
        numbers = sum(shape[-1] for shape in self.about["states"].values())
        rows = [
            ("files", ", ".join(file.name for file in self.files)),
            ("network", self.network),
            ("weights", _PRECISIONS[self.about["quantize"]]),
            ("size", f"{self.size:,} bytes; the weights alone take {4 * self.parameters:,} as float32"),
            ("a step", f"{self.multiply_adds:,} multiply-adds; it carries {numbers:,} numbers of state"),
            ("operators", ", ".join(f"{count} {name}" for name, count in self.operators.items())),
            *self._measured(),
        ]
        return Summary(f"Export of {self.about['target']}: {self.path}", tuple(rows))

    @property
    def measure(self) -> str:
        """What the network's output is measured in, in words."""
        return "standard deviations" if self.about["scaler"] == "standard" else "ranges of the training rows"

    def _measured(self) -> list[tuple[str, str]]:
        comparison = self.comparison
        if comparison is None:
            return [("error", "not measured, for there is no interpreter here; pip install 'lstm-lab[edge]'")]
        off, values = comparison.error, comparison.error_values
        keras, file, onward = (comparison.mae[name] for name in ("keras", "file", "onward"))
        average = f"{number(off.mean())} {self.measure} on average, {number(off.max())} at most"
        average_in_unit = f"{number(values.mean())} and {number(values.max())} in the unit of {self.about['target']}"
        cost = "" if file <= 1.05 * keras else f", {100 * (file / keras - 1):.0f} % more; a finer quantize costs less"
        never_reset = f"; {number(onward)} if states are carried on and never set back"
        windows = f"{len(comparison.keras)} windows before {comparison.rows} rows, row by row"
        return [
            ("off Keras", f"{average}; {average_in_unit} ({windows})"),
            ("error", f"one row ahead {number(file)} on average, where Keras has {number(keras)}{cost}{never_reset}"),
        ]


def export_step(fitted: FittedModel, dataset: Dataset, path: str | PathLike[str], options: ExportOptions) -> Export:
    """Write one step of a network for a small device, measured over a dataset, see `Run.export`."""
    if not isinstance(path, str | PathLike):
        raise ExportError(f"an export is a file, got a {type(path).__name__}; name it as text, such as 'x.tflite'")
    target_path = _checked(at_home(path))
    if options.quantize in INTEGER and dataset.older is not None:
        dataset.older.refuse(f"quantize={options.quantize!r}")
    step = Step.of(fitted.model)
    rows, selection = _held_out(dataset)
    expected = one_step(fitted.model, dataset.windows, selection)
    step.verify(dataset.windows.inputs(selection[:20]), expected[:20])
    ranges = (
        _spread(dataset.split.train, _RANGE_ROWS // dataset.lookback) if options.quantize in INTEGER else selection[:1]
    )
    content = convert(step, options.quantize, dataset.windows.inputs(ranges))
    comparison = _compared(dataset, step, content, rows=rows, selection=selection, expected=expected)
    about = manual(
        step,
        content,
        dataset.encoder,
        file=target_path.name,
        lookback=dataset.lookback,
        quantize=options.quantize,
        parameters=int(fitted.model.count_params()),
        **_errors(comparison),
    )
    texts = {f"{target_path.name}.json": json.dumps(about, indent=1, ensure_ascii=False) + "\n"}
    if options.c_array:
        texts |= c_files(target_path, content, about)
    parts = {target_path.name: content} | {name: text.encode() for name, text in texts.items()}
    files = tuple(write_bytes(target_path.with_name(name), part, "part of an export") for name, part in parts.items())
    sizes = {name: len(part) for name, part in parts.items()}
    return Export(target_path, files, about, fitted.stack, int(fitted.model.count_params()), comparison, sizes)


def _checked(path: Path) -> Path:
    """Refuse a place where no file can be written before anything is converted."""
    if path.suffix.lower() != ".tflite":
        other = f"for example {path.with_suffix('.tflite').name}" if path.name else "name a file"
        remedy = "with c_array=True, C files stand beside it" if path.suffix in {".h", ".c", ".cc"} else other
        raise ExportError(f"an export's name ends in .tflite, got {str(path)!r}; {remedy}")
    return check_target(path, "an export")


def _spread(selection: NDArray[np.int64], count: int) -> NDArray[np.int64]:
    """Choose up to so many, but at least 8, evenly spread."""
    return selection[np.unique(np.linspace(0, len(selection) - 1, max(8, min(count, 100))).astype(np.int64))]


def _held_out(dataset: Dataset) -> tuple[str, NDArray[np.int64]]:
    """Choose windows that the network has not seen, or the best there are."""
    parts = {name: getattr(dataset.split, name) for name in ("calibration", "validation", "train")}
    name, selection = next((name, selection) for name, selection in parts.items() if len(selection) > 0)
    newest = selection[-_MEASURED_ROWS:]
    return name.replace("train", "training"), _spread(newest, _MEASURED_ROWS // dataset.lookback)


def _compared(
    dataset: Dataset,
    step: Step,
    content: bytes,
    *,
    rows: str,
    selection: NDArray[np.int64],
    expected: NDArray[np.float64],
) -> StepComparison | None:
    """Run a file over windows; None without an interpreter."""
    run_step = runner(content)
    if run_step is None:
        return None
    device = Device(run_step, step.states)
    file = device.over_windows(dataset.windows.inputs(selection))
    target_rows = dataset.windows.target_rows[selection]
    passed = dataset.windows.target_rows[selection[0] : selection[-1] + 1]
    onward = device.onward(dataset.windows.matrix, passed, dataset.lookback)
    tails = dataset.tails(target_rows)
    standardised = (expected, file, onward[np.searchsorted(passed, target_rows)])
    keras_values, file_values, onward_values = (dataset.encoder.decode(values, tails) for values in standardised)
    return StepComparison(
        rows=rows,
        times=dataset.index[target_rows],
        keras=expected,
        file=file,
        keras_values=keras_values,
        file_values=file_values,
        onward_values=onward_values,
        actual=dataset.target[target_rows],
    )


def _errors(comparison: StepComparison | None) -> dict[str, Any]:
    """Return the measured errors as a dict that JSON can hold."""
    if comparison is None:
        return {}
    return {
        "measured": {
            "windows": len(comparison.keras),
            "rows": comparison.rows,
            "off_keras_mean": float(comparison.error.mean()),
            "off_keras_max": float(comparison.error.max()),
            "off_keras_mean_in_unit": float(comparison.error_values.mean()),
            "off_keras_max_in_unit": float(comparison.error_values.max()),
            "mean_absolute_error": comparison.mae,
        }
    }
