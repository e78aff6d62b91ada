"""A title is made of what was done, not of where among the layers it stands."""

from __future__ import annotations

from agents.fidelity.description import shorten_title
from agents.judging.differences import list_differences
from pelagos.nouns import Signature

NAMES = ("parameters", "parameters in BatchNorm1d", "share of hidden layers with no BatchNorm1d right behind")


def test_a_share_is_told_after_the_other_amounts_and_in_no_title() -> None:
    base = Signature(
        id="b", amounts={"parameters": 8970.0, "parameters in Linear": 8970.0}, names={"layers": ["torch.nn.ReLU"]}
    )
    amounts = {"parameters in Linear": 8970.0, NAMES[0]: 9226.0, NAMES[1]: 256.0, NAMES[2]: 1.0}
    made = Signature(id="v", amounts=amounts, names={"layers": ["torch.nn.ReLU", "torch.nn.BatchNorm1d"]})
    lines = list_differences(base, made)
    assert [line.startswith("share of") for line in lines] == [False, False, True, False]
    assert (
        shorten_title(lines) == "parameters 8970 -> 9226; parameters in BatchNorm1d 0 -> 256; new: torch.nn.BatchNorm1d"
    )
    assert shorten_title([lines[2]]) == lines[2]
