"""The types of a domain tool as it is read from its source: its parameters, states, relation and limits."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any, Literal

from tools.analysis.states import State
from tools.functions.function import PackFault

STATISTICS: Literal["statistics"] = "statistics"
SETS = "sets"  # the word of the parameter that the executor fills in with the path of a GMT file
WORDS = (
    "column", "group", "level", "numeric", "batch", "covariates", "feature", "variable", "time", "event", "subject",
    SETS,
)  # fmt: skip


class Relation(StrEnum):
    """What a statistics table relates. In a plain table a feature is a numeric column."""

    FEATURE_GROUP = "feature ~ group"
    FEATURE_NUMERIC = "feature ~ numeric"
    FEATURE_SURVIVAL = "feature ~ survival"
    FEATURE_FEATURE = "feature ~ feature"
    SET_GROUP = "set ~ group"
    ACTIVITY_GROUP = "activity ~ group"
    MODULE_GROUP = "module ~ group"
    CLUSTER_GROUP = "cluster ~ group"
    GROUP_FEATURES = "group ~ features"
    COMPOSITION_GROUP = "composition ~ group"
    SLOPE_GROUP = "slope ~ group"  # whether x goes with y in another way in one group than in the other
    MEDIATION = "mediated ~ mediator"  # exposure -> mediator -> outcome, in an order that the task states


@dataclass(frozen=True)
class Parameter:
    """One argument of a tool. `schema` is JSON schema; `names` is the word that says what the argument must name
    ("group", "level", "covariates" ...), or "". `default` counts only where `required` is false."""

    name: str
    schema: Mapping[str, Any]
    names: str = ""
    default: Any = None
    required: bool = True


@dataclass(frozen=True)
class Source:
    """Where a tool's code is. `root` (a file or folder) is bound at `mount`, relative to the import folder, and the
    function is imported from `module`."""

    root: Path
    mount: str
    module: str
    function: str


@dataclass(frozen=True)
class ToolSpec:
    """One typed tool. `produces` is a state or "statistics"; `removes` are states that a transformation ends;
    `example` are arguments for the contract test, where they can't be guessed."""

    name: str
    pack: str
    summary: str
    source: Source
    parameters: Mapping[str, Parameter]
    produces: State | Literal["statistics"]
    relation: Relation | None = None
    requires: frozenset[State] = frozenset()
    refuses: frozenset[State] = frozenset()
    refuses_missing: bool = False
    removes: frozenset[State] = frozenset()
    seconds: float = 60.0
    libraries: str = ""
    example: Mapping[str, Any] = field(default_factory=dict)
    doc: str = ""

    @property
    def tests(self) -> bool:
        """Whether it leaves a statistics table. The others transform the data."""
        return self.produces == STATISTICS

    def parameter_of(self, word: str) -> Parameter | None:
        """The first parameter that names a `word`; None where there is none."""
        return next((parameter for parameter in self.parameters.values() if parameter.names == word), None)


@dataclass(frozen=True)
class ToolSet(Mapping[str, ToolSpec]):
    """Tools by name, and what was left out with the reason."""

    tools: Mapping[str, ToolSpec] = field(default_factory=dict)
    faults: tuple[PackFault, ...] = ()

    def __getitem__(self, name: str) -> ToolSpec:
        return self.tools[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.tools)

    def __len__(self) -> int:
        return len(self.tools)
