"""What cannot hear of a work, or stop it, is refused in one line before the work begins."""

from __future__ import annotations

import inspect
import threading

import pandas as pd
import pytest

import lstm_lab as lab
from lstm_lab.errors import OptionError
from lstm_lab.events import ProgressListener, SamplingListener, TrainingListener, check_listening

FRAME = pd.DataFrame({"price": range(80)})
FUNCTIONS = [
    name
    for name in lab.__all__
    if inspect.isfunction(getattr(lab, name)) and "listener" in inspect.signature(getattr(lab, name)).parameters
]
METHODS = [name for name, method in vars(lab.Run).items() if "listener" in getattr(method, "__annotations__", ())]
SOURCES = {"bench": ("m4-weekly", FRAME), "memory": (), "compare_runs": ([],)}


def test_every_function_with_a_listener_is_looked_at():
    assert {"train", "backtest", "compare", "ablate", "tune", "bench", "memory"} <= set(FUNCTIONS)
    assert {"forecast", "resume", "spread", "memory"} <= set(METHODS)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_function_refuses_what_is_no_listener_and_no_event(name):
    given = SOURCES.get(name, (FRAME,))
    with pytest.raises(OptionError, match=r"^listener is a \w+Listener, got a list; derive its class from lstm_lab\."):
        getattr(lab, name)(*given, listener=[print])
    with pytest.raises(OptionError, match=r"^stop is a threading\.Event, got a int; for example threading"):
        getattr(lab, name)(*given, stop=3)


@pytest.mark.parametrize("kind", [TrainingListener, ProgressListener, SamplingListener])
def test_a_listener_has_every_method_of_its_kind(kind):
    check_listening(kind(), threading.Event(), kind)
    check_listening(None, None, kind)
    with pytest.raises(OptionError, match=rf"^listener is an object, got the class {kind.__name__}; call it: "):
        check_listening(kind, None, kind)
