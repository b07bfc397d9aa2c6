"""Options of a network's inputs and of its training."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from lstm_lab.options.base import Folder, Marks, Name, Options, Sizes, Texts, option

__all__ = [
    "CHECKPOINT_OPTIONS",
    "STACK_OPTIONS",
    "WEIGHTS_PATTERN",
    "CheckpointOptions",
    "InputOptions",
    "ResumeOptions",
    "TrainOptions",
]

WEIGHTS_PATTERN = r"^(uniform|linear|exponential(:\d+(\.\d+)?)?|column:.*\S.*)$"


class InputOptions(Options):
    """Options of the inputs, of `lab.features` and ``%lstm_features`` and of every training."""

    target: Name | None = option(None, "column to forecast; may be left out if only one is numeric", example="close")
    time: Name | None = option(
        None, "column of times; without it the frame's index, or the column that holds dates", example="date"
    )
    id: Name | None = option(
        None,
        "column of ids, where the table holds many series; columns: every column of a wide table is a series",
        example="store",
    )
    static: Texts = option(
        (), "with id: columns that are constant within an id, such as a region, as inputs", example="region"
    )
    short: Literal["pad", "skip", "error"] = option(
        "pad",
        "with id: what becomes of ids with fewer training rows than a window: pad their windows, leave them out and"
        " name them, or refuse them",
        example="skip",
    )
    mask: bool = option(
        True,
        "with short=pad: keep padding from the network; off shows the mistake of a network that learns from padding",
        example="off",
    )
    dayfirst: bool | None = option(
        None,
        "whether 01/02/2024 is the first of February; default: what gives even steps, for the whole column",
        example="on",
    )
    date_format: str | None = option(
        None,
        "how dates are written, as strptime takes it, or unix, unix_ms, unix_us, unix_ns, excel for numbers;"
        " default: found",
        example="%d.%m.%Y",
    )
    features: Texts = option(
        ("auto",),
        "inputs beside the target: log_return, bollinger(20, 2), hour, any numeric column, ...; auto: those of a season"
        " that transform=auto finds",
        example="'log_return, bollinger(20, 2)'",
    )
    transform: str = option(
        "auto",
        "what is learnt: none, log, diff, log_return, seasonal_diff(n), seasonal_log_return(n) for seasons that grow"
        " with the level, or auto to let the training rows decide",
        example="log_return",
    )
    scaler: Literal["standard", "minmax"] = option(
        "standard",
        "how columns are scaled by the training rows: to mean 0 and deviation 1, or minmax: to 0 at the least value and"
        " 1 at the largest, as tutorials do; delta is then a share of that range",
        example="minmax",
    )
    missing: Literal["error", "interpolate", "ffill", "drop"] = option(
        "error", "what to do with missing or infinite values", example="interpolate"
    )
    na_values: Marks | None = option(
        None,
        "texts or numbers that mean a missing value; none: a number that looks like one is measured",
        example="'***,-999'",
    )
    decimal: Literal[".", ","] | None = option(
        None, "decimal mark, where text such as 1.234 has two readings; the other mark groups thousands", example="','"
    )
    encoding: str | None = option(
        None, "encoding of a text file; default: UTF-8, or what a byte order mark says", example="latin-1"
    )
    header: Annotated[int, Field(ge=0)] | Literal["none"] | None = option(
        None,
        "line of a text file that names the columns, from 0, empty lines left out; none: no line does; default: found",
        example="2",
    )
    max_size: float | None = option(
        None, "largest data file to read, unpacked; default: 2000", unit="MB", example="5000", gt=0
    )
    on_disk: bool = option(
        False,
        "read a Parquet file batch by batch, and keep its rows in a temporary file instead of memory",
        example="on",
    )
    max_gap: str | None = option(
        None,
        "a longer step between two rows is a gap that no window spans; default: 10 median steps",
        example="3D",
    )
    lookback: int = option(60, "rows the network sees before each forecast", unit="rows", example="60", ge=1)
    validation: float = option(0.1, "share of the rows held out to stop training in time", example="0.1", ge=0, lt=0.5)
    calibration: float = option(
        0.1,
        "newest share of the rows, kept from training and stopping, to make the band true",
        example="0.1",
        ge=0,
        lt=0.5,
    )


STACK_OPTIONS = ("cell", "units", "dropout", "dense", "recurrent_init", "kernel_init")
"""Options that describe the reference stack, and mean nothing beside a stack of the user's."""


CHECKPOINT_OPTIONS = ("checkpoint", "checkpoint_seconds")
"""Options that say where a training is written to, and change nothing of it."""


class CheckpointOptions(Options):
    """The option of all long work that goes on where it was broken off."""

    checkpoint: Folder | None = option(
        None,
        "folder to write the state of the work to; after a crash the same call goes on from there, to the same bits",
        example="state/oil",
        pattern=r"\S",
        form="the name of a folder",
    )


class TrainingCheckpointOptions(CheckpointOptions):
    """Options of a training's checkpoints."""

    checkpoint_seconds: float | None = option(
        None,
        "seconds between two checkpoints, within an epoch too; default: one after every epoch",
        unit="seconds",
        example="60",
        gt=0,
    )


class TrainOptions(TrainingCheckpointOptions, InputOptions):
    """Options of `lab.train`, ``%%lstm_train`` and ``lstm-lab run``."""

    cell: Literal["lstm", "gru", "rnn"] = option("lstm", "recurrent cell of the reference stack", example="gru")
    units: Sizes = option((128, 128, 128), "units of each recurrent layer", example="128,128", min_length=1)
    dropout: float = option(0.2, "share of outputs dropped after each recurrent layer", example="0.2", ge=0, lt=1)
    dense: Sizes = option((64, 32), "units of the dense layers before the output, or none", example="64,32")
    forget_bias: float = option(1.0, "initial bias of every forget gate", example="1.0")
    recurrent_init: Literal["orthogonal", "glorot", "gaussian"] = option(
        "orthogonal",
        "how the weights from state to state start: orthogonal keeps the length of what passes through them; gaussian:"
        " deviation 0.05",
        example="gaussian",
    )
    kernel_init: Literal["glorot", "gaussian"] = option(
        "glorot",
        "how the weights of the inputs start: glorot keeps the variance from layer to layer; gaussian: deviation 0.05",
        example="gaussian",
    )
    epochs: int = option(
        100,
        "passes over the training windows (with a stride, as many as it takes for 24 gradient steps), at most",
        unit="epochs",
        example="100",
        ge=1,
    )
    batch: int | None = option(
        None,
        "windows per gradient step; default: 16 with a target at every step, else 64",
        unit="windows",
        example="64",
        ge=1,
    )
    learning_rate: float | None = option(
        None, "step size of Adam; default: 0.003 with a target at every step, else 0.001", example="0.001", gt=0
    )
    schedule: Literal["constant", "cycle"] = option(
        "constant", "keep the learning rate, or let it rise and fall to zero once over all epochs", example="cycle"
    )
    clip: float = option(0.0, "longest gradient of a step, by its global norm; 0: any length", example="1.0", ge=0)
    loss: Literal["huber", "mse", "mae"] = option("huber", "loss that is minimised", example="huber")
    delta: float = option(
        1.0,
        "where Huber turns from square to linear",
        unit="standard deviations of the transformed target over the training rows (with scaler=minmax, ranges)",
        example="1.0",
        gt=0,
    )
    weights: str = option(
        "uniform",
        "how much newer rows count: uniform, linear (0.5 to 1), exponential (e^3 = 20 times) or exponential:RATE; or"
        " column:NAME, a column with a weight for each row",
        example="linear",
        pattern=WEIGHTS_PATTERN,
        form="uniform, linear, exponential, exponential:RATE or column:NAME",
    )
    supervise: Literal["auto", "every", "last"] = option(
        "auto",
        "targets of a window: one at every step after a burn-in, or its last alone; auto: every where layers allow it",
        example="last",
    )
    stride: int | None = option(
        None,
        "rows from one training window to the next; default: half the lookback with a target at every step, else 1",
        unit="rows",
        example="30",
        ge=1,
    )
    burn_in: int | None = option(
        None,
        "first steps of a window, whose targets count nothing; default: a quarter of the lookback",
        unit="rows",
        example="15",
        ge=0,
    )
    patience: int = option(
        10, "epochs without a better validation loss before training stops", unit="epochs", example="10", ge=1
    )
    seed: int = option(0, "same seed, same machine: same weights, bit for bit", example="0", ge=0, lt=2**31)


class ResumeOptions(TrainingCheckpointOptions):
    """Options of `Run.resume` and ``%lstm_resume``: what may differ from the training that is gone on with."""

    epochs: int = option(20, "further passes over the training windows, at most", unit="epochs", example="20", ge=1)
    learning_rate: float | None = option(
        None, "step size of Adam, whose averages begin anew; default: the run's", example="0.0003", gt=0
    )
    patience: int | None = option(
        None,
        "epochs without a better validation loss before training stops; default: the run's",
        unit="epochs",
        example="10",
        ge=1,
    )
    seed: int | None = option(
        None, "seed of the batches' order and of dropout; default: the run's and 1", example="1", ge=0, lt=2**31
    )

    def over(self, before: TrainOptions) -> TrainOptions:
        """Return the options of a training with these in place of its own."""
        given = {name: getattr(self, name) for name in ("epochs", *CHECKPOINT_OPTIONS)}
        for name in ("learning_rate", "patience"):
            value = getattr(self, name)
            given[name] = getattr(before, name) if value is None else value
        seed = (before.seed + 1) % 2**31 if self.seed is None else self.seed
        return before.model_copy(update={**given, "seed": seed})
