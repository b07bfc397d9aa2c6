"""Options of gate traces and of the memory task."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Self

from pydantic import BeforeValidator, model_validator

from lstm_lab.options.base import Name, Numbers, Options, Sizes, option

__all__ = ["CellOptions", "FindOptions", "GateOptions", "MemoryOptions"]


def _as_text(value: object) -> object:
    """Write values by the names of gates, as text."""
    if not isinstance(value, Mapping):
        return value
    return ",".join(f"{gate}={held}" for gate, held in value.items())


class GateOptions(Options):
    """Options of `run.gates` and ``%lstm_gates``."""

    at: Annotated[str, BeforeValidator(str)] = option(
        "-1", "last row the network reads: a time, or a position among the rows, -1 the newest", example="2019-03-01"
    )
    windows: int | None = option(
        None, "look at so many windows together, evenly spread, instead of one", unit="windows", example="200", ge=1
    )
    id: Name | None = option(
        None,
        "of a run of many series, the one whose rows are read; several with commas are compared at the same time",
        example="store_1",
    )

    @model_validator(mode="after")
    def _one_window_or_many(self) -> Self:
        if self.windows is not None and self.at != "-1":
            raise ValueError(
                f"at= looks at one window and windows= at many over all rows, got at={self.at!r} and "
                f"windows={self.windows}; leave out one of them"
            )
        return self


class CellOptions(Options):
    """Options of `run.cell` and ``%lstm_cell``."""

    at: Annotated[str, BeforeValidator(str)] = option(
        "-1", "last row the network reads: a time, or a position among the rows, -1 the newest", example="2019-03-01"
    )
    layer: int | None = option(
        None, "number of the recurrent layer, from 0; default: the one that remembers longest", example="0", ge=0
    )
    unit: int | None = option(
        None, "number of its unit, from 0; default: the one that remembers longest", example="3", ge=0
    )
    step: int = option(-1, "step of the window to begin at, from 0, or back from the last with -1", example="-1")
    hold: Annotated[str | None, BeforeValidator(_as_text)] = option(
        None,
        "what if a gate were held at a value, from 0, shut, to 1, open; several with commas",
        example="forget=1",
        form="GATE=VALUE",
    )
    hold_units: Numbers | None = option(
        None, "with hold, numbers of the units whose gate is held, from 0; default: all", example="0"
    )
    hold_steps: Numbers | None = option(
        None, "with hold, steps of the window at which it is held, from 0; default: all", example="10-19"
    )
    id: Name | None = option(None, "of a run of many series, the one whose rows are read", example="store_1")

    @model_validator(mode="after")
    def _held(self) -> Self:
        _ = self.held
        return self

    @property
    def held(self) -> dict[str, float]:
        """Values by the names of the gates that are held."""
        if self.hold is None:
            return {}
        parts = [part.partition("=") for part in self.hold.split(",")]
        try:
            held = {gate.strip(): float(value) for gate, _, value in parts}
        except ValueError:
            held = {"": 0.0}
        if "" in held:
            raise ValueError(f"hold= takes a gate, = and its value, got {self.hold!r}; for example hold='forget=1'")
        return held


class FindOptions(Options):
    """Options of `run.find` and ``%lstm_find``."""

    at: Annotated[str, BeforeValidator(str)] = option(
        "-1", "last row the network reads: a time, or a position among the rows, -1 the newest", example="2019-03-01"
    )
    steps: Numbers | None = option(
        None, "steps of the window that are looked for, from 0; default: the newest ten", example="40-49"
    )
    units: Numbers | None = option(None, "numbers of the units, from 0; default: all", example="3,7")
    layer: int | None = option(
        None, "number of the recurrent layer, from 0; default: the one that remembers longest", example="0", ge=0
    )
    signal: str | None = option(
        None, "gate or state that is compared; default: the cell state, else the hidden state", example="forget"
    )
    matches: int = option(8, "matches that are listed, at most", unit="matches", example="8", ge=1, le=100)
    id: Name | None = option(None, "of a run of many series, the one whose rows are read", example="store_1")


class MemoryOptions(Options):
    """Options of `run.memory` and ``%lstm_memory``."""

    units: int = option(16, "units of each network that is compared", unit="units", example="16", ge=1)
    updates: int = option(500, "gradient steps that each of them is given, at most", unit="steps", example="500", ge=1)
    recall: Sizes | None = option(
        None,
        "distances over which a value is to be recalled, or none; default: those of 10, 20, 50, 100 and 200 that the "
        "run's windows are long enough for",
        unit="steps",
        example="10,50",
    )
    seeds: int = option(
        1, "trainings for each network and distance of the recall task, with seed, seed + 1, ...", example="5", ge=1
    )
    seed: int = option(0, "same seed, same machine: same table", example="0", ge=0, lt=2**31)
