"""The reference, made from the code: public names, what calls return, options, magics and commands."""

import importlib
import inspect
import pkgutil

import lstm_lab
from lstm_lab import options
from lstm_lab.cli import commands as cli
from lstm_lab.data.encoding.builtin_features import CALENDAR, PATH
from lstm_lab.data.encoding.transforms import NAMES as TRANSFORMS
from lstm_lab.notebook.commands import COMMANDS
from lstm_lab.options.flags import Command, Flag
from lstm_lab.results import Result

OPTION_MODELS = {
    "TrainOptions": "Training: `lab.train`, `%%lstm_train`, `lstm-lab run`; the first of them `lab.features` too",
    "ResumeOptions": "Training on: `run.resume`, `lstm-lab resume`",
    "ForecastOptions": "Forecasts: `run.forecast`, `%lstm_forecast`",
    "GateOptions": "Gates: `run.gates`, `%lstm_gates`",
    "CellOptions": "One cell: `run.cell`, `%lstm_cell`",
    "FindOptions": "Found again: `run.find`, `%lstm_find`",
    "MemoryOptions": "Memory: `run.memory`, `lab.memory`, `%lstm_memory`",
    "BacktestOptions": "Backtests: `lab.backtest`, `%lstm_backtest`",
    "CompareOptions": "Comparisons: `lab.compare`, `%lstm_compare`",
    "AblateOptions": "Ablations: `lab.ablate`, `%lstm_ablate`",
    "TuneOptions": "Searches: `lab.tune`, `%lstm_tune`",
    "BenchOptions": "Public benchmarks: `lab.bench`, `lstm-lab bench`",
    "ExportOptions": "Files for small devices: `run.export`, `%lstm_export`",
}
"""The models of options that a person sets, and where."""


def results():
    """Give the classes of what calls return, by their full names."""
    found = {}
    for module in pkgutil.walk_packages(lstm_lab.__path__, "lstm_lab."):
        if "__main__" in module.name or ".notebook" in module.name:
            continue
        loaded = importlib.import_module(module.name)
        for name in getattr(loaded, "__all__", []):
            value = getattr(loaded, name)
            is_result = inspect.isclass(value) and issubclass(value, Result) and value.__module__ == module.name
            if is_result and module.name != "lstm_lab.results" and name not in lstm_lab.__all__:
                found[f"{module.name}.{name}"] = value
    return found


def write_pages(folder):
    """Write the pages of the reference into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    pages = {"python": _python(), "results": _results(), "options": _options(), "magics": _magics(), "commands": _cli()}
    for name, text in pages.items():
        (folder / f"{name}.md").write_text(text, encoding="utf-8")


def _python():
    parts = [
        "# Python",
        "Every public name of `import lstm_lab as lab`. Options are described [in a page of their own](options.md).",
    ]
    names = sorted(
        set(lstm_lab.__all__) - {"__version__"}, key=lambda name: (inspect.isclass(getattr(lstm_lab, name)), name)
    )
    for name in names:
        parts += [f"## {name}", _directive(f"lstm_lab.{name}", getattr(lstm_lab, name))]
    return "\n\n".join([*parts, "## \\_\\_version\\_\\_", "The version of the package, as text.", ""])


def _results():
    parts = [
        "# What calls return",
        "Results that have no public name of their own; each shows itself, and has `plot()` and `to_html()`.",
    ]
    for name, value in sorted(results().items(), key=lambda item: item[1].__name__):
        parts += [f"## {value.__name__}", _directive(name, value)]
    return "\n\n".join([*parts, ""])


def _directive(name, value):
    kind = "class" if inspect.isclass(value) else "function"
    members = "\n   :members:\n   :inherited-members: tuple, dict, Exception" if kind == "class" else ""
    return f"```{{eval-rst}}\n.. auto{kind}:: {name}{members}\n```"


def _options():
    parts = [
        "# Options",
        "One definition serves Python, the flags (`--learning-rate` for `learning_rate`) and the dashboard.",
    ]
    for model, heading in OPTION_MODELS.items():
        title, _, places = heading.partition(": ")
        parts += [f"## {title}", f"{places}.", _table(getattr(options, model))]
    return "\n\n".join([*parts, _features(), ""])


def _features():
    rows = ["| feature | what it is |", "|---|---|"]
    for name, kind in PATH.items():
        defaults = [str(given.default) for given in list(inspect.signature(kind.function).parameters.values())[1:]]
        usage = f"{name}({', '.join(defaults)})" if defaults else name
        rows.append(f"| `{usage}` | {_text(inspect.getdoc(kind.function).splitlines()[0])} |")
    rows += [f"| `{name}` | a pair, sine and cosine, of the place in the cycle |" for name in CALENDAR]
    own = (
        "Any numeric column is a feature as well, and a function of yours after `@lab.feature`. Features of the target "
        "are computed again on every simulated path, so that a simulated price moves its own Bollinger position."
    )
    names = ", ".join(f"`{name}`" for name in TRANSFORMS)
    return "\n\n".join(
        [
            "## Features",
            "\n".join(rows),
            own,
            "## Transforms",
            f"{names}, or `auto`, which looks at training rows alone.",
        ]
    )


def _table(model):
    rows = ["| option | default | meaning |", "|---|---|---|"]
    for name, field in model.model_fields.items():
        flag = Flag.of(name, field)
        values = f"{_code(flag.value)}: " if flag.choices else ""
        notes = [flag.unit, f"such as {_code(flag.example)}" if flag.example and not flag.choices else ""]
        note = "; ".join(note for note in notes if note)
        meaning = values + _text(flag.meaning) + (f" ({note})" if note else "")
        rows.append(f"| `{name}` | {_code(flag.default)} | {meaning} |")
    return "\n".join(rows)


def _code(text):
    return "`" + text.replace("|", "\\|") + "`" if text else ""


def _text(text):
    return text.replace("|", "\\|").replace("<", "\\<").replace("*", "\\*")


def _magics():
    parts = ["# Magics", "After `%load_ext lstm_lab`; `%lstm_train?` prints the same in a notebook."]
    for name, command in COMMANDS.items():
        parts += [f"## {name}", _help(command)]
    return "\n\n".join([*parts, ""])


def commands():
    """Give the subcommands of ``lstm-lab`` by name."""
    return {value.name: value for value in vars(cli).values() if isinstance(value, Command)}


def _cli():
    parts = ["# Commands", "`lstm-lab COMMAND --help` prints the same in a terminal."]
    for name, command in sorted(commands().items()):
        parts += [f"## {name}", _help(command)]
    return "\n\n".join([*parts, ""])


def _help(command):
    return f"```text\n{command.help()}\n```"
