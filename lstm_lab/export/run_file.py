"""A run in one file: a zip of the network, the data and what was decided, without a line of pickle.

The file holds every row of the columns that the run uses, not only the newest: the gates, the memory and the baselines
of a backtest read training rows. So what is loaded is the same run, and forecasts the same paths. Of a series that is
longer than `lstm_lab.data.older_rows.KEPT` it holds the newest rows and what forecasts need to know of the older ones:
the paths are the same too, and what reads training rows asks for them, which a fingerprint recognises.
"""

from __future__ import annotations

import errno
import json
import struct
import tempfile
import tokenize
import zipfile
import zlib
from dataclasses import asdict, astuple
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pandas as pd

from lstm_lab.data.dataset import Dataset
from lstm_lab.data.encoding.encoder import Encoder
from lstm_lab.data.encoding.panel_ids import ids_from_json
from lstm_lab.data.older_rows import OlderRows
from lstm_lab.data.panel_preparation import padding_of
from lstm_lab.data.panel_record import by_id, cuts_of, panel_arrays, panel_to_json, static_from_json
from lstm_lab.data.store import FrameStore
from lstm_lab.data.windows.cuts import Cuts
from lstm_lab.errors import LabError, RunError
from lstm_lab.events import TrainingEnd
from lstm_lab.export.run_description import check_description
from lstm_lab.fitted import FittedModel
from lstm_lab.forecasting.baselines import naive_points
from lstm_lab.forecasting.correction_record import corrections_from_file, corrections_to_file
from lstm_lab.forecasting.past_forecasts import CacheKey, PastForecasts, PastForecastsCache
from lstm_lab.models.archive_check import MAX_BYTES, check_member, copy_member, read_member
from lstm_lab.models.saved import model_from_bytes, model_to_bytes
from lstm_lab.options import TrainOptions
from lstm_lab.options.training import CHECKPOINT_OPTIONS
from lstm_lab.storage.array_archive import write_arrays
from lstm_lab.storage.atomic_files import check_target, new_file
from lstm_lab.storage.names import at_home, exists, is_file
from lstm_lab.version import __version__

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lstm_lab.forecasting.panel_correction import PanelCorrection

__all__ = ["Record", "SavedRun", "read_run", "write_run"]

FORMAT = 4
"""Raised when an older version could not read what this one writes; only a run without its older rows is written so."""
FORMAT_OF_ONE, FORMAT_OF_PANELS = 2, 3
CUTS = ("validation", "calibration", "rows", "forgotten", "remembered")
"""The fields of `Cuts` under the names that files of formats 1 to 3 have for them."""
CORRECTIONS = "corrections.npz"
"""The part with the arrays of a panel's corrections, where it has any."""
_ROWS_RATIO = 20
"""Unpacked bytes of rows per packed byte, beyond `MAX_BYTES`, which a run of many series may exceed."""
_IN_MEMORY = 1 << 26
"""Bytes of packed arrays that are held in memory; more go into a temporary file."""
_DAMAGED = (
    *(OSError, EOFError, zipfile.BadZipFile, zlib.error, struct.error, tokenize.TokenError, SyntaxError),
    *(ArithmeticError, AttributeError, IndexError, KeyError, TypeError, ValueError),
    *(MemoryError, NotImplementedError, RecursionError, RuntimeError),
)
"""What reading a damaged file may end in: zip, compression, JSON, NumPy's header, or a field of another type."""


class Record(NamedTuple):
    """What is kept of a training, beside its network and its rows."""

    history: pd.DataFrame
    end: TrainingEnd
    options: TrainOptions
    transform: str
    reason: str
    baseline: float | None
    name: str | None


class SavedRun(NamedTuple):
    """What a file holds."""

    fitted: FittedModel
    dataset: Dataset
    record: Record
    past_forecasts: PastForecastsCache
    corrections: dict[Any, PanelCorrection]


def write_run(  # noqa: PLR0917 - the parts of a run
    path: str | PathLike[str],
    fitted: FittedModel,
    dataset: Dataset,
    record: Record,
    past_forecasts: PastForecastsCache,
    corrections: Mapping[Any, PanelCorrection],
) -> Path:
    """Write a network, its rows and what is known of them, see `Run.save`."""
    target = check_target(path, "a run")
    kept = dataset.newest_rows(lambda: fitted.errors.earlier)
    if kept.older is not None and kept is not dataset:
        dataset, past_forecasts = kept, past_forecasts.shifted(-kept.older.rows)
    described, arrays = corrections_to_file(corrections)
    description = _description(fitted, dataset, record, past_forecasts)
    rows: dict[str, Any] = {
        "values": dataset.frame,
        "index": _index_values(dataset.index),
        **(panel_arrays(dataset) if dataset.is_panel else {}),
    }
    network = model_to_bytes(fitted.model)
    with new_file(target, "a run") as file, zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("run.json", _json(description | ({"corrections": described} if described else {})))
        with archive.open("data.npz", "w", force_zip64=True) as member:
            write_arrays(member, rows)
        archive.writestr("model.keras", network)
        if described:
            with archive.open(CORRECTIONS, "w", force_zip64=True) as member:
                write_arrays(member, arrays)
    return target


def read_run(path: str | PathLike[str]) -> SavedRun:
    """Read what `write_run` wrote, see `lstm_lab.load_run`.

    Raises
    ------
    RunError
        There is no such file, it is none of ours or of a later version, or a layer of the network is not known here.
    """
    if not isinstance(path, str | PathLike):
        raise RunError(f"a run is a file, got a {type(path).__name__}; name it as text, such as 'prices.lstm'")
    file = at_home(path)
    if not exists(file):
        raise RunError(f"there is no file {file}; run.save({file.name!r}) writes one")
    if not is_file(file):
        raise RunError(
            f"a run is a file, got {file}, which is a folder or a device; choose a file that a run was saved to"
        )
    try:
        with zipfile.ZipFile(file) as archive:
            description = json.loads(read_member(archive, "run.json"))
            if description["format"] > FORMAT:
                raise RunError(
                    f"{file.name} was saved by lstm_lab {description['version']}, which is newer;"
                    " pip install -U lstm-lab"
                )
            check_description(description, file.name)
            rows = _arrays(archive, "data.npz")
            network = read_member(archive, "model.keras")
            corrected = _arrays(archive, CORRECTIONS) if description.get("corrections") else None
        frame = _frame(description["frame"], rows.pop("values"), rows.pop("index"))
        saved = _saved(description, frame, rows, model_from_bytes(network, file.name))
        if corrected is None:
            return saved
        return saved._replace(corrections=corrections_from_file(description["corrections"], corrected))
    except LabError:
        raise
    except _DAMAGED as broken:
        raise RunError(
            f"{file.name} is no whole run of lstm_lab ({type(broken).__name__}); name a file that a run was saved to,"
            " or save the run anew"
        ) from broken


def _arrays(run: zipfile.ZipFile, name: str) -> dict[str, np.ndarray]:
    """Read the arrays of a member; sizes are checked before anything is unpacked.

    A large member is unpacked into a temporary file, so that no array is in memory twice.
    """
    packed = min(run.getinfo(name).compress_size, Path(str(run.filename)).stat().st_size)  # the first may be a lie
    limit = max(MAX_BYTES, _ROWS_RATIO * packed)
    with tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY) as content:
        try:
            copy_member(run, name, content, limit)
        except OSError as full:
            if full.errno != errno.ENOSPC:
                raise
            raise RunError(
                f"{name} is unpacked in {tempfile.gettempdir()}, which has too little space; free some, or set TMPDIR"
            ) from full
        with zipfile.ZipFile(content) as archive:
            for array in archive.namelist():
                check_member(archive, array, limit)
        content.seek(0)
        with np.load(content, allow_pickle=False) as data:
            return {array: data[array] for array in data.files}


def _description(
    fitted: FittedModel, dataset: Dataset, record: Record, past_forecasts: PastForecastsCache
) -> dict[str, Any]:
    """Return everything but arrays and network as a dict that JSON can hold."""
    return {
        "format": FORMAT_OF_PANELS if dataset.is_panel else FORMAT_OF_ONE if dataset.older is None else FORMAT,
        "version": __version__,
        "name": record.name,
        "options": record.options.model_dump(mode="json", exclude=set(CHECKPOINT_OPTIONS)),
        "encoder": fitted.encoder.to_json(),
        **(
            {"panel": panel_to_json(dataset)}
            if dataset.is_panel
            else {"cuts": dict(zip(CUTS, astuple(dataset.cuts[0]), strict=True))}
        ),
        **({} if dataset.older is None else {"older": dataset.older.to_json() | {"max_gap": dataset.store.max_gap}}),
        "stack": fitted.stack,
        "transform": record.transform,
        "reason": record.reason,
        "baseline": record.baseline,
        "end": asdict(record.end),
        "history": record.history.reset_index().to_dict(orient="list"),
        "frame": _frame_description(dataset.frame, dataset.index),
        "experiences": [[list(key), known.to_dict()] for key, known in past_forecasts.items()],
    }


def _saved(description: dict[str, Any], frame: pd.DataFrame, arrays: Mapping[str, np.ndarray], model: Any) -> SavedRun:
    """Build the saved run from the contents of a file."""
    options = TrainOptions.of(description["options"])
    dataset = _dataset(description, frame, arrays, options)
    history = pd.DataFrame(description["history"])
    facts = (description[name] for name in ("transform", "reason", "baseline", "name"))
    record = Record(history.set_index(history.columns[0]), TrainingEnd(**description["end"]), options, *facts)
    past = description.get("experiences", [])  # a file of format 1 has none; they are then simulated anew
    past_forecasts = PastForecastsCache({CacheKey(*key): _past_forecasts(values, dataset) for key, values in past})
    fitted = FittedModel.of(model, dataset, max_gap=options.max_gap, stack=description["stack"])
    return SavedRun(fitted, dataset, record, past_forecasts, {})


def _dataset(
    description: dict[str, Any], frame: pd.DataFrame, arrays: Mapping[str, np.ndarray], options: TrainOptions
) -> Dataset:
    """Lay out the rows of a file."""
    encoder, panel = Encoder.from_json(description["encoder"]), description.get("panel")
    if panel is None:
        older = dict(description.get("older") or {})
        store = FrameStore(frame, encoder, older.pop("max_gap", options.max_gap))
        cuts = (Cuts(*map(description["cuts"].get, CUTS)),)
        known = OlderRows.from_json(older) if older else None
        return Dataset(store, options.lookback, cuts, options.weights, older=known)
    rows = by_id(frame, panel, arrays["borders"])
    store = FrameStore(rows, encoder, options.max_gap, static_from_json(panel))
    left_out = tuple(ids_from_json(panel["left_out"]))
    return Dataset(store, options.lookback, cuts_of(arrays), options.weights, left_out, padding_of(options))


def _past_forecasts(values: dict[str, Any], dataset: Dataset) -> PastForecasts:
    """Rebuild past forecasts from those in the file and the values of the series."""
    rows, horizon = np.asarray(values["rows"], dtype=np.int64), len(values["centre"][0])
    known = PastForecasts.from_dict(values, dataset.actual(rows, horizon))
    return known.with_naive(naive_points(dataset.target, rows, horizon, dataset.season))


# The data ------------------------------------------------------------------------------------------------------------


def _frame_description(frame: pd.DataFrame, index: pd.Index) -> dict[str, Any]:
    described: dict[str, Any] = {
        "columns": [str(name) for name in frame.columns],
        "index": index.name,
        "attrs": frame.attrs.get("lstm_lab", {}),
        "dtype": str(index.dtype),
    }
    if isinstance(index, pd.DatetimeIndex):
        zone = None if index.tz is None else str(index.tz)
        described |= {"unit": index.unit, "zone": zone, "freq": index.freqstr}
    elif isinstance(index, pd.RangeIndex):
        described["range"] = [index.start, index.stop, index.step]
    return described


def _index_values(index: pd.Index) -> np.ndarray:
    """Return the index as plain numbers; times as ticks of their unit in UTC."""
    return index.asi8 if isinstance(index, pd.DatetimeIndex) else index.to_numpy()


def _frame(described: dict[str, Any], values: np.ndarray, ticks: np.ndarray) -> pd.DataFrame:
    name = described["index"]
    index: pd.Index
    if "unit" in described:
        times = pd.DatetimeIndex(ticks.view(f"M8[{described['unit']}]"), name=name)
        index = times if described["zone"] is None else times.tz_localize("UTC").tz_convert(described["zone"])
        index = pd.DatetimeIndex(index, freq=described["freq"])
    elif "range" in described:
        start, stop, step = described["range"]
        index = pd.RangeIndex(start, stop, step, name=name)
    else:
        index = pd.Index(ticks, dtype=described["dtype"], name=name)
    frame = pd.DataFrame(values, columns=described["columns"], index=index, copy=False)
    frame.attrs["lstm_lab"] = described["attrs"]
    return frame


def _json(content: Any) -> str:
    return json.dumps(content, indent=1, default=_plain)


def _plain(value: Any) -> Any:
    """Convert NumPy's numbers, and anything else by its text, to types that JSON has."""
    return value.item() if isinstance(value, np.generic) else str(value)
