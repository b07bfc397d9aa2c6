"""The network's input columns: the transformed target, then the features, each scaled by the training rows.

One `Encoder` serves training and forecasting. `encode` makes the columns of a whole frame; `encode_step` makes the same
row from the last few values of simulated paths, so a feature on a path is the feature of training, not a copy of it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from lstm_lab.data.encoding.features import Feature, parse_features
from lstm_lab.data.encoding.moments import Moments
from lstm_lab.data.encoding.panel_ids import ids_from_json, ids_to_json
from lstm_lab.data.encoding.series_scaling import SeriesScaling
from lstm_lab.data.encoding.static_inputs import StaticInputs
from lstm_lab.data.encoding.transforms import Transform, parse_transform
from lstm_lab.data.encoding.value_checks import feature_times, finite_values, refuse_non_positive
from lstm_lab.data.memory.mapped import blocks_of, released
from lstm_lab.errors import DataError, OptionError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    import pandas as pd

__all__ = ["Encoder"]

LIMIT = 1e9
"""Encoded values are held within this many standard deviations, so that a wild path cannot overflow float32."""


@dataclass(frozen=True, slots=True, eq=False)
class Encoder:
    """Converts rows to the network's standardised columns, and its outputs back to the target's unit."""

    target: str
    transform: Transform
    features: tuple[Feature, ...]
    """The features, without those that would repeat the transformed target."""
    columns: tuple[str, ...]
    """Model input columns, the transformed target first."""
    mean: np.ndarray
    """(columns,) float64, over the training rows alone; with ``scaler="minmax"`` the least value."""
    scale: np.ndarray
    """(columns,) float64 standard deviations over the training rows alone; 1 where a column never changes. With
    ``scaler="minmax"`` the distance from the least to the largest value."""
    series: SeriesScaling | None = None
    """Mean and scale of each series of a panel; `mean` and `scale` are then those of all rows together."""
    static: StaticInputs | None = None
    """Inputs that are constant over a series of a panel, the last columns."""
    scaler: str = "standard"
    """What `mean` and `scale` are: ``standard`` or ``minmax``."""

    @classmethod
    def fit(  # noqa: PLR0917 - the parts of a fit, in the order they are decided
        cls,
        frame: pd.DataFrame,
        target: str,
        transform: str,
        features: Sequence[str],
        rows: slice,
        segments: np.ndarray,
        scaler: str = "standard",
    ) -> Self:
        """Fit the scaling on the training rows; no other row is looked at.

        Parameters
        ----------
        frame
            Numeric columns by sorted time, as `lstm_lab.data.sources.loading.load` gives it.
        target
            Column to forecast.
        transform
            Label of the target transform; not ``auto``.
        features
            Texts of the features.
        rows
            The training rows.
        segments
            (rows,) number of the gap-free stretch that each row of the frame belongs to.
        scaler
            ``standard``: to mean 0 and deviation 1; ``minmax``: to the range from 0 to 1.

        Returns
        -------
        Encoder
            Fitted.

        Raises
        ------
        DataError
            A non-positive value under a logarithm, times that a calendar feature misses, or too few training rows.
        OptionError
            An unknown transform or feature.
        """
        unfitted = cls.unfitted([str(name) for name in frame.columns], target, transform, features)
        return unfitted.fitted(unfitted.raw_blocks(frame.iloc[rows], segments[rows]), scaler)

    @classmethod
    def unfitted(
        cls,
        available: Sequence[str],
        target: str,
        transform: str,
        features: Sequence[str],
        static: StaticInputs | None = None,
    ) -> Self:
        """Name the columns of an encoding that scales nothing; `available` are the columns of the frame."""
        change = parse_transform(transform)
        parsed = parse_features(features, available, target)
        # The transformed target is the first column already: a second copy would only cost time.
        used = tuple(feature for feature in parsed if not _repeats(feature, change, target))
        first = target if change.label == "none" else f"{change.label}({target})"
        constant = () if static is None else static.columns
        columns = (first, *(name for feature in used for name in feature.columns), *constant)
        blank = np.zeros(len(columns))
        return cls(target, change, used, columns, blank, blank + 1.0, static=static)

    def fitted(self, blocks: Iterable[np.ndarray], scaler: str = "standard") -> Self:
        """Return the encoding scaled by raw training rows, in blocks of (rows, columns), see `fit`.

        Raises
        ------
        DataError
            Too few rows, or values too large.
        """
        moments = Moments.of(blocks)
        if moments.complete < 2:
            raise DataError(
                f"scaling needs at least {self.warmup + 2} training rows without a gap "
                f"({self.warmup} of warmup), got {moments.rows}; use more data or shorter features"
            )
        mean, scale = moments.ranges(self.columns) if scaler == "minmax" else moments.deviations(self.columns)
        return replace(self, mean=mean, scale=scale, scaler=scaler)

    def scaled(self, mean: np.ndarray, scale: np.ndarray) -> Self:
        """Return the encoding with other moments, (..., columns), whose leading axes broadcast with those of the rows.

        A static input lies in the mean alone: its raw value is 0 everywhere, its scale 1, its mean the negative input.
        """
        return replace(self, mean=mean, scale=scale)

    @property
    def static_columns(self) -> slice:
        """The columns of static inputs, the last ones."""
        return slice(len(self.columns) - (0 if self.static is None else len(self.static.columns)), None)

    @property
    def warmup(self) -> int:
        """Rows lost at the start of every segment."""
        return max([self.transform.warmup, *(feature.warmup for feature in self.features)])

    @property
    def tail(self) -> int:
        """How many last values of the target `encode_step` and `decode` need."""
        return self.warmup + 1

    @property
    def covariates(self) -> tuple[str, ...]:
        """Columns of the frame that are inputs as they are."""
        return tuple(feature.label for feature in self.features if feature.source == "column")

    @property
    def level_columns(self) -> tuple[slice, ...]:
        """The columns of each static input that has levels."""
        if self.static is None:
            return ()
        first = self.static_columns.start
        return tuple(slice(first + group.start, first + group.stop) for group in self.static.groups)

    def encode(self, frame: pd.DataFrame, segments: np.ndarray, out: np.ndarray | None = None) -> np.ndarray:
        """Compute the model's input columns.

        Parameters
        ----------
        frame
            The target and the covariates by time.
        segments
            (rows,) number of the gap-free stretch that each row belongs to, never falling.
        out
            Where the rows are written, such as an array in a file; by default a new array.

        Returns
        -------
        numpy.ndarray
            (rows, columns) float32, NaN where a warmup reaches over a segment's start.

        Raises
        ------
        DataError
            A column is missing, or a value not positive under a logarithm.
        """
        out = np.empty((len(frame), len(self.columns)), dtype=np.float32) if out is None else out
        by_row = self.mean.ndim > 1
        for rows, raw in zip(blocks_of(len(frame)), self.raw_blocks(frame, segments), strict=True):
            mean, scale = (part[rows] if by_row else part for part in (self.mean, self.scale))
            out[rows] = _clipped((raw - mean) / scale)
            released(out)
        return out

    def raw(self, frame: pd.DataFrame, segments: np.ndarray) -> np.ndarray:
        """Compute the columns before they are standardised, each segment on its own.

        Parameters
        ----------
        frame, segments
            As for `encode`.

        Returns
        -------
        numpy.ndarray
            (rows, columns) float64, NaN where a column's own warmup reaches over a segment's start.

        Raises
        ------
        DataError
            As for `encode`.
        """
        out = np.empty((len(frame), len(self.columns)))
        for rows, raw in zip(blocks_of(len(frame)), self.raw_blocks(frame, segments), strict=True):
            out[rows] = raw
        return out

    def raw_blocks(self, frame: pd.DataFrame, segments: np.ndarray) -> Iterator[np.ndarray]:
        """Compute what `raw` does, in blocks of `BLOCK` rows; values are checked before any."""
        y = finite_values(frame[self.target], self.target)
        for label in [self.transform.label] * self.transform.positive + [f.label for f in self.features if f.positive]:
            refuse_non_positive(frame[self.target], label)
        given = {name: finite_values(frame[name], name) for name in self.covariates}
        for rows in blocks_of(len(frame)):
            out = np.full((rows.stop - rows.start, len(self.columns)), np.nan)
            # How many rows of its stretch lie before each row.
            before = np.arange(rows.start, rows.stop) - np.searchsorted(segments, segments[rows])
            out[:, 0] = _by_stretch(self.transform.forward, self.transform.warmup, y, rows, before)
            for feature, columns in self.column_slices():
                if feature.source == "time":
                    out[:, columns] = feature.function(feature_times(frame.index[rows], feature))
                elif feature.source == "column":
                    out[:, columns] = given[feature.label][rows, None]
                else:
                    out[:, columns.start] = _by_stretch(feature.function, feature.warmup, y, rows, before)
            out[:, self.static_columns] = 0.0
            yield out
            released(y)

    def known(self, frame: pd.DataFrame, last: np.ndarray | None = None) -> np.ndarray:
        """Compute the future columns that do not depend on the path: calendar and covariates.

        Parameters
        ----------
        frame
            (horizon, any) covariates whose future is known, indexed by the future times; it may have no column.
        last
            (columns,) the last encoded row; a covariate without a known future is held at its value there.

        Returns
        -------
        numpy.ndarray
            (horizon, columns) float32, NaN in the columns that follow the path and in covariates that are neither
            known nor held.

        Raises
        ------
        DataError
            A known covariate has a missing value, or a calendar feature meets an index without times.
        """
        out = np.full((len(frame), len(self.columns)), np.nan)
        for feature, columns in self.column_slices():
            if feature.source == "time":
                out[:, columns] = feature.function(feature_times(frame.index, feature))
            elif feature.source == "column" and feature.label in frame.columns:
                out[:, columns] = finite_values(frame[feature.label], feature.label)[:, None]
            elif feature.source == "column" and last is not None:
                out[:, columns] = last[..., columns] * self.scale[..., columns] + self.mean[..., columns]
        out[:, self.static_columns] = 0.0
        return _clipped((out - self.mean) / self.scale)

    def encode_step(self, tail: np.ndarray, known_row: np.ndarray) -> np.ndarray:
        """Compute the newest row of each path, after a simulated value was appended.

        Parameters
        ----------
        tail
            (..., at least `tail`) last values of the target, the simulated one at the end, in the target's unit.
        known_row
            (..., columns) the row of `known` for the same time; it is broadcast over the paths.

        Returns
        -------
        numpy.ndarray
            (..., columns) float32.
        """
        shape = (*tail.shape[:-1], len(self.columns))
        out = np.array(np.broadcast_to(known_row, shape), dtype=np.float32)
        out[..., 0] = _clipped(self.standardise(_newest(self.transform.forward, self.transform.warmup, tail)))
        for feature, columns in self.column_slices():
            if feature.source == "path":
                first = columns.start
                value = _newest(feature.function, feature.warmup, tail)
                out[..., first] = _clipped((value - self.mean[..., first]) / self.scale[..., first])
        return out

    def decode(self, z: np.ndarray, tail: np.ndarray) -> np.ndarray:
        """Compute the next value of each path in the target's unit.

        Parameters
        ----------
        z
            (...) standardised output of the network.
        tail
            (..., at least `tail`) last values of the target before this step.

        Returns
        -------
        numpy.ndarray
            (...) float64 in the target's unit.
        """
        return self.transform.invert_step(self.unstandardise(z), tail)

    def standardise(self, z: np.ndarray) -> np.ndarray:
        """Scale transformed targets, of any shape, as the training rows were: to mean 0 and standard deviation 1."""
        return np.asarray((np.asarray(z, dtype=np.float64) - self.mean[..., 0]) / self.scale[..., 0])

    def unstandardise(self, z: np.ndarray) -> np.ndarray:
        """Undo `standardise`."""
        return np.asarray(np.asarray(z, dtype=np.float64) * self.scale[..., 0] + self.mean[..., 0])

    def to_json(self) -> dict[str, Any]:
        """Return the encoder as a dict that JSON can hold; `from_json` rebuilds an equal one."""
        panel: dict[str, Any] = {}
        if self.series is not None:
            panel["series"] = self.series.to_json() | {"ids": ids_to_json(self.series.ids)}
        if self.static is not None:
            panel["static"] = self.static.to_json()
        return {
            "target": self.target,
            "transform": self.transform.label,
            "features": [feature.text for feature in self.features],
            "covariates": list(self.covariates),
            "mean": self.mean.tolist(),
            "scale": self.scale.tolist(),
            "columns": list(self.columns),
            "scaler": self.scaler,
            **panel,
        }

    @classmethod
    def from_json(cls, saved: Mapping[str, Any]) -> Self:
        """Rebuild an encoder from `to_json`.

        Raises
        ------
        OptionError
            A feature was registered by a user and is not registered here.
        """
        known_columns = [saved["target"], *saved["covariates"]]
        try:
            features = parse_features(saved["features"], known_columns, saved["target"])
        except OptionError as unknown:
            raise OptionError(
                f"{unknown} (a feature of your own must be registered before its run is loaded)"
            ) from None
        mean, scale = (np.asarray(saved[name], dtype=np.float64) for name in ("mean", "scale"))
        series, static = saved.get("series"), saved.get("static")
        return cls(
            saved["target"],
            parse_transform(saved["transform"]),
            features,
            tuple(saved["columns"]),
            mean,
            scale,
            None if series is None else SeriesScaling.from_json(ids_from_json(series["ids"]), series),
            None if static is None else StaticInputs.from_json(static),
            saved.get("scaler", "standard"),
        )

    def __reduce__(self) -> tuple[Callable[[Mapping[str, Any]], Encoder], tuple[dict[str, Any]]]:
        """Pickle the description alone, so that an encoder travels to another process."""
        return Encoder.from_json, (self.to_json(),)

    def column_slices(self) -> Iterator[tuple[Feature, slice]]:
        """Yield each feature with the slice of its columns."""
        first = 1
        for feature in self.features:
            yield feature, slice(first, first + len(feature.columns))
            first += len(feature.columns)


def _clipped(values: np.ndarray) -> np.ndarray:
    """Clip standardised values to ±`LIMIT` and convert them to float32; NaN stays."""
    return np.asarray(np.minimum(np.maximum(values, -LIMIT), LIMIT), dtype=np.float32)


def _repeats(feature: Feature, transform: Transform, target: str) -> bool:
    return feature.label == transform.label or (feature.label == target and transform.label == "none")


def _newest(function: Callable[[np.ndarray], np.ndarray], warmup: int, tail: np.ndarray) -> np.ndarray:
    """Evaluate a path function at the last step alone: (..., time) -> (...)."""
    return np.asarray(function(tail[..., tail.shape[-1] - warmup - 1 :])[..., -1], dtype=np.float64)


def _by_stretch(
    function: Callable[[np.ndarray], np.ndarray], warmup: int, y: np.ndarray, rows: slice, before: np.ndarray
) -> np.ndarray:
    """Compute a path function on a block of rows, NaN where its warmup reaches over the start of a stretch.

    A value depends on the `warmup` rows before it and no others, so only the first rows of a stretch know of another.
    """
    begin = max(0, rows.start - warmup)
    out = np.array(function(y[begin : rows.stop])[rows.start - begin :], dtype=np.float64)
    out[before < warmup] = np.nan
    return out
