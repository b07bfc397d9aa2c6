"""What `06-initialisation` finds out."""

import re


def row(text, name):
    """Give mean, smallest and largest value of a variant, where it is first tabulated."""
    values = re.search(rf"{name} +(\S+) +(\S+) +(\S+)", text).groups()
    return [float(value.replace("−", "-").replace(",", "")) for value in values]


def test_an_orthogonal_matrix_keeps_lengths_and_the_blocks_of_an_lstm_are_not_orthogonal(text):
    assert row(text, "orthogonal") == [1, 1, 1]
    _, smallest, largest = row(text, "glorot")
    assert smallest < 1
    assert largest > 100
    assert row(text, "gaussian")[2] < 1e-20
    ((low, high),) = re.findall(r"the whole matrix: singular values (\S+) to (\S+)", text)
    assert (float(low), float(high)) == (1, 1)
    blocks = re.findall(r"block with singular values from (\S+) to (\S+), median (\S+)", text)
    assert len(blocks) == 4
    assert max(float(median) for _, _, median in blocks) < 0.8
    assert max(float(largest) for _, largest, _ in blocks) < 1


def test_gaussian_input_weights_cost_a_little_and_gaussian_recurrent_ones_nothing_to_be_seen(text):
    effect = {
        kind: float(change)
        for kind, change in re.findall(r"(recurrent|input) weights: gaussian: error ([+-]\d+\.\d)% ± \S+ over 6", text)
    }
    assert 0 < effect["input"] < 4
    assert abs(effect["recurrent"]) < 1.5


def test_the_forget_bias_decides_recall_and_hardly_the_loss(text):
    for bias, life in ((0, "1.0"), (1, "2.2"), (2, "5.5"), (3, "14.3")):
        assert re.search(rf"bias {bias}: f = \S+, half of the memory is gone after {life} steps", text)
    won = {
        bias: int(seeds) for bias, seeds in re.findall(r"lstm, forget bias (\S+): recalled by (\d) of 3 seeds", text)
    }
    assert won["0"] == 0
    assert won["2"] == 3
    (times,) = re.findall(r"the longest memory is (\d+) times the shortest", text)
    assert int(times) > 4
    (worse,) = re.findall(r"the worst mean loss is (\d+)% above the best", text)
    assert int(worse) < 12
    assert row(text, "bias 3: validation loss")[0] > row(text, "bias 1: validation loss")[0]


def test_keras_starts_with_a_forget_bias_of_one(text):
    assert "forget bias: {1.0} recurrent weights: Orthogonal" in text
    assert "input weights: GlorotUniform" in text
    assert "by PyTorch's rule: forget bias 0.00 on average, f = 0.50" in text
