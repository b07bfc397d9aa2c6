"""Tasks that live in a file of their own, for a worker process must be able to import them."""

from __future__ import annotations

import os
import signal
import time
from dataclasses import dataclass
from pathlib import Path

from lstm_lab.errors import DataError


@dataclass(frozen=True)
class Square:
    """Gives its number squared, and says where it was worked out."""

    number: int
    notes: str

    @property
    def name(self):
        return f"square of {self.number}"

    def __call__(self, stop=None):  # noqa: ARG002 - the protocol's
        with Path(self.notes).open("a", encoding="utf-8") as file:
            file.write(f"{self.number}\n")
        return self.number**2, os.getpid()


@dataclass(frozen=True)
class Trouble(Square):
    """Does something bad, the first time or every time."""

    how: str = "raise"
    always: bool = False

    def __call__(self, stop=None):  # noqa: ARG002 - the protocol's
        first = str(self.number) not in Path(self.notes).read_text(encoding="utf-8").split()
        result = super().__call__()
        if first or self.always:
            if self.how == "die":
                time.sleep(0.2)
                os.kill(os.getpid(), signal.SIGKILL)
            if self.how == "refuse":
                raise DataError("a mistake that a second try would repeat")
            raise ValueError("no luck\nsecond line")
        return result
