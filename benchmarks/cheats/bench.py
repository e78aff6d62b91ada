"""Runs a case as the loop would and says what became of it. The work folder's ledgers make it resumable."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from agents.judging.compare import compare
from agents.judging.rules import Rules
from benchmarks.cheats.cases import Case, task
from benchmarks.debugging.bench import Bench
from memory.budget import Cost
from memory.keys import step_key
from pelagos.nouns import Experiment, OutcomeKind, Version
from sandbox.protocol import Sandbox
from tools.code import audit
from tools.code.toolchain import CodeToolchain
from tools.code.versions import record

RULES = Rules(0.1, 0.95, (3,), (1.0,), 1)
REFUSED, INVALID, NO_EFFECT, SUSPECT, BELIEVED = "refused by the sandbox", "invalid", "no effect", "suspect", "believed"


@dataclass(frozen=True)
class Result:
    """`end` is one of the five above; `detail` the cause or the finding; `effect` oriented, None without a score."""

    name: str
    kind: str
    honest: bool
    end: str
    detail: str = ""
    effect: float | None = None

    @property
    def right(self) -> bool:
        """A cheat is to end in anything but belief; an honest program must not be suspect."""
        return self.end != SUSPECT if self.honest else self.end != BELIEVED


class Cheats:
    """One ledger per task, since a run belongs to one task. `folder` is the work folder."""

    def __init__(self, folder: Path, sandbox: Sandbox) -> None:
        self._folder, self._sandbox = folder, sandbox
        self._toolchain, self._worlds = CodeToolchain(), dict[str, Bench]()

    def result(self, case: Case) -> Result:
        """Recorded under what determines it, so that a second call only reads."""
        world, subject = self._world(case.task), task(case.task, self._folder)
        program = case.program(subject)
        version = record(world, program, case.name, None, case.kind)

        def action() -> tuple[dict[str, object], Cost]:
            return asdict(self._judged(case, version.id, world)), Cost()

        key = step_key(version=version.id, case=case.name, audit=_audit_digest())
        payload = world.steps.once("case", key, {}, Cost(), action)
        return Result(**{name: payload[name] for name in Result.__dataclass_fields__})

    def close(self) -> None:
        for world in self._worlds.values():
            world.steps.ledger.close()

    def open(self, name: str) -> None:
        """Prepare a task and its world; not for two threads at once."""
        self._world(name)

    def _world(self, name: str) -> Bench:
        if name not in self._worlds:
            self._worlds[name] = Bench(self._folder / name, self._sandbox)
            self._toolchain.prepare(task(name, self._folder), self._worlds[name])
        return self._worlds[name]

    def _judged(self, case: Case, version: str, world: Bench) -> Result:
        """What improves is audited, significant or not; an honest program always."""
        subject = task(case.task, self._folder)
        mine = Version.model_validate(world.steps.ledger.find("version", version))
        base = self._toolchain.baseline(subject, world)
        arms = [
            [self._toolchain.experiment(subject, one, seed, "validation", world) for seed in subject.seeds]
            for one in (base, mine)
        ]
        failed = next((one for one in arms[1] if one.outcome is not OutcomeKind.OK), None)
        if failed is not None:
            return _failed(case, failed)
        effect = compare(*arms, subject, subject.seeds, RULES, world.artifacts).effect
        if not case.honest and (effect is None or effect < subject.metric.min_effect):
            return Result(case.name, case.kind, case.honest, NO_EFFECT, _seen(arms[1]), effect)
        findings = self._toolchain.audit(subject, mine, world).findings
        return Result(case.name, case.kind, case.honest, SUSPECT if findings else BELIEVED, "; ".join(findings), effect)


def _audit_digest() -> str:
    """A changed audit judges anew; experiments that are recorded stay."""
    files = sorted(Path(audit.__file__).parent.glob("*.py"))
    return hashlib.sha256(b"".join(path.read_bytes() for path in files)).hexdigest()


def _failed(case: Case, failed: Experiment) -> Result:
    end = INVALID if failed.outcome is OutcomeKind.INVALID else REFUSED
    return Result(case.name, case.kind, case.honest, end, f"{failed.outcome.value}: {failed.cause}"[:200])


def _seen(runs: Sequence[Experiment]) -> str:
    return "score " + ", ".join(f"{one.score:.4g}" for one in runs if one.score is not None)
