"""A measurement repeated with several seeds: each value, their mean and their spread."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from lstm_lab.errors import OptionError, named_keywords
from lstm_lab.evaluation.study_marks import Column, Look, MarkedResult, StudyMarks, scale_for
from lstm_lab.execution.garbage import freed_networks
from lstm_lab.formatting import number
from lstm_lab.results import Summary

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

__all__ = ["Repeated", "repeat"]


@dataclass(frozen=True, eq=False, repr=False)
class Repeated(MarkedResult):
    """Values of a measurement, with every seed; made by `repeat`."""

    values: pd.DataFrame
    """A row for each seed and a column for each variant that was measured."""
    quantity: str = "value"
    """What was measured, with its unit."""

    @property
    def summary(self) -> pd.DataFrame:
        """Compute mean, standard deviation, smallest and largest value over the seeds, a row for each variant."""
        columns = {name: getattr(self.values, name)() for name in ("mean", "std", "min", "max")}
        return pd.DataFrame(columns).rename_axis("variant")

    @property
    def marks(self) -> StudyMarks:
        """Values of every variant, the first at the top, with one standard deviation around their mean."""
        values = self.values.to_numpy(np.float64).T
        mean, deviation = values.mean(axis=1), values.std(axis=1, ddof=1) if len(self.values) > 1 else np.nan
        ends = np.stack([mean - deviation, mean + deviation], axis=1)
        names = tuple(map(str, self.values.columns))
        count = len(self.values)
        return StudyMarks(
            self.quantity,
            (f"{count} seed{'s' if count > 1 else ''}; numbers: the mean",),
            names=names,
            looks=(Look("a mark a seed"),) * len(names),
            seeds=tuple(map(str, self.values.index)),
            columns=(Column(self.quantity, values, ends, scale=scale_for(values)),),
            interval="one standard deviation of the seeds",
        )

    def clear(self, first: str, second: str) -> bool:
        """Return whether the values of two variants differ in the same direction with every seed.

        Parameters
        ----------
        first, second
            Names of variants.
        """
        signs = set(np.sign(self.values[first] - self.values[second]))
        return len(signs) == 1 and 0 not in signs

    def summary_table(self) -> Summary:
        """Tabulate the mean and the spread over the seeds."""
        seeds = ", ".join(str(seed) for seed in self.values.index)
        return Summary(self.quantity, (("seeds", seeds),), tuple(self._lines()))

    def _lines(self) -> Iterator[tuple[str, ...]]:
        yield ("variant", "mean", "smallest", "largest")
        for name, row in self.summary.iterrows():
            yield (str(name), number(row["mean"]), number(row["min"]), number(row["max"]))


@named_keywords
def repeat(
    measure: Callable[[int], Mapping[str, float]],
    seeds: int | Sequence[int] = 5,
    *,
    quantity: str = "value",
) -> Repeated:
    """Call a measurement once with each seed, and collect what it returns.

    Parameters
    ----------
    measure
        Takes a seed and returns a number for each variant, by the variant's name.
    seeds
        The seeds, or how many of them: 5 stands for 0 to 4.
    quantity
        What is measured, with its unit: the title of table and picture.

    Returns
    -------
    Repeated
        ``.values``, a row a seed; ``.summary``, mean and spread; a picture with a dot for each seed.

    Raises
    ------
    OptionError
        There is no seed, or the variants differ from seed to seed.

    Examples
    --------
    >>> repeat(lambda seed: {"even": 2 * seed, "odd": 2 * seed + 1}, seeds=3).summary["mean"].to_dict()
    {'even': 2.0, 'odd': 3.0}
    """
    chosen = list(range(seeds)) if isinstance(seeds, int) else list(dict.fromkeys(seeds))
    if not chosen:
        raise OptionError(f"a repeated measurement needs at least one seed, got seeds={seeds!r}; use seeds=5")
    rows: dict[int, Mapping[str, float]] = {}
    for seed in chosen:
        with freed_networks():
            rows[seed] = measure(seed)
        if set(rows[seed]) != set(rows[chosen[0]]):
            raise OptionError(
                f"a repeated measurement must return the same names with every seed, got {sorted(rows[seed])} with"
                f" seed {seed} and {sorted(rows[chosen[0]])} with seed {chosen[0]}"
            )
    return Repeated(pd.DataFrame.from_dict(rows, orient="index").rename_axis("seed").astype(float), quantity)
