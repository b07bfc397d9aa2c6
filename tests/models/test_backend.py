"""The door to Keras: quiet, and TensorFlow only."""

from __future__ import annotations

import itertools
import os
import subprocess
import sys

from tensorflow.python.eager import context

from lstm_lab.models import backend


def python(code, **variables):
    environment = {**os.environ, **variables}
    return subprocess.run(
        [sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=False, env=environment
    )


def test_importing_says_nothing():
    code = "from lstm_lab.models.backend import keras, tf; tf.constant(1.0); print(keras.backend.backend())"
    told = python(code, TF_CPP_MIN_LOG_LEVEL="3", KERAS_BACKEND="tensorflow")
    assert (told.returncode, told.stdout.strip(), told.stderr) == (0, "tensorflow", "")


def test_what_is_no_chatter_comes_through():
    code = """
import os
from lstm_lab.models.backend import without_chatter
with without_chatter():
    os.write(2, b"I0000 00:00:1 port.cc:1] chatter\\nE0000 real trouble\\n")
os.write(2, b"afterwards\\n")
"""
    assert python(code).stderr == "E0000 real trouble\nafterwards\n"


def test_another_backend_is_refused_with_the_remedy():
    code = """
from lstm_lab.errors import LabError
try:
    import lstm_lab.models.backend
except LabError as error:
    print(error)
"""
    told = python(code, KERAS_BACKEND="jax").stdout
    assert told.startswith("lstm_lab needs Keras on TensorFlow, got the backend 'jax'; set the environment variable")
    assert told.count("\n") == 1


def test_an_interrupt_during_the_import_waits_for_its_end(tmp_path):
    (tmp_path / "tensorflow.py").write_text("whole = True\n")
    (tmp_path / "keras.py").write_text(
        "import signal\nsignal.raise_signal(signal.SIGINT)\n"
        "class backend:\n    backend = staticmethod(lambda: 'tensorflow')\n"
    )
    code = f"""
import sys
sys.path.insert(0, {str(tmp_path)!r})
try:
    import lstm_lab.models.backend
except KeyboardInterrupt:
    print(sys.modules["tensorflow"].whole)
from lstm_lab.models.backend import tf
print(tf.whole)
"""
    assert python(code).stdout == "True\nTrue\n"


def test_an_import_that_was_broken_off_asks_for_a_restart():
    code = """
import sys, types
sys.modules["tensorflow.python"] = types.ModuleType("tensorflow.python")
sys.modules["keras"] = None
from lstm_lab.errors import LabError
try:
    import lstm_lab.models.backend
except LabError as error:
    print(error)
"""
    told = python(code).stdout
    assert told.endswith("an earlier import of it was broken off; restart the kernel\n")
    assert told.count("\n") == 1


def test_kernels_are_forgotten_at_one_network_in_sixteen(monkeypatch):
    """Each time takes what kept functions were optimised to: a second run's training and forecast would pay for it."""
    emptied = []
    monkeypatch.setattr(context.context(), "clear_kernel_cache", lambda: emptied.append(True))
    monkeypatch.setattr(backend, "_networks", itertools.count(1))
    for _ in range(32):
        backend.forget_kernels()
    assert len(emptied) == 2
