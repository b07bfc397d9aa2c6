"""Every option a person can set, defined once: name, type, default, unit, rule and meaning.

One definition feeds four faces: the keywords of `lab.train` and `run.forecast`, the flags of the magics, the
flags of ``lstm-lab`` and the controls of the dashboard. A model is frozen; text from a flag and a Python value
are validated by the same rule.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self, TypeAlias

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from lstm_lab.errors import OptionError, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pydantic.fields import FieldInfo
    from pydantic_core import ErrorDetails

__all__ = [
    "WEIGHTS_PATTERN",
    "AblateOptions",
    "BacktestOptions",
    "CompareOptions",
    "ExportOptions",
    "ForecastOptions",
    "GateOptions",
    "HoldoutOptions",
    "InputOptions",
    "MemoryOptions",
    "Options",
    "StudyOptions",
    "TrainOptions",
    "TrialOptions",
    "shared_out",
    "split_commas",
]

WEIGHTS_PATTERN = r"^(uniform|linear|exponential(:\d+(\.\d+)?)?)$"


def split_commas(text: str) -> list[str]:
    """Split at the commas outside parentheses.

    >>> split_commas("log_return, bollinger(20, 2)")
    ['log_return', 'bollinger(20, 2)']
    """
    parts = re.split(r",(?![^()]*\))", text)
    return [part.strip() for part in parts if part.strip()]


def _as_sequence(value: object) -> object:
    """Let ``32``, ``"64, 32"`` and ``"none"`` stand for a sequence, as a person types them."""
    if isinstance(value, str):
        return () if value.strip().lower() in {"", "none"} else tuple(split_commas(value))
    if isinstance(value, int | float):
        return (value,)
    return value


def _option(
    default: Any,
    meaning: str,
    *,
    unit: str | None = None,
    example: str | None = None,
    form: str | None = None,
    **rule: Any,
) -> Any:
    """Declare an option: its default, its meaning in one line, its unit, an example that is valid, its rule."""
    extra: Any = {"unit": unit, "example": example, "form": form}
    return Field(default, description=meaning, json_schema_extra=extra, **rule)


_Texts: TypeAlias = Annotated[tuple[str, ...], BeforeValidator(_as_sequence)]
_Sizes: TypeAlias = Annotated[tuple[Annotated[int, Field(ge=1)], ...], BeforeValidator(_as_sequence)]


class Options(BaseModel):
    """A frozen set of options that explains, in one line, what is wrong with a value."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> Self:
        """Validate keywords or the text of flags.

        Parameters
        ----------
        values
            Option names and their values; a value of text is read as on a command line.

        Returns
        -------
        Self
            The frozen options.

        Raises
        ------
        OptionError
            The first unknown name or refused value: rule, value, remedy.
        """
        for name in values:
            if name not in cls.model_fields:
                raise OptionError(f"there is no option {name!r}; {did_you_mean(name, cls.model_fields)}")
        try:
            return cls(**values)
        except ValidationError as refused:
            raise OptionError(_explain(cls, refused)) from None


def _explain(model: type[Options], refused: ValidationError) -> str:
    """Put pydantic's first complaint into one line: the option, the rule, the value received, an example."""
    first, *others = refused.errors(include_url=False)
    if not first["loc"]:
        return str(first["msg"]).removeprefix("Value error, ")
    name = str(first["loc"][0])
    field = model.model_fields[name]
    # A value that may be of two types is refused once by each.
    same = [error for error in others if error["loc"][0] == name and error["input"] is first["input"]]
    rules = dict.fromkeys(_rule(field, error) for error in (first, *same))
    example = option_extra(field, "example")
    remedy = f"; for example {name}={example}" if example else ""
    rule = ", or ".join(rules).replace(", or should be ", ", or ")
    return f"{name} {rule}, got {first['input']!r}{remedy}"


_RULES: Mapping[str, str] = {
    "int_parsing": "should be a whole number",
    "int_type": "should be a whole number",
    "int_from_float": "should be a whole number",
    "float_parsing": "should be a number",
    "float_type": "should be a number",
    "bool_parsing": "should be on or off",
    "bool_type": "should be on or off",
    "too_short": "needs at least one value",
}
"""What pydantic's kinds of error mean to somebody who types flags; the others it says well itself."""


def _rule(field: FieldInfo, error: ErrorDetails) -> str:
    if error["type"] == "string_pattern_mismatch":
        return f"should be {option_extra(field, 'form')}"
    said = str(error["msg"]).removeprefix("Value error, ").replace("Input should", "should")
    return _RULES.get(error["type"], said)


def option_extra(field: FieldInfo, key: Literal["unit", "example", "form"]) -> str | None:
    """Give an option's unit, example or form."""
    extra = field.json_schema_extra
    value = extra.get(key) if isinstance(extra, dict) else None
    return None if value is None else str(value)


class InputOptions(Options):
    """What the network is given: read by `lab.features` and ``%lstm_features``, and by every training."""

    target: str | None = _option(None, "column to forecast; may be left out if only one is numeric", example="close")
    time: str | None = _option(None, "column of times; without it the frame's index is used", example="date")
    features: _Texts = _option(
        ("auto",),
        "inputs beside the target: log_return, bollinger(20, 2), hour, any numeric column, ...; auto: those of a season"
        " that transform=auto finds",
        example="'log_return, bollinger(20, 2)'",
    )
    transform: str = _option(
        "auto",
        "what is learnt: none, log, diff, log_return, seasonal_diff(n), or auto to let the training rows decide",
        example="log_return",
    )
    missing: Literal["error", "interpolate", "ffill", "drop"] = _option(
        "error", "what to do with missing or infinite values", example="interpolate"
    )
    max_gap: str | None = _option(
        None,
        "a longer step between two rows is a gap that no window spans; default: 10 median steps",
        example="3D",
    )
    lookback: int = _option(60, "rows the network sees before each forecast", unit="rows", example="60", ge=1)
    validation: float = _option(0.1, "share of the rows held out to stop training in time", example="0.1", ge=0, lt=0.5)
    calibration: float = _option(
        0.1,
        "newest share of the rows, kept from training and stopping, to make the band true",
        example="0.1",
        ge=0,
        lt=0.5,
    )


class TrainOptions(InputOptions):
    """What `lab.train`, ``%%lstm_train`` and ``lstm-lab run`` take."""

    cell: Literal["lstm", "gru", "rnn"] = _option("lstm", "recurrent cell of the reference stack", example="gru")
    units: _Sizes = _option((128, 128, 128), "units of each recurrent layer", example="128,128", min_length=1)
    dropout: float = _option(0.2, "share of outputs dropped after each recurrent layer", example="0.2", ge=0, lt=1)
    dense: _Sizes = _option((64, 32), "units of the dense layers before the output, or none", example="64,32")
    forget_bias: float = _option(1.0, "initial bias of every forget gate", example="1.0")
    epochs: int = _option(100, "passes over the training windows, at most", unit="epochs", example="100", ge=1)
    batch: int = _option(64, "windows per gradient step", unit="windows", example="64", ge=1)
    learning_rate: float = _option(1e-3, "step size of Adam", example="0.001", gt=0)
    loss: Literal["huber", "mse", "mae"] = _option("huber", "loss that is minimised", example="huber")
    delta: float = _option(
        1.0,
        "where Huber turns from square to linear",
        unit="standard deviations of the transformed target over the training rows",
        example="1.0",
        gt=0,
    )
    weights: str = _option(
        "uniform",
        "how much newer rows count: uniform, linear (0.5 to 1), exponential (e^3 = 20 times) or exponential:RATE",
        example="linear",
        pattern=WEIGHTS_PATTERN,
        form="uniform, linear, exponential or exponential:RATE",
    )
    supervise: Literal["last", "every"] = _option(
        "last", "one target a window, or one at every step of it after a burn-in", example="every"
    )
    patience: int = _option(
        10, "epochs without a better validation loss before training stops", unit="epochs", example="10", ge=1
    )
    seed: int = _option(0, "same seed, same machine: same weights, bit for bit", example="0", ge=0, lt=2**31)


class ForecastOptions(Options):
    """What `run.forecast`, ``%lstm_forecast`` and ``lstm-lab run`` take."""

    horizon: int = _option(30, "steps to forecast", unit="rows", example="30", ge=1)
    paths: int = _option(200, "simulated futures", unit="paths", example="200", ge=1, le=100_000)
    interval: float = _option(90.0, "nominal coverage of the band", unit="percent", example="90", gt=0, lt=100)
    rollout: Literal["auto", "window", "state"] = _option(
        "auto",
        "re-encode the sliding window at each step, or carry the network's state forward",
        example="state",
    )
    masks: Literal["path", "step"] = _option(
        "path",
        "keep one dropout mask for a whole path (one sampled network), or draw afresh at each step",
        example="path",
    )
    noise: Literal["auto", "residual", "scaled", "none"] = _option(
        "auto",
        "add a held-out one-step residual at each step (scaled: by the recent volatility), or dropout alone",
        example="residual",
    )
    calibrate: Literal["auto"] | bool = _option(
        "auto",
        "widen or narrow the band to what the calibration rows showed; auto: where there are enough",
        example="on",
    )
    combine: Literal["auto"] | bool = _option(
        "auto",
        "let the median lean on the naive and the seasonal naive forecast as far as they were right at the newest known"
        " origins; auto: unless calibrate is off, or networks are compared",
        example="off",
    )
    preset: Literal["classic"] | None = _option(
        None,
        "classic: the recipe most tutorials teach (window, step, no noise, uncalibrated, uncombined, 50 paths)",
        example="classic",
    )
    seed: int = _option(0, "same seed, same machine: same numbers, bit for bit", example="0", ge=0, lt=2**31)

    @property
    def combines(self) -> bool:
        """Whether the median leans on the naive forecasts: ``auto`` decided."""
        return self.calibrate is not False if self.combine == "auto" else bool(self.combine)

    def resolved(self) -> ForecastOptions:
        """Fill what a preset implies, but never over an option that was set by hand."""
        if self.preset is None:
            return self
        given = {name: getattr(self, name) for name in self.model_fields_set}
        return ForecastOptions(**{**CLASSIC, **given})


CLASSIC: Mapping[str, Any] = {
    "paths": 50,
    "interval": 90.0,
    "rollout": "window",
    "masks": "step",
    "noise": "none",
    "calibrate": False,
    "combine": False,
}


class StudyOptions(Options):
    """What every study takes: how many forecasts are judged, how bands keep up with time, where the tasks run."""

    origins: int = _option(60, "places to forecast from, evenly spaced, at most", unit="origins", example="60", ge=1)
    renew: bool = _option(
        True, "let the band of each origin learn from the earlier origins whose horizon is over", example="off"
    )
    adapt: bool = _option(
        False,
        "widen a step's band after a miss and narrow it after a hit (adaptive conformal inference), origin by origin",
        example="on",
    )
    workers: int | None = _option(
        None, "processes to spread the work over; default: this one alone", unit="processes", example="2", ge=1
    )
    cluster: str | None = _option(
        None, "address of a Dask scheduler to spread the work over", example="tcp://127.0.0.1:8786"
    )


class BacktestOptions(StudyOptions):
    """What `lab.backtest` and ``%lstm_backtest`` take beside the options of a forecast."""

    refit: bool | Annotated[int, Field(ge=1)] = _option(
        False,
        "train anew on all earlier rows before every origin or every k-th; each costs what the first training did",
        example="10",
    )
    known: _Texts = _option(
        (), "input columns whose future counts as known at every origin; the others are held", example="humidity"
    )
    baselines: _Texts = _option(
        ("naive", "seasonal_naive", "drift"),
        "what to compare with: naive, seasonal_naive, drift, ets, arima, or none",
        example="naive,ets",
    )


class HoldoutOptions(Options):
    """What keeps the newest rows from a training, to judge it there: of ``lstm-lab backtest``."""

    test: float = _option(0.2, "newest share of the rows, which nothing but judging sees", example="0.2", gt=0, lt=0.9)


class TrialOptions(StudyOptions, HoldoutOptions):
    """What a study takes that trains several networks with several seeds."""

    seeds: Annotated[tuple[Annotated[int, Field(ge=0, lt=2**31)], ...], BeforeValidator(_as_sequence)] = _option(
        (0, 1, 2),
        "every network is trained once a seed; their spread says how much is chance",
        example="0,1,2",
        min_length=1,
    )


class CompareOptions(TrialOptions):
    """What `lab.compare` and ``%lstm_compare`` take beside the options of training and of a forecast."""

    kinds: _Texts = _option(
        ("lstm", "gru", "rnn", "transformer", "naive", "seasonal_naive", "drift"),
        "what to compare: lstm, gru, rnn, transformer, naive, seasonal_naive, drift, ets, arima",
        example="lstm,gru,naive",
        min_length=1,
    )


class AblateOptions(TrialOptions):
    """What `lab.ablate` and ``%lstm_ablate`` take beside the options of training and of a forecast."""

    changes: _Texts = _option(
        ("all",),
        "what to try, one at a time: loss: huber or mse; weights: uniform, linear or exponential; target: raw or log"
        " returns; or all that apply",
        example="'loss: mse, target: raw'",
        min_length=1,
    )


class GateOptions(Options):
    """What `run.gates` and ``%lstm_gates`` take."""

    at: Annotated[str, BeforeValidator(str)] = _option(
        "-1", "last row the network reads: a time, or a position among the rows, -1 the newest", example="2019-03-01"
    )
    windows: int | None = _option(
        None, "look at so many windows together, evenly spread, instead of one", unit="windows", example="200", ge=1
    )


class MemoryOptions(Options):
    """What `run.memory`, `lab.memory` and ``%lstm_memory`` take."""

    units: int = _option(16, "units of each network that is compared", unit="units", example="16", ge=1)
    updates: int = _option(500, "gradient steps that each of them is given, at most", unit="steps", example="500", ge=1)
    recall: _Sizes = _option(
        (10, 20, 50, 100, 200), "distances over which a value is to be recalled, or none", unit="steps", example="10,50"
    )
    seed: int = _option(0, "same seed, same machine: same table", example="0", ge=0, lt=2**31)


class ExportOptions(Options):
    """What `run.export`, ``%lstm_export`` and ``lstm-lab export`` take."""

    quantize: Literal["none", "float16", "dynamic", "int8", "int16x8"] = _option(
        "none",
        "how weights are stored: float32, float16, or int8, computed with in floats (dynamic) or in integers of 8 or 16"
        " bits (int8, int16x8); a microcontroller takes none, int8 or int16x8",
        example="int16x8",
    )
    c_array: bool = _option(
        False, "beside the file, a C header with the constants and a C source with the file as an array", example="on"
    )


def shared_out(options: Mapping[str, Any], *models: type[Options]) -> list[dict[str, Any]]:
    """Give each model the keywords that it has a field for.

    Raises
    ------
    OptionError
        A name that none of them has.
    """
    names = dict.fromkeys(name for model in models for name in model.model_fields)
    for name in options:
        if name not in names:
            raise OptionError(f"there is no option {name!r}; {did_you_mean(name, names)}")
    return [{name: value for name, value in options.items() if name in model.model_fields} for model in models]
