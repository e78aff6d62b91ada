"""`python -m benchmarks.fidelity.felt`: does a model's P(Yes) tell right edits of our own from wrong ones?

It is shown what the product would show it: what was done, read mechanically, with what was measured, and the claim.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Mapping, Sequence

from agents.fidelity import description
from agents.fidelity.change.reading import read_change
from agents.fidelity.opinion import COMPARE
from agents.models.protocol import Request, TimeLimit
from agents.models.registry import open_model
from benchmarks.fidelity import own
from pelagos.settings import Models
from tools.prompt import render


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", default="embedded", help="model spec")
    args = parser.parse_args(argv)
    model, measured = open_model(args.model, Models()), own.read_measured()
    probabilities: dict[bool, list[float]] = {True: [], False: []}
    for edit in own.EDITS:
        lines = description.describe_change(read_change(own.make_diff(edit)), measured[edit["name"]]["differences"])
        claim = {"title": edit["title"], "statement": edit["statement"], "steps": []}
        prompt = render(COMPARE, description=description.shorten_title(lines), told=lines, **claim)
        request = Request(role="verifier", messages=prompt, max_tokens=1, temperature=0.0, top_logprobs=20)
        probability = _probability_of_yes(model.complete(request, TimeLimit(600, 600)).first_logprobs)
        probabilities[edit["label"] == "implements"].append(probability)
        print(f"{probability:.3f} {edit['label']}: {edit['name']}", flush=True)
    pairs = [
        (right > wrong) + 0.5 * (right == wrong) for right in probabilities[True] for wrong in probabilities[False]
    ]
    print(
        f"{len(probabilities[True])} right, {len(probabilities[False])} wrong; a right one is above a wrong one in {sum(pairs) / len(pairs):.0%}"
    )


def _probability_of_yes(listed: Mapping[str, float]) -> float:
    mass = {word: sum(math.exp(p) for t, p in listed.items() if t.strip().casefold() == word) for word in ("yes", "no")}
    return mass["yes"] / (mass["yes"] + mass["no"])


if __name__ == "__main__":
    main()
