from tests.tools.analysis.planning.examples import DESIGN, OBJECTIVE, list_tools
from tools.analysis.planning.records import CallsRun
from tools.analysis.planning.refinement import repair_calls
from tools.analysis.planning.workflows.search import Search

SEARCH = Search(list_tools(), OBJECTIVE, DESIGN, frozenset({"log2"}), missing=True)


def fail(cause: str, *tools: str, covariates: tuple[str, ...] = ("age", "site")) -> CallsRun:
    calls = [{"tool": name, "arguments": {}} for name in tools]
    if tools[-1] == "model":
        calls[-1]["arguments"] = {"group": "arm", "covariates": list(covariates)}
    return CallsRun(calls=calls, outcome="invalid", cause=cause, failed_call=len(calls) - 1)


def test_missing_values_are_filled_in_before_the_call_that_refuses_them() -> None:
    mended, reason = repair_calls(fail("the data have missing values", "embed"), SEARCH)
    assert [call["tool"] for call in mended] == ["impute", "embed"]
    assert "missing values are filled in" in reason


def test_a_covariate_that_cant_be_told_apart_is_left_out_and_the_batch_stays() -> None:
    mended, reason = repair_calls(fail("the design is rank-deficient", "model"), SEARCH)
    assert mended[-1]["arguments"]["covariates"] == ["site"]
    assert "age" in reason


def test_a_choice_that_fails_is_left_out() -> None:
    run = fail("no", "normalise", "filter")
    mended, reason = repair_calls(run, SEARCH)
    assert [call["tool"] for call in mended] == ["normalise"]
    assert reason.endswith("it is left out")


def test_a_needed_call_that_fails_for_an_unknown_reason_is_not_mended() -> None:
    assert repair_calls(fail("no", "model", covariates=("site",)), SEARCH) == ([], "model failed: no")
