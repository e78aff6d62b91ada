"""The toolchain on a small study with planted effects, in a real sandbox: the loop's calls in their order."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from pelagos.nouns import Experiment, Hypothesis, OutcomeKind, Plan, Version
from sandbox.protocol import Sandbox
from tests.tools.analysis.small_study import PLANTED, ScriptedModel, write_study
from tests.tools.world import World
from tools import registry
from tools.analysis.planning.records import CallsRun, Explored, Proposed, Ranking
from tools.analysis.task.analysis_task import AnalysisTask
from tools.analysis.toolchain import AnalysisToolchain
from tools.analysis.trials.audit.audit import find_gate_faults
from tools.evidence import Evidence

SECRET = "11" * 32
PLANTED_NAMES = [f"GEN{number}" for number in range(PLANTED)]
STRONG_P = 0.01


class Loop:
    """A task in a world, and what the loop asks of its toolchain."""

    def __init__(self, folder: Path, jail: Sandbox, permuted: int | None = None, **design: object) -> None:
        project = folder / "project"
        (project / ".pelagos").mkdir(parents=True)
        (project / ".pelagos" / "secret").write_text(SECRET)  # the same splits at each run
        self.world, self.chain = World(project, jail, ScriptedModel()), AnalysisToolchain()
        self.task: AnalysisTask = self.chain.load(write_study(folder / "task", permuted, **design))
        self.chain.prepare(self.task, self.world)

    def propose(self, number: int) -> Hypothesis:
        made = self.chain.propose(self.task, f"h{number}", self.world)
        assert made is not None
        return made

    def build(self, hypothesis: Hypothesis) -> Version:
        steps = self.chain.plans(self.task, hypothesis, 1, self.world)[0]
        plan = Plan(id=f"{hypothesis.id}-p1", hypothesis=hypothesis.id, steps=steps)
        build = self.chain.build(self.task, hypothesis, plan, self.world)
        assert build.version is not None, build.tries
        version = self.world.ledger.fact(Version, build.version)
        assert version is not None
        return version

    def test(self, version: Version, split: str = "validation") -> tuple[Experiment, Evidence]:
        baseline = self.chain.baseline(self.task, self.world)
        arms = [self.chain.experiment(self.task, each, 0, split, self.world) for each in (version, baseline)]
        mine, theirs = [arms[0]], [arms[1]]
        return arms[0], self.chain.evidence(self.task, mine, theirs, 0.95, self.world)


@pytest.fixture(scope="module")
def loop(tmp_path_factory: pytest.TempPathFactory, jail: Sandbox) -> Iterator[Loop]:
    folder = tmp_path_factory.mktemp("loop")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(folder / "cache"))
        made = Loop(folder, jail, defines_group=["GEN0"])
    yield made
    made.world.ledger.close()


def test_it_is_registered() -> None:
    assert isinstance(registry.toolchain("analysis"), AnalysisToolchain)


def test_the_baseline_is_a_first_look_with_the_score_zero(loop: Loop) -> None:
    baseline = loop.chain.baseline(loop.task, loop.world)
    first = loop.chain.experiment(loop.task, baseline, 0, "validation", loop.world)
    assert (first.outcome, first.score) == (OutcomeKind.OK, 0.0)
    assert loop.world.artifacts.json(first.files["summary"])["features"] == 40


def test_the_brief_offers_objectives(loop: Loop) -> None:
    brief = loop.chain.brief(loop.task, loop.world)
    assert {"feature ~ arm", "set ~ arm", "feature ~ load"} <= set(brief.targets)
    assert "site north" in brief.overview
    assert "differential_abundance" in loop.chain.material(loop.task, "feature ~ arm", loop.world)


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_from_the_data_to_a_hypothesis_that_holds_on_sealed_samples(loop: Loop) -> None:
    hypothesis = loop.propose(0)
    assert any(name in hypothesis.title for name in PLANTED_NAMES)
    assert "higher in treated than in plain" in hypothesis.title
    version = loop.build(hypothesis)
    experiment, evidence = loop.test(version)
    assert experiment.score is not None and experiment.score > 0.3
    assert evidence.tested and evidence.constant and evidence.effect is not None
    assert (evidence.effect.p_value or 1) < 0.01 and evidence.harms == ()
    audit = loop.chain.audit(loop.task, version, loop.world)
    assert audit.findings == [] and "null control" in audit.checks
    _, sealed = loop.test(version, "sealed")
    assert sealed.effect is not None and (sealed.effect.p_value or 1) < 0.05
    assert "! " in loop.chain.diff(loop.task, version, loop.world)
    titles = [part.title for part in loop.chain.section(loop.task, loop.world).parts]
    assert any(hypothesis.title in title for title in titles), titles
    assert {"feature ~ arm"} <= set(loop.world.ledger.facts(Ranking))


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_planted_set_is_found_and_a_second_call_repeats_nothing(loop: Loop) -> None:
    loop.propose(0)
    second = loop.propose(1)
    assert second.title == "The set PLANTED_SET as a whole is higher in treated than in plain"
    assert "Caveat: arm was defined from GEN0 itself: circular" in second.statement
    runs = len(loop.world.ledger.facts(CallsRun))
    again = AnalysisToolchain().propose(loop.task, "h1", loop.world)
    assert again == second and len(loop.world.ledger.facts(CallsRun)) == runs


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_the_gates_find_what_the_data_dont_say(loop: Loop) -> None:
    loop.propose(0)
    hypothesis = loop.propose(1)
    proposed = loop.world.ledger.fact(Proposed, "h1")
    assert proposed is not None and proposed.finding is not None
    study = loop.chain._study(loop.task, loop.world)
    objective = next(each for each in loop.chain._prepare(loop.task, loop.world).objectives if each.id == "set ~ arm")

    def faults(**change: str) -> list[str]:
        return find_gate_faults(hypothesis.model_copy(update=change), proposed.finding, objective, study)

    assert faults() == []
    assert "match no artifact" in faults(rationale="It is 7.77 times as high.")[0]
    turned = hypothesis.statement.replace("higher", "lower")
    assert faults(statement=turned) == ["the statement doesn't say what the table shows"]
    silent = hypothesis.statement.partition(" Caveat:")[0]
    assert "doesn't say that it may be circular" in faults(statement=silent)[0]
    down = proposed.finding.model_copy(update={"direction": "down"})
    assert "in the other direction" in find_gate_faults(hypothesis, down, objective, study)[0]


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("permuted", [1, 2])
def test_permuted_labels_give_no_strong_evidence(tmp_path: Path, jail: Sandbox, permuted: int) -> None:
    """Groups are permuted within sites before anything is split: no hypothesis about them may look good."""
    loop = Loop(tmp_path, jail, permuted, numeric=[])
    for number in range(3):
        hypothesis = loop.propose(number)
        if not hypothesis.target.endswith("~ arm"):
            continue
        _, evidence = loop.test(loop.build(hypothesis))
        assert evidence.effect is not None
        assert (evidence.effect.p_value or 0) > STRONG_P, hypothesis.statement
    significant = [made.significant for made in loop.world.ledger.facts(Explored).values()]
    assert sum(significant) <= 1
    loop.world.ledger.close()
