"""Losses worked out by hand: what a training minimises, what pictures draw, and `frontend/src/losses.ts` give them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import get_args

import numpy as np
import pytest

from lstm_lab.data.windows.sample_weights import DEFAULT_RATE, effective_sample_size, rate_of, sample_weights
from lstm_lab.diagnostics.training_choices import LOSSES, SCHEMES, ResidualLosses, loss_of
from lstm_lab.options import TrainOptions
from lstm_lab.training.trainer import loss_function

FOLDER = Path(__file__).parent
VECTORS = json.loads((FOLDER / "loss_vectors.json").read_text(encoding="utf-8"))
WEIGHTS = json.loads((FOLDER / "weight_vectors.json").read_text(encoding="utf-8"))
RESIDUALS = np.array(VECTORS["residuals"], dtype=float)
CASES = [
    ("mse", 1.0, VECTORS["mse"]),
    ("mae", 1.0, VECTORS["mae"]),
    *(("huber", case["delta"], case["losses"]) for case in VECTORS["huber"]),
]


@pytest.mark.parametrize(("name", "delta", "losses"), CASES)
def test_each_loss_is_the_vectors_and_the_one_that_a_training_minimises(name, delta, losses):
    assert loss_of(name, RESIDUALS, delta).tolist() == losses
    minimised = loss_function(TrainOptions(loss=name, delta=delta))
    each = [float(minimised(np.zeros((1, 1)), np.array([[residual]]))) for residual in RESIDUALS]
    np.testing.assert_allclose(each, losses, rtol=1e-6)


def test_the_vectors_are_of_every_loss_that_a_training_can_use():
    options = set(get_args(TrainOptions.model_fields["loss"].annotation))
    assert {name for name, _, _ in CASES} == set(LOSSES) == options


def test_the_curves_are_the_losses_along_an_axis_that_reaches_past_the_residuals():
    result = ResidualLosses(np.linspace(-5, 4, 1001), delta=0.5)
    x, curves = result.curves(points=5)
    assert result.reach == pytest.approx(1.05 * np.quantile(-result.residuals, 0.998))
    np.testing.assert_allclose(x, result.reach * np.array([-1, -0.5, 0, 0.5, 1]))
    for name, losses in curves.items():
        np.testing.assert_array_equal(losses, loss_of(name, x, 0.5))
    counts, edges = result.histogram()
    assert counts.sum() == 1001
    assert (edges[0], edges[-1]) == (-result.reach, result.reach)


def test_the_weight_vectors_are_of_every_scheme():
    assert {case["name"] for case in WEIGHTS} == set(SCHEMES)
    assert all(TrainOptions(weights=name).weights == name for name in SCHEMES)


@pytest.mark.parametrize("case", WEIGHTS)
def test_the_weights_are_the_vectors(case):
    weights = sample_weights(case["scheme"], len(case["weights"]))
    np.testing.assert_allclose(weights, case["weights"], rtol=1e-12)
    assert effective_sample_size(weights) == pytest.approx(case["effective"], rel=1e-12)
    rate = rate_of(case["scheme"])
    assert (DEFAULT_RATE if rate is None else rate) == case["rate"]
