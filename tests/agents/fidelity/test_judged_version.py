"""Which version of a hypothesis is meant: the one judged, else the newest that was built."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

from agents.fidelity.assess import record_decision
from agents.fidelity.judged_version import find_judged_version
from memory.ledger.ledger import Ledger
from pelagos.nouns import Answer, Build, Experiment, Fidelity, Verdict, VerdictKind, Version

JUDGED = Verdict(id="x", hypothesis="h1", kind=VerdictKind.REFUTED, evidence=["e"])
UNJUDGED = Verdict(id="y", hypothesis="h1", kind=VerdictKind.UNDECIDED)
RAN = Experiment(id="e", version="v1", hypothesis="h1", seed=1, split="validation", outcome="ok")


def build(id: str, version: str | None) -> Build:
    return Build(id=id, hypothesis="h1", plan="p", version=version, cause="")


def test_the_one_that_is_judged_else_the_newest_that_runs() -> None:
    builds = [build("b1", "v1"), build("b2", "v2"), build("b3", None)]
    assert find_judged_version(JUDGED, builds, {"e": RAN}.get) == "v1"
    assert (
        find_judged_version(JUDGED, builds, {}.get)
        == find_judged_version(UNJUDGED, builds, {}.get)
        == find_judged_version(None, builds, {}.get)
        == "v2"
    )
    assert find_judged_version(None, builds[2:], {}.get) is None


def test_a_person_decides_on_what_was_built_and_not_on_the_baseline_that_was_matched_to_it(tmp_path: Path) -> None:
    with closing(Ledger.open(tmp_path / "ledger.db")) as ledger:
        for id in ("v1", "matched"):  # both are recorded under the hypothesis
            ledger.record(Version(id=id, hypothesis="h1", plan="p", content=id), id)
        ledger.record(build("b1", "v1"), "b1")
        looked = Fidelity(id="v1", hypothesis="h1", description="d", answer=Answer.UNSETTLED, by="nobody")
        ledger.record(looked, "v1")
        said = record_decision(ledger, "h1", implements=True)
        assert (said.id, said.answer, said.by) == ("v1", Answer.IMPLEMENTS, "a person")
        assert list(ledger.facts(Fidelity)) == ["v1", "v1/1"]
