"""The gallery: every kind of view, alive, from a notebook that shows it, else from a run kept in docs/views."""

import json
from pathlib import Path

from pages.notebooks import NOTEBOOKS, outputs, read
from pages.views import MIME, holder

KEPT = Path(__file__).parents[1] / "views"

KINDS = {
    "fan": (
        "A fan of futures",
        "`run.forecast(30)`, `%lstm_forecast 30`",
        "Drag the dashed level: the share of futures above it follows. Play the outcomes one by one.",
    ),
    "cell": (
        "One cell",
        "`run.cell()`, `%lstm_cell`",
        "Play the window and watch a unit's numbers flow through its gates. Hold a gate, or drag an input.",
    ),
    "gates": (
        "Every gate",
        "`run.gates(at=-1)`, `%lstm_gates`",
        "What each unit kept, wrote and showed on each day that the network read. Click a row to pin a unit.",
    ),
    "recurrences": (
        "Found again",
        "`run.find(steps=range(40, 50))`, `%lstm_find --steps 40-49`",
        "Where in the whole series the network did nearly the same inside, and what came after.",
    ),
    "backtest": (
        "A backtest",
        "`lab.backtest(run, horizon=30)`, `%lstm_backtest`",
        "Drag along the series: each origin's forecast, its misses lit, and beside it how reliable the bands were.",
    ),
    "spread": (
        "Where the spread comes from",
        "`run.spread(30)`, `%lstm_spread`",
        "Switch dropout, noise and calibration off, and watch what the band still holds.",
    ),
    "study": (
        "A comparison, with chance in it",
        "`lab.compare(...)`, `%lstm_compare`, `lab.ablate(...)`, `%lstm_ablate`, `lab.repeat(...)`",
        "A mark a seed, and intervals that show what may be chance. Sort by a column, walk the rows by arrow keys.",
    ),
    "runs": (
        "Runs beside each other",
        "`lab.compare_runs([first, second])`, `%lstm_compare_runs first second`",
        "Losses and fans of several trainings, and what their settings differ in.",
    ),
    "export": (
        "A file for a small device",
        "`run.export('prices.tflite')`, `%lstm_export prices.tflite`",
        "How far the file is off Keras, beside the errors that Keras makes, and how large each part is.",
    ),
    "lesson": (
        "A lesson",
        "`run.lesson()`, `%%lstm_lesson`",
        "Guess, then press R. A teacher writes the slides in Markdown, with views of the run between the lines.",
    ),
    "memory": (
        "Memory",
        "`run.memory()`, `%lstm_memory`",
        "How far back a network can look, beside fresh RNN, GRU and LSTM ones.",
    ),
    "training": (
        "Training",
        "`lab.train(...)`, `%%lstm_train`",
        "The loss as it fell, batch by batch; alive while a cell runs, with a Stop button.",
    ),
    "learning": (
        "Watch it learn",
        "`lab.train(..., watch=True).learning`, `%lstm_learning`",
        "Play the epochs, from untrained on: held-out forecasts bend towards what happened, and gates take sides.",
    ),
    "features": (
        "Before training",
        "`lab.features(...)`, `%lstm_features`",
        "What a network would be given, the transforms side by side, and what is wrong.",
    ),
    "panel": (
        "Many series",
        "`run.forecast(12)` of a panel, `fcs.reveal(later)`, `%lstm_reveal later`",
        "A fan for each series with a picker, and one of their sum.",
    ),
    "weights": ("Weights", "`%lstm_weights`", "What a weighting makes of old and new rows."),
    "loss": ("Losses", "`%lstm_loss`", "What each loss makes of large and small errors."),
}
"""Kinds of view, in the order of the page: title, calls, what to try."""


def kept(kind):
    """Give what an output keeps of a view of a kind, and the notebook that it is from or None."""
    for path in NOTEBOOKS:
        for output in outputs(read(path)):
            if output.get("data", {}).get(MIME, {}).get("view") == kind:
                return output["data"][MIME], path
    return json.loads((KEPT / f"{kind}.json").read_text(encoding="utf-8")), None


def append_views(path):
    """Append every kind of view to the page."""
    parts = [path.read_text(encoding="utf-8")]
    for kind, (title, calls, text) in KINDS.items():
        output, notebook = kept(kind)
        source = f" From [this notebook](notebooks/{notebook.stem}.md)." if notebook else ""
        html = "```{raw} html\n" + holder({**output, "key": f"gallery-{kind}"}, kind) + "\n```"
        parts += [f"## {title}", f"{calls}. {text}{source}", html]
    path.write_text("\n\n".join([*parts, ""]), encoding="utf-8")
