"""The page of the recipe's claims: each with its notebook, its verdict and a figure from that notebook's outputs.

As a script, write ``docs/claims.md``.
"""

import re
import sys
from collections import Counter
from functools import cache
from pathlib import Path
from typing import NamedTuple

import nbformat
import pytest

sys.path.insert(0, str(Path(__file__).parents[1]))  # as a script it lies beside nothing

from tests.notebooks.notebook_runs import said

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "claims.md"
VERDICTS = ("held", "held in part", "undecided", "refuted")
HEAD = """\
# The recipe's claims, measured

The literature's recipe for an LSTM forecast makes these claims. Each is taught in a notebook and measured there, with
its spread over seeds where seeds matter. *Refuted*: it does not hold here as it is told. *Undecided*: what was measured
is no larger than what seeds and origins leave to chance, which is an answer too: nobody should copy it into a recipe on
this evidence. Small networks on a few public series say nothing of yours; the notebooks are there to ask it.

<!-- written by python tests/test_claims.py from the outputs of the notebooks -->
"""


class Claim(NamedTuple):
    """A claim of the recipe, the figure that speaks to it, and what it comes to."""

    words: str
    notebook: int
    verdict: str
    figure: str
    """What is told of it; ``{0}``, ``{1}`` ... are the groups of the pattern."""
    pattern: str = ""
    """Found in what the notebook's cells printed."""


SHUFFLED = r"plain RNN: shuffling moves the error by at most (\S+) °C"
EFFECT = r": ([+-]\S+%) ± (\S+%), (clear|not to be told from chance|no effect)"
SECTIONS = {
    "Where an LSTM stands": [
        Claim("CNN, Transformer and RNN are one family; GRU and LSTM are RNNs", 2, "held", "drawn as a tree"),
        Claim(
            "A network without a memory of order takes rows as exchangeable",
            *(2, "held", "shuffled hours cost a plain RNN {0} °C, a network without order 0.0000 °C", SHUFFLED),
        ),
        Claim(
            "In a plain RNN gradients shrink exponentially into the past",
            *(5, "held", "60 days ago, {0} of the largest gradient", r"60 days ago: (\S+) of its largest gradient"),
        ),
        Claim(
            "Given 365 days, a plain RNN forgets what is 60 and more days ago",
            *(5, "held in part", "it feels {0} days of 365, by seed", r"rnn: (\d+ to \d+) days of 365"),
        ),
        Claim(
            "An LSTM remembers hundreds of steps",
            *(5, "refuted", "as it starts by default it feels {0} days", r"forget bias 1: (\d+ to \d+) days of 365"),
        ),
        Claim(
            "For long streams, where attention's n² forbids",
            *(12, "held in part", "a row costs attention {0} times as much at 2,048 rows as at 512, an LSTM {1} times"),
            r"LSTM: a row of 2,048 costs (?P<b>\S+) times .*?attention: a row of 2,048 costs (?P<a>\S+) times",
        ),
        Claim(
            "On devices with 100 kB",
            *(12, "held", "{0} kB for {1} parameters, with the error of Keras", r"(\d+) kB for ([\d,]+) parameters"),
        ),
        Claim(
            "For small data, where a Transformer overfits",
            *(12, "held in part", "with 100 rows it is better by {0} °C, and both lose to the naive forecast"),
            r"LSTM's error is (\S+) °C below the Transformer's",
        ),
        Claim("Language belongs to Transformers and state-space models", 12, "undecided", "told, not measured"),
    ],
    "The cell": [
        Claim(
            "Three gates of 0 to 1, a candidate of -1 to 1, a cell and a hidden state, which is an additive path",
            *(3, "held", "by hand in NumPy, {0} off Keras", r"largest difference of the cells to the trace: (\S+)"),
        ),
        Claim("The cell state is a belt that gates add to and take from", 3, "held", "drawn, with a run's numbers"),
        Claim(
            "Both states are carried on",
            *(3, "held", "without either the next hidden state is {0} off", r"carried on neither: .*? is (\S+) off"),
        ),
        Claim(
            "Gradients also explode, and clipping helps",
            *(5, "held", "recurrent weights × 2: {0} times the gradient after 100 days", r"weights × 2 +(\S+)"),
        ),
        Claim(
            "LSTMs train over hundreds of steps where RNNs fail by step 20",
            *(
                5,
                "refuted",
                "over 20 steps the plain RNN recalls with {0}",
                r"rnn: recalled over 20 steps with (\d of \d seeds)",
            ),
        ),
        Claim(
            "The GRU is faster",
            *(5, "undecided", "{0} of the time, while one seed takes {1} times as long as another"),
            r"it took (\S+) of the processor time; one seed took (\S+) times",
        ),
        Claim(
            "The GRU is a little less expressive",
            *(5, "undecided", "{0} of the weights, a loss {1} off"),
            r"the GRU has (\S+) of the LSTM's weights; its validation loss is (\S+) off",
        ),
    ],
    "The stack": [
        Claim(
            "Three layers of 128 units, dropout, two dense layers",
            *(15, "undecided", "{0} times the weights; a network of 16 units is {1} to {2} off"),
            r"the reference has (\d+) times the weights; the small one's error is (\S+) to (\S+) off",
        ),
    ],
    "Five improvements": [
        Claim(
            "Squared error lets large moves decide",
            *(8, "held", "{0} of the residuals have {1} of the square"),
            r"(\d+%) of the residuals lie beyond delta; (\d+%) of the squared",
        ),
        Claim(
            "Squared error makes the network play safe",
            *(8, "refuted", "with {0} of {1} seeds"),
            r"MSE plays safer than Huber with (\d) of (\d) seeds",
        ),
        Claim(
            "Huber instead of squared error lowers the error",
            *(8, "held in part", "{0} ({1})", r"Error with Huber instead of MSE: (\S+) \((.*?)\)"),
        ),
        Claim(
            "Absolute error instead, for the same end",
            *(15, "undecided", "Huber against it: {0} ± {1}", r"loss: mae → loss: huber" + EFFECT),
        ),
        Claim(
            "Old regimes mislead where the lookback is long (1,460 days)",
            *(8, "refuted", "{0} ({1})", r"1,460 rows against 20: error (\S+) \((.*?)\)"),
        ),
        Claim(
            "Exponential weights help after a break",
            *(8, "held", "{0} ({1})", r"planted break: exponential weights .*? by (\S+), .*? \((.*?)\)"),
        ),
        Claim(
            "Exponential weights help on prices",
            *(8, "refuted", "{0} ({1})", r"oil: exponential weights .*? by (\S+), .*? \((.*?)\)"),
        ),
        Claim(
            "Weights of one's own, by row",
            *(8, "held", "0 before the break: {0}", r"weights of one's own change the error by (\S+%)"),
        ),
        Claim(
            "Log returns make growth nearly stationary, and decide more than the network",
            *(7, "held", "off by {0} and {1}, the price by {2}"),
            r"price: off by (?P<c>\d+ % \(\w+\), \d+ % \(\S+\)) log return: (?P<a>\S+ %) and (?P<b>\S+ %)",
        ),
        Claim(
            "Min-max scaling squeezes early values",
            *(7, "held", "{0} of the rows below 0.05", r"(\d+%) of the rows lie below 0.05"),
        ),
        Claim("10 % is 0.0953 at 100 and at 100,000", 7, "held", "tabulated"),
        Claim(
            "Dropout kept on gives a band",
            *(10, "refuted", "nominal 90 %, held {0}", r"drawn as if it were 90 %, held (\d+%)"),
        ),
        Claim(
            "A calibrated band is a real interval",
            *(10, "held", "held {0}, {1} are as good as the same"),
            r"The calibrated band held (\d+%); with so few origins, (\S+ to \S+) are",
        ),
        Claim(
            "The band grows into the future",
            *(10, "held in part", "narrower than before at {0} steps of a predictive band, {1} of the dropout band"),
            r"oil, dropout spread: .*? at (?P<b>\d+ of \d+) steps oil, predictive: .*? at (?P<a>\d+ of \d+) steps",
        ),
        Claim(
            "The Bollinger position needs a guard where prices stand still",
            *(9, "held", "{0} flat rows, 0/0 there without", r"In (\d+) rows the last 20 days are the same"),
        ),
        Claim(
            "One NaN poisons the scaler and the training set",
            *(9, "held", "{0} of {1} weights are NaN", r"one NaN: loss nan after one epoch, (\d+) of (\d+) weights"),
        ),
        Claim("The five in one table", 15, "held", "target {0} ± {1}", r"target: raw → target: log returns" + EFFECT),
    ],
    "Starting right": [
        Claim("Orthogonal recurrent weights keep lengths", 6, "held", "of a vector through a plain RNN, to the digit"),
        Claim(
            "They do so in an LSTM",
            *(6, "refuted", "singular values of the forget gate's block from {0}"),
            r"forget: block with singular values from (\S+ to \S+),",
        ),
        Claim(
            "Orthogonal weights forecast better than Gaussian ones",
            *(6, "undecided", "Gaussian ones: error {0}, not with every seed"),
            r"recurrent weights: gaussian: MAE (\S+), clear with every seed: False",
        ),
        Claim(
            "Glorot's input weights forecast better than Gaussian ones",
            *(6, "undecided", "Gaussian ones: error {0}, not with every seed"),
            r"input weights: gaussian: MAE (\S+), clear with every seed: False",
        ),
        Claim(
            "With a forget bias of 0 half of the memory is lost at every step",
            *(6, "held", "after {0} steps", r"bias 0: f = \S+, half of the memory is gone after (\S+) steps"),
        ),
        Claim(
            "With +1 the gate remembers everything",
            *(6, "refuted", "half is gone after {0} steps", r"bias 1: f = \S+, half of the memory is gone after (\S+)"),
        ),
        Claim(
            "It is dramatically stabler: recall",
            *(6, "held", "bias 0 recalls with {0} of 3 seeds, bias 2 with {1}"),
            r"forget bias 0: recalled by (\d) of 3 seeds .*?forget bias 2: recalled by (\d) of 3 seeds",
        ),
        Claim(
            "It is dramatically stabler: forecasts",
            *(6, "refuted", "the worst mean loss {0} above the best, seeds differ by {1}"),
            r"the worst mean loss is (\S+) above the best, seeds of one bias differ by up to (\S+)",
        ),
        Claim(
            "It is the default of most libraries",
            *(6, "refuted", "Keras {0}; by PyTorch's rule {1} on average; Flax 0, by its documentation"),
            r"forget bias: {(\S+)} .*?by PyTorch's rule: forget bias (\S+) on average",
        ),
    ],
    "Series of different lengths": [
        Claim(
            "Pad to the longest, and much is computed for nothing",
            *(11, "held", "{0} padding", r"Padding: (\d+%) padded to the longest"),
        ),
        Claim(
            "Pack or sort by length, and it is not",
            *(11, "held", "{0} in batches of like lengths", r"(\d+%) in batches of like lengths"),
        ),
        Claim(
            "Mask padding: without, the network learns how often it occurs",
            *(11, "held", "error {1} without a mask, {0} with", r"error with a mask (\S+), without (\S+);"),
        ),
        Claim(
            "Mask attention and pooling too",
            *(11, "held", "{0} off with a mask in the LSTM alone", r"mask in the LSTM alone: (\d+%) off"),
        ),
    ],
}
CLAIMS = [claim for claims in SECTIONS.values() for claim in claims]


def path_of(claim):
    (path,) = (ROOT / "notebooks").glob(f"{claim.notebook:02d}-*.ipynb")
    return path


@cache
def printed(path):
    return said(nbformat.read(path, as_version=4))


def told(claim):
    """Put the notebook's numbers into the claim's figure; named groups in the order of their names."""
    if not claim.pattern:
        return claim.figure
    match = re.search(claim.pattern, printed(path_of(claim)))
    assert match, f"{path_of(claim).name} prints nothing like {claim.pattern}"
    groups = [match[name] for name in sorted(match.groupdict())] or match.groups()
    return claim.figure.format(*(group.rstrip(",;.") for group in groups))


def written():
    counts = Counter(claim.verdict for claim in CLAIMS)
    text = HEAD + "\n" + ", ".join(f"{counts[verdict]} {verdict}" for verdict in VERDICTS) + ".\n"
    for section, claims in SECTIONS.items():
        text += f"\n## {section}\n\n| Claim | Verdict | Measured | Notebook |\n|---|---|---|---|\n"
        for claim in claims:
            path = path_of(claim)
            link = f"[{path.stem}](../notebooks/{path.name})"
            text += f"| {claim.words} | {claim.verdict} | {told(claim)} | {link} |\n"
    return text


def test_the_page_is_what_the_notebooks_measured():
    assert PAGE.read_text(encoding="utf-8") == written(), "run python tests/test_claims.py"


def test_a_verdict_of_refuted_or_undecided_is_never_without_a_number():
    assert {claim.verdict for claim in CLAIMS} == set(VERDICTS)
    assert [c.words for c in CLAIMS if c.verdict == "refuted" and not re.search(r"\d", told(c))] == []


@pytest.mark.parametrize("claim", [c for c in CLAIMS if EFFECT in c.pattern], ids=lambda claim: claim.words)
def test_an_effect_is_called_clear_only_where_the_table_does(claim):
    verdict = re.search(claim.pattern, printed(path_of(claim)))[3]
    assert (verdict == "clear") == (claim.verdict == "held")


if __name__ == "__main__":
    PAGE.write_text(written(), encoding="utf-8")
