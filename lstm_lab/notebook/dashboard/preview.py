"""Preview of a training: the series and its parts, the transform, the sample weights and the loss."""

from __future__ import annotations

import html
from pathlib import Path
from typing import TYPE_CHECKING, Any

import ipywidgets

from lstm_lab.data.preparation import prepare
from lstm_lab.data.sample_weights import effective_sample_size, sample_weights
from lstm_lab.diagnostics.training_choices import ResidualLosses
from lstm_lab.errors import LabError
from lstm_lab.formatting import number, percent
from lstm_lab.notebook.dashboard.drawings import losses_sketch, series_sketch, weights_sketch
from lstm_lab.notebook.dashboard.style import note, paragraph
from lstm_lab.options import OPTION_NAMES, InputOptions, TrainOptions
from lstm_lab.options.spelling import as_controls

if TYPE_CHECKING:
    from collections.abc import Callable

    from lstm_lab.data.preparation import Prepared

__all__ = ["Preview"]


class Preview:
    """Draws the data, weights and loss of the next training."""

    def __init__(self) -> None:
        self.view = ipywidgets.HTML()
        self.mistake: str | None = None
        """What is wrong with the data or the options, in one line."""
        self._key: Any = None
        self._data: Any = None
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
            shown, self.mistake = self._draw(key, source(), TrainOptions.of(values())), None
        except LabError as mistake:
            self.mistake = str(mistake)
            shown = note(f"No preview: {as_controls(str(mistake), OPTION_NAMES)}")
        if shown != self.view.value:
            self.view.value = shown

    def _draw(self, key: str, data: Any, options: TrainOptions) -> str:
        inputs = {name: getattr(options, name) for name in InputOptions.model_fields}
        now = (key, tuple(inputs.items()))
        same = data is self._data or isinstance(data, Path)
        if self._prepared is None or now != self._key or not same:
            self._prepared = prepare(data, options)
            self._key, self._data = now, data
        return _described(self._prepared, options)


def _described(prepared: Prepared, options: TrainOptions) -> str:
    """Return the preview as HTML."""
    series = prepared.dataset.frame[prepared.dataset.encoder.target]
    columns = prepared.dataset.encoder.columns
    inputs = f"{len(columns)} input{'s' * (len(columns) > 1)}: {', '.join(columns)}"
    gaps = int(prepared.dataset.segments[-1])
    broken = f" {gaps} gap{'s' * (gaps > 1)}, which no window spans." if gaps else ""
    windows = max(prepared.dataset.cuts[0].validation - options.lookback - prepared.dataset.encoder.warmup, 1)
    residuals = _residuals(prepared, options)
    beyond = f" Beyond delta: {percent(residuals.linear_share)}." if options.loss == "huber" else ""
    weights = sample_weights(options.weights, windows)
    worth = effective_sample_size(weights)
    return (
        f"<h4>{html.escape(str(series.name))}</h4>{series_sketch(series, prepared.dataset.cuts[0])}"
        f"<h4>What is learnt</h4>{paragraph(prepared.input_choice.reason)}{paragraph(inputs + '.' + broken, 'quiet')}"
        '<div class="pair">'
        f"<div><h4>Weights: {html.escape(options.weights)}</h4>{weights_sketch(options.weights, windows)}"
        + paragraph(f"Worth {round(worth):,} equal windows ({percent(worth / windows)}).", "quiet")
        + f"</div><div><h4>Loss: {options.loss}</h4>{losses_sketch(residuals, options.loss)}"
        + paragraph(f"Grey: changes of the training rows. 1 sd is {number(residuals.scale)}.{beyond}", "quiet")
        + "</div></div>"
    )


def _residuals(prepared: Prepared, options: TrainOptions) -> ResidualLosses:
    """Return the errors of the naive forecast over the training rows, in the unit of Huber's delta."""
    dataset = prepared.dataset
    learnt = dataset.matrix[dataset.cuts[0].train_rows, 0]
    scale = float(prepared.dataset.encoder.scale[0])
    return ResidualLosses(learnt - float(prepared.dataset.encoder.standardise(0.0)), scale, "", options.delta)  # type: ignore[arg-type]
