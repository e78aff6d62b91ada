"""Tests machinery faults at every start of a sandbox in a build and an audit: they are recorded as attempts only."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import signal
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from pelagos.errors import RunFailed, SandboxError
from pelagos.nouns import OutcomeKind
from pelagos.settings import Loop
from sandbox.protocol import Outcome, Sandbox, Spec
from tests.tools.code.coding.test_build import GOOD, STEP
from tests.tools.code.conftest import ScriptedRoleModel, make_hypothesis, make_plan, make_task
from tests.tools.world import World
from tools.code.task.code_task import CodeTask, load_task
from tools.code.toolchain import CodeToolchain

KILLED = Outcome(OutcomeKind.KILLED, "killed by SIGKILL")


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(SandboxError, "waits", (0.0, 0.0))


class Faulty:
    """A real sandbox that fails at the first `times` starts of each execution, or of those that `only` selects."""

    name = "faulty"

    def __init__(self, jail: Sandbox, fault: Outcome | None, times: int = 1, only: str = "") -> None:
        self._jail, self._fault, self._times, self._only = jail, fault, times, only
        self.starts: Counter[str] = Counter()

    def run(self, spec: Spec, on_line: Callable[[str], None] | None = None) -> Outcome:
        what = self._what(spec)
        self.starts[what] += 1
        if what.startswith(self._only) and self.starts[what] <= self._times:
            if self._fault is None:
                raise SandboxError("the sandbox can't start: Resource temporarily unavailable")
            return self._fault
        return self._jail.run(spec, on_line)

    def _what(self, spec: Spec) -> str:
        kind = "scoring" if "sandbox.evaluation.scoring" in spec.argv else "program"
        files = {**spec.files, CONFIG: re.sub(rb'"mark": "[0-9a-f]*"', b"", spec.files.get(CONFIG, b""))}
        content = b"".join(files[name] for name in sorted(files))
        shown = b"".join(
            path.read_bytes() for at in sorted(spec.readonly) for path in sorted(spec.readonly[at].iterdir())
        )
        return f"{kind} {hash((content, shown, spec.limits))}"


CONFIG = "_pelagos/config.json"  # holds another secret mark at each start


def make_world(folder: Path, sandbox: Sandbox, like: World | None = None) -> tuple[World, CodeTask]:
    (folder / "project").mkdir()
    if like is not None:  # the same secret, the same splits
        shutil.copytree(like.project / ".pelagos", folder / "project" / ".pelagos")
    return World(folder / "project", sandbox, ScriptedRoleModel(lambda *arguments: GOOD)), make_task(folder / "lines")


def run_all(task: CodeTask, world: World) -> None:
    """Run a build with its smoke runs and full run, a second seed, and an audit with its controls."""
    toolchain = CodeToolchain()
    toolchain.prepare(task, world)
    result = toolchain.build(task, make_hypothesis(), make_plan(STEP), world)
    assert (result.cause, [attempt.cause for attempt in result.tries]) == ("", ["ok"])
    version = next(attempt.payload for attempt in world.ledger.events("version") if attempt.key == result.version)
    toolchain.audit(task, type(toolchain.baseline(task, world)).model_validate(version), world)


def executions(world: World) -> dict[tuple[str, str], tuple[object, ...]]:
    """(kind, key) -> payload values of each execution's fact."""
    names = ("outcome", "cause", "score", "predictions", "seed", "split")
    events = world.ledger.events(kinds=("experiment", "smoke"))
    return {(event.kind, event.key): tuple(event.payload.get(name) for name in names) for event in events}


def test_each_thing_fails_at_its_first_two_starts(jail: Sandbox, tmp_path: Path) -> None:
    world, task = make_world(tmp_path, Faulty(Faulty(jail, KILLED), None))
    run_all(task, world)
    assert {kind for kind, _ in executions(world)} == {"smoke", "experiment"}
    assert {fact[:2] for fact in executions(world).values()} == {("ok", "")}
    counts = Counter(event.kind for event in world.ledger.events() if event.kind.endswith(".attempt"))
    assert counts.keys() == {"smoke.attempt", "experiment.attempt", "scoring.attempt"}
    facts = Counter(kind for kind, _ in executions(world))
    assert counts["experiment.attempt"] == 2 * facts["experiment"]
    assert counts["smoke.attempt"] == 2 * (facts["smoke"] - 1), (
        "the baseline's second smoke run is the same thing again"
    )


@pytest.mark.slow
@pytest.mark.parametrize("fault", [None, KILLED], ids=["refused", "killed"])
def test_facts_are_those_of_a_run_left_alone(fault: Outcome | None, jail: Sandbox, tmp_path: Path) -> None:
    for name in ("alone", "disturbed"):
        (tmp_path / name).mkdir()
    alone, task = make_world(tmp_path / "alone", jail)
    run_all(task, alone)
    world, task = make_world(tmp_path / "disturbed", Faulty(jail, fault), alone)
    run_all(task, world)
    assert executions(world) == executions(alone)


@pytest.mark.parametrize("what", ["program", "scoring"])
def test_what_fails_for_good_stops_the_run_and_is_nobodys_failure(what: str, jail: Sandbox, tmp_path: Path) -> None:
    world, task = make_world(tmp_path, Faulty(jail, None, times=99, only=what))
    with pytest.raises(RunFailed, match="the sandbox failed 3 times in a row"):
        run_all(task, world)
    assert not [event for event in world.ledger.events(kinds=("experiment", "build")) if event.payload.get("cause")]


def test_a_draft_that_kills_itself_is_tried_thrice_and_refused(jail: Sandbox, tmp_path: Path) -> None:
    world, task = make_world(tmp_path, jail)
    CodeToolchain().prepare(task, world)
    world.role_model.script = lambda *arguments: (
        "```python\nimport os\n\ndef fit(x, y):\n    os.kill(os.getpid(), 9)\n```"
    )
    result = CodeToolchain(Loop(tries=1)).build(task, make_hypothesis(), make_plan(STEP), world)
    assert (result.version, result.cause) == (None, "killed")
    assert len(world.ledger.events("smoke.attempt")) == 3


class Assassin:
    """Kills the seed's process or its supervisor from outside, at `times` of its starts."""

    name = "assassin"

    def __init__(self, jail: Sandbox, supervisor: str, times: int) -> None:
        self._jail, self._supervisor, self._left = jail, supervisor, times

    def run(self, spec: Spec, on_line: Callable[[str], None] | None = None) -> Outcome:
        if self._left > 0:
            self._left -= 1
            return self._jail.run(spec, lambda line: self._kill())
        return self._jail.run(spec, on_line)

    def _kill(self) -> None:
        """Kill the descendant process whose command line contains the name."""
        for pid in descendants(os.getpid()):
            with contextlib.suppress(OSError):
                if self._supervisor.encode() in Path(f"/proc/{pid}/cmdline").read_bytes():
                    os.kill(pid, signal.SIGKILL)


def descendants(pid: int) -> list[int]:
    processes = []
    for place in Path(f"/proc/{pid}/task").iterdir():
        with contextlib.suppress(OSError):
            for child in map(int, (place / "children").read_text().split()):
                processes += [child, *descendants(child)]
    return processes


@pytest.mark.parametrize("who", ["runner_hook.py", "bwrap"])
def test_a_real_kill_of_a_seed_or_its_supervisor_is_an_attempt(who: str, jail: Sandbox, tmp_path: Path) -> None:
    if who == "bwrap" and not jail.name.startswith("bubblewrap"):
        pytest.skip("no bubblewrap here")
    world, task = make_world(tmp_path, jail)
    (task.folder / "fit.py").write_text((task.folder / "fit.py").read_text().replace(BEGIN, BEGUN))
    task, toolchain = load_task(task.folder), CodeToolchain()
    toolchain.prepare(task, world)
    world.sandbox = Assassin(jail, who, 2)
    experiment = toolchain.experiment(task, toolchain.baseline(task, world), 1, "validation", world)
    assert (experiment.outcome, experiment.cause) == (OutcomeKind.OK, "")
    assert [event.payload["cause"] for event in world.ledger.events("experiment.attempt")] == [
        "killed: killed by SIGKILL"
    ] * 2
    assert world.steps.budget.summary().experiments.spent == 3


BEGIN = "def main():\n"
BEGUN = 'def main():\n    import time\n    print("begun", flush=True)\n    time.sleep(0.5)\n'
