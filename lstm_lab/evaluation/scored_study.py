"""What every study has whose models are scored by name and seed, and the marks that are drawn of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Protocol

import numpy as np

from lstm_lab.evaluation.study_marks import Column, StudyMarks, scale_for

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd
    from numpy.typing import NDArray

    from lstm_lab.evaluation.scoring import Difference
    from lstm_lab.evaluation.study_marks import Look

    Array = NDArray[np.float64]

__all__ = ["DrawnStudy", "ScoredStudy", "scored_marks"]


class ScoredStudy(Protocol):
    """Scores and differences: what the leaderboard of kinds and the effects of changes are made of."""

    error: ClassVar[str]
    """Name of the score that ranks models: ``mae``, of many series ``mase``."""

    @property
    def scores(self) -> pd.DataFrame:
        """A row for each name and seed: all scores."""

    def gap(self, name: str, other: str) -> Difference:
        """Compare the errors of two models, `name` minus `other`."""


class DrawnStudy(ScoredStudy, Protocol):
    """What is drawn: `experiments.StudyResult` and `panel_study.PanelStudyResult` have it."""

    @property
    def target(self) -> str:
        """The column that is forecast."""

    @property
    def interval(self) -> float:
        """Nominal coverage of the bands, in percent."""

    @property
    def details(self) -> Mapping[str, str]:
        """How the study was made, in words."""

    def band(self, name: str | None = None) -> str:
        """Describe what the bands are, of one name or of all."""


def scored_marks(
    study: DrawnStudy,
    looks: Mapping[str, Look],
    reference: str | None,
    heading: tuple[str, tuple[str, ...]],
    remarks: Mapping[str, str],
) -> StudyMarks:
    """Return the marks of error, coverage and width of the band, a row for each name in `looks`.

    Parameters
    ----------
    study
        The study.
    looks
        Looks by name, from the top.
    reference
        The name that the others are compared with; None where there is none.
    heading
        Title, and lines below it.
    remarks
        What is said of single names.
    """
    unit = "mean changes of a series" if study.error == "mase" else study.target
    names, seeds = tuple(looks), study.scores.index.unique("seed")
    means = {} if reference is None else _means(study, reference)
    errors, coverages, widths = (_by_seed(study, names, score) for score in (study.error, "coverage", "width"))
    ends = [study.scores.xs(name, level=0)[["coverage_low", "coverage_high"]].mean() for name in names]
    columns = (
        Column(
            f"mean absolute error ({unit})",
            errors,
            None if reference is None else _around(study, names, reference),
            means.get(study.error),
            scale=scale_for(errors),
        ),
        Column(
            f"measured coverage of the band ({study.band(reference) or study.band()})",
            coverages,
            np.array(ends, dtype=np.float64),
            study.interval / 100,
            dashed=True,
            form="share",
        ),
        Column(f"width of the band ({unit})", widths, line=means.get("width"), scale=scale_for(widths)),
    )
    difference = "" if reference is None else f"; two standard errors of an error's difference from {reference}"
    return StudyMarks(
        *heading,
        names=names,
        looks=tuple(looks.values()),
        seeds=tuple(map(str, seeds)),
        columns=columns,
        reference="" if reference is None else f"mean of: {reference}",
        interval=f"95 % interval of a coverage{difference}",
        remarks=tuple(remarks.get(name, "") for name in names),
    )


def _means(study: DrawnStudy, name: str) -> dict[str, float]:
    """Average the drawn scores of a model over its seeds."""
    scores = study.scores.xs(name, level=0)
    return {score: float(scores[score].mean()) for score in (study.error, "width")}


def _by_seed(study: DrawnStudy, names: tuple[str, ...], score: str) -> Array:
    """Return the scores of all rows, (rows, seeds), NaN where a row has no such seed."""
    seeds = study.scores.index.unique("seed")
    rows = [study.scores.xs(name, level=0)[score].reindex(seeds) for name in names]
    return np.stack([row.to_numpy(np.float64) for row in rows])


def _around(study: DrawnStudy, names: tuple[str, ...], reference: str) -> Array:
    """Return two standard errors around each error's difference from the reference, (rows, 2).

    An interval that leaves out the reference's mean is an effect that is more than chance.
    """
    base = _means(study, reference)[study.error]
    gaps = [study.gap(name, reference) for name in names]
    ends = np.array([[base + gap.mean - 2 * gap.error, base + gap.mean + 2 * gap.error] for gap in gaps])
    ends[[name == reference for name in names]] = np.nan
    return np.where(np.isfinite(ends), ends, np.nan)
