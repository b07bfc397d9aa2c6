"""Distance between the caller's code and what runs for it."""

import gc
import inspect
import sys

import numpy as np
import pandas as pd
import pytest
from tensorflow.python.util import tf_stack

import lstm_lab as lab
from lstm_lab.execution.call_depth import called_deep
from lstm_lab.models.backend import tf, with_one_stack_trace


def references(source, **names):
    """Count the references to the code of a cell that stay behind it: of TensorFlow, one for each operation."""
    code = compile(source, "<cell>", "exec")
    before = sys.getrefcount(code)
    exec(code, names)  # noqa: S102 - as a notebook runs a cell
    names.clear()
    gc.collect()
    return sys.getrefcount(code) - before


def mapped(function):
    return tf.data.Dataset.range(3).map(function).map(function).map(function)


def test_the_caller_is_at_least_thirty_calls_away():
    assert called_deep(lambda: len(inspect.stack())) >= len(inspect.stack()) + 30


def test_the_result_and_the_error_are_those_of_the_function():
    assert called_deep(lambda: 3) == 3
    with pytest.raises(ZeroDivisionError) as caught:
        called_deep(lambda: 1 / 0)
    assert [frame.name for frame in caught.traceback] == [
        "test_the_result_and_the_error_are_those_of_the_function",
        "called_deep",
        "<lambda>",
    ]


def test_tensorflow_keeps_nothing_of_a_caller_far_away():
    names = {"deep": called_deep, "work": lambda: tf.add(1.0, 2.0)}
    assert references("deep(work)", **names) == 0
    assert references("work()", **names) > 0  # else the depth is needed no more


def test_tensorflow_keeps_nothing_of_a_caller_whose_functions_share_one_stack_trace():
    names = {"deep": called_deep, "work": lambda: mapped(lambda number: 2 * number + 1), "once": with_one_stack_trace}
    with with_one_stack_trace():
        pass
    assert references("with once(): deep(work)", **names) == 0
    assert references("deep(work)", **names) > 0  # else it is needed no more


def test_the_stack_traces_are_tensorflows_own_again_behind_a_block():
    before = tf_stack.extract_stack
    with with_one_stack_trace():
        assert tf_stack.extract_stack is not before
    assert tf_stack.extract_stack is before


def test_tensorflow_keeps_little_of_a_cell_that_trains():
    rows = pd.DataFrame({"y": np.sin(np.arange(60) / 6)})
    options = "transform='none', lookback=8, epochs=1, units=[2], dense=[]"
    train = f"lab.train(rows, {options}); None"
    references(train, lab=lab, rows=rows)  # compiles the network, whose functions are kept
    assert references(train, lab=lab, rows=rows) < 60  # of some 260
