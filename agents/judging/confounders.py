"""Finds what a version changed besides what its hypothesis says: more training, a larger model, more time. Pure.

A gain that comes with more training is no evidence for what the words claim. What the title, the statement or a plan
names is no confounder, since it is the claim itself.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from agents.consulting.steps import list_own_texts
from agents.judging.differences import NO_DIFFERENCE, list_differences
from pelagos.nouns import Hypothesis, Plan, Signature
from tools.amounts import (
    EXAMPLES,
    MIN_SLOWDOWN,
    PARAMETERS,
    SECONDS,
    STEPS,
    TOLERANCE,
    amount_ratio,
    find_work_difference,
)

Kind = Literal["training", "examples", "size", "time"]
# What grows stands right behind the word that says so: "increase the learning rate in early steps" names no more steps.
_GROWS = r"additional|extra|further|doubl\w+|twice|tripl\w+|increas\w+|rais\w+|extend\w*|prolong\w*|scal(e|ing) up"
_MORE = rf"\b(more|longer|(larger?|greater|higher) number of|{_GROWS})\s+"  # "larger steps" are no more steps
_LARGER = rf"\b(more|larger?|greater|higher|{_GROWS})\s+"
_FILLER = (
    r"((the|a|an|as|many|number|of|total|training|gradient|boosting|max(imum)?|amount|count|its|by|hidden|layer|model"
)
_FILLER += r"|network|linear|dense|size|channel|embedding|convolution\w*|\d+)\s+)*"
_WORK = r"(epochs|iterations|updates|steps|trees|estimators|members|rounds|passes|restarts|n_estimators|max_iter)\b"
_PARTS = r"(parameters|units|neurons|channels|filters|layers?|heads|blocks?|width|depth|capacity|hidden|network|model"
_PARTS += r"|convolutions?|branch(es)?|embeddings?|kernels|degree)\b"
_ADDED = r"(a|an|one|two|three|second|third|extra|further|another|more|small|new|residual|linear|hidden|dense|fully"
_ADDED += r"|connected|convolution\w*|attention|\d+)[\s-]+"
_ENSEMBLE = r"\b(ensembl\w+|bagging|committee|(multiple|several) (models|networks))\b"
_WORDS: dict[Kind, str] = {
    "training": rf"{_MORE}{_FILLER}{_WORK}|\b{_WORK}\s*(=|to|from|by)\s*\d"
    rf"|\b(train\w*|fit\w*|grow|us(e|ing)|to)\s+(for\s+|up to\s+)?\d+\s*(training |boosting )?{_WORK}"
    rf"|\d\s*more {_WORK}|\d\s*{_WORK} (instead|rather)"
    r"|\b(train\w*|fit\w*|optimi\w+)\s+(\w+\s+){0,2}(longer|more)\b|\b(longer|more|extra|additional)"
    rf" (training|fitting|schedule|optimi[sz]ation)\b|\btraining (time|length|duration|budget)\b|{_ENSEMBLE}",
    "examples": r"\b(augment|duplicat|oversampl|repeat|consisten|adversarial)\w*|\bcop(y|ies)\b|\bbatch(es)?\b"
    r"|\bviews?\b|\bmore (data|examples)\b|\b(synthetic|pseudo|mixed|additional|extra)\b",
    "size": rf"\b(wid(er|en\w*)|deep(er|en\w*)|bigger|overparam\w+)\b|{_LARGER}{_FILLER}{_PARTS}"
    rf"|\d\s*(hidden )?{_PARTS}"
    rf"|\b(add\w*|insert\w*|append\w*|with)\s+({_ADDED})+(layer|block|head|branch|unit|channel|filter|neuron)"
    rf"|\b(residual|attention|skip connection|mixture of experts)|{_ENSEMBLE}",
    "time": r"\b(slow\w*|times?|cost\w*|comput\w+|expensive|runtime|seconds)\b",
}
_MENTIONED = {kind: re.compile(pattern, re.I) for kind, pattern in _WORDS.items()}


@dataclass(frozen=True)
class Confounder:
    """The `amount` went from `before` (the baseline) to `now` (the version); `factor` is now / before."""

    kind: Kind
    amount: str
    factor: float
    before: float
    now: float

    @property
    def line(self) -> str:
        times, change = f"{self.factor:.3g} times", f"{self.amount} {self.before:.6g} -> {self.now:.6g}"
        words = {
            "training": f"it trains {times} as long as the baseline",
            "examples": f"it trains on {times} as many examples as the baseline",
            "size": f"it has {times} as many parameters as the baseline",
            "time": f"it takes {times} as long as the baseline",
        }
        return f"{words[self.kind]} ({change})"


def join_hypothesis_text(hypothesis: Hypothesis, plans: Sequence[Plan] = ()) -> str:
    """Return the texts that may name what the hypothesis changes. The rationale is left out: it promises nothing."""
    steps = [text for plan in plans for text in list_own_texts(plan.steps)]
    return ". ".join([hypothesis.title, hypothesis.statement, *steps])


def find_confounders(text: str, baseline: Signature, version: Signature) -> list[Confounder]:
    """Return the confounders that `text` doesn't name, the gravest kind first. Less training than the baseline's is
    none."""
    return [confounder for confounder in _find_increases(baseline, version) if not _mentions(text, confounder.kind)]


def describe_changes(text: str, baseline: Signature, version: Signature) -> list[str]:
    """Return the differences from the baseline as lines, those first that `text` doesn't name."""
    unsaid = [f"not said: {confounder.line}" for confounder in find_confounders(text, baseline, version)]
    rest = [line for line in list_differences(baseline, version) if not any(line in sentence for sentence in unsaid)]
    return [*unsaid, *(rest if rest != [NO_DIFFERENCE] or not unsaid else [])]


def _mentions(text: str, kind: Kind) -> bool:
    """Return whether `text` names a change of this kind, or one that implies it: more training and a larger model take
    time, and more training sees more examples."""
    implied: dict[Kind, tuple[Kind, ...]] = {"time": ("training", "size", "examples"), "examples": ("training",)}
    return any(_MENTIONED[named].search(text) for named in (kind, *implied.get(kind, ())))


def _find_increases(baseline: Signature, version: Signature) -> Iterator[Confounder]:
    explained = 1.0
    work = find_work_difference(baseline, version)
    if work and work[1] > 1:
        explained = work[1]
        yield _make_confounder("training", work[0], work[1], baseline, version)
    examples = amount_ratio(EXAMPLES, baseline, version)
    if (
        examples
        and examples > (amount_ratio(STEPS, baseline, version) or 1.0) * (1 + TOLERANCE)
        and examples > 1 + TOLERANCE
    ):
        explained = max(explained, examples)
        yield _make_confounder("examples", EXAMPLES, examples, baseline, version)
    size = amount_ratio(PARAMETERS, baseline, version)
    if size and size > 1 + TOLERANCE:
        explained = max(explained, size)
        yield _make_confounder("size", PARAMETERS, size, baseline, version)
    slowdown = amount_ratio(SECONDS, baseline, version)
    if slowdown and slowdown >= MIN_SLOWDOWN * explained:
        yield _make_confounder("time", SECONDS, slowdown, baseline, version)


def _make_confounder(kind: Kind, amount: str, factor: float, baseline: Signature, version: Signature) -> Confounder:
    return Confounder(kind, amount, factor, baseline.amounts[amount], version.amounts[amount])
