"""Preview of a training: the series and its parts, the transform, the sample weights and the loss."""

from __future__ import annotations

import html
from pathlib import Path
from typing import TYPE_CHECKING, Any

import ipywidgets
import numpy as np

from lstm_lab.data.preparation import prepare
from lstm_lab.data.windows.sample_weights import column_of, effective_sample_size, own_weights
from lstm_lab.diagnostics.panel_report import PanelFeatureReport
from lstm_lab.diagnostics.training_choices import LOSS_LABELS, ResidualLosses, Weighting
from lstm_lab.diagnostics.training_previews import naive_losses
from lstm_lab.errors import LabError
from lstm_lab.formatting import number, percent
from lstm_lab.notebook.dashboard.series_sketch import series_sketch
from lstm_lab.notebook.dashboard.style import box, note, paragraph
from lstm_lab.options import OPTION_NAMES, InputOptions, TrainOptions
from lstm_lab.options.spelling import as_controls
from lstm_lab.widgets import widget

if TYPE_CHECKING:
    from collections.abc import Callable

    from lstm_lab.data.preparation import Prepared

__all__ = ["Preview"]

CHART_HEIGHT = 190
SKETCHES = 3
"""Series of a panel that are drawn."""


class Preview:
    """Shows the data, weights and loss of the next training.

    Its charts are those of `WeightCurve` and `LossExplorer`, without controls: the dashboard has the settings.
    """

    def __init__(self) -> None:
        self.data = ipywidgets.HTML()
        """The series and what is learnt, or what is wrong."""
        self.weights = _Chart()
        self.losses = _Chart()
        self._pair = box(self.weights.view, self.losses.view, look="pair")
        self._pair.layout.display = "none"
        self.view = box(self.data, self._pair, look="column")
        self.view.layout.flex_flow = "column"
        self.mistake: str | None = None
        """What is wrong with the data or the options, in one line."""
        self._key: Any = None
        self._source: Any = None
        self._prepared: Prepared | None = None

    def update(self, key: str, source: Callable[[], Any], values: Callable[[], dict[str, Any]]) -> None:
        """Draw the preview again.

        Parameters
        ----------
        key
            Name of the data.
        source
            Returns the data.
        values
            Returns the options that are not at their defaults; a mistake in them is shown in place of the preview.
        """
        try:
            options = TrainOptions.of(values())
            prepared = self._prepare(key, source(), options)
            if not prepared.dataset.is_panel:
                prepared.dataset.checked_split()  # as Train will
            self._show(prepared, options)
            self.mistake = None
        except LabError as mistake:
            self.mistake = str(mistake)
            _write(self.data, note(f"No preview: {as_controls(str(mistake), OPTION_NAMES)}"))
        one_series = self._prepared is not None and not self._prepared.dataset.is_panel
        self._pair.layout.display = None if self.mistake is None and one_series else "none"

    def _prepare(self, key: str, data: Any, options: TrainOptions) -> Prepared:
        """Return the prepared data, those of before where data and options of the inputs are the same."""
        inputs = {name: getattr(options, name) for name in InputOptions.model_fields}
        now = (key, column_of(options.weights), tuple(inputs.items()))
        same = data is self._source or isinstance(data, Path)
        if self._prepared is None or now != self._key or not same:
            self._prepared = prepare(data, options)
            self._key, self._source = now, data
        return self._prepared

    def _show(self, prepared: Prepared, options: TrainOptions) -> None:
        if prepared.dataset.is_panel:
            _write(self.data, _described_panel(PanelFeatureReport(prepared, options)))
            return
        weighting, residuals = _weighting(prepared, options), _residuals(prepared, options)
        weights = weighting.weights()
        worth = effective_sample_size(weights)
        beyond = f" Beyond delta: {percent(residuals.linear_share)}." if options.loss == "huber" else ""
        _write(self.data, _described(prepared))
        self.weights.show(
            f"Weights: {options.weights}",
            weighting,
            f"Worth {round(worth):,} equal windows ({percent(worth / len(weights))}).",
        )
        self.losses.show(
            f"Loss: {LOSS_LABELS[options.loss]}",
            residuals,
            f"Bars: changes of the training rows. 1 sd is {number(residuals.scale)}.{beyond}",
        )


class _Chart:
    """A heading, the chart of a result's live view, and a line below it."""

    def __init__(self) -> None:
        self.heading, self.line = ipywidgets.HTML(), ipywidgets.HTML()
        self.view = box(self.heading, self.line, look="column")
        self.view.layout.flex_flow = "column"
        self.chart: Any = None

    def show(self, heading: str, result: Weighting | ResidualLosses, line: str) -> None:
        """Show a result: in the first call the chart is made, later ones send it what changed."""
        _write(self.heading, f"<h4>{html.escape(heading)}</h4>")
        _write(self.line, paragraph(line, "quiet"))
        if self.chart is None:
            self.chart = widget(result, chart_only=True, height=CHART_HEIGHT, label=heading)
            self.view.children = (self.heading, self.chart, self.line)
        else:
            self.chart.label = heading
            self.chart.show(result)


def _write(widget: Any, shown: str) -> None:
    """Set the text of an HTML widget where it differs."""
    if widget.value != shown:
        widget.value = shown


def _described(prepared: Prepared) -> str:
    """Return the series and what is learnt of it as HTML."""
    dataset = prepared.dataset
    series = dataset.frame[dataset.encoder.target]
    gaps = int(dataset.segments[-1])
    broken = f" {gaps} gap{'s' * (gaps > 1)}, which no window spans." if gaps else ""
    return (
        f"<h4>{html.escape(str(series.name))}</h4>{series_sketch(series, dataset.cuts[0])}{_learnt(prepared, broken)}"
    )


def _described_panel(report: PanelFeatureReport) -> str:
    """Return some of the series of a panel and what is learnt of all as HTML."""
    cuts = dict(zip(report.ready.dataset.ids, report.ready.dataset.cuts, strict=True))
    sketches = "".join(
        f"<h4>{html.escape(str(name))}</h4>{series_sketch(series.rename(str(name)), cuts[name])}"
        for name, series in report.targets(SKETCHES).items()
    )
    head = f"{html.escape(report.target)} by {html.escape(report.called)}"
    return f"<h4>{head}</h4>{paragraph(report.lengths_in_words())}{sketches}{_learnt(report.ready)}"


def _learnt(prepared: Prepared, more: str = "") -> str:
    columns = prepared.dataset.encoder.columns
    inputs = f"{len(columns)} input{'s' * (len(columns) > 1)}: {', '.join(columns)}."
    return f"<h4>What is learnt</h4>{paragraph(prepared.input_choice.reason)}{paragraph(inputs + more, 'quiet')}"


def _weighting(prepared: Prepared, options: TrainOptions) -> Weighting:
    """Return the weights of the training windows, which are as many as the rows after the first lookback."""
    dataset = prepared.dataset
    end = dataset.cuts[0].validation
    first = min(options.lookback + dataset.encoder.warmup, end - 1)
    column = column_of(options.weights)
    own = None if column is None else own_weights(dataset.frame[column].to_numpy(np.float64)[first:end], column)
    return Weighting(dataset.frame.index[first:end], options.weights, own=own)


def _residuals(prepared: Prepared, options: TrainOptions) -> ResidualLosses:
    """Return the errors of the naive forecast over the training rows, in the unit of Huber's delta."""
    dataset = prepared.dataset
    return naive_losses(dataset, np.arange(1, dataset.cuts[0].train_rows.stop), options)
