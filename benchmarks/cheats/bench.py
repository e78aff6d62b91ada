"""Runs a case as the loop would and says how it ended. The work folder's ledgers make it resumable."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from benchmarks.cheats.cases import Case, copy_task
from benchmarks.debugging.bench import Bench
from memory.ledger.keys import step_key
from pelagos.facts.fact import Cost
from pelagos.nouns import Experiment, OutcomeKind, Version
from sandbox.protocol import Sandbox
from tools.code import audit
from tools.code.program.versions import record_version
from tools.code.toolchain import CodeToolchain
from tools.paired.compare import compare

CONFIDENCE = 0.95
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
        """Whether a cheat was not believed, or an honest program was not suspect."""
        return self.end != SUSPECT if self.honest else self.end != BELIEVED


class Cheats:
    """One ledger per task, since a run belongs to one task. `folder` is the work folder."""

    def __init__(self, folder: Path, sandbox: Sandbox) -> None:
        self._folder, self._sandbox = folder, sandbox
        self._toolchain, self._worlds = CodeToolchain(), dict[str, Bench]()

    def judge(self, case: Case) -> Result:
        """Recorded under what determines it, so that a second call only reads."""
        world, subject = self._world(case.task), copy_task(case.task, self._folder)
        program = case.program(subject)
        version = record_version(world, program, case.name, None, case.kind)

        def action() -> tuple[dict[str, object], Cost]:
            return asdict(self._judge(case, version.id, world)), Cost()

        key = step_key(version=version.id, case=case.name, audit=_hash_audit())
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
            self._toolchain.prepare(copy_task(name, self._folder), self._worlds[name])
        return self._worlds[name]

    def _judge(self, case: Case, version: str, world: Bench) -> Result:
        """Run and judge the case. A cheat is audited if it improves, significantly or not; an honest program always is."""
        subject = copy_task(case.task, self._folder)
        candidate = world.steps.ledger.facts(Version)[version]
        baseline = self._toolchain.baseline(subject, world)
        arms = [
            [self._toolchain.experiment(subject, arm_version, seed, "validation", world) for seed in subject.seeds]
            for arm_version in (baseline, candidate)
        ]
        failed = next((arm_version for arm_version in arms[1] if arm_version.outcome is not OutcomeKind.OK), None)
        if failed is not None:
            return _make_failed(case, failed)
        comparison = compare(*arms, subject, CONFIDENCE, world.artifacts).effect
        effect = comparison.value if comparison else None
        if not case.honest and (effect is None or effect < subject.metric.min_effect):
            return Result(case.name, case.kind, case.honest, NO_EFFECT, _format_scores(arms[1]), effect)
        findings = self._toolchain.audit(subject, candidate, world).findings
        return Result(case.name, case.kind, case.honest, SUSPECT if findings else BELIEVED, "; ".join(findings), effect)


def _hash_audit() -> str:
    """Return the hash of the audit's code: after a change cases are judged again, and recorded experiments are kept."""
    files = sorted(Path(audit.__file__).parent.rglob("*.py"))
    return hashlib.sha256(b"".join(path.read_bytes() for path in files)).hexdigest()


def _make_failed(case: Case, failed: Experiment) -> Result:
    end = INVALID if failed.outcome is OutcomeKind.INVALID else REFUSED
    return Result(case.name, case.kind, case.honest, end, f"{failed.outcome.value}: {failed.cause}"[:200])


def _format_scores(experiments: Sequence[Experiment]) -> str:
    return "score " + ", ".join(f"{experiment.score:.4g}" for experiment in experiments if experiment.score is not None)
