"""The floor of a forecast, a value that no path goes below, and the note of a band that needs one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from lstm_lab.errors import ForecastError
from lstm_lab.formatting import number

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from lstm_lab.forecasting.forecast import Forecast

__all__ = ["at_least", "floor_details", "refuse_floor_above", "stay_positive"]


def at_least(values: NDArray[np.float64], floor: float | None) -> NDArray[np.float64]:
    """Raise the values below a floor to it; the same array where there is none.

    An observed value is never below the floor, so it is inside a band whose edges are raised if it was inside before.

    >>> at_least(np.array([-1.0, 2.0]), 0.0)
    array([0., 2.])
    """
    return values if floor is None else np.maximum(values, floor)


def refuse_floor_above(lowest: float, target: str, floor: float | None) -> None:
    """Refuse a floor that known values are below: the band's measured coverage would not hold there.

    Raises
    ------
    ForecastError
        The lowest known value is below the floor.
    """
    if floor is not None and lowest < floor:
        raise ForecastError(
            f"no known value is below the floor, got floor={floor:g} and {number(lowest)} in `{target}`; "
            f"leave floor out, or for example floor={_at_most(lowest):g}"
        )


def _at_most(value: float) -> float:
    """Round down to three digits."""
    size = 10.0 ** (np.floor(np.log10(abs(value))) - 2) if value else 1.0
    return float(np.floor(value / size) * size)


def floor_details(forecast: Forecast, floor: float | None, lowest: float, transform: str | None) -> dict[str, str]:
    """Describe the floor, or a band that goes below zero although no known value does; nothing where neither is so.

    Parameters
    ----------
    forecast
        With its final paths.
    floor
        The least value of a path, if one was asked for.
    lowest
        The lowest known value.
    transform
        What the network learns; None for a forecast that no network makes.
    """
    if floor is not None:
        at_floor = float(np.mean(forecast.paths <= floor))
        return {"floor": f"{floor:g}: no path goes below it, {100 * at_floor:.2g} % of the values are at it"}
    if lowest < 0 or not forecast.has_band or forecast.paths.min() >= 0:
        return {}
    edge = float(forecast.quantile(forecast.levels[0]).min())
    if edge >= 0:
        return {}
    remedy = "forecast with floor=0"
    positive = stay_positive(transform) if lowest > 0 else None
    if positive is not None:
        remedy += f", or train with transform='{positive}'"
    reach = f"the band reaches down to {number(edge)} though no known value is below {number(lowest)}"
    return {"below zero": f"{reach}; {remedy}"}


def stay_positive(transform: str | None) -> str | None:
    """Return the transform of the same kind whose paths stay above zero; None for one whose paths do, or without any.

    >>> stay_positive("seasonal_diff(24)")
    'seasonal_log_return(24)'
    """
    kind, bracket, season = (transform or "").partition("(")
    positive = {"none": "log", "diff": "log_return", "seasonal_diff": "seasonal_log_return"}.get(kind)
    return None if positive is None else f"{positive}{bracket}{season}"
