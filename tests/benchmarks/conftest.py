"""What all benchmarks share: the figures of each as a table on the screen and as JSON in a folder, the machine named.

The folder is ``build/benchmarks``, or what the environment variable ``BENCHMARK_RESULTS`` names. A benchmark that ends
in a failed assertion has written its figures by then.
"""

from __future__ import annotations

import json
import os
import platform
import re
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).parents[2]
FOLDER = Path(os.environ.get("BENCHMARK_RESULTS", ROOT / "build" / "benchmarks"))


def machine():
    """Name the machine and what the figures depend on beside it."""
    try:
        cpu = re.search(r"model name\s*:\s*(.*)", Path("/proc/cpuinfo").read_text(encoding="utf-8"))
    except OSError:
        cpu = None
    return {
        "processor": cpu[1] if cpu else platform.processor() or platform.machine(),
        "cores": os.cpu_count(),
        "load": round(os.getloadavg()[0], 1) if hasattr(os, "getloadavg") else None,
        "python": platform.python_version(),
        **{name: version(name) for name in ("tensorflow", "keras", "numpy", "pandas")},
    }


def spread(values):
    """Write the median of some measurements, with the least and the largest where there are more than one."""
    middle = f"{np.median(values):.3g}"
    return middle if len(values) < 2 else f"{middle} ({min(values):.3g}–{max(values):.3g})"


def cell(value):
    """Write a figure: a number, or several measurements of one by their median and spread."""
    if isinstance(value, list | tuple):
        return spread(value)
    return f"{value:,}" if isinstance(value, int) else f"{value:.4g}" if isinstance(value, float) else str(value)


def table_of(rows):
    """Lay out rows, mappings of names to figures, as a table in Markdown."""
    names = list(dict.fromkeys(name for row in rows for name in row))
    lines = [names, ["---"] * len(names), *([cell(row.get(name, "")) for name in names] for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


@pytest.fixture
def report(request):
    """Return what prints the rows of a benchmark as a table and writes them as JSON."""
    name = re.sub(r"[^\w.-]+", "-", f"{request.path.stem.removeprefix('test_')}-{request.node.name}").strip("-")

    def written(rows, note=""):
        rows = [rows] if isinstance(rows, dict) else list(rows)
        about = machine()
        print(f"\n{request.node.name}; {about['processor']}, {about['cores']} cores{note and '; '}{note}")  # noqa: T201 - the table is the point
        print(table_of(rows))  # noqa: T201 - likewise
        FOLDER.mkdir(parents=True, exist_ok=True)
        content = {"benchmark": request.node.nodeid, "note": note, "machine": about, "rows": rows}
        (FOLDER / f"{name}.json").write_text(json.dumps(content, indent=1, default=float) + "\n", encoding="utf-8")

    return written
