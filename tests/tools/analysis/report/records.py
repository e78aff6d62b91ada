"""A record of an analysis for tests that run nothing: one objective, three hypotheses, hostile names."""

from __future__ import annotations

from typing import Any

from pelagos.nouns import Claim, Hypothesis, Verdict, VerdictKind
from tests.tools.analysis.planning.examples import OBJECTIVE, make_finding, make_implication, make_row
from tools.analysis.execution.analysis import Row
from tools.analysis.findings import Finding, Implication
from tools.analysis.planning.records import CallsRun, Dropped, Explored, Ranking, Revision
from tools.analysis.report.record import AnalysisRecord, Look, Tested
from tools.analysis.trials.audit.audit import Audited
from tools.analysis.trials.audit.scores import Scores
from tools.analysis.trials.results import TestResult, make_result

HOSTILE = "<script>alert(1)</script>\n![x](http://example.org/x.png) \"\"\"\n'''\nimport os  # | ` \\"
LEFT_OUT: Any = {"by": "rule", "rule": "a covariate less", "options": ["a covariate less", "as planned"]}
LINE = "pack.model(group='arm', case='treated') [statsmodels 0.15.0, numpy 2.4.6]"


def make_hypothesis(id: str, title: str) -> Hypothesis:
    return Hypothesis(id=id, title=title, statement=f"{title}, said.", rationale="", refuted_by="r <= 0", target="t")


def make_test(entity: str, r: float, p: float, **fields: Any) -> TestResult:
    implication: Implication = make_implication(entity=entity, **fields)
    return make_result(implication, make_row(entity, r, p), "", "run")


def make_tested(id: str, kind: str = "promising", p: float = 0.01, title: str = "", **fields: Any) -> Tested:
    finding: Finding = make_finding(make_row(id.upper()))
    verdict = Verdict(id=f"{id}-v", hypothesis=id, kind=VerdictKind(kind), reason=f"why {id}")
    made: dict[str, Any] = {"results": {"validation": [make_test(id.upper(), 0.5, p)]}, "verdict": verdict}
    return Tested(make_hypothesis(id, title or f"{id} is higher"), finding, **{**made, **fields})


def make_claim(id: str, held: bool = True) -> Claim:
    reason = "better on sealed data" if held else "no better on sealed data"
    return Claim(id=f"{id}-c", hypothesis=id, version="v", level=0.05, left=0.05, held=held, reason=reason)


def make_audit(**fields: Any) -> Audited:
    scores = Scores(reliability=5, coherence=4, literature=None, novelty=3, evaluability=5)
    return Audited(hypothesis="a", permutations=5, as_extreme=1, small=0.0625, scores=scores, **fields)


def make_explored(**fields: Any) -> Explored:
    finding: Finding = make_finding()
    made: dict[str, Any] = {
        "objective": OBJECTIVE, "calls": finding.calls, "table": "t1", "entities": 40, "significant": 2,
        "findings": [finding], "dropped": [Dropped(entity="P9", reason="follows the site")],
    }  # fmt: skip
    return Explored(**{**made, **fields})


def make_run(**fields: Any) -> CallsRun:
    calls = make_finding().calls
    made: dict[str, Any] = {
        "calls": calls, "data": "discovery", "outcome": "ok", "tables": {0: "t1"}, "figures": {0: "f" * 64},
        "provenance": [LINE], "states": ["log2"], "summary": {"samples": 40, "features": 30, "missing": 0.25},
    }  # fmt: skip
    return CallsRun(**{**made, **fields})


def make_record(**fields: Any) -> AnalysisRecord:
    calls = make_finding().calls
    rows: list[Row] = [make_row(), make_row("P2", -0.3, 0.2, q=0.4)]
    sealed = {"validation": [make_test("A", 0.5, 0.01)], "sealed": [make_test("A", 0.6, 0.04)]}
    made: dict[str, Any] = {
        "explored": [make_explored()],
        "tested": [
            make_tested("a", results=sealed, claim=make_claim("a"), audit=make_audit()),
            make_tested("b"),
            make_tested("c", "refuted", 0.8),
        ],
        "runs": [make_run(), make_run(permuted="arm within site, seed 11", tables={0: "t2"})],
        "rankings": {OBJECTIVE.id: Ranking(workflows=[calls, [{"tool": "t_test", "arguments": {}}]], order=[1, 0])},
        "revisions": [
            Revision(objective=OBJECTIVE.id, before=calls, after=calls, reason="age is left out", **LEFT_OUT)
        ],
        "looks": {"discovery": Look(samples=40, features=30, missing=0.25, states=["log2"])},
        "tables": {"t1": rows},
    }
    return AnalysisRecord(**{**made, **fields})
