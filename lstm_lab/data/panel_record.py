"""What a file keeps of a panel beside its numbers: ids, static inputs, and where each series and its parts begin."""

from __future__ import annotations

from dataclasses import astuple
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from lstm_lab.data.encoding.panel_ids import ids_from_json, ids_to_json
from lstm_lab.data.windows.cuts import Cuts

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from lstm_lab.data.dataset import Dataset

__all__ = ["by_id", "cuts_of", "panel_arrays", "panel_to_json", "static_from_json"]


def panel_to_json(dataset: Dataset) -> dict[str, Any]:
    """Return ids, names and static inputs of a panel."""
    static = dataset.store.static
    return {
        "ids": ids_to_json(dataset.ids),
        "name": dataset.frame.index.names[0],
        "left_out": ids_to_json(dataset.left_out),
        "static": None if static is None else {str(name): static[name].tolist() for name in static.columns},
    }


def panel_arrays(dataset: Dataset) -> dict[str, NDArray[np.int64]]:
    """Return the borders of the series and the cuts of each, (series, fields of `Cuts`)."""
    cuts = np.array([astuple(each) for each in dataset.cuts], dtype=np.int64)
    return {"borders": dataset.borders, "cuts": cuts}


def cuts_of(arrays: Mapping[str, NDArray[np.int64]]) -> tuple[Cuts, ...]:
    """Rebuild the cuts of each series."""
    return tuple(Cuts(*row) for row in arrays["cuts"].tolist())


def by_id(frame: pd.DataFrame, saved: Mapping[str, Any], borders: NDArray[np.int64]) -> pd.DataFrame:
    """Give the rows of a frame, indexed by time, their ids back."""
    ids = pd.Index(ids_from_json(saved["ids"]), tupleize_cols=False)
    moments, times = pd.factorize(frame.index, sort=True)
    arrays: list[Any] = [ids, times]
    codes: list[Any] = [np.repeat(np.arange(len(ids)), np.diff(borders)), moments]
    index = pd.MultiIndex(arrays, codes, names=[saved["name"], frame.index.name], verify_integrity=False)
    rows = frame.set_axis(index, axis=0)
    rows.attrs = frame.attrs
    return rows


def static_from_json(saved: Mapping[str, Any]) -> pd.DataFrame | None:
    """Rebuild the static inputs, a row a series."""
    if saved["static"] is None:
        return None
    return pd.DataFrame(saved["static"], index=pd.Index(ids_from_json(saved["ids"]), dtype=object))
