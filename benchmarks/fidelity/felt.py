"""`python -m benchmarks.fidelity.felt`: does a model's P(Yes) tell right edits of our own from wrong ones? With
`--model-edits`, right ones of the embedded model's.

It is shown what the product would show it: what was done, read mechanically, with what was measured, and the claim.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from agents.fidelity import description
from agents.fidelity.change.reading import read_change
from agents.fidelity.opinion import COMPARE
from agents.models.protocol import Model, Request, TimeLimit
from agents.models.registry import open_model
from benchmarks.fidelity.claimed import Claimed, list_model_edits, list_own_edits
from benchmarks.fidelity.claims import format_share
from pelagos.settings import Models
from tools.prompt import render

YES = 0.5


class Felt(NamedTuple):
    probability: float
    is_right: bool


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", default="embedded", help="model spec")
    parser.add_argument("--model-edits", action="store_true", help="the embedded model's edits in place of our own")
    args = parser.parse_args(argv)
    model, felt = open_model(args.model, Models()), list[Felt]()
    for claimed in list_model_edits() if args.model_edits else list_own_edits():
        felt.append(Felt(ask(model, claimed), claimed.label == "implements"))
        print(f"{felt[-1].probability:.3f} {claimed.label}: {claimed.name}", flush=True)
    print(*describe(felt), sep="\n")


def ask(model: Model, claimed: Claimed) -> float:
    """Return P(Yes)."""
    lines = description.describe_change(read_change(claimed.diff), claimed.measurement["differences"])
    claim: dict[str, Any] = {"title": claimed.title, "statement": claimed.statement, "steps": []}
    prompt = render(COMPARE, description=description.shorten_title(lines), told=lines, **claim)
    request = Request(role="verifier", messages=prompt, max_tokens=1, temperature=0.0, top_logprobs=20)
    return _probability_of_yes(model.complete(request, TimeLimit(600, 600)).first_logprobs)


def describe(felt: Sequence[Felt]) -> Iterator[str]:
    right = [each.probability for each in felt if each.is_right]
    wrong = [each.probability for each in felt if not each.is_right]
    pairs = [(high > low) + 0.5 * (high == low) for high in right for low in wrong]
    above = f"; a right one is above a wrong one in {sum(pairs) / len(pairs):.0%}" if pairs else ""
    yield f"{len(right)} right, {len(wrong)} wrong{above}"
    claimed = [each for each in felt if each.probability >= YES]
    hits = sum(each.is_right for each in claimed)
    yield (
        f"P(Yes) >= {YES}: says so of {len(claimed)}, rightly of {hits}; precision {format_share(hits, len(claimed))}, "
        f"recall {format_share(hits, len(right))}"
    )


def _probability_of_yes(listed: Mapping[str, float]) -> float:
    mass = {word: sum(math.exp(p) for t, p in listed.items() if t.strip().casefold() == word) for word in ("yes", "no")}
    return mass["yes"] / (mass["yes"] + mass["no"])


if __name__ == "__main__":
    main()
