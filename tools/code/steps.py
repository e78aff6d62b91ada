"""Which steps of a plan are changes of the code at hand. A small model's plans are full of others: of 27 steps that a
1.5B model planned for changes that came to nothing, 9 only trained or evaluated, and 6 were about other functions.

Decides what the coder is asked for and what is checked; the plan itself stays in the record as it was written.
"""

from __future__ import annotations

import re

from pelagos.nouns import Hypothesis, Plan, Step
from tools.code.program import Program

_NO_CHANGE = re.compile(
    r"[\W\d]*(test|evaluate|train|retrain|compare|verify|run|rerun|measure|monitor|validate|check|ensure|observe|"
    r"analy[sz]e|report|record|document|comment|add (?:a |an )?(?:comment|docstring|documentation))\b",
    re.IGNORECASE,
)
# Function names are often plain verbs (fit, predict, load): only what is marked as code counts.
_NAMED = re.compile(r"`([\w.]+)|\b(\w+)(?=\(| (?:function|method|class)\b)|\b(\w*[a-z]_\w+)")


def of_change(plan: Plan, hypothesis: Hypothesis, baseline: Program, only_target: bool) -> list[Step]:
    """The steps that change something; with `only_target` those that don't name other functions instead of the target.
    Where none is left, the hypothesis' own statement is the step."""
    changes = [step for step in plan.steps if not _NO_CHANGE.match(step.text)]
    if only_target:
        changes = [step for step in changes if not _elsewhere(step.text, hypothesis.target, baseline)]
    return changes or [Step(text=hypothesis.statement)]


def _elsewhere(text: str, target: str, baseline: Program) -> bool:
    own = set(target.partition("::")[2].split("."))
    others = {part for address in baseline.definitions for part in address.partition("::")[2].split(".")} - own
    named = {part for found in _NAMED.findall(text) for part in "".join(found).split(".")}
    return bool(named & others) and not named & own
