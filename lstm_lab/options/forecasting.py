"""Options of a forecast: horizon, paths, roll-out, noise, calibration."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from pydantic import BeforeValidator

from lstm_lab.options.base import Options, as_id_list, option

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["CLASSIC", "ForecastOptions", "RunForecastOptions"]


class ForecastOptions(Options):
    """Options of `run.forecast`, ``%lstm_forecast`` and ``lstm-lab run``."""

    renamed: ClassVar = MappingProxyType({"masks": "dropout_masks"})

    horizon: int = option(30, "steps to forecast", unit="rows", example="30", ge=1, le=1_000_000)
    paths: int = option(200, "simulated futures", unit="paths", example="200", ge=1, le=100_000)
    interval: float = option(90.0, "nominal coverage of the band", unit="percent", example="90", ge=1, lt=100)
    rollout: Literal["auto", "window", "state"] = option(
        "auto",
        "re-encode the sliding window at each step, or carry the network's state forward",
        example="state",
    )
    dropout_masks: Literal["path", "step"] = option(
        "path",
        "keep one dropout mask for a whole path (one sampled network), or draw afresh at each step",
        example="path",
    )
    noise: Literal["auto", "residual", "scaled", "none"] = option(
        "auto",
        "add a held-out one-step residual at each step (scaled: by the recent volatility), or dropout alone",
        example="residual",
    )
    calibrate: Literal["auto"] | bool = option(
        "auto",
        "widen or narrow the band to what the calibration rows showed; auto: where there are enough",
        example="on",
    )
    combine: Literal["auto"] | bool = option(
        "auto",
        "let the median lean on the naive and the seasonal naive forecast as far as they were right at the newest known"
        " origins; auto: unless calibrate is off, or networks are compared",
        example="off",
    )
    floor: float | None = option(
        None,
        "value that no path goes below, such as 0 for a series that is never negative",
        example="0",
        allow_inf_nan=False,
    )
    preset: Literal["classic"] | None = option(
        None,
        "classic: the recipe most tutorials teach (window, step, no noise, uncalibrated, uncombined, 50 paths)",
        example="classic",
    )
    seed: int = option(0, "same seed, same machine: same numbers, bit for bit", example="0", ge=0, lt=2**31)

    @property
    def combines(self) -> bool:
        """Whether the median leans on the naive forecasts: ``auto`` decided."""
        return self.calibrate is not False if self.combine == "auto" else bool(self.combine)

    def resolved(self) -> ForecastOptions:
        """Return the options with those of the preset filled in, except where an option was set explicitly."""
        if self.preset is None:
            return self
        set_by_hand = {name: getattr(self, name) for name in self.model_fields_set}
        return ForecastOptions(**{**CLASSIC, **set_by_hand})


class RunForecastOptions(ForecastOptions):
    """Options of a forecast where a person writes it: ``%lstm_forecast``, ``lstm-lab run`` and the dashboard's page."""

    ids: Annotated[str | tuple[str, ...], BeforeValidator(as_id_list)] | None = option(
        None, "of a run of many series, those that are forecast, with commas; default: all", example="store_1,store_2"
    )


CLASSIC: Mapping[str, Any] = {
    "paths": 50,
    "interval": 90.0,
    "rollout": "window",
    "dropout_masks": "step",
    "noise": "none",
    "calibrate": False,
    "combine": False,
}
