"""Evidence of an earlier run: what it measured of the same program under the same conditions counts as done.

A hypothesis that takes up another run's again (`screened.again`) and became the very same program goes on where that
one ended. The same conditions are: the task with its baseline, evaluator, labels and data, and the versions of Python
and the packages. The experiments become facts of this run that name their origin, together with the rules and the
family that their test began under (`adopted`, `agents/judging/families.py`). Where anything differs it is simply tried
again.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from dataclasses import asdict
from typing import Any

from agents.folder import LEDGER
from agents.judging.families import Begun
from agents.judging.rules import Rules
from agents.run import Run, rules_of
from memory.artifacts import ArtifactStore
from memory.controller import controller_of
from memory.keys import canonical, step_key
from memory.ledger import Ledger, Reader
from memory.project_runs import folder_of
from memory.standing import MACHINERY
from pelagos.errors import BadInput, DamagedRun
from pelagos.nouns import Experiment, Version
from pelagos.settings import Settings

KIND = "adopted"
PINS = ("validation", "baseline")


def adopt(version: Version, run: Run) -> None:
    """Take over what earlier runs measured of this program, once. Where a kill came between, it is finished."""
    fact = run.ledger.find(KIND, version.id)
    if fact is None:
        screened = run.ledger.find("screened", str(version.hypothesis)) or {}
        found = [one for id in screened.get("again", ()) if (one := _offered(id, version, run))]
        if not found:
            return
        fact = max(found, key=lambda one: len(one["experiments"]))
        run.ledger.append(KIND, version.id, fact)
        seeds = sum(one["version"] == version.id for one in fact["experiments"])
        run.say(f"{version.hypothesis}: the same program as {fact['from']}: {seeds} of its seeds are taken over")
    for payload in fact["experiments"]:
        run.record(Experiment(**payload))


def begun(ledger: Reader) -> dict[str, Begun]:
    """Version -> where its test began, of those that did so in another run."""
    facts = {event.key: event.payload for event in ledger.events(KIND)}
    return {
        version: Begun(fact["run"], _rules(fact["rules"], fact["run"]), fact["version"], fact["family"])
        for version, fact in facts.items()
    }


def _rules(stored: dict[str, Any], run: str) -> Rules:
    told = f"run {run}, where its test began"
    return Rules(**{**stored, "looks": tuple(stored["looks"]), "weights": tuple(stored["weights"]), "over": told})


def _offered(id: str, version: Version, run: Run) -> dict[str, Any] | None:
    """What the hypothesis `id` of another run has for this version; None where it is another program or can't be
    had."""
    label, _, hypothesis = id.rpartition("/")
    folder = folder_of(run.project, label)
    if label == run.origin.run or controller_of(folder) is not None:
        return None
    try:
        with closing(Ledger.read(folder / LEDGER)) as ledger:
            return _fact(id, hypothesis, label, ledger, version, run)
    except (BadInput, DamagedRun) as error:
        run.say(f"{version.hypothesis}: what {id} measured can't be taken over: {error}")
        return None


def _fact(id: str, hypothesis: str, label: str, ledger: Reader, version: Version, run: Run) -> dict[str, Any] | None:
    twin = _twin(hypothesis, ledger, version)
    if twin is None or _conditions(ledger) != _conditions(run.ledger):
        return None
    pairs = _pairs(twin, ledger, version, run)
    if not pairs:
        return None
    theirs = ArtifactStore(folder_of(run.project, label) / "artifacts")
    made = [_taken(one, label, version, theirs, run) for one in pairs]
    origin = _origin(twin, label, ledger, run)
    return {"hypothesis": version.hypothesis, "from": id, "experiments": made, **origin}


def _twin(hypothesis: str, ledger: Reader, version: Version) -> str | None:
    """The hypothesis' version there that is the same program."""
    for event in ledger.events("version"):
        if event.payload["hypothesis"] == hypothesis and event.payload["content"] == version.content:
            return event.key
    return None


def _conditions(ledger: Reader) -> str:
    """All that has to be the same but the program and the data, which are compared by experiment."""
    started = [(one.payload["digest"], one.payload["versions"]) for one in ledger.events("run.started")]
    pins = {event.key: event.payload for event in ledger.events("evaluator") if event.key in PINS}
    untouched = [event.payload["content"] for event in ledger.events("version") if event.payload["hypothesis"] is None]
    versions = [event.payload for event in ledger.events("versions")]
    return canonical([started, pins, untouched, versions])


def _pairs(twin: str, ledger: Reader, version: Version, run: Run) -> list[Experiment]:
    """Its experiments on seeds that this run lacks, each with the baseline's on the same seed where that lacks, too."""
    mine, base = run.validation(), run.baseline()
    here = {one.seed: one for one in mine.get(base.id, ())}
    data, tried = {one.data for one in here.values()}, {one.seed for one in mine.get(version.id, ())}
    known = [Experiment(**{name: e.payload[name] for name in Experiment.model_fields if name in e.payload})
             for e in ledger.events("experiment")]  # fmt: skip
    usable = [one for one in known if one.split == "validation" and {one.data} == data and not _by_machinery(one)]
    bases = {one.seed: one for one in usable if one.version == base.id}
    found: list[Experiment] = []
    for one in usable:
        if one.version == twin and one.seed not in tried and (one.seed in here or one.seed in bases):
            found += [one] if one.seed in here else [one, bases[one.seed]]
    return found


def _by_machinery(experiment: Experiment) -> bool:
    return (experiment.cause or experiment.outcome.value).partition(":")[0] in MACHINERY


def _taken(one: Experiment, label: str, version: Version, theirs: ArtifactStore, run: Run) -> dict[str, Any]:
    """The experiment as a fact of this run, with its artifacts. A baseline's keeps its id: there it is the same one."""
    for artifact in (*([one.replicates] if one.replicates else []), *one.files.values()):
        run.artifacts.put(theirs.get(artifact))
    changed: dict[str, Any] = {"origin": one.origin or f"{label}/{one.id}"}
    if one.hypothesis is not None:
        id = step_key(adopted=f"{label}/{one.id}", version=version.id)
        changed |= {"id": id, "version": version.id, "hypothesis": version.hypothesis}
    return one.model_copy(update=changed).model_dump(mode="json")


def _origin(twin: str, label: str, ledger: Reader, run: Run) -> dict[str, Any]:
    """Run, rules and family that the test began under; where that run had it from another, those of the other."""
    held = ledger.find(KIND, twin)
    if held is not None:
        return {name: held[name] for name in ("run", "rules", "version", "family")}
    settings = Settings(**ledger.events("run.started")[0].payload["settings"])
    rules = asdict(rules_of(settings, len(run.task.seeds), settings.hypotheses))
    return {"run": label, "rules": rules, "version": twin, "family": _family(ledger)}


def _family(ledger: Reader) -> dict[str, float]:
    """The e-value of every version that was tested there, as it was judged last; 0 where another spoke for it."""
    elsewhere = {event.key for event in ledger.events(KIND)}
    runs = [event.payload for event in ledger.events("experiment") if event.payload["split"] == "validation"]
    versions = {one["id"]: one["version"] for one in runs}
    tested = {one["version"]: 0.0 for one in runs if one["hypothesis"] is not None and one["version"] not in elsewhere}
    newest = {event.payload["hypothesis"]: event.payload for event in ledger.events("verdict")}
    return tested | {
        v: float(one["e_value"] or 0.0) for one in newest.values() if (v := _judged(one, versions)) in tested
    }


def _judged(verdict: dict[str, Any], versions: dict[str, str]) -> str:
    evidence: Sequence[str] = verdict["evidence"]
    return versions.get(evidence[0], "") if evidence else ""
