"""A text's unit vector doesn't depend on the other texts, and the stored thresholds are those of the calibration."""

from __future__ import annotations

import warnings
from collections import Counter

import numpy as np
import pytest

from memory.embedders import calibrate
from memory.embedders.embedder import Embedder, calibration, hashing, minilm
from memory.embedders.minilm import MODEL, TOKENIZER
from memory.weights.package_index import find_cached

TEXTS = ["Dropout 0.3 on the hidden layer", "label smoothing 0.1", "", "ünï 数 \x00", "word " * 2000]


@pytest.fixture(scope="module", params=["hashing", "minilm"])
def embedder(request: pytest.FixtureRequest) -> Embedder:
    if request.param == "hashing":
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return hashing()
    if not (find_cached(MODEL) and find_cached(TOKENIZER)):
        pytest.skip("the MiniLM embedder's weights are not in the cache (104 MB; fetched at the first run)")
    return minilm()


def test_vectors_have_length_one_and_the_stated_dims(embedder: Embedder) -> None:
    vectors = embedder.embed(TEXTS)
    assert vectors.shape == (len(TEXTS), embedder.dims)
    assert vectors.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1.0, atol=1e-5)
    assert embedder.embed([]).shape == (0, embedder.dims)


def test_a_vector_does_not_depend_on_its_batch(embedder: Embedder) -> None:
    together = embedder.embed(TEXTS[:4])
    alone = np.concatenate([embedder.embed([text]) for text in TEXTS[:4]])
    np.testing.assert_allclose((together * alone).sum(axis=1), 1.0, atol=5e-3)


def test_the_stored_threshold_is_what_calibration_gives(embedder: Embedder) -> None:
    stored, now = calibration(embedder.id), calibrate.calibrate(embedder)
    assert embedder.tau == stored["tau"]
    assert now["tau"] == pytest.approx(stored["tau"], abs=0.01)
    assert now["auc"] == pytest.approx(stored["auc"], abs=0.01)


def test_minilm_knows_more_than_spelling() -> None:
    real, spelled = calibration("minilm-l6-v2-int8"), calibration("hashing-512")
    assert real["auc"] > 0.8 > spelled["auc"]
    assert real["held_to_be_repeats"]["restated"] > 0.95
    assert real["held_to_be_repeats"]["other"] < 0.05


def test_hashing_says_so_aloud() -> None:
    with pytest.warns(UserWarning, match="spelling only"):
        hashing()


def test_the_pairs_are_many_labelled_and_distinct() -> None:
    labelled = calibrate.pairs()
    assert len({(pair["a"], pair["b"]) for pair in labelled}) == len(labelled) >= 60
    assert min(Counter(pair["same"] for pair in labelled).values()) >= 30


def test_auc_and_threshold_by_hand() -> None:
    scores, same = np.array([0.1, 0.4, 0.35, 0.8]), np.array([False, False, True, True])
    assert calibrate.auc(scores, same) == 0.75
    assert calibrate.balanced_accuracy(scores, same, 0.375) == 0.5
    assert calibrate.best_tau(scores, same) in (pytest.approx(0.6), pytest.approx(0.225))
    assert calibrate.auc(np.ones(4), same) == 0.5


def test_held_out_accuracy_of_noise_is_no_better_than_chance() -> None:
    dice = np.random.default_rng(0)
    same = np.arange(400) < 200
    assert abs(calibrate.held_out(dice.normal(size=400), same) - 0.5) < 0.08
