from pelagos.nouns import Hypothesis
from tests.tools.analysis.planning.examples import make_finding, make_implication, make_row
from tools.analysis.trials.audit.scores import score_hypothesis
from tools.analysis.trials.results import make_result

FINDING = make_finding(implications=[make_implication()])
HYPOTHESIS = Hypothesis(
    id="h1", title="t", statement=FINDING.statement, rationale="", refuted_by="no association", target="feature ~ arm"
)


def test_reliability_climbs_with_what_holds() -> None:
    held = [make_result(make_implication(), make_row(), "", "")]
    failed = [make_result(make_implication(), make_row(p=0.9), "", "")]
    assert score_hypothesis(HYPOTHESIS, FINDING, [], held, "").reliability == 5
    assert score_hypothesis(HYPOTHESIS, FINDING, [], failed, "").reliability == 3
    assert score_hypothesis(HYPOTHESIS, make_finding(make_row(q=0.5)), [], failed, "").reliability == 2
    assert score_hypothesis(HYPOTHESIS, FINDING, ["a fault"], held, "").reliability == 1


def test_what_is_known_aligns_and_is_not_new() -> None:
    scores = score_hypothesis(HYPOTHESIS, FINDING, [], [], "known")
    assert (scores.literature, scores.novelty) == (5, 1)
    assert score_hypothesis(HYPOTHESIS, FINDING, [], [], "unknown").literature is None


def test_a_causal_word_without_a_hedge_is_incoherent() -> None:
    bold = HYPOTHESIS.model_copy(update={"rationale": "P1 causes it."})
    careful = HYPOTHESIS.model_copy(update={"rationale": "P1 may cause it."})
    assert score_hypothesis(bold, FINDING, [], [], "").coherence == 3
    assert score_hypothesis(careful, FINDING, [], [], "").coherence == 5


def test_evaluability_counts_what_is_named() -> None:
    assert score_hypothesis(HYPOTHESIS, FINDING, [], [], "").evaluability == 5
    vague = HYPOTHESIS.model_copy(update={"statement": "Something is different."})
    assert score_hypothesis(vague, FINDING, [], [], "").evaluability == 2
