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

The numbers, 1 to 74, are this project's own count of the recipe's claims, in the recipe's order; a row answers one or
several of them.

<!-- written by python tests/test_claims.py from the outputs of the notebooks -->
"""
CLAIM_NUMBERS = range(1, 75)


class Claim(NamedTuple):
    """A claim of the recipe, the figure that speaks to it, and what it comes to."""

    numbers: tuple[int, ...]
    """Which of the recipe's claims it answers."""
    words: str
    notebook: int
    verdict: str
    figure: str
    """What is told of it; ``{0}``, ``{1}`` ... are the groups of the pattern, ``{a}`` its named ones."""
    pattern: str
    """Found in what the notebook's cells printed."""


SHUFFLED = r"plain RNN: shuffling moves the error by at most (\S+) °C"
EFFECT = r": ([+-]\S+%) ± (\S+%), (clear|not to be told from chance|no effect)"
SECTIONS = {
    "Where an LSTM stands": [
        Claim(
            (1,),
            "CNN, Transformer and RNN are one family; GRU and LSTM are RNNs",
            *(2, "held", "drawn as a tree", "A family of networks"),
        ),
        Claim(
            (2,),
            "A network without a memory of order takes rows as exchangeable",
            *(2, "held", "shuffled hours cost a plain RNN {0} °C, a network without order 0.0000 °C", SHUFFLED),
        ),
        Claim(
            (3,),
            "In a plain RNN gradients shrink exponentially into the past",
            *(5, "held", "60 days ago, {0} of the largest gradient", r"60 days ago: (\S+) of its largest gradient"),
        ),
        Claim(
            (4,),
            "Given 365 days, a plain RNN forgets what is 60 and more days ago",
            *(5, "held in part", "it feels {0} days of 365, by seed", r"rnn: (\d+ to \d+) days of 365"),
        ),
        Claim(
            (5,),
            "An LSTM remembers hundreds of steps",
            *(5, "refuted", "as it starts by default it feels {0} days", r"forget bias 1: (\d+ to \d+) days of 365"),
        ),
        Claim(
            (54,),
            "An LSTM is rarely the right choice",
            *(12, "held in part", "lowest error: with 100 rows {0}, with 1,000 {1}, with 8,000 {2}"),
            r"100 rows: (\w+) .*?1,000 rows: (\w+) .*?8,000 rows: (\w+) ",
        ),
        Claim(
            (55,),
            "For long streams, where attention's n² forbids",
            *(12, "held in part", "a row costs attention {a} times as much at 2,048 rows as at 512, an LSTM {b} times"),
            r"LSTM: a row of 2,048 costs (?P<b>\S+) times .*?attention: a row of 2,048 costs (?P<a>\S+) times",
        ),
        Claim(
            (56,),
            "On devices with 100 kB",
            *(12, "held", "{0} kB for {1} parameters, with the error of Keras", r"(\d+) kB for ([\d,]+) parameters"),
        ),
        Claim(
            (57,),
            "For small data, where a Transformer overfits",
            *(12, "held in part", "with 100 rows it is better by {0} °C, and both lose to the naive forecast"),
            r"LSTM's error is (\S+) °C below the Transformer's",
        ),
        Claim(
            (58, 59),
            "Language belongs to Transformers and state-space models",
            *(16, "undecided", "one made-up language, next characters right: LSTM {0}, Transformer {1}"),
            r"LSTM, \S+ weights: (\S+ to \S+ %) right, .*?Transformer, \S+ weights: (\S+ to \S+ %) right",
        ),
    ],
    "The cell": [
        Claim(
            (6,),
            "Three gates of 0 to 1, a candidate of -1 to 1, a cell and a hidden state",
            *(3, "held", "forget gate {0} to {1}, candidate {2} to {3}, cell {4} to {5}"),
            r"smallest largest forget (\S+) (\S+) .*?candidate (\S+) (\S+) cell (\S+) (\S+)",
        ),
        Claim(
            (7, 43),
            "The cell state is a belt that gates add to and take from",
            *(
                3,
                "held",
                "drawn, with a run's numbers: one step keeps {0} of its memory",
                r"It keeps (\d+ %) of its memory",
            ),
        ),
        Claim(
            (8, 44),
            "The path is additive: c = f·c + i·g, and h = o·tanh(c)",
            *(3, "held", "by hand in NumPy, {0} off Keras", r"largest difference of the cells to the trace: (\S+)"),
        ),
        Claim(
            (40, 41, 42),
            "The forget gate keeps, the input gate writes, the output gate shows",
            *(3, "held", "each shut for an hour: only its part is gone, to {0}"),
            r"forget gate shut: .*?, off by (\S+) input gate shut",
        ),
        Claim(
            (45,),
            "What is on the belt stays where the forget gate is near 1",
            *(3, "held", "of a push {a} % is left after six hours, the product of the forget gates is {b} %"),
            r"measured, 6 h later +(?P<a>\S+) .*?product of f, 6 h later +(?P<b>\S+)",
        ),
        Claim(
            (47,),
            "Gates may saturate",
            *(3, "held", "forget gates stood open (> 0.9) in {0} % of the time", r"forget open \(> 0.9\) +(\S+)"),
        ),
        Claim(
            (49,),
            "The cell remembers, the hidden state speaks",
            *(3, "held", "the next hidden state is {1} off without the cell, {0} off without the last hidden state"),
            r"carried on c alone: .*? is (\S+) off.*?carried on h alone: .*? is (\S+) off",
        ),
        Claim(
            (50,),
            "Both states are carried on",
            *(3, "held", "without either the next hidden state is {0} off", r"carried on neither: .*? is (\S+) off"),
        ),
        Claim(
            (46,),
            "Gradients also explode, and clipping helps",
            *(5, "held", "recurrent weights × 2: {0} times the gradient after 100 days", r"weights × 2 +(\S+)"),
        ),
        Claim(
            (48,),
            "LSTMs train over hundreds of steps where RNNs fail by step 20",
            *(5, "refuted", "over 20 steps the plain RNN recalls with {0}"),
            r"rnn: recalled over 20 steps with (\d of \d seeds)",
        ),
        Claim(
            (51,),
            "The GRU has one state",
            *(2, "held", "{0}; the LSTM {1}"),
            r"GRU knows .*?in: (one state, 2 gates) LSTM knows .*?in: (a cell and a hidden state, 3 gates)",
        ),
        Claim(
            (52,),
            "The GRU is faster",
            *(5, "undecided", "{0} of the time, while one seed takes {1} times as long as another"),
            r"it took (\S+) of the processor time; one seed took (\S+) times",
        ),
        Claim(
            (53,),
            "The GRU is a little less expressive",
            *(5, "undecided", "{0} of the weights, a loss {1} off"),
            r"the GRU has (\S+) of the LSTM's weights; its validation loss is (\S+) off",
        ),
    ],
    "The stack": [
        Claim(
            (9,),
            "Three layers of 128 units, dropout, two dense layers",
            *(15, "undecided", "{a} weights, {b} times a small network's; 16 units are {c} to {d} off"),
            r"with 8 inputs: (?P<a>\S+) weights .*?the reference has (?P<b>\d+) times the weights; "
            r"the small one's error is (?P<c>\S+) to (?P<d>\S+) off",
        ),
        Claim(
            (10,),
            "All recurrent layers but the last hand on every row (`return_sequences`)",
            *(3, "held", "of two layers of 8 units the first hands on {0}, any number of rows, the last {1}"),
            r"return_sequences=True, hands on (\(.*?\)) \S+ return_sequences=False, hands on (\(.*?\))",
        ),
        Claim(
            (11,),
            "Adam minimises Huber's loss, with the mean absolute error beside it",
            *(8, "held", "{0}; in the first epoch loss {1} and MAE {2}"),
            r"(Adam) loss val_loss mae val_mae epoch 1 (\S+) \S+ (\S+)",
        ),
        Claim(
            (12,),
            "It takes 100 epochs, in batches of 64",
            *(8, "refuted", "the best epochs are {0}; batches of 256 change the error by {1}"),
            r"the best was epoch (\d+ and \d+) batches of 256 instead: error (\S+ and \S+) by seed",
        ),
        Claim(
            (13,),
            "A tenth of the rows for validation",
            *(8, "held", "{0} of the rows to stop by, {1} more to measure the band by"),
            r"held out: (\d+%) of the rows to stop by, (\d+%) more",
        ),
    ],
    "Five improvements": [
        Claim(
            (14,),
            "Squared error lets large moves decide",
            *(8, "held", "{0} of the residuals have {1} of the square"),
            r"(\d+%) of the residuals lie beyond delta; (\d+%) of the squared",
        ),
        Claim(
            (15,),
            "Squared error makes the network play safe",
            *(8, "refuted", "with {0} of {1} seeds"),
            r"MSE plays safer than Huber with (\d) of (\d) seeds",
        ),
        Claim(
            (16,),
            "Absolute error has a corner at zero, which Huber mends",
            *(8, "refuted", "{0} ({1})", r"Error with Huber instead of MAE: (\S+) \((.*?)\)"),
        ),
        Claim(
            (17, 18),
            "Huber is square near zero and linear beyond delta",
            *(8, "held", "with delta 0.001 it is {0} where MAE is {1}; with 1,000 half of MSE"),
            r"divided by delta: (\d\.\d{4})\d* and MAE: (\d\.\d{4})",
        ),
        Claim(
            (17, 18),
            "Huber instead of squared error lowers the error",
            *(8, "held in part", "{0} ({1})", r"Error with Huber instead of MSE: (\S+) \((.*?)\)"),
        ),
        Claim(
            (19,),
            "Old regimes mislead where the lookback is long (1,460 days)",
            *(8, "refuted", "{0} ({1})", r"1,460 rows against 20: error (\S+) \((.*?)\)"),
        ),
        Claim(
            (20, 21, 22),
            "Linear weights count the newest row twice, exponential ones 20 times",
            *(8, "held", "{0} and {1} times, by the ratio of the newest to the oldest weight"),
            r"linear +newest counts (\S+) times .*?exponential +newest counts (\S+) times",
        ),
        Claim(
            (20,),
            "Linear weights help on prices",
            *(15, "undecided", "{0} ± {1}", r"weights: uniform → weights: linear" + EFFECT),
        ),
        Claim(
            (21, 22),
            "Exponential weights help after a break",
            *(8, "held", "{0} ({1})", r"planted break: exponential weights .*? by (\S+), .*? \((.*?)\)"),
        ),
        Claim(
            (21, 22),
            "Exponential weights help on prices",
            *(8, "refuted", "{0} ({1})", r"oil: exponential weights .*? by (\S+), .*? \((.*?)\)"),
        ),
        Claim(
            (23,),
            "Weights of one's own, by row",
            *(8, "held", "0 before the break: {0}", r"weights of one's own change the error by (\S+%)"),
        ),
        Claim(
            (24,),
            "Weights have mean 1",
            *(8, "held", "linear {0}, exponential {1}", r"mean weights: .*?'linear': (\S+), 'exponential': ([\d.]+)"),
        ),
        Claim(
            (25,),
            "Log returns make growth nearly stationary",
            *(7, "held", "in the last third changes are {0} times as large as in the first, log returns {1} times"),
            r"changes log returns growth (\S+) (\S+)",
        ),
        Claim(
            (26,),
            "Min-max scaling squeezes early values",
            *(7, "held", "{0} of the rows below 0.05", r"(\d+%) of the rows lie below 0.05"),
        ),
        Claim(
            (27,),
            "10 % is 0.0953 at 100 and at 100,000",
            *(7, "held", "{0} and {1}; after min-max scaling 0.0001 and 0.0974"),
            r"at 100 10\.0 0\.0001 (\S+) at 100,000 10000\.0 0\.0974 (\S+)",
        ),
        Claim(
            (28,),
            "The transform decides more than the network",
            *(7, "held", "{0} $ between the networks, {1} $ between the transforms"),
            r"taught log returns: (\S+) \$\. .*? taught the price: (\S+) \$",
        ),
        Claim(
            (29, 30, 31, 32),
            "Dropout kept on over 50 runs gives a median and a 5th and 95th percentile",
            *(10, "held", "a day ahead {0}, {1}"),
            r"median at the end (\S+), (band \S+ to \S+) band dropout spread, 5th–95th percentile; "
            r"coverage not measured paths 50 ",
        ),
        Claim(
            (34,),
            "That band is a real interval",
            *(10, "refuted", "nominal 90 %, held {0}", r"drawn as if it were 90 %, held (\d+%)"),
        ),
        Claim(
            (34,),
            "A calibrated band is one",
            *(10, "held", "held {0}, {1} are as good as the same"),
            r"The calibrated band held (\d+%); with so few origins, (\S+ to \S+) are",
        ),
        Claim(
            (33,),
            "The band grows into the future",
            *(10, "held in part", "narrower than before at {a} steps of a predictive band, {b} of the dropout band"),
            r"oil, dropout spread: .*? at (?P<b>\d+ of \d+) steps oil, predictive: .*? at (?P<a>\d+ of \d+) steps",
        ),
        Claim(
            (35, 36),
            "The Bollinger position divides by zero where prices stand still",
            *(9, "held", "{0} flat rows, where the textbook says {1}"),
            r"In (\d+) rows the last 20 days are the same\. There the textbook says \[(.*?)\]",
        ),
        Claim(
            (38,),
            "A guard of 0.5 mends it",
            *(9, "held", "{0} there, elsewhere {1} off the textbook"),
            r"and the feature \[(\S+)\] Everywhere else the two differ by at most (\S+)",
        ),
        Claim(
            (37,),
            "One NaN poisons the scaler and the training set",
            *(9, "held", "{0} of {1} weights are NaN", r"one NaN: loss nan after one epoch, (\d+) of (\d+) weights"),
        ),
        Claim(
            (39,),
            "The five in one table",
            *(15, "held", "target {0} ± {1}", r"target: raw → target: log returns" + EFFECT),
        ),
    ],
    "Starting right": [
        Claim(
            (60,),
            "Orthogonal recurrent weights keep lengths",
            *(6, "held", "after 50 steps of a plain RNN {0} times the length, by Glorot's weights {1} to {2} times"),
            r"variant +mean +smallest +largest orthogonal (\S+) \S+ \S+ glorot \S+ (\S+) (\S+)",
        ),
        Claim(
            (60,),
            "They do so in an LSTM",
            *(6, "refuted", "singular values of the forget gate's block from {0}"),
            r"forget: block with singular values from (\S+ to \S+),",
        ),
        Claim(
            (60,),
            "Orthogonal weights forecast better than Gaussian ones",
            *(6, "undecided", "Gaussian ones: error {0} over {1} pairs of seeds"),
            r"recurrent weights: gaussian: error (\S+ ± \S+) over (\d+) pairs, chance",
        ),
        Claim(
            (61,),
            "Glorot's input weights keep the variance",
            *(6, "held", "{0} of it with 4 inputs and {1} with 400"),
            r"4 inputs: {'glorot': ([\d.]+), .*?400 inputs: {'glorot': ([\d.]+),",
        ),
        Claim(
            (61,),
            "Glorot's input weights forecast better than Gaussian ones",
            *(6, "held", "Gaussian ones: error {0} over {1} pairs of seeds"),
            r"input weights: gaussian: error (\S+ ± \S+) over (\d+) pairs, clear",
        ),
        Claim(
            (62, 64),
            "A forget bias of +1 or higher lets a network recall",
            *(6, "held", "over 20 steps: bias 1 with {0} of 3 seeds, 3 with {1}"),
            r"forget bias 1: recalled by (\d) of 3 seeds .*?forget bias 3: recalled by (\d) of 3 seeds",
        ),
        Claim(
            (63,),
            "With a forget bias of 0 half of the memory is lost at every step",
            *(6, "held", "after {0} steps", r"bias 0: f = \S+, half of the memory is gone after (\S+) steps"),
        ),
        Claim(
            (65,),
            "With +1 the gate remembers everything",
            *(6, "refuted", "half is gone after {0} steps", r"bias 1: f = \S+, half of the memory is gone after (\S+)"),
        ),
        Claim(
            (66,),
            "It is dramatically stabler: recall",
            *(6, "held", "bias 0 recalls with {0} of 3 seeds, bias 2 with {1}"),
            r"forget bias 0: recalled by (\d) of 3 seeds .*?forget bias 2: recalled by (\d) of 3 seeds",
        ),
        Claim(
            (66,),
            "It is dramatically stabler: forecasts",
            *(6, "refuted", "the worst mean loss {0} above the best, seeds differ by {1}"),
            r"the worst mean loss is (\S+) above the best, seeds of one bias differ by up to (\S+)",
        ),
        Claim(
            (67,),
            "It is the default of most libraries",
            *(6, "refuted", "Keras {0}; by PyTorch's rule {1} on average; Flax 0, by its documentation"),
            r"forget bias: {(\S+)} .*?by PyTorch's rule: forget bias (\S+) on average",
        ),
    ],
    "Series of different lengths": [
        Claim(
            (68,),
            "Pad to the longest, and much is computed for nothing",
            *(11, "held", "{0} padding", r"Padding: (\d+%) padded to the longest"),
        ),
        Claim(
            (69,),
            "A reserved value can stand for padding",
            *(11, "refuted", "0 would mask {0} real hours of {1}"),
            r"reserved for padding would mask (\d+) real hours of (\S+)",
        ),
        Claim(
            (70, 74),
            "Mask padding: without, the network learns how often it occurs",
            *(11, "held", "error {1} without a mask, {0} with", r"error with a mask (\S+), without (\S+);"),
        ),
        Claim(
            (71, 72),
            "Pack or sort by length, and it is not computed",
            *(11, "held", "{0} in batches of like lengths", r"(\d+%) in batches of like lengths"),
        ),
        Claim(
            (73,),
            "Mask pooling and attention too",
            *(11, "held", "off by {0} with a mask in the LSTM alone, by {1} without one in attention"),
            r"mask in the LSTM alone: (\d+%) off .*?attention without the mask: (\d+%) off",
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
    """Put the notebook's numbers into the claim's figure."""
    match = re.search(claim.pattern, printed(path_of(claim)))
    assert match, f"{path_of(claim).name} prints nothing like {claim.pattern}"
    groups = [group.rstrip(",;.") for group in match.groups()]
    return claim.figure.format(*groups, **match.groupdict())


def written():
    counts = Counter(claim.verdict for claim in CLAIMS)
    text = HEAD + "\n" + ", ".join(f"{counts[verdict]} {verdict}" for verdict in VERDICTS) + ".\n"
    for section, claims in SECTIONS.items():
        text += f"\n## {section}\n\n| No. | Claim | Verdict | Measured | Notebook |\n|---|---|---|---|---|\n"
        for claim in claims:
            path = path_of(claim)
            link = f"[{path.stem}](../notebooks/{path.name})"
            numbers = ", ".join(map(str, claim.numbers))
            text += f"| {numbers} | {claim.words} | {claim.verdict} | {told(claim)} | {link} |\n"
    return text


def test_the_rows_answer_each_of_the_claims_and_no_other():
    assert sorted({number for claim in CLAIMS for number in claim.numbers}) == list(CLAIM_NUMBERS)
    assert [claim.words for claim in CLAIMS if not claim.numbers or not claim.pattern] == []


def test_the_page_is_what_the_notebooks_measured():
    assert PAGE.read_text(encoding="utf-8") == written(), "run python tests/test_claims.py"


def test_a_verdict_of_refuted_or_undecided_is_never_without_a_number():
    assert {claim.verdict for claim in CLAIMS} == set(VERDICTS)
    unmeasured = {"refuted", "undecided"}
    assert [c.words for c in CLAIMS if c.verdict in unmeasured and not re.search(r"\d", told(c))] == []


@pytest.mark.parametrize("claim", [c for c in CLAIMS if EFFECT in c.pattern], ids=lambda claim: claim.words)
def test_an_effect_is_called_clear_only_where_the_table_does(claim):
    verdict = re.search(claim.pattern, printed(path_of(claim)))[3]
    assert (verdict == "clear") == (claim.verdict == "held")


if __name__ == "__main__":
    PAGE.write_text(written(), encoding="utf-8")
