"""`train` and the `Run` it gives back: options, network, history and data in one object that can forecast."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Any, Unpack

from lstm_lab.data.append import read_newer
from lstm_lab.data.dates.time_index import future_index
from lstm_lab.data.encoding.panel_ids import numbers_of, several_ids
from lstm_lab.data.known_future import read_known
from lstm_lab.data.panel_append import read_newer_by_id
from lstm_lab.data.preparation import prepare, recut
from lstm_lab.data.row_weights import WEIGHTS, with_weights
from lstm_lab.data.windows.padding import unused_lookback
from lstm_lab.errors import OptionError, RunError, TraceError, named_keywords, warn
from lstm_lab.events import ProgressListener, SamplingListener, TrainingListener, check_listening
from lstm_lab.execution.call_depth import called_deep
from lstm_lab.export.exporter import export_step
from lstm_lab.export.run_file import Record, read_run, write_run
from lstm_lab.fitted import FittedModel
from lstm_lab.forecasting.arguments import refuse_of_one_series
from lstm_lab.forecasting.forecast import DIVERGED
from lstm_lab.forecasting.hindcast import reveal_newest
from lstm_lab.forecasting.panel_run import PanelRun
from lstm_lab.forecasting.past_forecasts import PastForecastsCache
from lstm_lab.forecasting.predictor import Predictor, announce_errors
from lstm_lab.forecasting.spread import measure_spread
from lstm_lab.forecasting.stream import Stream
from lstm_lab.interpret.default_lesson import default_lesson
from lstm_lab.interpret.inspection import memory_of, trace_at, trace_windows, window_at
from lstm_lab.interpret.learning_recorder import LearningRecorder
from lstm_lab.interpret.lesson import Lesson, lesson_text
from lstm_lab.interpret.panel_trace import trace_ids
from lstm_lab.models.stack import checked_stack, forecaster_of, refuse_unused_options
from lstm_lab.options import (
    CellOptions,
    ExportOptions,
    FindOptions,
    ForecastOptions,
    GateOptions,
    MemoryOptions,
    ResumeOptions,
    TrainOptions,
)
from lstm_lab.results import Result
from lstm_lab.simulation.network import Network
from lstm_lab.training.divergence import divergence
from lstm_lab.training.fit import fit, measured_windows
from lstm_lab.training.summary import training_summary

if TYPE_CHECKING:
    import threading
    from collections.abc import Hashable, Iterable, Mapping, Sequence
    from os import PathLike
    from pathlib import Path

    import pandas as pd

    from lstm_lab.data.dataset import Dataset
    from lstm_lab.data.encoding.encoder import Encoder
    from lstm_lab.data.sources.loading import Source
    from lstm_lab.events import TrainingEnd
    from lstm_lab.export.exporter import Export
    from lstm_lab.forecasting.forecast import Forecast
    from lstm_lab.forecasting.panel_correction import PanelCorrection
    from lstm_lab.forecasting.panel_forecast import PanelForecast
    from lstm_lab.forecasting.reveal import Reveal
    from lstm_lab.forecasting.spread import Spread
    from lstm_lab.interpret.cell_step import CellStep
    from lstm_lab.interpret.learning import Learning
    from lstm_lab.interpret.memory import Memory
    from lstm_lab.interpret.panel_trace import PanelTrace
    from lstm_lab.interpret.read_window import ReadWindow
    from lstm_lab.interpret.recurrences import Recurrences
    from lstm_lab.interpret.trace import Trace
    from lstm_lab.models.build import Forecaster
    from lstm_lab.options.keywords import (
        ExportKeywords,
        ForecastKeywords,
        MemoryKeywords,
        ResumeKeywords,
        TrainKeywords,
    )
    from lstm_lab.results import Summary
    from lstm_lab.simulation.residuals import Residuals
    from lstm_lab.simulation.simulator import Simulator

__all__ = ["Run", "brief", "checked_run", "load_run", "train"]

_LESSON_PATHS = 200
"""Paths of a forecast in a lesson, unless it says otherwise."""


@dataclass(frozen=True, eq=False, repr=False)
class Run(Result):
    """A trained network with all it takes to forecast; made by `train`.

    Examples
    --------
    >>> run.forecast(30).frame  # doctest: +SKIP
    >>> run.on("prices-today.csv").forecast(30)  # newer rows, no new training  # doctest: +SKIP
    >>> run.save("prices.lstm")  # lab.load_run("prices.lstm") is the same run  # doctest: +SKIP
    """

    fitted: FittedModel
    """The network, its encoder and its residuals."""
    dataset: Dataset
    """The rows that it forecasts from: those of the training, or newer ones too."""
    history: pd.DataFrame
    """A row per epoch: loss, val_loss, mae, val_mae, learning_rate, seconds, best."""
    end: TrainingEnd
    """How training ended."""
    options: TrainOptions
    """As used: batch, stride and rate are filled in; `transform` tells what ``auto`` chose."""
    transform: str
    reason: str
    """Why this transform."""
    baseline: float | None
    """Validation loss of the naive forecast that the transform implies."""
    name: str | None = None
    past_forecasts: PastForecastsCache = field(default_factory=PastForecastsCache)
    """What forecasts from the calibration rows were worth, by horizon and rules."""
    corrections: dict[Any, PanelCorrection] = field(default_factory=dict)
    """Of many series, what corrects their forecasts, by horizon and rules."""
    watched: Learning | None = None
    """What ``watch=True`` recorded."""

    @property
    def model(self) -> Any:
        """keras.Model, (batch, lookback, columns) -> (batch, 1); the transformed target is the first column."""
        return self.fitted.model

    @property
    def stack(self) -> str:
        """The network in one line."""
        return self.fitted.stack

    @property
    def frame(self) -> pd.DataFrame:
        """The data it was trained on, with the rows held out and newer ones."""
        return self.dataset.frame

    @property
    def encoder(self) -> Encoder:
        """What turns the data into the network's inputs."""
        return self.fitted.encoder

    @property
    def target(self) -> str:
        """The column it forecasts."""
        return self.fitted.target

    @property
    def simulator(self) -> Simulator:
        """What rolls the network forward; its compiled steps are kept with the network."""
        return self.fitted.simulator

    @property
    def season(self) -> int:
        """Rows in the season whose naive forecast is best over the training rows; 1 where there is none."""
        return self.fitted.season

    @property
    def metrics(self) -> Mapping[str, float]:
        """Best validation loss, the naive forecast's, epochs, best epoch, seconds, parameters and windows."""
        best = self.history.loc[self.history["best"], "val_loss"]
        return {
            "val_loss": float(best.iloc[0]) if len(best) else float("nan"),
            "naive_val_loss": float("nan") if self.baseline is None else self.baseline,
            "epochs": float(self.end.epochs),
            "best_epoch": float(self.end.best_epoch),
            "seconds": self.end.seconds,
            "parameters": float(self.model.count_params()),
            "windows": float(self.dataset.training_windows),
        }

    @property
    def learning(self) -> Learning:
        """Held-out forecasts and gates by epoch, from untrained to overfitted, of a training with ``watch=True``.

        It belongs to the session: a file of the run holds the network alone.

        Raises
        ------
        RunError
            The training was not watched, or the run was read from a file.

        Examples
        --------
        >>> lab.train(frame, target="close", watch=True).learning.plot()  # doctest: +SKIP
        """
        if self.watched is None:
            raise RunError(
                "learning was recorded in a session that trains with watch=True, and this run has none; train with"
                " lab.train(..., watch=True), or %lstm_train --watch"
            )
        return self.watched

    def forecast(
        self,
        horizon: int | None = None,
        *,
        known: Source | None = None,
        ids: Sequence[Hashable] | None = None,
        data: Source | None = None,
        listener: SamplingListener | None = None,
        stop: threading.Event | None = None,
        **options: Unpack[ForecastKeywords],
    ) -> Forecast | PanelForecast:
        """Simulate futures after the last row; of many series, after the last row of each.

        Parameters
        ----------
        horizon
            Steps ahead; 30 by default.
        known
            Future values of input columns, as a file, frame, Series or dict: by time, or without times one row a step.
            Other inputs are held at their last value; a column that the run does not know is refused. Of many series:
            a table with their ids.
        ids
            Of many series, those that are forecast; all by default. The paths of an id do not depend on the others.
        data
            Of many series, rows to forecast from in place of the run's: of its ids, or of new ones, which are scaled by
            their own rows and need no training.
        listener
            Hears of calibration and of every chunk of paths.
        stop
            Looked at between chunks; what is drawn by then is kept.
        **options
            Fields of `lstm_lab.options.ForecastOptions`: ``paths``, ``interval``, ``rollout``, ``dropout_masks``,
            ``noise``, ``calibrate``, ``combine``, ``floor``, ``preset``, ``seed``.

        Returns
        -------
        Forecast or PanelForecast
            Paths in the target's unit; of many series, a mapping from ids to forecasts. The band is calibrated where
            the data allow it, and says what it is. The median leans on the naive and the seasonal naive forecast as far
            as they were right at the newest known origins; ``details["median"]`` says how far, and with
            ``combine=False`` it is the network's own.

        Raises
        ------
        LabError
            An option, the data since the last gap, or `known`: one line with the remedy.

        Examples
        --------
        >>> fc = run.forecast(30, paths=200, interval=90)  # doctest: +SKIP
        """
        given = options if horizon is None else {"horizon": horizon, **options}
        chosen = ForecastOptions.of(given).resolved()
        check_listening(listener, stop, SamplingListener)
        announce_errors(self.fitted, chosen, listener)
        drawn: Forecast | PanelForecast
        if self.dataset.is_panel:
            drawn = self._panel.forecast(chosen, ids=ids, data=data, known=known, listener=listener, stop=stop)
        else:
            refuse_of_one_series(ids=ids, data=data)
            drawn = self._predictor(chosen, self._future(known, chosen.horizon)).draw(listener, stop)
        wrong = divergence(self.options, self.end, self.metrics["val_loss"], self.baseline)
        return replace(drawn, details={DIVERGED: wrong, **drawn.details}) if wrong else drawn

    def spread(
        self,
        horizon: int | None = None,
        *,
        known: Source | None = None,
        listener: SamplingListener | None = None,
        stop: threading.Event | None = None,
        **options: Unpack[ForecastKeywords],
    ) -> Spread:
        """Show where the spread of a forecast comes from: draw it with and without dropout, noise and calibration.

        Parameters
        ----------
        horizon, known, stop
            As in `forecast`.
        listener
            Hears of the work on the calibration rows, which is done up to four times.
        **options
            As in `forecast`, without ``noise="none"``, ``calibrate=False`` and presets.

        Returns
        -------
        Spread
            ``.frame`` with the width and the measured coverage of each band; ``.forecast(dropout=False)``; in a
            notebook the fan with a switch for each source.

        Raises
        ------
        LabError
            An option or the data: one line with the remedy.

        Examples
        --------
        >>> run.spread(30).frame  # doctest: +SKIP
        """
        given = options if horizon is None else {"horizon": horizon, **options}
        chosen = ForecastOptions.of(given).resolved()
        self._for_id(None, "spread", "take the run of one with run.series({!r})")
        check_listening(listener, stop, SamplingListener)
        announce_errors(self.fitted, chosen, listener)
        future = self._future(known, chosen.horizon)
        return measure_spread(self.fitted, self.dataset, chosen, future, listener=listener, stop=stop)

    @property
    def _panel(self) -> PanelRun:
        return PanelRun(self.fitted, self.dataset, self.options, self.past_forecasts, self.corrections)

    def _future(self, known: Source | None, horizon: int) -> pd.DataFrame | None:
        """Read what is known of the inputs' future, by the times of a forecast."""
        if known is None:
            return None
        times, covariates = future_index(self.dataset.index, horizon), self.encoder.covariates
        return read_known(known, self.frame, self.options, times, target=self.target, covariates=covariates)

    def on(self, newer: Source) -> Run:
        """Return the run with newer rows, without training: forecasts start after the last of them.

        Parameters
        ----------
        newer
            The whole longer series, or the rows after the run's last: what `lstm_lab.load` takes. Of many series, rows
            of some ids are enough, and those of a new id join them.

        Returns
        -------
        Run
            The same network and encoding. Its calibration rows are the newest ones, half as many again as the run kept
            from training at most, so its bands learn from what has happened since.

        Raises
        ------
        DataError
            No row is newer than the run's last, or the rows cannot be used: one line with the remedy.

        Examples
        --------
        >>> run.on("prices-today.csv").forecast(30)  # doctest: +SKIP
        """
        if self.dataset.is_panel:
            dataset = self.dataset.append(*read_newer_by_id(newer, self.dataset, self.options))
        else:
            dataset = self.dataset.append(read_newer(self.dataset, newer, self.options))
        fitted = self.fitted.calibrated_with(dataset)
        return replace(self, dataset=dataset, fitted=fitted, past_forecasts=PastForecastsCache(), corrections={})

    def resume(
        self,
        newer: Source | None = None,
        *,
        listener: TrainingListener | None = None,
        stop: threading.Event | None = None,
        name: str | None = None,
        watch: bool = False,
        **options: Unpack[ResumeKeywords],
    ) -> Run:
        """Train on from this run's weights; the run itself stays as it is.

        The weights begin where this run's ended, and are kept unless an epoch has a lower validation loss. Its encoding
        (transform, scaling, features) and its options hold on. The optimiser begins anew, for a run and its file hold
        the network without it: the first steps of Adam find their averages again.

        Parameters
        ----------
        newer
            The whole longer series, or the rows after the run's last, to train on as well; all rows are then cut into
            train, validation and calibration anew, by the run's shares. So are the rows of ``run.on(newer)``. An id
            without a training window is left out, as in a training; the summary names it.
        listener, stop
            As for `lstm_lab.train`.
        name
            What the new run is called.
        watch
            Record held-out forecasts and gates after every epoch, as `lstm_lab.train` does.
        **options
            Fields of `lstm_lab.options.ResumeOptions`: ``epochs``, ``learning_rate``, ``patience``, ``seed``,
            ``checkpoint``, ``checkpoint_seconds``.

        Returns
        -------
        Run
            A new run. Epoch 0 of its history is this run's network over the validation rows of now.

        Raises
        ------
        LabError
            An option, or rows that cannot be used: one line with the remedy.

        Examples
        --------
        >>> longer = run.resume(epochs=20, learning_rate=0.0003)  # doctest: +SKIP
        >>> today = run.resume("prices-today.csv", epochs=5)  # doctest: +SKIP
        """
        chosen = ResumeOptions.of(options).over(self.options)
        check_listening(listener, stop, TrainingListener)
        run = self if newer is None else self.on(newer)
        dataset = recut(run.dataset, chosen)
        forecaster = forecaster_of([self.model], None, chosen, len(dataset.encoder.columns))
        return _trained(
            forecaster,
            dataset,
            chosen,
            self.transform,
            self.reason,
            name=name,
            listener=listener,
            stop=stop,
            warm=True,
            watch=watch,
        )

    def series(self, id: Hashable) -> Run:  # noqa: A002 - as in `train`
        """Return the run of one id among many series: the same network, with the rows and the scale of that id alone.

        Its bands are calibrated on that id's rows alone. What takes one series, such as `lstm_lab.backtest` and
        `export`, takes it.

        Parameters
        ----------
        id
            One of ``run.dataset.ids``.

        Raises
        ------
        LabError
            There is no such id, or the run has none.

        Examples
        --------
        >>> lab.backtest(run.series("store_1"), horizon=28)  # doctest: +SKIP
        """
        if not self.dataset.is_panel:
            raise OptionError(f"id= belongs to a run of many series, and this one has no ids, got {id!r}; leave it out")
        number = int(numbers_of([id], self.dataset.ids)[0])
        dataset = self.dataset.alone(number, self.options.max_gap)
        fitted = FittedModel.of(self.model, dataset, max_gap=self.options.max_gap, stack=self.stack)
        options = self.options.model_copy(update={"id": None, "static": (), "short": "skip"})
        past = PastForecastsCache()
        return replace(self, fitted=fitted, dataset=dataset, options=options, past_forecasts=past, corrections={})

    def _for_id(self, name: Hashable | None, call: str, remedy: str = "name it with id={!r}") -> Run:
        """Return the run of one id; this run itself where there are none.

        Raises
        ------
        OptionError
            Many series, and no id says which.
        """
        if name is not None:
            return self.series(name)
        if self.dataset.is_panel:
            ids = self.dataset.ids
            raise OptionError(f"{call} takes one of the {len(ids):,} ids; {remedy.format(ids[0])}")
        return self

    def stream(
        self,
        horizon: int = 1,
        *,
        id: Hashable | None = None,  # noqa: A002 - as in `train`
        renew: bool = True,
        adapt: bool = True,
        **options: Unpack[ForecastKeywords],
    ) -> Stream:
        """Forecast from one new row after another.

        Parameters
        ----------
        horizon
            Steps ahead.
        id
            Of many series, the one whose rows come.
        renew
            Let the band learn from forecasts whose horizon is over, and forget old ones.
        adapt
            Steer the miss rate of each step towards its target: adaptive conformal inference.
        **options
            Fields of `lstm_lab.options.ForecastOptions`.

        Returns
        -------
        Stream
            ``push`` a row, get the next `Forecast`; a row costs the same however many came before it.

        Raises
        ------
        LabError
            An option, or a calibration that was asked for and is not possible: one line with the remedy.

        Examples
        --------
        >>> stream = run.stream(horizon=24)  # doctest: +SKIP
        >>> fc = stream.push(17.3)  # doctest: +SKIP
        """
        chosen = ForecastOptions.of({"horizon": horizon, **options}).resolved()
        run = self._for_id(id, "stream")
        predictor = Predictor(run.fitted, run.dataset, chosen, cache=run.past_forecasts)
        return Stream(predictor, renew=renew, adapt=adapt)

    def save(self, path: str | PathLike[str]) -> Path:
        """Write the run to one file, which `lstm_lab.load_run` reads.

        Of a series of more than 200,000 rows the file keeps the newest ones: the calibration rows and those within
        reach before them. The loaded run forecasts the same paths and takes newer rows; what reads the training rows,
        such as `resume` and a backtest with refits, asks for all rows: ``run.on(data)`` gives them again, and a
        fingerprint in the file checks that they are the same. Of many series every row is kept.

        Parameters
        ----------
        path
            For example ``"prices.lstm"``: a zip of ``model.keras``, which Keras alone can load too, JSON and arrays.

        Returns
        -------
        pathlib.Path
            The file.

        Raises
        ------
        RunError
            The folder does not exist.
        """
        record = Record(self.history, self.end, self.options, self.transform, self.reason, self.baseline, self.name)
        return write_run(path, self.fitted, self.dataset, record, self.past_forecasts, self.corrections)

    def export(self, path: str | PathLike[str], **options: Unpack[ExportKeywords]) -> Export:
        """Write one step of the network for a small device: a row and the states in, a forecast and new states out.

        Parameters
        ----------
        path
            For example ``"prices.tflite"``, a LiteRT file of its own operators alone. Beside it, in
            ``prices.tflite.json``, stands what a program must know: columns, scales, states, how a forecast becomes a
            value. Existing files are replaced.
        **options
            Fields of `lstm_lab.options.ExportOptions`: ``quantize``, ``c_array``.

        Returns
        -------
        Export
            Size, operators, multiply-adds, and how far the file is off the network, measured by running it.

        Raises
        ------
        LabError
            A layer that needs more than the newest row, such as Bidirectional or a convolution, or a place that cannot
            be written to: one line with the remedy.

        Examples
        --------
        >>> run.export("prices.tflite", quantize="int16x8").size  # doctest: +SKIP
        """
        self._for_id(None, "export", "use run.series({!r}).export(...)")
        return export_step(self.fitted, self.dataset, path, ExportOptions.of(options))

    def gates(
        self,
        at: Any = -1,
        *,
        windows: int | None = None,
        id: Hashable | Sequence[Hashable] | None = None,  # noqa: A002
    ) -> Trace | PanelTrace:
        """Show what every gate did while the network read a window, checked against its own output.

        Parameters
        ----------
        at
            The last row the network reads: a time, or a position among the rows, -1 the newest.
        windows
            Look at so many windows together, evenly spread over the data, instead of one.
        id
            Of many series, the one whose rows are read; of several, such as ``["a", "b"]`` or ``"a,b"``, the windows
            that end at the same time are compared.

        Returns
        -------
        Trace or PanelTrace
            With the window's times; sensitivities are in the target's unit. Of several ids a mapping from each to its
            trace, with tables and a picture of their gates side by side; a position counts the times that all have.

        Raises
        ------
        LabError
            There is no whole window there, or the network cannot be traced.

        Examples
        --------
        >>> run.gates(at="2018-03-01").layers[0].half_life_text  # doctest: +SKIP
        """
        several = several_ids(id, self.dataset.ids) if self.dataset.is_panel else None
        if several == []:
            raise OptionError("id= must name at least one id, got none; for example id=" + repr(self.dataset.ids[0]))
        chosen = GateOptions.of({"at": at, "windows": windows, "id": None if id is None else str(id)})
        if several is not None:
            if windows is not None:
                raise OptionError(f"windows= looks at many windows of one id, got {len(several)} ids; leave one out")
            return trace_ids(self.fitted, {name: self.series(name).dataset for name in several}, at)
        run = self._for_id(id, "gates")
        if chosen.windows is None:
            return trace_at(run.fitted, run.dataset, at)
        return trace_windows(run.fitted, run.dataset, chosen.windows)

    def window(self, at: Any = -1, *, id: Hashable | None = None) -> ReadWindow:  # noqa: A002
        """Show the window that ends at one row: the target in its unit, and the tensor that the network is given.

        Parameters
        ----------
        at
            The last row the network reads: a time, or a position among the rows, -1 the newest.
        id
            Of a run of many series, the one whose rows are read.

        Returns
        -------
        ReadWindow
            ``.tensor``, of shape (1, steps, inputs); ``.frame``, the same as a table; a picture of both.

        Raises
        ------
        LabError
            There is no such row, or no whole window before it.

        Examples
        --------
        >>> run.window(at="2018-03-01").tensor.shape  # doctest: +SKIP
        """
        return window_at(self._for_id(id, "window").dataset, at)

    def cell(
        self,
        at: Any = -1,
        *,
        layer: int | None = None,
        unit: int | None = None,
        step: int = -1,
        hold: Mapping[str, float] | str | None = None,
        hold_units: Iterable[int] | int | None = None,
        hold_steps: Iterable[int] | int | None = None,
        id: Hashable | None = None,  # noqa: A002
    ) -> CellStep:
        """Show one recurrent cell as textbooks draw it, with the numbers of one unit while the network read a window.

        Parameters
        ----------
        at
            The last row the network reads: a time, or a position among the rows, -1 the newest.
        layer
            Number of the recurrent layer, from 0; by default the one whose units remember longest.
        unit
            Number of the unit, from 0; by default the one that remembers longest.
        step
            Step of the window, from 0, or counted back from the last with -1.
        hold
            What if gates were held: values from 0, shut, to 1, open, by name, as ``{"forget": 1.0}`` or ``"forget=1"``.
            The cell is that of the network as it then is, beside what was; see `Trace.what_if`.
        hold_units, hold_steps
            Numbers of the units and steps at which they are held; by default all.
        id
            Of many series, the one whose rows are read.

        Returns
        -------
        CellStep
            Numbers and equations of the step; in a notebook a view that plays the whole window.

        Raises
        ------
        LabError
            There is no such window, layer, unit or step, or the network cannot be traced.

        Examples
        --------
        >>> run.cell(at="2018-03-01", unit=3).equations  # doctest: +SKIP
        >>> run.cell(hold={"forget": 1.0}, hold_steps=range(10, 20))  # doctest: +SKIP
        """
        named = None if id is None else str(id)
        holds = {"hold": hold, "hold_units": hold_units, "hold_steps": hold_steps}
        chosen = CellOptions.of({"at": at, "layer": layer, "unit": unit, "step": step, "id": named, **holds})
        for name in ("hold_units", "hold_steps"):
            if chosen.hold is None and getattr(chosen, name) is not None:
                raise OptionError(f"{name}= says where a gate is held, got {name}= without hold=; give hold= too")
        run = self._for_id(id, "cell")
        cell = trace_at(run.fitted, run.dataset, at).cell(layer=chosen.layer, unit=chosen.unit, step=chosen.step)
        return _held(cell, chosen) if chosen.held else cell

    def find(
        self,
        at: Any = -1,
        *,
        steps: Iterable[int] | int | None = None,
        units: Iterable[int] | int | None = None,
        layer: int | None = None,
        signal: str | None = None,
        matches: int = 8,
        id: Hashable | None = None,  # noqa: A002
    ) -> Recurrences:
        """Find where in the whole series the network did nearly the same inside as at some steps of one window.

        Short for ``run.gates(at).find(...)``; see `Trace.find` for the distance and what it costs.

        Parameters
        ----------
        at
            The last row of the window: a time, or a position among the rows, -1 the newest.
        steps
            Steps of the window, from 0, that follow each other; by default the newest ten.
        units
            Numbers of the units; by default all.
        layer
            Number of the recurrent layer, from 0; by default the one whose units remember longest.
        signal
            A gate or a state by its name; by default the cell state, of a GRU or RNN the hidden state.
        matches
            How many are listed, at most.
        id
            Of many series, the one whose rows are searched.

        Returns
        -------
        Recurrences
            ``.matches``: times, distances, what the series did after; in a notebook a view with a thumbnail of each.

        Raises
        ------
        LabError
            There is no such window, layer, unit, step or signal, or the network cannot be traced.

        Examples
        --------
        >>> len(run.find(steps=range(5), matches=3).matches)  # doctest: +SKIP
        3
        """
        given = {"at": at, "steps": steps, "units": units, "layer": layer, "signal": signal, "matches": matches}
        chosen = FindOptions.of({**given, "id": None if id is None else str(id)})
        run = self._for_id(id, "find")
        trace = trace_at(run.fitted, run.dataset, at)
        return trace.find(
            steps=chosen.steps,
            units=chosen.units,
            layer=chosen.layer,
            signal=chosen.signal,
            matches=chosen.matches,
        )

    def lesson(
        self,
        source: str | PathLike[str] | None = None,
        *,
        id: Hashable | None = None,  # noqa: A002
    ) -> Lesson:
        r"""Give a lesson about this run: slides with its views, and questions to guess before the answer is revealed.

        Parameters
        ----------
        source
            Markdown, or the path of a Markdown file: ``# Title`` begins a slide, ``{cell unit=3}``, ``{gates}``,
            ``{fan horizon=30}`` or ``{reveal horizon=30}`` on a line of its own is a view, ``? question`` asks,
            ``- [ ] wrong`` and ``- [x] right`` below it are choices, ``! answer`` stays hidden until it is revealed.
            Without it a lesson about the gates of this run and its latest forecast.
        id
            Of many series, the one that the lesson is about.

        Returns
        -------
        Lesson
            In a notebook one slide at a time in large type, by arrow keys; R reveals. ``to_html`` is for a projector.

        Raises
        ------
        LabError
            There is no such file, view or option.

        Examples
        --------
        >>> run.lesson("# Gates\n? Is unit 0 open?\n- [x] yes\n- [ ] no\n! {cell unit=0}").title  # doctest: +SKIP
        'Gates'
        """
        run = self._for_id(id, "lesson")

        def reveal(**options: Any) -> Reveal:
            chosen = ForecastOptions.of({"paths": _LESSON_PATHS, **options}).resolved()
            return reveal_newest(run.fitted, run.dataset, chosen)

        makers: dict[str, Any] = {"cell": run.cell, "gates": run.gates, "reveal": reveal}
        makers["fan"] = lambda **options: run.forecast(**{"paths": _LESSON_PATHS, **options})
        if source is not None:
            return Lesson.of(lesson_text(source), makers)
        horizon = max(min(20, run.dataset.calibration_rows), 1)
        revealed = reveal(horizon=horizon)
        text = default_lesson(trace_at(run.fitted, run.dataset, -1), revealed, horizon)
        return Lesson.of(text, {**makers, "reveal": lambda **_: revealed})

    def memory(
        self,
        *,
        listener: ProgressListener | None = None,
        stop: threading.Event | None = None,
        **options: Unpack[MemoryKeywords],
    ) -> Memory:
        """Compare how far back this network, and fresh ones of one layer, can look over this run's windows.

        Parameters
        ----------
        listener
            Hears how far it has come.
        stop
            Looked at before each update; what was measured by then is kept.
        **options
            Fields of `lstm_lab.options.MemoryOptions`.

        Returns
        -------
        Memory
            Gradients by distance, and the table of the recall task.
        """
        check_listening(listener, stop, ProgressListener)
        return memory_of(self.fitted, self.dataset, MemoryOptions.of(options), listener, stop)

    def residuals(self, *, scaled: bool = False) -> Residuals | None:
        """Return the one-step residuals over the calibration rows, see `lstm_lab.fitted.FittedModel.residuals`."""
        return self.fitted.residuals(scaled=scaled)

    def _predictor(self, options: ForecastOptions, known: pd.DataFrame | None = None) -> Predictor:
        return Predictor(self.fitted, self.dataset, options, known, self.past_forecasts)

    def summary_table(self) -> Summary:
        """Describe what was trained on what, how it ended, and how it compares with the naive forecast."""
        return training_summary(
            self.dataset,
            self.options,
            self.end,
            stack=self.stack,
            reason=self.reason,
            loss=self.metrics["val_loss"],
            naive=self.baseline,
            name=self.name,
        )


def train(
    source: str | PathLike[str] | pd.DataFrame | pd.Series[Any],
    *,
    stack: str | Sequence[Any] | Any | None = None,
    namespace: dict[str, Any] | None = None,
    listener: TrainingListener | None = None,
    stop: threading.Event | None = None,
    name: str | None = None,
    watch: bool = False,
    **options: Unpack[TrainKeywords],
) -> Run:
    """Train a network to forecast one column.

    Parameters
    ----------
    source
        A file, DataFrame or Series; see `lstm_lab.load`.
    stack
        Keras layers in order, the source text of a ``%%lstm_train`` cell, or a whole `keras.Model`, such as
        another run's ``run.model``; what has weights is copied with them, and stays as it is. By default the reference
        stack that ``cell``, ``units``, ``dropout`` and ``dense`` describe; beside a stack these four are refused.
    namespace
        Where the text of `stack` is run; its assignments stay there.
    listener
        Hears of every batch and epoch.
    stop
        Looked at after each batch; the best weights by then are kept.
    name
        What the run is called.
    watch
        Record a few forecasts of validation rows and the gates of one window after every epoch, for `Run.learning`; a
        live view draws them as they come. It takes 2 % of a long training at most, and changes no number of it.
    **options
        Fields of `lstm_lab.options.TrainOptions`. ``weights`` may be an array too, with a number from 0 up for each row
        of the table, or a Series with the index of a DataFrame: it is kept as the column ``weights``, and a window
        counts as the row of its target.

    Returns
    -------
    Run
        With the best weights in place.

    Raises
    ------
    LabError
        Data, an option or a layer that cannot be used: one line with the remedy.

    Examples
    --------
    >>> run = lab.train(lab.example("oil"), transform="log_return", units=[32], epochs=5)  # doctest: +SKIP
    """
    if "layers" in options:
        raise OptionError("there is no option 'layers'; did you mean stack=[LSTM(32), Dense(1)]?")
    weights = options.get("weights", "uniform")
    chosen = TrainOptions.of(options if isinstance(weights, str) else {**options, "weights": WEIGHTS})
    check_listening(listener, stop, TrainingListener)
    layers = checked_stack(stack)
    refuse_unused_options(layers, chosen)
    rows = source if isinstance(weights, str) else with_weights(source, weights, chosen)
    ready = prepare(rows, chosen, weighting=chosen.weights)
    dataset = ready.dataset
    lengths = dataset.windows.lengths
    unused = unused_lookback(None if lengths is None else lengths[dataset.split.train], dataset.lookback)
    if unused:
        warn(unused)
    forecaster = called_deep(partial(forecaster_of, layers, namespace, chosen, len(dataset.encoder.columns)))
    Network(forecaster.model)  # what could not forecast is refused before the first epoch
    choice = ready.input_choice
    return _trained(
        forecaster,
        dataset,
        chosen,
        choice.transform,
        choice.reason,
        name=name,
        listener=listener,
        stop=stop,
        watch=watch,
    )


def _trained(
    forecaster: Forecaster,
    dataset: Dataset,
    options: TrainOptions,
    transform: str,
    reason: str,
    *,
    name: str | None,
    listener: TrainingListener | None,
    stop: threading.Event | None,
    warm: bool = False,
    watch: bool = False,
) -> Run:
    """Train a network on the training rows of a dataset."""
    split = dataset.checked_split()
    if not isinstance(watch, bool):
        raise OptionError(f"watch is True or False, got {watch!r}; for example watch=True")
    recorder = LearningRecorder(dataset, forecaster.model, listener, warm=warm) if watch else None
    judged = measured_windows(split.validation, dataset.lookback)
    training = called_deep(
        partial(
            fit,
            forecaster,
            dataset.windows,
            split.train,
            judged,
            options,
            baseline=dataset.naive_output(judged),
            listener=listener,
            stop=stop,
            warm=warm,
            watch=recorder,
        )
    )
    watched = None
    if recorder is not None:
        watched = recorder.result(training.history, training.end.best_epoch, forecaster.model)
    fitted = FittedModel.of(forecaster.model, dataset, max_gap=options.max_gap, stack=forecaster.describe())
    baseline = training.plan.baseline
    return Run(
        fitted,
        dataset,
        training.history,
        training.end,
        training.options,
        transform,
        reason,
        baseline,
        name,
        watched=watched,
    )


def checked_run(run: object, call: str, remedy: str) -> Run:
    """Return a run; refuse anything else that a function which takes runs is given."""
    if not isinstance(run, Run):
        raise OptionError(f"{call} takes what train or load_run returned, got {brief(run)}; {remedy}")
    return run


def brief(given: object) -> str:
    """Name a value by its type, with its text where that is short."""
    return f"the text {given!r}" if isinstance(given, str) and len(given) <= 60 else f"a {type(given).__name__}"


@named_keywords
def load_run(path: str | PathLike[str]) -> Run:
    """Read a run that `Run.save` wrote.

    Parameters
    ----------
    path
        The file. Nothing in it is run: no pickle, and the network is loaded in Keras' safe mode.

    Returns
    -------
    Run
        The same run: it forecasts the same paths, and its calibrations are those that it had.

    Raises
    ------
    LabError
        The file is missing, damaged or newer than this version, or a feature or layer of yours is not known here: one
        line with the remedy.

    Examples
    --------
    >>> lab.load_run("prices.lstm").forecast(30)  # doctest: +SKIP
    """
    fitted, dataset, record, past_forecasts, corrections = read_run(path)
    return Run(fitted, dataset, *record, past_forecasts, corrections)


def _held(cell: CellStep, chosen: CellOptions) -> CellStep:
    """Show the same unit and step of the network with gates held."""
    where: dict[str, Any] = {"layer": cell.layer, "units": chosen.hold_units, "steps": chosen.hold_steps}
    trace: Any = cell.trace
    try:
        held = trace.what_if(**where, **chosen.held)
    except TraceError as refused:
        said = re.sub(r"^(units|steps) must", r"hold_\1= must", str(refused))
        raise TraceError(re.sub(r"^(\w+) must be a ", r"in hold=, \1 must be a ", said)) from None
    shown: CellStep = held.cell(layer=cell.layer, unit=cell.unit, step=cell.step)
    return shown
