"""Series and a panel in the public domain that come with the package; their provenance lies beside the files."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from lstm_lab.data.sources.loading import load
from lstm_lab.errors import DataError, did_you_mean, named_keywords, shown

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

    from lstm_lab.data.tables.missing_values import Missing

__all__ = ["EXAMPLES", "Example", "example"]


@dataclass(frozen=True, slots=True)
class Example:
    """A real series, or a panel of them, in the public domain that comes with the package."""

    name: str
    title: str
    unit: str
    target: str
    period: str
    provenance: str
    missing: Missing = "error"
    """How `example` fills what the bundled file leaves open."""
    id: str | None = None
    """The column of ids of a panel."""
    static: tuple[str, ...] = ()
    """Columns that are constant within an id."""


EXAMPLES: Mapping[str, Example] = MappingProxyType(
    {
        entry.name: entry
        for entry in (
            Example(
                "temperature",
                "Hourly air temperature, humidity and pressure, Greensboro, North Carolina",
                "°C",
                "temperature",
                "a typical year, shown as 2001",
                "NREL TMY3 station 723170 (US Government work), from 723170TYA.CSV as carried by pvlib",
            ),
            Example(
                "co2",
                "Weekly carbon dioxide at Mauna Loa, Hawaii",
                "ppm",
                "co2",
                "March 1958 to December 2001",
                "Keeling and Whorf, Scripps Institution of Oceanography, CDIAC, as in statsmodels (public domain)",
                missing="interpolate",
            ),
            Example(
                "oil",
                "Daily spot price of West Texas Intermediate crude oil",
                "US dollars per barrel",
                "price",
                "January 1986 to January 2019",
                "US Energy Information Administration through FRED, series DCOILWTICO (public domain), as in arch",
            ),
            Example(
                "unemployment",
                "Monthly unemployment rates of 14 industries in the United States, not seasonally adjusted",
                "percent",
                "rate",
                "January 2000 to February 2010",
                "US Bureau of Labor Statistics, Current Population Survey, table A-31 (US Government work), as in"
                " vega-datasets",
                id="industry",
                static=("sector",),
            ),
        )
    }
)


@named_keywords
def example(name: str) -> pd.DataFrame:
    """Load a bundled series or panel; no network is used.

    Parameters
    ----------
    name
        ``temperature``, ``co2`` or ``oil``, or the panel ``unemployment``: 14 industries, their ``rate`` by month.

    Returns
    -------
    pandas.DataFrame
        Complete, by time, a panel by (id, time). The 59 weeks without a measurement of ``co2`` are interpolated, and
        ``frame.attrs["lstm_lab"]`` says so.

    Raises
    ------
    DataError
        There is no such example.

    Examples
    --------
    >>> example("oil")["price"].tail(1).tolist()
    [46.92]
    """
    if not isinstance(name, str) or name not in EXAMPLES:
        raise DataError(f"there is no example {shown(name)}; {did_you_mean(str(name), EXAMPLES)}")
    chosen = EXAMPLES[name]
    path = Path(__file__).parents[1] / "examples" / f"{name}.csv.gz"
    return load(path, id=chosen.id, target=chosen.target, static=chosen.static, missing=chosen.missing)
