from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from tools.code.inside.layers_hook import MAX_PASSES, Layers


def make_layer(kind: str) -> Any:
    """An object with the attributes of a torch layer that the hook reads."""
    return type(kind, (), {"_modules": {}, "__module__": "torch.nn.modules"})()


@pytest.mark.parametrize(
    ("kinds", "expected"),
    [
        (["Linear", "ReLU", "Dropout", "Linear", "ReLU", "Dropout", "Linear"], {}),
        (["Linear", "Dropout", "ReLU", "Linear"], {}),
        (["Linear", "ReLU", "Linear", "ReLU", "Linear"], {}),
        (["Linear", "ReLU", "Linear", "ReLU", "Dropout", "Linear"], {"share of hidden layers with no Dropout behind": 0.5}),
        (["Linear", "ReLU", "Linear", "Dropout"],
         {"share of hidden layers with no Dropout behind": 1, "share of passes that end in Dropout": 1}),
        (["Conv1d", "BatchNorm1d", "ReLU", "Linear"], {}),
        (["Conv1d", "ReLU", "BatchNorm1d", "Linear"], {"share of hidden layers with no BatchNorm1d right behind": 1}),
        (["Linear", "LayerNorm"], {"share of passes that end in LayerNorm": 1}),
        ([], {}),
    ],
)  # fmt: skip
def test_where_a_layer_stands_is_told_where_it_is_not_behind_each(
    kinds: Sequence[str], expected: dict[str, float]
) -> None:
    seen = Layers()
    for _ in range(MAX_PASSES + 10):
        seen.note([make_layer(kind) for kind in kinds])
    assert seen.amounts() == expected


def test_what_holds_others_and_what_is_the_programs_own_is_no_layer() -> None:
    whole, own = make_layer("Sequential"), make_layer("Dropout")
    whole._modules = {"0": own}
    type(own).__module__ = "train"
    seen = Layers()
    seen.note([whole, make_layer("Linear"), own, make_layer("Linear")])
    assert seen.amounts() == {}
