"""The schema of ``run.json``, which a saved run's file holds: every field has its type before any of them is used."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from lstm_lab.errors import RunError

__all__ = ["check_description"]

Scalar = str | int | float | bool | None
Count = Annotated[int, Field(ge=0)]
Finite = Annotated[float, Field(ge=-1e150, le=1e150)]
"""A number whose square is one: JSON as Python reads it has NaN and infinities too."""
Scale = Annotated[float, Field(gt=0, le=1e150)]


class _Part(BaseModel):
    """A part of the description; a field of a later version is left alone."""

    model_config = ConfigDict(strict=True, extra="ignore")


class _Cuts(_Part):
    validation: Count
    calibration: Count
    rows: Count
    forgotten: Count = 0
    remembered: Count = 0

    @model_validator(mode="after")
    def _in_order(self) -> _Cuts:
        if not self.forgotten <= self.calibration <= self.rows or self.validation > self.calibration:
            raise ValueError("the parts follow one another")
        return self


class _SeriesScaling(_Part):
    ids: list[Any]
    mean: list[list[Finite]]
    scale: list[list[Scale]]
    usual: dict[str, Any]


class _StaticInputs(_Part):
    levels: dict[str, list[Any]]
    numbers: dict[str, list[Any]]


class _Encoder(_Part):
    target: str
    transform: str
    features: list[str]
    covariates: list[str]
    columns: Annotated[list[str], Field(min_length=1)]
    mean: list[Finite]
    scale: list[Scale]
    series: _SeriesScaling | None = None
    static: _StaticInputs | None = None

    @model_validator(mode="after")
    def _of_one_length(self) -> _Encoder:
        if not len(self.columns) == len(self.mean) == len(self.scale):
            raise ValueError("every column has a mean and a scale")
        return self


class _Panel(_Part):
    ids: list[Any]
    name: Scalar
    left_out: list[Any]
    static: dict[str, list[Any]] | None


class _End(_Part):
    reason: Literal["finished", "early", "stopped", "interrupted"]
    epochs: Count
    best_epoch: Count
    seconds: Finite
    message: str


class _History(_Part):
    """A row an epoch, all columns of one length; more columns than these are left alone."""

    loss: list[float | None]
    val_loss: list[float | None]
    learning_rate: list[float | None]
    seconds: list[float | None]
    best: list[bool]


class _Dates(_Part):
    column: str | None = None
    note: str | None = None
    format: str | None = None
    dayfirst: bool | None = None
    given: bool | None = None


class _Attributes(_Part):
    source: str = ""
    dropped_columns: list[str] = []
    filled_values: Count = 0
    dropped_rows: Count = 0
    left_out: Count = 0
    notes: list[str] = []
    static: list[str] = []
    dates: _Dates | None = None
    counted: str | None = None
    decimal: str | None = None


class _Frame(_Part):
    columns: list[str]
    index: Scalar
    attrs: _Attributes
    dtype: str
    unit: Literal["s", "ms", "us", "ns"] | None = None
    zone: str | None = None
    freq: str | None = None
    range: Annotated[list[int], Field(min_length=3, max_length=3)] | None = None


class _PastForecasts(_Part):
    rows: list[Count]
    centre: list[list[Finite]]
    spread: list[list[Finite]]


class _WholeCuts(_Part):
    validation: Count
    calibration: Count
    rows: Count
    expired: Count
    calibration_limit: Count


class _OlderRows(_Part):
    rows: Count
    cuts: _WholeCuts
    windows: Count
    lowest: Finite
    season: Annotated[int, Field(ge=1)]
    errors: list[Finite]
    fingerprint: str
    max_gap: str


class _Description(_Part):
    options: dict[str, Any]
    """Checked by `TrainOptions` itself."""
    encoder: _Encoder
    cuts: _Cuts | None = None
    panel: _Panel | None = None
    older: _OlderRows | None = None
    stack: str
    transform: str
    reason: str
    baseline: float | None
    name: str | None
    end: _End
    history: _History
    frame: _Frame
    experiences: list[Annotated[list[list[Scalar] | _PastForecasts], Field(min_length=2, max_length=2)]] = []

    @model_validator(mode="after")
    def _columns_are_there(self) -> _Description:
        absent = {self.encoder.target, *self.encoder.covariates} - {*self.frame.columns, *self._static()}
        if absent:
            raise ValueError(f"the frame has every column that the encoder reads, but not {min(absent)!r}")
        return self

    def _static(self) -> set[str]:
        return set() if self.panel is None or self.panel.static is None else set(self.panel.static)


def check_description(description: Any, file: str) -> None:
    """Refuse a description whose fields are not what a run's are.

    Parameters
    ----------
    description
        What JSON gave.
    file
        Name of the file, for the message.

    Raises
    ------
    RunError
        One line with the first field that is wrong.
    """
    try:
        _Description.model_validate(description)
    except ValidationError as broken:
        first = broken.errors(include_url=False, include_input=False)[0]
        place = ".".join(map(str, first["loc"])) or "the whole"
        raise RunError(
            f"{file} is no whole run of lstm_lab (run.json, {place}: {first['msg']}); save the run anew"
        ) from None
