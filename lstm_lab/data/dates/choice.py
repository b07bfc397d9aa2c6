"""Which of several readings of a column of dates is taken: the one that is asked for, or the most regular one."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np

from lstm_lab.data.dates.candidates import DAY_FIRST, candidates
from lstm_lab.data.dates.reading import AmbiguousDatesError, Regularity, UnfitDatesError

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from lstm_lab.data.dates.candidates import Candidate

__all__ = ["allowed_by", "most_regular", "time_text"]

ENOUGH = 4
"""Steps from which their order is no accident: it is one in 60 times."""
ORDER_NAMES = {"dmy": "day first", "mdy": "month first", "ymd": "year first"}
ORDER_NAMES |= {f"compact {order}": words for order, words in ORDER_NAMES.items()}


def allowed_by(fitting: list[Candidate], texts: NDArray[np.object_], where: str, *, dayfirst: bool) -> list[Candidate]:
    """Return the readings that ``dayfirst`` allows, or refuse dates that have none."""
    allowed = [
        candidate
        for candidate in fitting
        if DAY_FIRST.get(candidate.order, dayfirst) is dayfirst or "b" in candidate.fields.shape
    ]
    proven = [candidate for candidate in allowed if candidate.order in DAY_FIRST]
    if allowed:
        return proven or allowed
    row = next(row for row, text in enumerate(texts) if _contradicts_dayfirst(text, dayfirst=dayfirst))
    raise UnfitDatesError(
        f"dayfirst={dayfirst} must fit every date, but {texts[row].strip()!r} in {where}, row {row}, has no month"
        f" {'in the middle' if dayfirst else 'in front'}; set dayfirst={not dayfirst}, or leave it out"
    )


def _contradicts_dayfirst(text: str, *, dayfirst: bool) -> bool:
    return not any(
        DAY_FIRST.get(candidate.order) is dayfirst for candidate in candidates(np.array([text], dtype=object))
    )


def most_regular(fitting: list[Candidate], texts: NDArray[np.object_], where: str) -> tuple[Candidate, str]:
    """Return the reading whose steps are even, and why it was taken, or refuse where that does not decide."""
    if len(fitting) == 1:
        return fitting[0], ""
    regularities = {candidate.order: Regularity.of(candidate.times) for candidate in fitting}
    for candidate in fitting:
        others = [other for other in fitting if other is not candidate]
        own = regularities[candidate.order]
        reasons = [
            _advantage(own, regularities[other.order], by_year=_differ_in_year(candidate, other))
            or _convention(candidate, other)
            for other in others
        ]
        if any(
            _advantage(regularities[other.order], own, by_year=_differ_in_year(candidate, other)) for other in others
        ):
            continue
        if all(reasons):
            rest = " or ".join(_order_name(other) for other in others)
            order = f"{_order_name(candidate)} ({candidate.fields.written})"
            return candidate, f"{order}, because {reasons[0]}; {rest} fits too"
    raise AmbiguousDatesError(_ambiguity(fitting, texts, where))


def _differ_in_year(candidate: Candidate, other: Candidate) -> bool:
    """Return whether two readings differ in where the year is, not only in day and month."""
    return not {candidate.order, other.order} <= DAY_FIRST.keys()


def _advantage(own: Regularity, other: Regularity, *, by_year: bool) -> str:
    """Return why one reading beats another; nothing where it does not."""
    if own.ordered >= other.ordered and own.even and other.uneven > 2 * own.uneven:
        return "its steps are even"
    if own.ordered > other.ordered and own.uneven <= other.uneven and own.steps >= ENOUGH:
        return "its rows are in order"
    if by_year and own.ordered >= other.ordered and own.even and other.isolated and not own.isolated:
        return "its steps are shorter and even"
    return ""


def _convention(candidate: Candidate, other: Candidate) -> str:
    """Prefer the day first between dots: no country writes the month first there."""
    dotted = re.match(r"d\.\s?m\.", candidate.fields.shape) is not None
    return "that is how dates with dots are written" if dotted and other.order == "mdy" else ""


def _order_name(candidate: Candidate) -> str:
    return ORDER_NAMES.get(candidate.order, candidate.fields.written)


def _ambiguity(fitting: list[Candidate], texts: NDArray[np.object_], where: str) -> str:
    """Return the refusal that shows the readings of the first row in which they differ."""
    instants = np.stack([candidate.times.asi8 for candidate in fitting])
    row = int(np.argmax((instants != instants[0]).any(axis=0)))
    readings = [f"{time_text(candidate.times[row])} {_order_name(candidate)}" for candidate in fitting]
    first = {candidate.order for candidate in fitting} <= DAY_FIRST.keys()
    remedy = (
        "dayfirst=True or dayfirst=False"
        if first
        else " or ".join(f"date_format={candidate.fields.written!r}" for candidate in fitting)
    )
    return (
        f"dates must have one reading, but {texts[row].strip()!r} in {where}, row {row}, is {' or '.join(readings)},"
        f" and the steps of the rows do not tell; set {remedy}"
    )


def time_text(time: pd.Timestamp) -> str:
    """Write a time, without its clock at midnight."""
    return str(time.date()) if time == time.normalize() else str(time)
