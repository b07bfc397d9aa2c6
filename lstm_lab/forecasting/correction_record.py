"""What a file keeps of the corrections of many series: arrays by name, and the rest as JSON."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import numpy as np

from lstm_lab.forecasting.calibration import Calibration
from lstm_lab.forecasting.coverage import Coverage
from lstm_lab.forecasting.panel_calibration import PanelCalibration, SeriesCoverage
from lstm_lab.forecasting.panel_correction import PanelCorrection
from lstm_lab.forecasting.panel_forecast import TotalCalibration

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["corrections_from_file", "corrections_to_file"]

_UNKNOWN = -1
"""In the place of NaN among hits and misses."""


def corrections_to_file(
    corrections: Mapping[Any, PanelCorrection],
) -> tuple[list[dict[str, Any]], dict[str, np.ndarray]]:
    """Take corrections apart, by the horizon and the rules of a forecast: what JSON can hold, and arrays by name."""
    described: list[dict[str, Any]] = []
    arrays: dict[str, np.ndarray] = {}
    for number, (key, correction) in enumerate(corrections.items()):
        facts, own = _apart(correction)
        described.append({"key": [list(part) if isinstance(part, tuple) else part for part in key], **facts})
        arrays |= {f"{number}.{name}": values for name, values in own.items()}
    return described, arrays


def _apart(correction: PanelCorrection) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    calibration, total = correction.calibration, correction.total
    arrays: dict[str, np.ndarray] = {"weights": correction.weights, "shared_weights": correction.shared_weights}
    facts: dict[str, Any] = {
        "coverage": None if correction.coverage is None else asdict(correction.coverage),
        "total": None if total is None else asdict(total),
        "sums": [asdict(coverage) for coverage in correction.sums],
        "pooled": None,
    }
    if correction.inside is not None:
        hits = np.where(np.isnan(correction.inside), _UNKNOWN, correction.inside)
        arrays["inside"] = hits.astype(np.int8)
    if correction.off is not None:
        arrays["off"] = correction.off
    if calibration is not None:
        pooled = calibration.pooled
        facts["pooled"] = {"overlap": pooled.overlap, "smooth": pooled.smooth, "symmetric": pooled.symmetric}
        arrays |= {"scores": pooled.scores, "score_floor": pooled.floor}
        arrays |= {"stretch": calibration.stretch, "floor": calibration.floor}
    return facts, arrays


def corrections_from_file(
    described: Sequence[Mapping[str, Any]], arrays: Mapping[str, np.ndarray]
) -> dict[Any, PanelCorrection]:
    """Undo `corrections_to_file`."""
    corrections = {}
    for number, facts in enumerate(described):
        prefix = f"{number}."
        own = {name.removeprefix(prefix): values for name, values in arrays.items() if name.startswith(prefix)}
        key = tuple(tuple(part) if isinstance(part, list) else part for part in facts["key"])
        corrections[key] = _together(facts, own)
    return corrections


def _together(facts: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> PanelCorrection:
    calibration, inside, total = None, None, None
    if facts["pooled"] is not None:
        pooled = Calibration(arrays["scores"], arrays["score_floor"], **facts["pooled"])
        calibration = PanelCalibration(pooled, arrays["stretch"], arrays["floor"])
    if "inside" in arrays:
        inside = np.where(arrays["inside"] == _UNKNOWN, np.nan, arrays["inside"].astype(np.float64))
    if facts["total"] is not None:
        measured = facts["total"]["coverage"]
        total = TotalCalibration(**{**facts["total"], "coverage": None if measured is None else Coverage(**measured)})
    return PanelCorrection(
        weights=arrays["weights"],
        shared_weights=arrays["shared_weights"],
        calibration=calibration,
        inside=inside,
        coverage=None if facts["coverage"] is None else SeriesCoverage(**facts["coverage"]),
        total=total,
        sums=tuple(SeriesCoverage(**coverage) for coverage in facts.get("sums", ())),  # older files have none
        off=arrays.get("off"),
    )
