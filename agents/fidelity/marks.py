"""Checks whether a change has the marks of a technique: by its code and, if there is one, by the measurement."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from agents.fidelity.change.reading import Reading
from agents.fidelity.doubts.numbers import find_contradictions
from agents.fidelity.doubts.placement import find_misplacements
from agents.fidelity.doubts.unrelated import find_unrelated
from agents.fidelity.measured import parse_amount
from agents.fidelity.techniques import Technique, Way
from pelagos.nouns import Answer

Differences = Sequence[str] | None
MAX_LINE = 160
HARMLESS = frozenset(
    {"print", "len", "range", "enumerate", "zip", "list", "tuple", "dict", "set", "int", "float", "str", "super",
     "format", "item", "numpy", "detach", "cpu", "long", "to", "max", "min", "size", "items", "append"}
)  # fmt: skip
"""Calls that may disappear in an equivalent rewrite."""


class MarkEvidence(NamedTuple):
    """What the marks say about a technique, and the lines of evidence for it."""

    answer: Answer
    evidence: list[str]


def check_techniques(
    techniques: Sequence[Technique], text: str, reading: Reading, differences: Differences
) -> MarkEvidence | None:
    """Return the evidence for all techniques that are named together; None if none is named. The answer is "partly" if
    only some are there, or if an unrelated change came with them."""
    evidences = [check_technique(item, text, reading, differences) for item in techniques]
    if not evidences:
        return None
    if unrelated := find_unrelated(techniques, text, differences):
        evidences = [
            MarkEvidence(Answer.PARTLY, [*unrelated, *item.evidence]) if item.answer is Answer.IMPLEMENTS else item
            for item in evidences
        ]
    answers = {item.answer for item in evidences}
    evidence = [line for item in evidences for line in item.evidence]
    if len(answers) == 1:
        return MarkEvidence(answers.pop(), evidence)
    return MarkEvidence(Answer.UNSETTLED if Answer.UNSETTLED in answers else Answer.PARTLY, evidence)


def check_technique(technique: Technique, text: str, reading: Reading, differences: Differences) -> MarkEvidence:
    """Return the evidence for one technique. `text` is the hypothesis' text, `differences` are lines of the
    measurement, None if nothing was measured."""
    code = reading.text
    void_match = next((match for pattern in technique.void if (match := pattern.search(code))), None)
    void_match = void_match or next(
        (match for pattern in technique.misplaced if (match := pattern.search(reading.around))), None
    )
    void_match = void_match or next(
        (match for line in differences or () if technique.undone and (match := technique.undone.search(line))), None
    )
    if void_match:
        return MarkEvidence(Answer.DIFFERS, [f"{technique.name}: without effect: {_cut(void_match.group())}"])
    written_ways = [way for way in technique.ways if _is_written(way, reading)]
    for way in written_ways:
        lines = _measured_lines(way, differences)
        if lines is not None:
            quoted = [f"{technique.name}: {line}" for line in [*_quote_lines(way, reading), *lines]]
            doubts = [
                *_lost_calls(technique, reading, differences),
                *_doubts(technique, text, reading, differences),
            ]
            return MarkEvidence(Answer.PARTLY if doubts else Answer.IMPLEMENTS, [*doubts, *quoted])
    if written_ways:
        return MarkEvidence(Answer.DIFFERS, [f"{technique.name}: in the code, but not in what was measured"])
    return _evidence_without_way(technique, reading, differences)


def _doubts(technique: Technique, text: str, reading: Reading, differences: Differences) -> list[str]:
    """Return the reasons why the technique is there only in part: where it acts, over what, and how much."""
    code, lines = reading.text, differences or ()
    reasons = [rule.why for rule in technique.doubts if rule.holds(text, code, differences)]
    reasons += [rule.why for rule in technique.rates if rule.holds(text, lines)]
    reasons += [line for rule in technique.numbers for line in find_contradictions(rule, text, code, differences)]
    return [
        f"{technique.name}: {line}" for line in (*reasons, *find_misplacements(technique.name, text, reading.changed))
    ]


def _lost_calls(technique: Technique, reading: Reading, differences: Differences) -> list[str]:
    """Return calls that are gone though the technique doesn't replace them: then the change is a different one.

    Modules start in training mode, so a call of `train` may disappear if the amount of training is unchanged.
    """
    names = [name for name in reading.fewer if name not in HARMLESS]
    if differences is not None and not any(line.startswith("forward passes in training ") for line in differences):
        names = [name for name in names if name != "train"]
    if technique.replaces is not None:
        names = [name for name in names if not technique.replaces.search(name)]
    return [f"{name} is called no more, or less often" for name in names]


def _evidence_without_way(technique: Technique, reading: Reading, differences: Differences) -> MarkEvidence:
    """Return the evidence if no known form of the technique is written: "can't tell" if effective code hints at it, or
    if the measurement does and no unused name explains that; else "doesn't"."""
    unused = [name for name in reading.dead if technique.hint.search(name)]
    measured = [] if unused else differences or ()
    hints = [line for line in [*reading.text.split("\n"), *measured] if technique.hint.search(line)]
    if hints:
        return MarkEvidence(Answer.UNSETTLED, [f"{technique.name}: it may be this: {_cut(hints[0])}"])
    reason = f"{unused[0]} is never used" if unused else "nothing in the change is it"
    return MarkEvidence(Answer.DIFFERS, [f"{technique.name}: {reason}"])


def _is_written(way: Way, reading: Reading) -> bool:
    """Whether all its expressions are found, at least one of them in new code."""
    return all(pattern.search(reading.text) for pattern in way.code) and any(
        _is_new(pattern, reading) for pattern in way.code
    )


def _is_new(expression: re.Pattern[str], reading: Reading) -> bool:
    before = "\n".join(reading.removed)
    if any(expression.search(call) for call in reading.new_calls):
        return True
    return any(match.group() not in before for match in expression.finditer(reading.text))


def _measured_lines(way: Way, differences: Differences) -> list[str] | None:
    """Return the measured lines that show it: none if nothing was measured or nothing need be, None if the measurement
    should show it and doesn't."""
    if differences is None or not way.wants_measurement:
        return []
    if way.measured is not None:
        lines = [line for line in differences if way.measured.search(_new_side(line))]
    else:
        lines = [
            line for line in differences if _moved_towards(line, way.fewer, -1) or _moved_towards(line, way.more, 1)
        ]
    return [f"measured: {_cut(line)}" for line in lines[:2]] or None


def _new_side(line: str) -> str:
    """Return what a line says of the version: of `f(a=1) -> f(a=2)` the part after the arrow, "" for what is gone."""
    if line.startswith("gone: "):
        return ""
    before, arrow, now = line.partition(" -> ")
    return now if arrow and "." in before.partition("(")[0] and "(" in line else line


def _moved_towards(line: str, name: str, sign: int) -> bool:
    """Whether the line says that the amount `name` rose (`sign` 1) or fell (`sign` -1)."""
    amount = parse_amount(line)
    return bool(name and amount and re.search(name, amount.name) and sign * (amount.new - amount.old) > 0)


def _quote_lines(way: Way, reading: Reading) -> list[str]:
    """Return the lines of the change that match its expressions, each once, three at most."""
    starts = [match.start() for pattern in way.code if (match := pattern.search(reading.text))]
    lines = [_line_at(reading.text, start) for start in starts]
    return [_cut(line) for line in dict.fromkeys(lines)][:3]


def _line_at(text: str, at: int) -> str:
    end = text.find("\n", at)
    return text[text.rfind("\n", 0, at) + 1 : end if end >= 0 else None]


def _cut(text: str) -> str:
    plain = " ".join(text.split())
    return plain if len(plain) <= MAX_LINE else f"{plain[:MAX_LINE]}…"
