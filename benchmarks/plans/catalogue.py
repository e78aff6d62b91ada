"""The catalogue of known edits: families with parameters, written as templates in `catalogue/*.toml`.

A variant of a family is an edit of a task's program together with the steps that say it in plain words. A plan is one
variant, or two of different families that fit into one program, with neutral steps added. Its length is drawn first, then
the phrasings and neutral steps that come near it, so that length isn't tied to what becomes of a plan.
"""

from __future__ import annotations

import hashlib
import itertools
import random
import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from string import Template

from tools.code.program.program import Program
from tools.code.program.versions import load_original
from tools.code.task.code_task import load_task

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
TASKS = ("digits", "diabetes", "mnist1d")
SEED = 17
SINGLE, PAIRED = 90, 24
"""Plans per task: of one family, of two."""
FEWEST, MOST = 2, 5
"""Steps of a plan."""
LENGTHS, WORDINGS = (200, 380), 200
"""Characters of a plan; wordings that are tried."""
NEUTRAL = (
    "Leave the rest of the program as it is.",
    "Run the program with --data, --out and --seed as before and check that predictions.npy is written.",
    "Compare the score with the unchanged program on the same seeds.",
    "Keep the signatures of all functions, so that main calls them as before where it isn't named above.",
    "Change nothing else, so that a difference can be put down to this edit alone.",
    "Read the docstring of the edited function and make it true again.",
    "Check on a small part of the data that the program still ends without an error.",
    "Write the change in as few lines as it takes.",
    "Keep one thread on the CPU.",
)
_CONSTANT = re.compile(r"^([A-Z_]+) = ([\d.]+)$", re.MULTILINE)
_INPUTS = re.compile(r"compute_loss\(model\((.*)\), y\[rows\]\)")


@dataclass(frozen=True)
class Variant:
    """`edits` are (old, new) texts; `phrasings` holds the ways to say each step."""

    family: str
    target: str
    edits: tuple[tuple[str, str], ...]
    phrasings: tuple[tuple[str, ...], ...]

    @property
    def replaces_network(self) -> bool:
        return any("def fit_network" in new for _, new in self.edits)


@dataclass(frozen=True)
class CatalogPlan:
    """`files` are the program's changed files. `id` is made from them, so no two plans of one task are the same edit."""

    id: str
    task: str
    target: str
    family: str
    steps: tuple[str, ...]
    files: Mapping[str, str]


def make_plans(seed: int = SEED) -> list[CatalogPlan]:
    """All plans in a seeded order, so that any beginning of the list is a sample of all."""
    plans = [plan for task in TASKS for plan in _task_plans(task, seed)]
    random.Random(seed).shuffle(plans)
    return plans


@cache
def original(task: str) -> Program:
    return load_original(load_task(ROOT / "tasks" / task))


def make_variants(task: str) -> list[Variant]:
    """Every variant that changes the program; one whose value is the program's own is left out."""
    program, constants = original(task), _constants(original(task))
    families = [
        family
        for file in ("common", task)
        for family in tomllib.loads((HERE / "catalogue" / f"{file}.toml").read_text("utf-8"))["family"]
    ]
    made = [
        Variant(
            family["name"],
            _address(program, family["target"]),
            tuple((_fill(old, values), _fill(new, values)) for old, new in family["edits"]),
            tuple(tuple(_fill(text, values) for text in step) for step in family["steps"]),
        )
        for family in families
        for values in _combinations(family.get("values", {}), constants)
    ]
    return [variant for variant in made if any(old != new for old, new in variant.edits)]


def apply_edits(files: Mapping[str, str], edits: Sequence[tuple[str, str]]) -> dict[str, str]:
    """Raises ValueError unless each old text occurs exactly once in the files as the edits before it left them."""
    changed = dict(files)
    for old, new in edits:
        holding = [name for name, text in changed.items() if text.count(old) == 1]
        if len(holding) != 1 or sum(text.count(old) for text in changed.values()) != 1:
            raise ValueError(f"must occur once in the program: {old!r}")
        changed[holding[0]] = changed[holding[0]].replace(old, new)
    return changed


def _task_plans(task: str, seed: int) -> Iterator[CatalogPlan]:
    draw, variants = random.Random(f"{seed} {task}"), make_variants(task)
    draw.shuffle(variants)
    found: dict[str, CatalogPlan] = {}
    for variant in variants[:SINGLE]:
        plan = _make_plan(task, [variant], seed)
        found.setdefault(plan.id, plan)
    single = len(found)
    while len(found) < single + PAIRED:
        if combined := _combine(task, draw.sample(variants, 2), seed):
            found.setdefault(combined.id, combined)
    yield from found.values()


def _combine(task: str, pair: Sequence[Variant], seed: int) -> CatalogPlan | None:
    """None where two variants don't fit together."""
    same = pair[0].family == pair[1].family
    if same or any(one.replaces_network for one in pair) or sum(len(one.phrasings) for one in pair) > MOST:
        return None
    try:
        return _make_plan(task, pair, seed)
    except ValueError:
        return None


def _make_plan(task: str, variants: Sequence[Variant], seed: int) -> CatalogPlan:
    program = original(task)
    changed = apply_edits(program.files, [edit for variant in variants for edit in variant.edits])
    files = {name: text for name, text in changed.items() if text != program.files[name]}
    id = f"{task}-{hashlib.sha256(repr(sorted(files.items())).encode()).hexdigest()[:10]}"
    phrasings = [step for variant in variants for step in variant.phrasings]
    family = " + ".join(variant.family for variant in variants)
    return CatalogPlan(id, task, variants[0].target, family, _word(phrasings, random.Random(f"{seed} {id}")), files)


def _word(phrasings: Sequence[Sequence[str]], draw: random.Random) -> tuple[str, ...]:
    """The wording, of many that are drawn, whose length is nearest to one that is drawn beforehand."""
    wanted = draw.uniform(*LENGTHS)
    drawn = []
    for _ in range(WORDINGS):
        told = [draw.choice(step) for step in phrasings]
        count = draw.randint(max(FEWEST, len(told)), MOST)
        drawn.append((*told, *draw.sample(NEUTRAL, count - len(told))))
    return min(drawn, key=lambda steps: abs(len("\n".join(steps)) - wanted))


def _constants(program: Program) -> dict[str, str]:
    whole = "\n".join(program.files.values())
    inputs = _INPUTS.search(whole)
    assert inputs, "the training loop has no line that computes the loss"
    return {**dict(_CONSTANT.findall(whole)), "inputs": inputs[1]}


def _combinations(values: Mapping[str, Sequence[str]], constants: Mapping[str, str]) -> Iterator[dict[str, str]]:
    for chosen in itertools.product(*values.values()):
        yield {**constants, **dict(zip(values, chosen, strict=True))}


def _fill(text: str, values: Mapping[str, str]) -> str:
    return Template(text).substitute(values)


def _address(program: Program, name: str) -> str:
    addresses = [address for address in program.definitions if address.endswith(f"::{name}")]
    assert len(addresses) == 1, f"{name}: defined {len(addresses)} times"
    return addresses[0]
