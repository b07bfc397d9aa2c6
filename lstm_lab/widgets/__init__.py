"""Live views of results, for notebooks and as files to mail.

::

    wire           arrays and values to the browser, as deltas, five times a second at most
    stop           how a click on Stop reaches a busy kernel
    cell_outputs   which cell shows which widgets, so that running it again closes them
    base           LabWidget, the base class of every view
    training       TrainingMonitor          fan     FanChart
    weights        WeightCurve              loss    LossExplorer
    features       FeatureDoctor            gates   GateExplorer
    memory         MemoryExplorer           axes    an index as positions on an axis
    offline        one HTML file without kernel or network
    by_type        the view of each type of result
    next_training  weights chosen in a view for the next training
    bundle         the built front end
    frontend       the TypeScript; `python hatch_build.py` at the root of a checkout bundles it
"""

from __future__ import annotations

from functools import singledispatch
from importlib import import_module
from typing import TYPE_CHECKING, Any

from lstm_lab.results import type_key

if TYPE_CHECKING:
    import os
    from pathlib import Path

    from lstm_lab.widgets.base import LabWidget

__all__ = ["to_html", "widget"]


_LIGHT = {"lstm_lab.diagnostics.report:FeatureReport": "lstm_lab.widgets.features"}
"""Modules that register views whose results need no network, so that showing them does not import TensorFlow."""


@singledispatch
def widget(result: object, **options: Any) -> LabWidget:
    """Build the live view of a result, by the result's type.

    Parameters
    ----------
    result
        A Run, a Forecast, or another result that `lstm_lab.widgets.by_type` knows.
    **options
        ``theme``, ``height``, ``label``, and what the view itself takes.

    Raises
    ------
    TypeError
        There is no live view of this type.
    """
    # The classes of results live in modules that import TensorFlow: looked up when a result is there, never before.
    import_module(_LIGHT.get(type_key(type(result)), "lstm_lab.widgets.by_type"))
    build = widget.dispatch(type(result))
    if build is widget.dispatch(object):
        raise TypeError(f"no live view shows a {type(result).__name__}; print it, or ask for its .plot()")
    return build(result, **options)


def to_html(result: object, path: str | os.PathLike[str], **options: Any) -> Path:
    """Save the live view of a result as one self-contained, interactive file.

    Returns
    -------
    Path
        The file.
    """
    view = widget(result, **options)
    try:
        return view.to_html(path)
    finally:
        view.close()
