"""Selects the steps of a plan that change the target's code, for the coder's prompt. The recorded plan is not changed.

Small models plan other steps as well: of 27 steps that a 1.5B model planned for changes without effect, 9 only trained
or evaluated, and 6 were about other functions.
"""

from __future__ import annotations

import re

from pelagos.nouns import Hypothesis, Plan, Step
from tools.code.program.program import Program

STEP_GUIDE = """\
Each step says one change of the code in one sentence, naming the function, and the value where there is one.
Example step: {"text": "In make_optimizer use AdamW with weight_decay=0.01 instead of Adam."}
Write no step that only runs, trains, evaluates or compares: that is done anyway."""

_NO_CHANGE = re.compile(
    r"[\W\d]*(test|evaluate|train|retrain|compare|verify|run|rerun|measure|monitor|validate|check|ensure|observe|"
    r"analy[sz]e|report|record|document|comment|add (?:a |an )?(?:comment|docstring|documentation))\b",
    re.IGNORECASE,
)
# Function names are often plain verbs (fit, predict, load), so only words that are marked as code count as names.
_CODE_NAME = re.compile(r"`([\w.]+)|\b(\w+)(?=\(| (?:function|method|class)\b)|\b(\w*[a-z]_\w+)")


def select_code_changes(plan: Plan, hypothesis: Hypothesis, baseline: Program, only_target: bool) -> list[Step]:
    """The steps that change code; with `only_target`, without those that name other functions but not the target.
    Returns the hypothesis' statement as the only step if none is left."""
    changes = [step for step in plan.steps if not _NO_CHANGE.match(step.text)]
    if only_target:
        changes = [step for step in changes if not _targets_other_function(step.text, hypothesis.target, baseline)]
    return changes or [Step(text=hypothesis.statement)]


def _targets_other_function(text: str, target: str, baseline: Program) -> bool:
    target_names = set(target.partition("::")[2].split("."))
    other_names = {
        part for address in baseline.definitions for part in address.partition("::")[2].split(".")
    } - target_names
    named_names = {part for groups in _CODE_NAME.findall(text) for part in "".join(groups).split(".")}
    return bool(named_names & other_names) and not named_names & target_names
