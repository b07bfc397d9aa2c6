"""Texts for the tables of all studies: effects with their standard errors, coverages, spans of origins."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lstm_lab.formatting import number, percent, span

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lstm_lab.evaluation.evaluation_set import EvaluationSet
    from lstm_lab.evaluation.scoring import Difference

__all__ = ["comparison_text", "coverage_text", "effect_text", "four_digits", "joined_names", "origins_text"]


def origins_text(evaluated: EvaluationSet) -> str:
    """Describe how many origins there are, when, and how far each forecast looks."""
    steps = f"{evaluated.horizon} step{'s' if evaluated.horizon > 1 else ''} each"
    many = len(evaluated.origins) > 1
    return f"{len(evaluated.origins)} origin{'s from' if many else ','} {span(evaluated.origins)}, {steps}"


def effect_text(gap: Difference, base: float) -> str:
    """Write a difference of errors and its standard error, in percent of another's error.

    >>> from lstm_lab.evaluation.scoring import Difference
    >>> effect_text(Difference(-0.034, 0.012), 1.0), effect_text(Difference(0.5, float("inf")), 2.0)
    ('−3.4 ± 1.2 %', '+25 %')
    """
    if base == 0:  # of a series that never changes
        return ""
    shares = [100 * abs(value) / base for value in gap]
    decimals = 0 if shares[0] >= 10 else 1
    sign = "+" if gap.mean >= 0 else "−"
    doubt = f" ± {shares[1]:.{decimals}f}" if shares[1] < 1e6 else ""
    return f"{sign}{shares[0]:,.{decimals}f}{doubt} %"


def comparison_text(name: str, other: str, gap: Difference, base: float, judged_by: str) -> str:
    """Describe how much better or worse one model is than another, and whether that may be chance.

    Parameters
    ----------
    name, other
        The two models; `other` is a baseline.
    gap
        The errors of the first minus those of the second.
    base
        Mean absolute error of the second.
    judged_by
        The origins or seeds that the comparison rests on, in words.

    Examples
    --------
    >>> from lstm_lab.evaluation.scoring import Difference
    >>> comparison_text("lstm", "naive", Difference(0.03, 0.02), 1.0, "60 origins")
    "lstm's error is 3 % above naive's; with 60 origins that may be chance"
    """
    side = "below" if gap.mean < 0 else "above"
    if base == 0:
        return f"{other}'s error is zero: the series does not change"
    text = f"{name}'s error is {percent(abs(gap.mean) / base)} {side} {other}'s"
    return f"{text}, more than chance over {judged_by}" if gap.clear else f"{text}; with {judged_by} that may be chance"


def coverage_text(share: float, low: float, high: float) -> str:
    """Write a measured coverage with its interval.

    >>> coverage_text(0.86, 0.81, 0.9)
    '86 % (81–90)'
    """
    return f"{percent(share)} ({percent(low).removesuffix(' %')}–{percent(high).removesuffix(' %')})"


def four_digits(value: float) -> str:
    """Write a number for a column: always four digits, so that points stand below each other.

    >>> four_digits(1.99), four_digits(15.7), four_digits(12345.6), four_digits(0.0)
    ('1.990', '15.70', '12,346', '0')
    """
    return f"{value:#.4g}" if 1e-3 <= abs(value) < 999.9 else number(value)


def joined_names(names: Sequence[str]) -> str:
    """Join names with commas and "and".

    >>> joined_names(["a"]), joined_names(["a", "b", "c"])
    ('a', 'a, b and c')
    """
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
