"""Typed keywords of the public calls, for editors: the fields of `lstm_lab.options`, all optional.

Written by ``python tests/options/test_keywords.py``; a test holds this file equal to the options.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, TypedDict

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from os import PathLike

    from numpy.typing import ArrayLike

__all__ = [
    "AblateKeywords",
    "BacktestKeywords",
    "CompareKeywords",
    "DashboardKeywords",
    "ExportKeywords",
    "FeaturesKeywords",
    "ForecastKeywords",
    "MemoryKeywords",
    "ResumeKeywords",
    "TrainKeywords",
    "TuneKeywords",
]


class FeaturesKeywords(TypedDict, total=False):
    """Keywords of `lstm_lab.features`."""

    target: str | int | None
    time: str | int | None
    id: str | int | None
    static: str | Sequence[str]
    short: Literal["pad", "skip", "error"]
    mask: bool
    dayfirst: bool | None
    date_format: str | None
    features: str | Sequence[str]
    transform: str
    scaler: Literal["standard", "minmax"]
    missing: Literal["error", "interpolate", "ffill", "drop"]
    na_values: str | float | Sequence[str | float] | None
    decimal: Literal[".", ","] | None
    encoding: str | None
    header: int | Literal["none"] | None
    max_size: float | None
    on_disk: bool
    max_gap: str | None
    lookback: int
    validation: float
    calibration: float


class TrainKeywords(TypedDict, total=False):
    """Keywords of `lstm_lab.train`."""

    target: str | int | None
    time: str | int | None
    id: str | int | None
    static: str | Sequence[str]
    short: Literal["pad", "skip", "error"]
    mask: bool
    dayfirst: bool | None
    date_format: str | None
    features: str | Sequence[str]
    transform: str
    scaler: Literal["standard", "minmax"]
    missing: Literal["error", "interpolate", "ffill", "drop"]
    na_values: str | float | Sequence[str | float] | None
    decimal: Literal[".", ","] | None
    encoding: str | None
    header: int | Literal["none"] | None
    max_size: float | None
    on_disk: bool
    max_gap: str | None
    lookback: int
    validation: float
    calibration: float
    checkpoint: str | PathLike[str] | None
    checkpoint_seconds: float | None
    cell: Literal["lstm", "gru", "rnn"]
    units: int | str | Sequence[int]
    dropout: float
    dense: int | str | Sequence[int]
    forget_bias: float
    recurrent_init: Literal["orthogonal", "glorot", "gaussian"]
    kernel_init: Literal["glorot", "gaussian"]
    epochs: int
    batch: int | None
    learning_rate: float | None
    schedule: Literal["constant", "cycle"]
    clip: float
    loss: Literal["huber", "mse", "mae"]
    delta: float
    weights: str | ArrayLike
    supervise: Literal["auto", "every", "last"]
    stride: int | None
    burn_in: int | None
    patience: int
    seed: int


class ForecastKeywords(TypedDict, total=False):
    """Keywords of `Run.forecast`."""

    paths: int
    interval: float
    rollout: Literal["auto", "window", "state"]
    dropout_masks: Literal["path", "step"]
    noise: Literal["auto", "residual", "scaled", "none"]
    calibrate: Literal["auto"] | bool
    combine: Literal["auto"] | bool
    floor: float | None
    preset: Literal["classic"] | None
    seed: int


class ResumeKeywords(TypedDict, total=False):
    """Keywords of `Run.resume`."""

    checkpoint: str | PathLike[str] | None
    checkpoint_seconds: float | None
    epochs: int
    learning_rate: float | None
    patience: int | None
    seed: int | None


class ExportKeywords(TypedDict, total=False):
    """Keywords of `Run.export`."""

    quantize: Literal["none", "float16", "dynamic", "int8", "int16x8"]
    c_array: bool


class MemoryKeywords(TypedDict, total=False):
    """Keywords of `Run.memory`."""

    units: int
    updates: int
    recall: int | str | Sequence[int] | None
    seeds: int
    seed: int


class BacktestKeywords(TypedDict, total=False):
    """Keywords of `lstm_lab.backtest`."""

    checkpoint: str | PathLike[str] | None
    origins: int
    renew: bool
    adapt: bool
    workers: int | None
    cluster: str | None
    refit: bool | int
    known: str | Sequence[str]
    baselines: str | Sequence[str]
    horizon: int
    paths: int
    interval: float
    rollout: Literal["auto", "window", "state"]
    dropout_masks: Literal["path", "step"]
    noise: Literal["auto", "residual", "scaled", "none"]
    calibrate: Literal["auto"] | bool
    combine: Literal["auto"] | bool
    floor: float | None
    preset: Literal["classic"] | None
    seed: int


class CompareKeywords(TypedDict, total=False):
    """Keywords of `lstm_lab.compare`."""

    seeds: int | str | Sequence[int]
    test: float
    checkpoint: str | PathLike[str] | None
    origins: int
    renew: bool
    adapt: bool
    workers: int | None
    cluster: str | None
    kinds: str | Sequence[str]
    target: str | int | None
    time: str | int | None
    id: str | int | None
    static: str | Sequence[str]
    short: Literal["pad", "skip", "error"]
    mask: bool
    dayfirst: bool | None
    date_format: str | None
    features: str | Sequence[str]
    transform: str
    scaler: Literal["standard", "minmax"]
    missing: Literal["error", "interpolate", "ffill", "drop"]
    na_values: str | float | Sequence[str | float] | None
    decimal: Literal[".", ","] | None
    encoding: str | None
    header: int | Literal["none"] | None
    max_size: float | None
    on_disk: bool
    max_gap: str | None
    lookback: int
    validation: float
    calibration: float
    checkpoint_seconds: float | None
    cell: Literal["lstm", "gru", "rnn"]
    units: int | str | Sequence[int]
    dropout: float
    dense: int | str | Sequence[int]
    forget_bias: float
    recurrent_init: Literal["orthogonal", "glorot", "gaussian"]
    kernel_init: Literal["glorot", "gaussian"]
    epochs: int
    batch: int | None
    learning_rate: float | None
    schedule: Literal["constant", "cycle"]
    clip: float
    loss: Literal["huber", "mse", "mae"]
    delta: float
    weights: str
    supervise: Literal["auto", "every", "last"]
    stride: int | None
    burn_in: int | None
    patience: int
    seed: int
    horizon: int
    paths: int
    interval: float
    rollout: Literal["auto", "window", "state"]
    dropout_masks: Literal["path", "step"]
    noise: Literal["auto", "residual", "scaled", "none"]
    calibrate: Literal["auto"] | bool
    combine: Literal["auto"] | bool
    floor: float | None
    preset: Literal["classic"] | None


class AblateKeywords(TypedDict, total=False):
    """Keywords of `lstm_lab.ablate`."""

    seeds: int | str | Sequence[int]
    test: float
    checkpoint: str | PathLike[str] | None
    origins: int
    renew: bool
    adapt: bool
    workers: int | None
    cluster: str | None
    changes: str | Sequence[str]
    target: str | int | None
    time: str | int | None
    id: str | int | None
    static: str | Sequence[str]
    short: Literal["pad", "skip", "error"]
    mask: bool
    dayfirst: bool | None
    date_format: str | None
    features: str | Sequence[str]
    transform: str
    scaler: Literal["standard", "minmax"]
    missing: Literal["error", "interpolate", "ffill", "drop"]
    na_values: str | float | Sequence[str | float] | None
    decimal: Literal[".", ","] | None
    encoding: str | None
    header: int | Literal["none"] | None
    max_size: float | None
    on_disk: bool
    max_gap: str | None
    lookback: int
    validation: float
    calibration: float
    checkpoint_seconds: float | None
    cell: Literal["lstm", "gru", "rnn"]
    units: int | str | Sequence[int]
    dropout: float
    dense: int | str | Sequence[int]
    forget_bias: float
    recurrent_init: Literal["orthogonal", "glorot", "gaussian"]
    kernel_init: Literal["glorot", "gaussian"]
    epochs: int
    batch: int | None
    learning_rate: float | None
    schedule: Literal["constant", "cycle"]
    clip: float
    loss: Literal["huber", "mse", "mae"]
    delta: float
    weights: str
    supervise: Literal["auto", "every", "last"]
    stride: int | None
    burn_in: int | None
    patience: int
    seed: int
    horizon: int
    paths: int
    interval: float
    rollout: Literal["auto", "window", "state"]
    dropout_masks: Literal["path", "step"]
    noise: Literal["auto", "residual", "scaled", "none"]
    calibrate: Literal["auto"] | bool
    combine: Literal["auto"] | bool
    floor: float | None
    preset: Literal["classic"] | None


class TuneKeywords(TypedDict, total=False):
    """Keywords of `lstm_lab.tune`."""

    seeds: int | str | Sequence[int]
    test: float
    checkpoint: str | PathLike[str] | None
    origins: int
    renew: bool
    adapt: bool
    workers: int | None
    cluster: str | None
    space: str | Mapping[str, object] | None
    trials: int
    folds: int
    together: int
    prune: bool
    metric: Literal["mae", "crps"]
    search_seed: int
    target: str | int | None
    time: str | int | None
    id: str | int | None
    static: str | Sequence[str]
    short: Literal["pad", "skip", "error"]
    mask: bool
    dayfirst: bool | None
    date_format: str | None
    features: str | Sequence[str]
    transform: str
    scaler: Literal["standard", "minmax"]
    missing: Literal["error", "interpolate", "ffill", "drop"]
    na_values: str | float | Sequence[str | float] | None
    decimal: Literal[".", ","] | None
    encoding: str | None
    header: int | Literal["none"] | None
    max_size: float | None
    on_disk: bool
    max_gap: str | None
    lookback: int
    validation: float
    calibration: float
    checkpoint_seconds: float | None
    cell: Literal["lstm", "gru", "rnn"]
    units: int | str | Sequence[int]
    dropout: float
    dense: int | str | Sequence[int]
    forget_bias: float
    recurrent_init: Literal["orthogonal", "glorot", "gaussian"]
    kernel_init: Literal["glorot", "gaussian"]
    epochs: int
    batch: int | None
    learning_rate: float | None
    schedule: Literal["constant", "cycle"]
    clip: float
    loss: Literal["huber", "mse", "mae"]
    delta: float
    weights: str
    supervise: Literal["auto", "every", "last"]
    stride: int | None
    burn_in: int | None
    patience: int
    seed: int
    horizon: int
    paths: int
    interval: float
    rollout: Literal["auto", "window", "state"]
    dropout_masks: Literal["path", "step"]
    noise: Literal["auto", "residual", "scaled", "none"]
    calibrate: Literal["auto"] | bool
    combine: Literal["auto"] | bool
    floor: float | None
    preset: Literal["classic"] | None


class DashboardKeywords(TypedDict, total=False):
    """Keywords of `lstm_lab.dashboard`."""

    target: str | int | None
    time: str | int | None
    id: str | int | None
    static: str | Sequence[str]
    short: Literal["pad", "skip", "error"]
    mask: bool
    dayfirst: bool | None
    date_format: str | None
    features: str | Sequence[str]
    transform: str
    scaler: Literal["standard", "minmax"]
    missing: Literal["error", "interpolate", "ffill", "drop"]
    na_values: str | float | Sequence[str | float] | None
    decimal: Literal[".", ","] | None
    encoding: str | None
    header: int | Literal["none"] | None
    max_size: float | None
    on_disk: bool
    max_gap: str | None
    lookback: int
    validation: float
    calibration: float
    checkpoint: str | PathLike[str] | None
    checkpoint_seconds: float | None
    cell: Literal["lstm", "gru", "rnn"]
    units: int | str | Sequence[int]
    dropout: float
    dense: int | str | Sequence[int]
    forget_bias: float
    recurrent_init: Literal["orthogonal", "glorot", "gaussian"]
    kernel_init: Literal["glorot", "gaussian"]
    epochs: int
    batch: int | None
    learning_rate: float | None
    schedule: Literal["constant", "cycle"]
    clip: float
    loss: Literal["huber", "mse", "mae"]
    delta: float
    weights: str
    supervise: Literal["auto", "every", "last"]
    stride: int | None
    burn_in: int | None
    patience: int
    seed: int
    horizon: int
    paths: int
    interval: float
    rollout: Literal["auto", "window", "state"]
    dropout_masks: Literal["path", "step"]
    noise: Literal["auto", "residual", "scaled", "none"]
    calibrate: Literal["auto"] | bool
    combine: Literal["auto"] | bool
    floor: float | None
    preset: Literal["classic"] | None
