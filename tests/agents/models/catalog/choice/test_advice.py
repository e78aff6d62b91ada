"""What is recommended: the largest that fits and is fast enough; a card comes first."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from agents.models.catalog.catalog import find_entry
from agents.models.catalog.choice import advice
from agents.models.catalog.choice.advice import find_better, survey_models, usage_command
from pelagos.settings import Models
from tests.agents.models.catalog.choice.conftest import Setter
from tests.sandbox.fake_smi import on_path


@pytest.mark.parametrize(
    ("gb", "tokens_s", "name"),
    [
        (30, 100, "qwen2.5-coder-32b"),
        (30, 60, "qwen2.5-coder-14b"),  # the 32B would write 3.4 tokens/s
        (30, 25, "qwen2.5-coder-7b"),
        (30, 6, "qwen2.5-coder-1.5b"),
        (12, 100, "qwen2.5-coder-7b"),
        (8, 100, "qwen2.5-coder-1.5b"),
        (8, 3, None),
        (5, 100, None),
    ],
)
def test_recommended_by_memory_and_speed(
    tmp_path: Path, memory: Setter, wrote: Callable[..., None], gb: float, tokens_s: float, name: str | None
) -> None:
    memory(gb)
    wrote(tokens_s)
    best = survey_models(tmp_path, Models()).recommended
    assert (best.item.name if best else None) == name
    larger = find_better(tmp_path, Models())
    assert (larger.item.name if larger else None) == (name if name != "qwen2.5-coder-1.5b" else None)


def test_a_card_comes_first(
    tmp_path: Path, memory: Setter, wrote: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    memory(100)
    wrote(200)
    monkeypatch.setenv("PATH", os.defpath)
    on_path(tmp_path, monkeypatch, total=16_376)
    fit = find_better(tmp_path, Models())
    assert fit is not None
    assert (fit.item.name, fit.tokens_s) == ("qwen2.5-coder-14b-awq", None)
    assert usage_command(fit.item) == "pelagos models serve --engine vllm --model qwen2.5-coder-14b-awq"


def test_nothing_is_measured_where_nothing_larger_fits(
    tmp_path: Path, memory: Setter, monkeypatch: pytest.MonkeyPatch
) -> None:
    def measured(_project: Path) -> None:
        raise AssertionError("measured")

    monkeypatch.setattr(advice, "estimate_rate", measured)
    memory(8)
    assert find_better(tmp_path, Models()) is None


def test_what_is_here_is_used_and_what_is_not_is_got(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setenv("HF_HOME", str(tmp_path))
    item = find_entry("qwen2.5-coder-7b")
    assert usage_command(item) == "pelagos models get qwen2.5-coder-7b"
    monkeypatch.setattr(advice, "find_local", lambda name: object())
    assert usage_command(item) == "pelagos run TASK --model default=embedded:qwen2.5-coder-7b"
