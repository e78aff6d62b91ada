"""Takes over the evidence of an earlier run on the same program under the same conditions.

A hypothesis that takes up another run's again (`screened.again`) and became the very same program goes on where that
one ended. The same conditions are: the task with its baseline, evaluator, labels and data, the versions of Python and
the packages, and those of the project's drop-ins that the program may use. The experiments become facts of this run
that name their origin (`adopted`). They are validation data, which only select, so they cost no level. If anything
differs, the hypothesis is tested from the beginning.
"""

from __future__ import annotations

from collections.abc import Sequence, Set
from contextlib import closing
from typing import Any

from agents.run import Run
from agents.setup.run_folder import LEDGER
from memory.artifacts import ArtifactStore
from memory.bank.lesson_status import MACHINERY_FAILURES
from memory.files.project_runs import run_folder
from memory.files.run_lock import lock_holder
from memory.ledger.keys import canonical, step_key
from memory.ledger.ledger import Ledger, Reader
from pelagos.errors import BadInput, DamagedRun
from pelagos.facts.checks import Pin
from pelagos.facts.drive import Packages, Started
from pelagos.facts.fact import dump_payload
from pelagos.facts.ideas import Adopted, Screened
from pelagos.nouns import Experiment, Version
from tools.abilities import Extensible

PINS = ("validation", "baseline")


def adopt_evidence(version: Version, run: Run) -> None:
    """Take over, once, what earlier runs measured of this program. After a kill in between, a second call finishes
    it."""
    fact = run.ledger.fact(Adopted, version.id)
    if fact is None:
        screened = run.ledger.fact(Screened, str(version.hypothesis)) or Screened()
        candidates = [fact for origin in screened.again if (fact := _find_evidence(origin, version, run))]
        if not candidates:
            return
        fact = max(candidates, key=lambda candidate: len(candidate.experiments))
        seeds = sum(experiment.version == version.id for experiment in fact.experiments)
        run.say(f"{version.hypothesis}: the same program as {fact.origin}: {seeds} of its seeds are taken over")
        run.ledger.record(fact, version.id)
    for experiment in fact.experiments:
        run.record(experiment)


def _find_evidence(origin: str, version: Version, run: Run) -> Adopted | None:
    """Return what the hypothesis `origin` of another run has for this version; None if it is another program or can't
    be read."""
    label, _, hypothesis = origin.rpartition("/")
    folder = run_folder(run.project, label)
    if label == run.origin.run or lock_holder(folder) is not None:
        return None
    try:
        with closing(Ledger.read(folder / LEDGER)) as ledger:
            return _make_adopted(origin, hypothesis, label, ledger, version, run)
    except (BadInput, DamagedRun) as error:
        run.say(f"{version.hypothesis}: what {origin} measured can't be taken over: {error}")
        return None


def _make_adopted(
    origin: str, hypothesis: str, label: str, ledger: Reader, version: Version, run: Run
) -> Adopted | None:
    twin = _find_twin(hypothesis, ledger, version)
    if twin is None or _describe_conditions(ledger) != _describe_conditions(run.ledger):
        return None
    used = run.toolchain.uses(run.task, version.content, run) if isinstance(run.toolchain, Extensible) else ()
    if _list_digests(used, ledger) != _list_digests(used, run.ledger):
        return None
    usable = _list_usable(twin, ledger, version, run)
    if not usable:
        return None
    artifacts = ArtifactStore(run_folder(run.project, label) / "artifacts")
    experiments = [_take_over(experiment, label, version, artifacts, run) for experiment in usable]
    return Adopted(hypothesis=version.hypothesis, origin=origin, experiments=experiments)


def _find_twin(hypothesis: str, ledger: Reader, version: Version) -> str | None:
    """Return the hypothesis' version in that ledger that is the same program."""
    for candidate in ledger.facts(Version).values():
        if (candidate.hypothesis, candidate.content) == (hypothesis, version.content):
            return candidate.id
    return None


def _describe_conditions(ledger: Reader) -> str:
    """Return all that has to be the same, except the program and the data, which are compared by experiment."""
    started = [(fact.digest, fact.versions) for fact in ledger.facts(Started).values()]
    pins = {key: dump_payload(pin) for key, pin in ledger.facts(Pin).items() if key in PINS}
    baselines = [fact.content for fact in ledger.facts(Version).values() if fact.hypothesis is None]
    versions = [dump_payload(fact) for fact in ledger.facts(Packages).values()]
    return canonical([started, pins, baselines, versions])


def _list_digests(tools: Sequence[str], ledger: Reader) -> list[str | None]:
    """Return the hash of each of the project's drop-ins in that run, None where it didn't have it."""
    had = {name: digest for fact in ledger.facts(Started).values() for name, digest in fact.tools.items()}
    return [had.get(name) for name in tools]


def _list_usable(twin: str, ledger: Reader, version: Version, run: Run) -> list[Experiment]:
    """Return the twin's experiments on seeds that this run lacks, each followed by the baseline's on the same seed if
    this run lacks that one, too."""
    validation, baseline = run.validation(), run.baseline().id
    data = {row.data for row in validation.get(baseline, ())}
    baseline_seeds = {row.seed for row in validation.get(baseline, ())}
    version_seeds = {row.seed for row in validation.get(version.id, ())}
    comparable = [item for item in ledger.facts(Experiment).values() if _is_comparable(item, data)]
    their_baseline = {item.seed: item for item in comparable if item.version == baseline}
    usable: list[Experiment] = []
    for experiment in comparable:
        seed = experiment.seed
        if experiment.version != twin or seed in version_seeds:
            continue
        if seed in baseline_seeds:
            usable.append(experiment)
        elif seed in their_baseline:
            usable += [experiment, their_baseline[seed]]
    return usable


def _is_comparable(experiment: Experiment, data: Set[str]) -> bool:
    """Whether it is on validation data, saw just the `data` that this run's experiments saw, and ended by itself."""
    return experiment.split == "validation" and {experiment.data} == data and not _failed_by_machinery(experiment)


def _failed_by_machinery(experiment: Experiment) -> bool:
    return (experiment.cause or experiment.outcome.value).partition(":")[0] in MACHINERY_FAILURES


def _take_over(experiment: Experiment, label: str, version: Version, artifacts: ArtifactStore, run: Run) -> Experiment:
    """Return the experiment as a fact of this run, and copy its artifacts. A baseline's experiment keeps its id, since
    the baseline is the same in both runs."""
    for artifact in (*([experiment.replicates] if experiment.replicates else []), *experiment.files.values()):
        run.artifacts.put(artifacts.get(artifact))
    changes: dict[str, Any] = {"origin": experiment.origin or f"{label}/{experiment.id}"}
    if experiment.hypothesis is not None:
        key = step_key(adopted=f"{label}/{experiment.id}", version=version.id)
        changes |= {"id": key, "version": version.id, "hypothesis": version.hypothesis}
    return experiment.model_copy(update=changes)
