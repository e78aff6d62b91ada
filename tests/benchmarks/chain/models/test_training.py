"""A training that was cut short goes on with the same batches and ends in the same weights; results are kept once."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from benchmarks.chain.models import training
from benchmarks.chain.models.lm import TinyLm
from benchmarks.chain.models.text import encode_batch
from benchmarks.chain.models.training import Plan, make_lm, read_training, train
from benchmarks.chain.results import Results

TOKENS = encode_batch(["7,+3:0;", "1,-3:8;", "2,*4:8;"])


class Cut(Exception):
    pass


def load(path: Path) -> TinyLm:
    return train(path, make_lm("s", 1), plan(0))


def plan(updates: int, cut_at: int | None = None, held_out: list[float] | None = None) -> Plan[TinyLm]:
    def loss(model: TinyLm, update: int) -> torch.Tensor:
        if update == cut_at:
            raise Cut
        rows = TOKENS[update % 3 :][:1]
        return -model.log_probabilities(rows, model.read(rows)[0]).mean()

    losses = iter(held_out or [])
    return Plan(loss, (lambda _: next(losses)) if held_out else None, updates, 1e-3)


def test_a_finished_training_is_not_begun_again(tmp_path: Path) -> None:
    first = train(tmp_path / "a.pt", make_lm("s", 0), plan(0))
    again = train(tmp_path / "a.pt", make_lm("s", 1), plan(9, cut_at=0))
    torch.testing.assert_close(again.token.weight, first.token.weight)


@pytest.mark.slow  # torch's optimizers take seconds to import
def test_a_training_that_was_cut_short_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(training, "EVERY", 3)
    whole = train(tmp_path / "whole.pt", make_lm("s", 0), plan(9))
    with pytest.raises(Cut):
        train(tmp_path / "cut.pt", make_lm("s", 0), plan(9, cut_at=7))
    train(tmp_path / "cut.pt", make_lm("s", 0), plan(9))
    for name, weight in load(tmp_path / "cut.pt").state_dict().items():
        torch.testing.assert_close(weight, whole.state_dict()[name], rtol=0, atol=0)
    assert not list(tmp_path.glob("*.part"))


@pytest.mark.slow
def test_a_training_ends_on_its_plateau_with_the_best_weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(training, "EVERY", 1)
    train(tmp_path / "a.pt", make_lm("s", 0), plan(50, held_out=[3.0, 2.0, *[2.5] * 30, 1.0]))
    best = train(tmp_path / "b.pt", make_lm("s", 0), plan(2, held_out=[3.0, 2.0]))
    found = read_training(tmp_path / "a.pt")
    assert (found["updates"], found["held_out"]) == (32, 2.0)
    torch.testing.assert_close(load(tmp_path / "a.pt").token.weight, best.token.weight)


def test_a_result_is_computed_once(tmp_path: Path) -> None:
    results = Results(tmp_path / "r.jsonl")
    results.once("a/b", lambda: {"x": 1})
    results.once("a/b", lambda: pytest.fail("computed again"))
    assert Results(tmp_path / "r.jsonl").under("a") == [{"key": "a/b", "x": 1}]
    assert Results(tmp_path / "r.jsonl").has("a/b")
