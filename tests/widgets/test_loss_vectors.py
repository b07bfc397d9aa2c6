"""Losses worked out by hand: `loss_of` gives them, and so do `frontend/src/losses.ts` and Keras."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from lstm_lab.diagnostics.training_choices import LOSSES, loss_of
from lstm_lab.models.backend import keras

VECTORS = json.loads((Path(__file__).parent / "loss_vectors.json").read_text(encoding="utf-8"))
RESIDUALS = np.array(VECTORS["residuals"], dtype=float)
CASES = [
    ("mse", 1.0, VECTORS["MSE"]),
    ("mae", 1.0, VECTORS["MAE"]),
    *(("huber", case["delta"], case["losses"]) for case in VECTORS["Huber"]),
]


@pytest.mark.parametrize(("name", "delta", "losses"), CASES)
def test_each_loss_is_the_vectors_and_keras_own(name, delta, losses):
    assert loss_of(name, RESIDUALS, delta).tolist() == losses
    kinds = {
        "mse": keras.losses.MeanSquaredError,
        "mae": keras.losses.MeanAbsoluteError,
        "huber": lambda **options: keras.losses.Huber(delta=delta, **options),
    }
    own = kinds[name](reduction="none")(np.zeros((len(RESIDUALS), 1)), RESIDUALS[:, None])
    np.testing.assert_allclose(np.asarray(own), losses, rtol=1e-6)


def test_the_vectors_are_of_every_loss_that_a_training_can_use():
    assert {name for name, _, _ in CASES} == set(LOSSES)
