from __future__ import annotations

from pathlib import Path

import pytest

from agents.models.catalog.catalog import find_entry
from agents.models.catalog.choice.room import best_card, card_room, needed_bytes, reserved_bytes
from pelagos.settings import Models
from sandbox.host.machine import available_memory
from tests.agents.models.catalog.choice.conftest import Setter
from tests.sandbox.fake_smi import mb, on_path


def test_more_context_and_more_slots_take_more() -> None:
    item, plain = find_entry("qwen2.5-coder-14b"), Models()
    assert needed_bytes(item, plain) == item.size + 8192 * 196_608 + reserved_bytes()
    twice = Models(context=16_384)
    assert needed_bytes(item, twice) - needed_bytes(item, plain) == 8192 * 196_608
    assert needed_bytes(item, Models(parallel=3)) - needed_bytes(item, plain) == 2 * 8192 * 196_608


@pytest.mark.parametrize(
    ("gb", "largest"),
    [(5, None), (8, "qwen2.5-coder-1.5b"), (16, "qwen2.5-coder-14b"), (12, "qwen2.5-coder-7b"), (30, "qwen2.5-coder-32b")],
)  # fmt: skip
def test_what_fits_into_memory(memory: Setter, gb: float, largest: str | None) -> None:
    memory(gb)
    names = [f"qwen2.5-coder-{size}b" for size in ("1.5", "7", "14", "32")]
    fitting = [name for name in names if needed_bytes(find_entry(name), Models()) <= available_memory()]
    assert (fitting[-1:] or [None]) == [largest]


@pytest.mark.parametrize(
    ("mib", "largest"), [(8188, None), (12282, "7b"), (16376, "14b"), (24564, "14b"), (32607, "32b"), (81559, "32b")]
)
def test_what_fits_on_cards_as_they_are_sold(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mib: int, largest: str | None
) -> None:
    on_path(tmp_path, monkeypatch, total=mib)
    card = best_card()
    assert card is not None
    sizes = [
        size
        for size in ("7b", "14b", "32b")
        if needed_bytes(find_entry(f"qwen2.5-coder-{size}-awq"), Models()) <= card_room(card)
    ]
    assert (sizes[-1:] or [None]) == [largest]


def test_the_emptiest_card_counts_and_one_in_use_has_no_room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    smi = on_path(tmp_path, monkeypatch, cards=2, total=24_000)
    smi.used = [3000, 2000]
    smi.tell()
    card = best_card()
    assert card is not None
    assert (card.index, card_room(card)) == (1, int(mb(24_000) * 0.9 * 1e6))
    smi.used = [3000, 2500]
    smi.tell()
    card = best_card()
    assert card is not None and card_room(card) == 0


def test_no_card(memory: Setter) -> None:
    assert best_card() is None
