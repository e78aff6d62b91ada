"""A checkpoint is opened by name or folder, by what is known of it or said of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from agents.verifiers.checkpoints.opening import open_checkpoint
from agents.verifiers.parts import Parts
from agents.verifiers.protocol import Solution
from agents.verifiers.registry import open_verifier
from pelagos.errors import BadInput, MissingPart
from pelagos.settings import Settings
from tests.agents.verifiers import tiny

SOLUTION = Solution("Add.", ("One is 2.", "So 4."))


def test_a_folder_is_opened_and_scored(checkpoints: dict[str, Path]) -> None:
    by_config = open_checkpoint(str(checkpoints["qwen"]))
    assert by_config.name == f"classes: {checkpoints['qwen']}"
    assert len(by_config.score([SOLUTION])[0].scores) == 2
    said = open_checkpoint(str(checkpoints["trl"]), layout="pure")
    assert len(said.score([SOLUTION])[0].scores) == 2


def test_any_pair_of_language_models_is_an_implicit_one(checkpoints: dict[str, Path], tmp_path: Path) -> None:
    other = tiny.save_language_model(tmp_path / "other", "llama", tiny.small_llama_tokenizer(), seed=5)
    policy = str(checkpoints["rlhflow"])
    halves = [open_checkpoint(policy, "implicit", reference=str(other), beta=beta) for beta in (0.1, 0.05)]
    double, single = (verifier.score([SOLUTION])[0].rewards for verifier in halves)
    assert double == pytest.approx([2 * reward for reward in single])
    assert max(map(abs, single)) > 0


def test_a_spec_names_a_checkpoint_and_how_it_is_read(checkpoints: dict[str, Path]) -> None:
    parts = Parts(
        lambda: pytest.fail("no model is asked"), lambda *_: pytest.fail("nothing runs"), Settings(),
        lambda: pytest.fail("nothing is recorded"),
    )  # fmt: skip
    by_config = open_verifier(f"checkpoint:{checkpoints['qwen']}", parts)
    assert len(by_config.score([SOLUTION])[0].scores) == 2
    folder = checkpoints["rlhflow"]
    implicit = open_verifier(f"checkpoint:{folder},layout=implicit,reference={folder},beta=0.1", parts)
    assert implicit.score([SOLUTION])[0].rewards == (0.0, 0.0)
    served = open_verifier(f"checkpoint:{checkpoints['qwen']},url=http://127.0.0.1:1", parts)
    assert served.name == f"classes: {checkpoints['qwen']} by vLLM"
    with pytest.raises(BadInput, match="vLLM serves heads of kind classes alone"):
        open_verifier(f"checkpoint:{checkpoints['shepherd']},layout=shepherd,url=http://127.0.0.1:1", parts)
    with pytest.raises(BadInput, match="name a repository or a folder"):
        open_verifier("checkpoint:", parts)
    with pytest.raises(BadInput, match="beta is 'x': write a number"):
        open_verifier(f"checkpoint:{folder},layout=implicit,beta=x", parts)


def test_what_is_missing_is_one_line(
    checkpoints: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    folder = str(checkpoints["rlhflow"])
    with pytest.raises(BadInput, match="an implicit reward model needs its reference: name the model"):
        open_checkpoint(folder, "implicit")
    with pytest.raises(MissingPart, match=r"checkpoint Qwen/Qwen2\.5-Math-PRM-7B: not on this machine"):
        open_checkpoint("Qwen/Qwen2.5-Math-PRM-7B")
    for beta in (0.0, -1.0, float("nan")):
        with pytest.raises(BadInput, match=f"beta {beta} should be a positive number"):
            open_checkpoint(folder, "implicit", reference=folder, beta=beta)
