"""Checks of a network's inputs before training: a line for each problem found, with its remedy.

A check reports something only where a measurement does; its limits stand beside it, in the modules of the checks.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lstm_lab.diagnostics.column_checks import (
    constant_columns,
    held_covariates,
    leaking_covariates,
    outliers,
    range_left,
    repeated_target,
    similar_columns,
    undefined_values,
)
from lstm_lab.diagnostics.row_checks import (
    doubtful_dates,
    few_windows,
    gaps_in_time,
    irregular_steps,
    lost_rows,
    missing_values,
    texts_read,
)
from lstm_lab.diagnostics.transform_checks import below_zero, removed_season, worse_transform

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from lstm_lab.diagnostics.input_analysis import Finding, InputAnalysis

__all__ = ["run_checks"]


def run_checks(inputs: InputAnalysis) -> tuple[Finding, ...]:
    """Return the findings of every check, the gravest first."""
    return tuple(finding for check in _CHECKS for finding in check(inputs))


_CHECKS: tuple[Callable[[InputAnalysis], Iterator[Finding]], ...] = (
    few_windows,
    leaking_covariates,
    worse_transform,
    gaps_in_time,
    irregular_steps,
    lost_rows,
    missing_values,
    doubtful_dates,
    texts_read,
    constant_columns,
    undefined_values,
    similar_columns,
    repeated_target,
    range_left,
    below_zero,
    outliers,
    held_covariates,
    removed_season,
)
