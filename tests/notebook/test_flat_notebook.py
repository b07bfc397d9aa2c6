"""A notebook whose cells are run again and again: nothing of what they replace stays, neither objects nor memory.

The page is a client that keeps the comms which the kernel opens, greets every view, and asks it for what a reader would
ask. The long form, ``pytest -m harness -s tests/notebook/test_flat_notebook.py``, prints the figures of
docs/robustness.md.
"""

import json
import sys

import pytest

NETWORK = "--transform none --lookback 8 --epochs 1"
START = """
import numpy as np, pandas as pd
from keras.layers import LSTM, Dense, Dropout
rows = pd.DataFrame({"y": np.sin(np.arange(120) / 6) + 0.1 * np.random.default_rng(0).normal(size=120)})

def resident():
    import ctypes, gc
    gc.collect()
    ctypes.CDLL("libc.so.6").malloc_trim(0)  # what was freed, glibc keeps for later
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * 4096 / 1e6

def counts():
    import gc, json
    from comm import get_comm_manager
    from ipywidgets.widgets.widget import _instances
    from matplotlib._pylab_helpers import Gcf
    from tensorflow.python.eager import context
    gc.collect()
    kinds = {"Functional", "Sequential", "Run", "Trace", "Forecast", "Figure", "ConcreteFunction", "FuncGraph",
             "AtomicFunction", "Dashboard", "DataFrame", "Thread"}
    counted = dict.fromkeys(sorted(kinds), 0)
    for thing in gc.get_objects():
        if type(thing).__name__ in kinds:
            counted[type(thing).__name__] += 1
    counted["DataFrame"] //= 10  # a few more or less are caches of pandas
    return json.dumps(counted | {
        "widgets": len(_instances), "comms": len(get_comm_manager().comms), "pyplot": len(Gcf.figs),
        "functions of TensorFlow": len(context.context().list_function_names()),
        "callbacks": sum(map(len, get_ipython().events.callbacks.values())),
        "outputs": len(Out),
    })
"""
# Cells by name, so that the page sees them run again.
CELLS = {
    "train": f"%%lstm_train rows {NETWORK} -o run\nLSTM(4)\nDropout(0.1)\nDense(1)",
    "forecast": "%lstm_forecast 3 --paths 20 -o fc",
    "gates": "%lstm_gates -o trace",
    "weights": "%lstm_weights",
    "loss": "%lstm_loss",
    "features": "%lstm_features rows",
    "runs": "%lstm_runs",
    "cell": "%lstm_cell -o cell",
    "replaced": "view = fc.widget(); display(view)",
    "closed": "closed = trace.widget(); display(closed)",
    "close": "closed.close()",
    "dashboard": "%lstm_lab rows",
}
# Views without pictures, of which drawing a notebook's outputs mostly consists: some shown, some only opened.
VIEWS = """
from lstm_lab.widgets.training import TrainingMonitor
monitor = TrainingMonitor()
display(monitor)
views = [fc.widget(), trace.widget(), cell.widget()]
"""
CLOSED = "for view in views: view.close()"
# Drawing takes four fifths of the cells' time: the long form builds every figure, but draws those of each tenth cycle.
RARELY_DRAWN = """
import lstm_lab.plots
cycle, draw, drawn = 0, lstm_lab.plots.png, None

def png(*arguments, **options):
    global drawn
    if drawn is None or cycle % 10 == 0:
        drawn = draw(*arguments, **options)
    return drawn

lstm_lab.plots.png = png
"""
LATE = {"FuncGraph", "AtomicFunction", "functions of TensorFlow"}
"""What TensorFlow frees some time after the functions are gone that it belonged to; the long form prints it."""
QUESTIONS = {
    "fan": [{"kind": "more", "count": 20}],
    "gates": [{"kind": "pin", "layer": 0, "unit": 0}, {"kind": "tile", "layer": 0, "signal": "forget"}],
    "cell": [{"kind": "unit", "layer": 0, "unit": 1}],
}


class Page:
    """What a page does with the views that it is shown."""

    def __init__(self, kernel):
        self.kernel, self.greeted, self.answers = kernel, set(), 0

    def run(self, name, code):
        """Run a cell, then greet the views that it opened, and ask them."""
        outputs = self.kernel.run(code, cell=name)
        assert outputs.errors == []
        for comm, data in list(self.kernel.comms.items()):
            view = data["state"].get("_view")
            if comm in self.greeted or view is None:
                continue
            self.greeted.add(comm)
            assert self.kernel.send(comm, {"kind": "hello", "token": "t", "seq": -1}) == ["snapshot"]
            self.answers += 1
            for question in QUESTIONS.get(view, ()):
                self.answers += len(self.kernel.send(comm, question)) > 0

    def cycle(self):
        """Run all cells."""
        for name, code in CELLS.items():
            self.run(name, code)

    def resident(self):
        """Return the megabytes that the kernel's process holds, of which nothing is garbage."""
        return float(self.kernel.run("print('MB', resident())").texts("MB")[0].split()[1])

    def counts(self):
        """Count what is alive in the kernel, and the comms that are open in the page."""
        text = self.kernel.run("print(counts())").texts("{")[0]
        return json.loads(text) | {"open in the page": len(self.kernel.comms)}


@pytest.fixture
def page(start_kernel, tmp_path_factory):
    """Give a page on a kernel of its own."""
    with start_kernel(tmp_path_factory.mktemp("kernel")) as kernel:
        assert kernel.run(START).errors == []
        yield Page(kernel)


@pytest.mark.timeout(1200)
def test_cells_that_are_run_again_leave_nothing_behind(page):
    page.cycle()
    page.cycle()  # only now is all there that is kept for the next training: a copy of the network, compiled
    before, answers = page.counts(), page.answers
    page.cycle()
    after = page.counts()
    assert {name: after[name] - before[name] for name in after.keys() - LATE} == dict.fromkeys(after.keys() - LATE, 0)
    assert page.answers > answers


@pytest.mark.harness
@pytest.mark.timeout(40000)
@pytest.mark.skipif(sys.platform != "linux", reason="resident memory is read from /proc")
@pytest.mark.parametrize("what", ["views", "all cells"])
def test_the_level_after_500_cycles_is_that_after_50(page, what):
    levels = {}
    page.cycle()
    page.run("rarely drawn", RARELY_DRAWN)
    for number in range(1, 501):
        page.run("count", "cycle += 1")
        if what == "views":
            page.run("views", VIEWS)
            page.run("closed views", CLOSED)
        else:
            page.cycle()
        if number in {1, 10, 20} or number % 25 == 0:
            levels[number] = page.resident()
            print(number, levels[number], page.counts(), page.answers, flush=True)  # noqa: T201 - the figures
    assert levels[500] < 1.1 * levels[50]
