"""Describes free code as tools: one that tests, and one per data state that a transformation may lead to.

Their argument `code` has no default and names nothing of a design, so no search for workflows ever takes them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tools.analysis.packs.spec import STATISTICS, Parameter, Source, ToolSet, ToolSpec
from tools.analysis.states import State

PACK, TEST = "free code", "run_python"
CODE = Parameter("code", {"type": "string"})
STATES = (State.LOG2, State.FILTERED, State.NORMALISED, State.IMPUTED, State.BATCH_CORRECTED, State.SCALED)
TRANSFORMS = {f"{TEST}_{state.value}": state for state in STATES}
CAVEAT = "free code that a model wrote is part of the test: no checked tool made these numbers"
SECONDS = 120.0
_MODULE = "tools.analysis.free_code.running"
_MOUNT = "tools/analysis/free_code"


def make_free_specs() -> dict[str, ToolSpec]:
    """The tools by name."""
    summary = "Free code, written by a model, that tests"
    test = _make_spec(TEST, "run_python", summary, STATISTICS)
    transforms = [
        _make_spec(name, "transform_python", f"Free code, written by a model, after which data are {state}", state)
        for name, state in TRANSFORMS.items()
    ]
    return {spec.name: spec for spec in [test, *transforms]}


def with_free_code(tools: ToolSet) -> ToolSet:
    """The tools with those of free code beside them; theirs are the names."""
    return ToolSet({**tools.tools, **make_free_specs()}, tools.faults)


def is_free(call: Mapping[str, Any]) -> bool:
    return call["tool"] == TEST or call["tool"] in TRANSFORMS


def has_free_code(calls: Sequence[Mapping[str, Any]]) -> bool:
    return any(is_free(call) for call in calls)


def _make_spec(name: str, function: str, summary: str, produces: Any) -> ToolSpec:
    removes = frozenset({State.RAW}) if produces == State.LOG2 else frozenset[State]()
    return ToolSpec(
        name=name,
        pack=PACK,
        summary=summary,
        source=Source(Path(__file__).parent, _MOUNT, _MODULE, function),
        parameters={CODE.name: CODE},
        produces=produces,
        removes=removes,
        seconds=SECONDS,
        libraries="numpy, pandas",
    )
