"""Every option that a user can set, defined once: name, type, default, unit, rule and meaning.

One definition feeds four faces: the keywords of `lab.train` and `run.forecast`, the flags of the magics, the
flags of ``lstm-lab`` and the controls of the dashboard. A model is frozen; text from a flag and a Python value
are validated by the same rule.
"""

from lstm_lab.options.base import Options, current_name, option_extra, shared_out, split_commas
from lstm_lab.options.evaluation import (
    AblateOptions,
    BacktestOptions,
    BenchOptions,
    CompareOptions,
    HoldoutOptions,
    StudyOptions,
    TrialOptions,
    TuneOptions,
)
from lstm_lab.options.export import ExportOptions
from lstm_lab.options.forecasting import CLASSIC, ForecastOptions, RunForecastOptions
from lstm_lab.options.interpretation import CellOptions, FindOptions, GateOptions, MemoryOptions
from lstm_lab.options.search_space import Space, default_space, read_space
from lstm_lab.options.training import WEIGHTS_PATTERN, InputOptions, ResumeOptions, TrainOptions

__all__ = [
    "CLASSIC",
    "OPTION_NAMES",
    "WEIGHTS_PATTERN",
    "AblateOptions",
    "BacktestOptions",
    "BenchOptions",
    "CellOptions",
    "CompareOptions",
    "ExportOptions",
    "FindOptions",
    "ForecastOptions",
    "GateOptions",
    "HoldoutOptions",
    "InputOptions",
    "MemoryOptions",
    "Options",
    "ResumeOptions",
    "RunForecastOptions",
    "Space",
    "StudyOptions",
    "TrainOptions",
    "TrialOptions",
    "TuneOptions",
    "current_name",
    "default_space",
    "option_extra",
    "read_space",
    "shared_out",
    "split_commas",
]

OPTION_NAMES = frozenset(
    name
    for model in (
        AblateOptions,
        BacktestOptions,
        BenchOptions,
        CellOptions,
        CompareOptions,
        ExportOptions,
        FindOptions,
        RunForecastOptions,
        GateOptions,
        HoldoutOptions,
        MemoryOptions,
        ResumeOptions,
        TrainOptions,
        TuneOptions,
    )
    for name in model.model_fields
)
"""Every option of every model."""
