from tests.tools.analysis.planning.examples import make_implication
from tools.analysis.findings import Subset
from tools.analysis.trials.experiment import group


def test_tests_on_the_same_samples_are_carried_out_together_the_required_one_first() -> None:
    further = make_implication(required=False, call={"tool": "other", "arguments": {}})
    within = make_implication(required=False, subset=Subset(column="site", level="north"))
    batches = list(group([further, within, make_implication()]))
    assert [len(batch.tests) for batch in batches] == [2, 1]
    assert [call["tool"] for call in batches[0].test_calls] == ["model", "other"]


def test_one_call_serves_several_tests() -> None:
    other = make_implication(entity="P2", required=False)
    (batch,) = group([make_implication(), other])
    assert len(batch.test_calls) == 1
