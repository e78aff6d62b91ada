from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from agents.judging.differences import list_differences
from pelagos.nouns import Signature
from tests.tools.code.behaviour.programs import AVERAGES, LONGER, SKLEARN, TORCH, measure
from tests.tools.code.hook_process import start_hooks

Measured = dict[str, Signature]
pytestmark = pytest.mark.timeout(400)  # programs that import torch, also where many others compute


@pytest.fixture(scope="module")
def torches(tmp_path_factory: pytest.TempPathFactory) -> Measured:
    folder = tmp_path_factory.mktemp("torch")
    programs = {"base": TORCH, "longer": LONGER, "averages": AVERAGES}
    with ThreadPoolExecutor(2) as pool:
        return dict(zip(programs, pool.map(lambda name: measure(folder / name, programs[name]), programs), strict=True))


def test_training_longer_and_averaging_nothing_is_just_that(torches: Measured) -> None:
    assert list_differences(torches["base"], torches["longer"]) == ["optimizer steps 32 -> 40"]


def test_what_a_network_does_is_counted(torches: Measured) -> None:
    amounts = torches["base"].amounts
    assert amounts["optimizer steps"] == amounts["backward passes"] == amounts["forward passes in training"] == 32
    assert amounts["examples in training"] == 320
    assert amounts["forward passes outside training"] == 1
    assert amounts["parameters"] == amounts["parameters in Linear"] == 4 * 6 + 6 + 6 * 2 + 2
    assert (amounts["learning rate at first"], amounts["learning rate at last"]) == (0.01, 0.01)
    assert torches["base"].names["learning rates"] == ["constant"]


def test_what_is_new_is_named_with_its_arguments(torches: Measured) -> None:
    assert set(list_differences(torches["base"], torches["averages"])) == {
        "parameters 44 -> 42",
        "new: torch.nn.Dropout(p=0.2)",
        "torch.nn.Linear(in_features=6, out_features=2) -> torch.nn.Linear(bias=False, in_features=6, out_features=2)",
        "torch.nn.functional.cross_entropy -> torch.nn.functional.cross_entropy(label_smoothing=0.1)",
        "new: torch.optim.swa_utils.AveragedModel",
        "new: torch.optim.swa_utils.AveragedModel.update_parameters",
    }


def test_estimators_tell_their_iterations_and_members(tmp_path: Path) -> None:
    behaviour = measure(tmp_path / "a", SKLEARN)
    assert behaviour.amounts["iterations of LogisticRegression"] == 3
    assert behaviour.amounts["members of RandomForestClassifier"] == 7
    assert behaviour.amounts["examples fitted"] == 80
    assert behaviour.names["estimators"] == [
        "sklearn.ensemble.RandomForestClassifier(n_estimators=7)",
        "sklearn.linear_model.LogisticRegression(C=0.5, max_iter=3)",
    ]
    assert {"numpy.random.Generator.normal", "numpy.random.default_rng"} <= set(behaviour.names["random draws"])
    assert "numpy.sqrt" in behaviour.names["functions"]


def test_a_program_that_dies_tells_what_it_did_and_no_frame_of_the_hooks(tmp_path: Path) -> None:
    dies = TORCH.replace("loss.backward()", "loss.backward()\n            model(torch.ones(1, 9))")
    code, report, log = start_hooks(tmp_path, {"main.py": dies})
    assert (code, report.behaviour.amounts["backward passes"]) == (1, 1)
    assert "optimizer steps" not in report.behaviour.amounts
    assert report.error is not None
    assert "amounts_hook" not in log + "".join(frame.file for frame in report.error.frames)


def test_counts_that_a_program_forges_are_left_out(tmp_path: Path) -> None:
    forged = (
        "import sys\ncounts = next(one for one in sys.meta_path if type(one).__name__ == 'Amounts')._counts\n"
        "counts.update({'a' * 10**7: 1, 'b': 10**400, 'c': float('nan'), 'd': 'x' * 10**7, 'e': [[]], 'fits': 3})\n"
        "counts.update({f'k{n}': n for n in range(10**5)})\n"
    )
    _, report, _ = start_hooks(tmp_path, {"main.py": forged})
    assert report.behaviour.amounts["fits"] == 3
    assert not {"b", "c", "d", "e"} & set(report.behaviour.amounts)
    assert 1 <= len(report.behaviour.amounts) <= 60
