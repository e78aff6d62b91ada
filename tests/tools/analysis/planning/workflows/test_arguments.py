from tests.tools.analysis.planning.examples import COLUMNS, COVARIATES, DESIGN, GROUP, OBJECTIVE, TEXT, make_tool
from tools.analysis.packs.spec import Parameter
from tools.analysis.planning.workflows.arguments import adjusts, drop_batch, fill_arguments

BATCH = Parameter("site", TEXT, "batch")
OUTCOME = OBJECTIVE.model_copy(update={"relation": "feature ~ numeric", "subject": "load"})


def test_the_design_says_group_levels_and_covariates() -> None:
    filled = fill_arguments(make_tool("model", *GROUP, COVARIATES), OBJECTIVE, DESIGN)
    assert filled == {"group": "arm", "case": "treated", "control": "plain", "covariates": ["age", "site"]}


def test_the_batch_is_no_covariate_where_it_has_a_place_of_its_own() -> None:
    filled = fill_arguments(make_tool("model", BATCH, COVARIATES), OBJECTIVE, DESIGN)
    assert filled == {"site": "site", "covariates": ["age"]}


def test_not_adjusted_leaves_covariates_out() -> None:
    assert fill_arguments(make_tool("model", *GROUP, COVARIATES), OBJECTIVE, DESIGN, adjusted=False) == {
        "group": "arm",
        "case": "treated",
        "control": "plain",
    }


def test_what_the_design_cant_say_makes_a_tool_unfit() -> None:
    assert fill_arguments(make_tool("model", Parameter("time", TEXT, "time")), OBJECTIVE, DESIGN) is None
    assert fill_arguments(make_tool("model", Parameter("words", TEXT)), OBJECTIVE, DESIGN) is None
    assert fill_arguments(make_tool("model", Parameter("how", {"enum": ["a", "b"]})), OBJECTIVE, DESIGN) == {"how": "a"}


def test_variables_of_a_table_are_told_by_their_names() -> None:
    covariates = Parameter("covariates", COLUMNS, "variable", (), required=False)
    predictors = Parameter("predictors", COLUMNS, "variable", (), required=False)
    tool = make_tool("association", Parameter("outcome", TEXT, "variable"), predictors, covariates)
    assert fill_arguments(tool, OUTCOME, DESIGN) == {"outcome": "load", "covariates": ["age", "site"]}
    assert adjusts(tool, DESIGN)
    assert fill_arguments(make_tool("curve", Parameter("predictor", TEXT, "variable")), OUTCOME, DESIGN) is None


def test_pairs_need_no_covariates() -> None:
    tool = make_tool("paired", *GROUP, Parameter("subject", TEXT, "subject"))
    assert adjusts(tool, DESIGN, paired=True) and not adjusts(tool, DESIGN, paired=False)


def test_within_one_batch_the_batch_is_in_no_call() -> None:
    specs = {"model": make_tool("model", *GROUP, COVARIATES), "correct": make_tool("correct", BATCH)}
    call = {"tool": "model", "arguments": {"group": "arm", "covariates": ["age", "site"]}}
    assert drop_batch([call], specs, "site") == [
        {"tool": "model", "arguments": {"group": "arm", "covariates": ["age"]}}
    ]
    assert drop_batch([{"tool": "correct", "arguments": {"site": "site"}}], specs, "site") is None
