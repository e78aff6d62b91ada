"""One small executed check per plan step: is the step there? Written by the planner, never shown to the coder.

A check is a short Python expression over a fixed vocabulary (see GUIDE). It must hold for the new program and must not
hold for the baseline; one that already holds there, or raises on the new program, is no check and is dropped. A step
without a check gets one made from its own words.
"""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pelagos.nouns import OutcomeKind, Plan
from sandbox.border.checks import MOST_BYTES, Held, read_results
from sandbox.border.told import Invalid
from sandbox.protocol import Limits, Sandbox, Spec
from tools.code.check_hook import BUILTINS, VOCABULARY
from tools.code.program import Program

GUIDE = """\
Each step says one change of the code in one sentence, naming the function, and the value where there is one.
Give each step a "check": one Python expression that is true for the changed program and false for the old one.
Words for checks:
  calls("fit", "torch.optim.AdamW")      the function fit now calls this
  keyword("compute_loss", "label_smoothing")   a call in compute_loss has this keyword
  uses("Net.forward", "dropout")         this name is used there
  defines("mixup")                       there is a new function or constant of this name
  constant("EPOCHS") > constant(old, "EPOCHS")   a constant's value changed
  changed("prepare")                     the function is not what it was
A check speaks only of names that its step's text or the program has.
Example step: {"text": "In make_optimizer use AdamW with weight_decay=0.01 instead of Adam.",
 "check": "calls('make_optimizer', 'AdamW') and keyword('make_optimizer', 'weight_decay')"}
Write no step that only runs, trains, evaluates or compares: that is done anyway."""

WORDS = frozenset({*VOCABULARY, *BUILTINS, "has_keyword", "new", "old", "True", "False", "None"})
MAX_LENGTH = 400
_LIMITS = Limits(seconds=30.0, memory_mb=2048, pids=64, cpus=1.0)
_NAMES = re.compile(r"`([\w.]+)`|\b([A-Za-z]\w*_\w+|[A-Z][a-z0-9]+[A-Z]\w*|\w+\.\w+[\w.]*|\d+(?:\.\d+)?(?:e-?\d+)?)\b")


@dataclass(frozen=True)
class Check:
    """`step` is the step's text; `own` the planner's expression, "" where it can't be one (`fault` says why);
    `words` the one made from the step's own words."""

    step: str
    own: str
    words: str
    fault: str = ""


@dataclass(frozen=True)
class Checked:
    """`by` is the expression that counted: own or words. `valid` is False where neither says anything: each holds
    on the baseline, or raises. `spare`: the step names something that is there now.
    `why`: why the own one was dropped."""

    check: Check
    holds: bool
    valid: bool
    by: str = "own"
    spare: bool = False
    error: str = ""
    why: str = ""


def of_plan(plan: Plan, target: str, baseline: Program) -> list[Check]:
    """One check per step, in order."""
    return [_check(step.text, step.check, target, baseline) for step in plan.steps]


def _check(text: str, written: str, target: str, baseline: Program) -> Check:
    expression = written.strip().removeprefix("assert ").strip().rstrip(";")
    fault = (fault_of(expression) or _beside(expression, text, baseline)) if expression else "none was written"
    return Check(text, "" if fault else expression, fallback(text, target, baseline), fault)


def fault_of(expression: str) -> str:
    """Why an expression can't be a check, or ""."""
    if len(expression) > MAX_LENGTH:
        return f"longer than {MAX_LENGTH} characters"
    try:
        tree = ast.parse(expression, mode="eval")
    except (SyntaxError, ValueError, RecursionError) as error:
        return f"not an expression: {getattr(error, 'msg', error)}"
    bound = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
    names = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    unknown = sorted(names - WORDS - bound)
    if unknown:
        return f"unknown word {unknown[0]!r}"
    if not names & {*VOCABULARY, "has_keyword", "new"}:
        return "says nothing about the program"
    hidden = [node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute) and node.attr.startswith("_")]
    return f"hidden attribute {hidden[0]!r}" if hidden else ""


def _beside(expression: str, text: str, baseline: Program) -> str:
    """Why a check isn't about its step, or "": a name in it that neither the step nor the program has. Small models
    copy the guide's examples."""
    said = {word.lower() for word in re.findall(r"\w+", text)}
    said |= {word.lower() for source in baseline.files.values() for word in re.findall(r"\w+", source)}
    quoted = [node.value for node in ast.walk(ast.parse(expression, mode="eval")) if isinstance(node, ast.Constant)]
    words = [word for value in quoted if isinstance(value, str) for word in re.findall(r"\w+", value)]
    strange = [word for word in words if word.lower() not in said and not said.issuperset(word.lower().split("_"))]
    return f"{strange[0]!r} is named by neither the step nor the program" if strange else ""


def fallback(text: str, target: str, baseline: Program) -> str:
    """The check made from the step's words: the target differs and, where the step names something that the baseline
    doesn't have (an identifier or a number), it is used now."""
    known = {token for source in baseline.files.values() for token in re.findall(r"\w[\w.]*", source)}
    known |= {token.rpartition(".")[2] for token in known}
    found = [a or b for a, b in _NAMES.findall(text)]
    names = [name for name in dict.fromkeys(found) if name not in known and name.rpartition(".")[2] not in known]
    mentioned = f" and mentions({', '.join(map(repr, names[:6]))})" if names else ""
    return f"changed({target!r}){mentioned}" if baseline.node(target) is not None else f"changed(new){mentioned}"


def run(
    checks: Sequence[Check],
    old: Program,
    new: Program,
    lines: tuple[Mapping[str, list[int]], Mapping[str, list[int]]],
    sandbox: Sandbox,
) -> list[Checked]:
    """Evaluate all checks in one sandbox. `lines`: what ran in the old and in the new program's smoke run, by path.
    Where the sandbox run itself fails, no check is valid. Raises SandboxError."""
    asked = {
        "old": dict(old.files),
        "new": dict(new.files),
        "old_lines": lines[0] or None,
        "new_lines": lines[1] or None,
        "expressions": [text for check in checks for text in (check.own or "False", check.words)],
    }
    hook = Path(__file__).with_name("check_hook.py").read_bytes()
    files = {"check_hook.py": hook, "checks.json": json.dumps(asked).encode()}
    argv = ["python", "check_hook.py", "checks.json", "results.json"]
    outcome = sandbox.run(Spec(argv, files, collect={"results.json": MOST_BYTES}, limits=_LIMITS))
    if outcome.kind is not OutcomeKind.OK:
        said = outcome.cause or outcome.log.strip().rpartition("\n")[2]
        return [Checked(check, False, False, error=f"the check could not run: {said}"[:300]) for check in checks]
    return _results(checks, outcome.files.get("results.json", b"[]"))


def _results(checks: Sequence[Check], raw: bytes) -> list[Checked]:
    told = read_results(raw)
    if isinstance(told, Invalid):
        return [Checked(check, False, False, error=told.reason) for check in checks]
    if len(told) != 2 * len(checks):
        return [Checked(check, False, False, error="results are missing") for check in checks]
    return [_one(check, *told[2 * at : 2 * at + 2]) for at, check in enumerate(checks)]


def _one(check: Check, own: Held, words: Held) -> Checked:
    spare = words.holds is True and "mentions(" in check.words
    why = check.fault or _says_nothing(own)
    if not why:
        return Checked(check, own.holds is True, True, "own", spare, own.error)
    nothing = _says_nothing(words)
    return Checked(check, words.holds is True, not nothing, "words", spare, nothing or words.error, why)


def _says_nothing(told: Held) -> str:
    if told.before is True:
        return "it holds on the baseline"
    return f"it raises: {told.error}" if told.holds is None else ""
