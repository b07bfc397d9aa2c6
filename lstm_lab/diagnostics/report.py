"""`features`: a report on the inputs of a network, of one series or of many, before it is trained."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Unpack

from lstm_lab.data.preparation import prepare
from lstm_lab.diagnostics.feature_report import FeatureReport
from lstm_lab.diagnostics.input_analysis import InputAnalysis
from lstm_lab.diagnostics.panel_report import PanelFeatureReport
from lstm_lab.options import InputOptions

if TYPE_CHECKING:
    from os import PathLike

    import pandas as pd

    from lstm_lab.options.keywords import FeaturesKeywords

__all__ = ["features"]


def features(
    source: str | PathLike[str] | pd.DataFrame | pd.Series[Any], **options: Unpack[FeaturesKeywords]
) -> FeatureReport | PanelFeatureReport:
    """Measure the inputs that a network would be given, before any is trained; no network library is needed.

    Parameters
    ----------
    source
        A file, DataFrame or Series, of one series or of many; see `lstm_lab.load`.
    **options
        Fields of `lstm_lab.options.InputOptions`, which a training takes too.

    Returns
    -------
    FeatureReport or PanelFeatureReport
        The candidates for the transform, the columns with what they say of the next value, and findings. Every number
        is of the training rows alone, unless it says otherwise. Of many series: how many there are and how long, which
        are too short, and the findings of all, with the report of one at ``report[id]``.

    Raises
    ------
    LabError
        Data or an option that cannot be used: one line with the remedy.

    Examples
    --------
    >>> import lstm_lab as lab
    >>> report = lab.features(lab.example("oil"), features=["log_return", "rsi(14)"], transform="log_return")
    >>> report.summary.loc["rsi(14)", "warmup"]
    np.int64(14)
    >>> lab.features(lab.example("unemployment"), target="rate", lookback=24).ids["rows"].unique()
    array([122])
    """
    chosen = InputOptions.of(options)
    ready = prepare(source, chosen)
    if ready.dataset.is_panel:
        panel = PanelFeatureReport(ready, chosen)
        _ = panel.summary, panel.findings
        return panel
    report = FeatureReport(InputAnalysis(ready, chosen))
    # What may be refused is refused here, not where the report is shown.
    _ = report.summary, report.candidates, report.findings
    return report
