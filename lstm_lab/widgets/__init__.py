"""Live views of results, for notebooks and as files to mail.

::

    wire           arrays and values to the browser, as deltas, five times a second at most
    stop           how a click on Stop reaches a busy kernel
    cell_outputs   which cell shows which widgets, so that running it again closes them
    base           LabWidget, the base class of every view
    training       TrainingMonitor          fan     FanChart
    weights        WeightCurve              loss    LossExplorer
    features       FeatureDoctor            gates   GateExplorer
    memory         MemoryExplorer           cell    CellView
    panel_fan      PanelFanChart            backtest  BacktestView
    spread         SpreadView               run_comparison  RunsView
    recurrences    RecurrencesView          lesson  LessonView
    study          StudyView                export    ExportView
    panel_reveal   PanelRevealChart
    learning       LearningView             learning_wire  what was watched, on a view's wire
    axes           an index as positions on an axis
    offline        one HTML file without kernel or network
    run            the monitor of a finished training
    tiny_trial     a choice tried on a tiny network, in the views of weights and losses
    next_training  weights chosen in a view for the next training
    bundle         the built front end
    frontend       the TypeScript; `python hatch_build.py` at the root of a checkout bundles it
"""

from __future__ import annotations

from inspect import isclass, signature
from typing import TYPE_CHECKING, Any

from traitlets import TraitError

from lstm_lab.errors import OptionError, did_you_mean
from lstm_lab.results import networks_are_loaded, views

if TYPE_CHECKING:
    import os
    from collections.abc import Callable
    from pathlib import Path
    from types import ModuleType

    from lstm_lab.widgets.base import LabWidget

__all__ = ["to_html", "view_modules", "widget"]


def view_modules() -> tuple[ModuleType, ...]:
    """Import the modules that register views; those of a network's results once there may be such a result."""
    from lstm_lab.widgets import fan, features, loss, panel_fan, panel_reveal, study, weights  # noqa: PLC0415 - they bring anywidget

    if not networks_are_loaded():
        return fan, features, loss, panel_fan, panel_reveal, study, weights
    from lstm_lab.widgets import (  # noqa: PLC0415 - they import TensorFlow
        backtest,
        cell,
        export,
        gates,
        learning,
        lesson,
        memory,
        recurrences,
        run,
        run_comparison,
        spread,
    )

    of_networks = (backtest, cell, export, gates, learning, lesson, memory, recurrences, run, run_comparison, spread)
    return *of_networks, fan, features, loss, panel_fan, panel_reveal, study, weights


def widget(result: object, **options: Any) -> LabWidget:
    """Build the live view of a result, by the result's type.

    Parameters
    ----------
    result
        A Run, a Forecast, or another result with a live view.
    **options
        ``theme``, ``height``, ``label``, and what the view itself takes.

    Raises
    ------
    LabError
        There is no live view of this type, or it has no such option or value.
    """
    view_modules()
    build = views.of(result)
    known = _options_of(build)
    for name, value in options.items():
        if name not in known:
            raise OptionError(
                f"a view of a {type(result).__name__} has no {name}=, got {name}={value!r}; {did_you_mean(name, known)}"
            )
    try:
        view: LabWidget = build(result, **options)
    except TraitError as refused:
        raise OptionError(f"a view takes no such value: {' '.join(str(refused).split())}") from None
    return view


def _options_of(build: Callable[..., LabWidget]) -> list[str]:
    """List what a view takes by name beside its result: its own keywords, and those of every view."""
    ours = [each for each in getattr(build, "__mro__", [build]) if each.__module__.startswith(__name__)]
    makers = [vars(each).get("__init__") if isclass(each) else each for each in ours]
    keywords = [
        each.name
        for maker in makers
        if maker is not None
        for each in signature(maker).parameters.values()
        if each.kind is each.KEYWORD_ONLY
    ]
    return [*keywords, "theme", "height", "label"]


def to_html(result: object, path: str | os.PathLike[str], *, title: str | None = None, **options: Any) -> Path:
    """Save the live view of a result as one self-contained, interactive file.

    Parameters
    ----------
    result
        As for `widget`.
    path
        The file.
    title
        Of the page; by default that of the view.
    **options
        As for `widget`.

    Returns
    -------
    Path
        The file.
    """
    view = widget(result, **options)
    try:
        return view.to_html(path, title=title)
    finally:
        view.close()
