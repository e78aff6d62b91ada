"""Finds measured differences that a technique doesn't cause: something unrelated was changed as well."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from agents.fidelity.measured import Amount, parse_amount
from agents.fidelity.techniques import Technique
from tools.amounts import EXAMPLES

SAME, SLIGHTLY = 0.01, 0.1
PASSES = "forward passes in training"
_AMOUNTS = re.compile(
    r"optimizer steps|examples in training|parameters|learning rate at (first|last)|(iterations|members) of \w+"
)
_OPTIMIZER = re.compile(r"torch\.optim\.([A-Z]\w*)(\(.*\))?")
_LOSS = re.compile(r"torch\.nn\.(?:functional\.)?(\w*(?:Loss|_loss|cross_entropy|kl_div)\w*)(\(.*\))?")
_ADAMS = frozenset({"Adam", "AdamW", "NAdam", "RAdam", "Adamax"})
"""Optimisers whose learning rates have the same scale."""
_ASKED = (
    (r"optimizer steps|iterations", r"\b(more|longer|additional|extra|fewer|shorter|\d+)\b[^.]{0,20}\b(epochs|steps|"
     r"iterations|training)\b(?! (loss|ex))|train\w* (longer|more)"),
    (r"examples", r"\b(copies|duplicat\w*|oversampl\w*|batch size|(larger|smaller|twice|half|doubl\w+)[\w -]* batch\w*"
     r"|synthetic|(more|additional|extra) (data|examples|views))\b"),
    (r"parameters", r"\b(wide\w*|deep\w*|(larg|small|bigg)er|hidden (units|size)|(add|extra|more)\w* \w* ?layers?)\b"),
    (r"learning rate", r"\b(higher|lower|larger|smaller|another|new|raise|reduce|constant)\w* (the )?"
     r"(learning[- ])?rate|\brate (of|to|=|at|from) ?\d|\blr ?= ?\d"),
)  # fmt: skip
"""(difference, words): words by which a hypothesis itself asks for such a difference."""


def find_unrelated(techniques: Sequence[Technique], text: str, differences: Sequence[str] | None) -> list[str]:
    """Return the measured lines that none of the techniques causes and that the claim doesn't ask for."""
    lines = differences or ()
    changes = [*_amounts(lines), *_optimizers(lines, text), *_losses(lines)]
    expected = [technique.brings for technique in techniques if technique.brings is not None]
    return [
        f"by the way: {line}"
        for kind, line in changes
        if not any(pattern.search(kind) for pattern in expected) and not _is_asked(kind, text)
    ]


def _is_asked(kind: str, text: str) -> bool:
    return any(re.search(name, kind) and re.search(words, text, re.IGNORECASE) for name, words in _ASKED)


def _amounts(lines: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Yield the kind of difference ("fewer optimizer steps") and the line. A change of at most `SAME` is none."""
    optimizers = _both_sides(lines, _OPTIMIZER)
    other_optimizer = bool(
        optimizers[0]
        and optimizers[1]
        and not optimizers[0] | optimizers[1] <= _ADAMS
        and optimizers[0] != optimizers[1]
    )
    for line in lines:
        if line.startswith("learning rates: "):
            yield "learning rates", line
        amount = parse_amount(line)
        if amount is None or not _AMOUNTS.fullmatch(amount.name):
            continue
        least, most = sorted((abs(amount.old), abs(amount.new)))
        if most - least <= SAME * most:
            continue
        name = (
            f"{amount.name} of another optimizer"
            if other_optimizer and amount.name.startswith("learning")
            else amount.name
        )
        if amount.name == EXAMPLES and _passes_grew_alike(amount, lines):
            name += " in more passes"
        slightly = "slightly " if most - least <= SLIGHTLY * most else ""
        yield f"{slightly}{'more' if amount.new > amount.old else 'fewer'} {name}", line


def _passes_grew_alike(examples: Amount, lines: Sequence[str]) -> bool:
    """Whether passes and examples grew by the same factor: each pass has as many examples as before."""
    passes = next((amount for line in lines if (amount := parse_amount(line)) and amount.name == PASSES), None)
    if passes is None or not (examples.old and passes.old):
        return False
    return abs(examples.new / examples.old / (passes.new / passes.old) - 1) <= SAME


def _optimizers(lines: Sequence[str], text: str) -> Iterator[tuple[str, str]]:
    """Yield a change of the optimiser, or of its arguments other than the learning rate."""
    old, new = _both_sides(lines, _OPTIMIZER)
    if old != new and old and not any(name in text for name in new - old):
        yield "optimizer", f"{', '.join(sorted(old))} -> {', '.join(sorted(new)) or 'none'} as the optimizer"
    for line in lines:
        before, _, after = line.partition(" -> ")
        if after and _OPTIMIZER.fullmatch(before) and _without_rate(before) != _without_rate(after):
            yield "optimizer", line


def _without_rate(call: str) -> str:
    return re.sub(r"\blr=[^,)]*(, )?|\(\)|, (?=\))", "", call).replace("()", "")


def _losses(lines: Sequence[str]) -> Iterator[tuple[str, str]]:
    old, new = ({_canonical_loss(name) for name in side} for side in _both_sides(lines, _LOSS))
    yield from ((f"loss gone: {name}", f"the loss {name} is gone") for name in sorted(old - new))


def _canonical_loss(loss: str) -> str:
    """Return one name for a loss module and the equivalent function."""
    name = loss.lower().replace("_", "").removesuffix("loss").replace("withlogits", "")
    return {"nll": "crossentropy", "bce": "binarycrossentropy"}.get(name, name)


def _both_sides(lines: Sequence[str], pattern: re.Pattern[str]) -> tuple[set[str], set[str]]:
    """Return the names that are gone and those that are new. A name with changed arguments is in both."""
    old: set[str] = set()
    new: set[str] = set()
    for line in lines:
        kind, _, rest = line.partition(": ") if line.startswith(("new: ", "gone: ")) else ("", "", line)
        before, arrow, after = rest.partition(" -> ")
        for text, side in ((before, new if kind == "new" else old), (after if arrow else "", new)):
            if match := pattern.fullmatch(text):
                side.add(match[1])
    return old, new
