"""The conformance check passes a sound toolchain, and names what is wrong with others; members come from the protocol."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from agents.testing import check_toolchain
from agents.testing.optional import list_optional
from pelagos.nouns import Hypothesis
from pelagos.protocols import list_members
from tests.toolchains.table import TableTask, TableToolchain, write_task
from tools import abilities
from tools import toolchain as protocols
from tools.toolchain import Toolchain

MEMBERS = [member.name for member in list_members(Toolchain)]


@pytest.fixture(scope="module")
def task(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_task(tmp_path_factory.mktemp("table") / "table", seeds=3)


def check(task: Path, **members: Any) -> list[str]:
    return check_toolchain(type("Changed", (TableToolchain,), members), task)


def wrap(name: str, change: Callable[[Any], Any]) -> dict[str, Any]:
    """A member whose result is changed."""
    return {name: lambda self, *args: change(getattr(TableToolchain, name)(self, *args))}


def test_a_sound_toolchain_passes(task: Path) -> None:
    assert check(task) == []


@pytest.mark.parametrize("member", MEMBERS)
def test_each_member_of_the_protocol_is_demanded(member: str, task: Path) -> None:
    others = {name: value for name, value in vars(TableToolchain).items() if name != member}
    [line] = check_toolchain(type("Part", (), others), task)
    assert line.startswith(f"lacks {member}; write `")


def test_the_optional_protocols_are_read_off_the_module() -> None:
    names = {kind.__name__ for kind in list_optional(abilities)}
    assert {"Measured", "Matched", "Proposing", "SealedAudit"} < names
    of_tasks = {kind.__name__ for kind in list_optional(protocols)}
    assert {"Limited", "Consulting"} < of_tasks
    assert "Toolchain" not in names | of_tasks


def raise_key_error(self: Any, *args: Any) -> Any:
    raise KeyError("speed")


FAULTS: list[tuple[dict[str, Any], str]] = [
    ({"signature": lambda self, task: None}, "Measured: signature can't be called as the protocol's is"),
    ({"load": raise_key_error}, "load('table') raises KeyError: 'speed' (test_toolchain.py:"),
    (wrap("load", lambda task: replace(task, toolchain="other")), "the task's toolchain is 'other'; it is 'table'"),
    (wrap("load", lambda task: replace(task, seeds=(1, 1))), "the task's seeds are [1, 1]; name each once"),
    (wrap("load", lambda task: replace(task, name=None)), "the task name is None; write `name: str`"),
    (
        {"load": lambda self, folder: TableToolchain().load(write_task(Path(folder) / "t"))},
        "load takes a folder without",
    ),
    (wrap("brief", lambda brief: replace(brief, targets={})), "brief names no target"),
    (wrap("material", lambda text: ""), "material says nothing about the target 'a'"),
    (wrap("tools", lambda tools: [*tools, tools[0]]), "tools share a name"),
    (wrap("baseline", lambda version: version.model_copy(update={"hypothesis": "h1"})), "the baseline's hypothesis is"),
    (wrap("baseline", lambda version: version.model_copy(update={"content": "0" * 64})), "baseline raises"),
    ({"experiment": raise_key_error}, "experiment raises KeyError"),
    (wrap("experiment", lambda done: done.model_copy(update={"score": None})), "the baseline's score is None"),
    (wrap("experiment", lambda done: {"score": 1}), "experiment gives dict; give pelagos.nouns.Experiment"),
    (wrap("evidence", lambda evidence: "better"), "evidence gives no tools.evidence.Evidence"),
    ({"audit": raise_key_error}, "audit raises KeyError"),
    (wrap("diff", lambda text: None), "diff gives no text"),
    ({"build": raise_key_error}, "build raises KeyError"),
    (wrap("section", lambda section: None), "section gives no tools.section.Section"),
]


@pytest.mark.parametrize(("members", "line"), FAULTS, ids=[line[:40] for _, line in FAULTS])
def test_each_fault_is_named(members: dict[str, Any], line: str, task: Path) -> None:
    assert line in "\n".join(check(task, **members))


def test_an_experiment_that_is_run_again_is_named(task: Path) -> None:
    class Forgetful(TableToolchain):
        count = 0

        def experiment(self, task: TableTask, version: Any, seed: int, split: Any, context: Any) -> Any:
            self.count += 1
            return super().experiment(
                task, version.model_copy(update={"content": version.content}), seed, split, Fresh(self.count, context)
            )

    class Fresh:
        def __init__(self, count: int, context: Any) -> None:
            self.count, self.context = count, context
            self.steps = self

        def once(self, kind: str, key: str, *rest: Any) -> Any:
            return self.context.steps.once(kind, f"{key}-{self.count}", *rest)

        def __getattr__(self, name: str) -> Any:
            return getattr(self.context, name)

    lines = check_toolchain(Forgetful, task)
    assert any("a finished experiment is run again" in line for line in lines)


def test_a_toolchain_that_proposes_is_asked_for_its_own_plan(task: Path) -> None:
    asked: list[str] = []

    class Proposes(TableToolchain):
        def propose(self, task: TableTask, id: str, context: Any) -> Hypothesis | None:
            asked.append(id)
            return None

        def plans(self, task: TableTask, hypothesis: Hypothesis, count: int, context: Any) -> list[Any]:
            return []

    assert check_toolchain(Proposes, task) == []
    assert asked == ["h1"]
