"""The door to Keras: quiet, and TensorFlow only."""

from __future__ import annotations

import os
import subprocess
import sys


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
