import pytest

from tests.tools.analysis.planning.examples import DESIGN, OBJECTIVE, make_row
from tools.analysis.packs.spec import Relation
from tools.analysis.planning.hypotheses.statements import (
    TITLES,
    describe_check,
    write_context,
    write_statement,
    write_title,
)


@pytest.mark.parametrize("relation", [each for each in Relation if each is not Relation.CLUSTER_GROUP])
@pytest.mark.parametrize("direction", ["up", "down"])
def test_every_relation_that_gives_hypotheses_is_said_in_words(relation: Relation, direction: str) -> None:
    objective = OBJECTIVE.model_copy(update={"relation": relation.value})
    title = write_title(make_row(), "it", direction, objective, DESIGN)
    assert "{" not in title and "it" in title and "None" not in title
    assert set(TITLES) == set(Relation) - {Relation.CLUSTER_GROUP}


def test_the_two_directions_are_told_apart() -> None:
    up, down = (write_title(make_row(), "x", direction, OBJECTIVE, DESIGN) for direction in ("up", "down"))
    assert (up, down) == ("x is higher in treated than in plain", "x is lower in treated than in plain")


def test_a_level_that_is_a_number_is_said_with_its_group() -> None:
    design = DESIGN.model_copy(update={"case": "1", "control": "0"})
    assert write_title(make_row(), "x", "up", OBJECTIVE, design) == "x is higher in arm = 1 than in arm = 0"
    assert write_context(OBJECTIVE, design, []) == "arm = 1 against arm = 0, unadjusted"


def test_a_statement_says_numbers_likes_and_caveats() -> None:
    text = write_statement("X is higher", make_row(), "unadjusted", ["Y", "Z"], ["it may be circular"])
    assert text == (
        "X is higher, unadjusted: partial correlation 0.60 (95 % interval 0.40 to 0.80), effect 1.2, p = 0.001, "
        "q = 0.01, on 50 samples. Nearly the same members have Y and Z. Caveat: it may be circular."
    )


def test_a_check_says_its_numbers_and_what_it_follows() -> None:
    row = make_row("PC1 ~ site", r=0.9, p=0.01).model_copy(
        update={"extra": {"unit": "share", "follows": "site", "f": 3.0}}
    )
    assert describe_check(row) == "share 1.80, p = 0.01, follows site"


def test_slopes_and_mediated_effects_name_all_their_columns() -> None:
    slope = OBJECTIVE.model_copy(update={"relation": "slope ~ group", "column": "score"})
    assert write_title(make_row(), "dose", "down", slope, DESIGN) == (
        "The slope of score on dose is lower in treated than in plain"
    )
    chain = OBJECTIVE.model_copy(update={"relation": "mediated ~ mediator", "chain": ("dose", "level", "score")})
    assert write_title(make_row(), "mediated effect", "up", chain, DESIGN) == (
        "A positive part of the association of dose with score goes through level"
    )
