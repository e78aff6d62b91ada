from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from tests.tools.analysis.planning.examples import OBJECTIVE, make_finding, make_row
from tools.analysis.findings import Finding
from tools.analysis.planning.proposals import choose_family, list_left
from tools.analysis.planning.records import FAMILIES, Explored, Objective


def make_objective(family: str) -> Objective:
    return OBJECTIVE.model_copy(update={"id": f"{family} ~ arm", "family": family})


def make_findings(objective: Objective, count: int) -> list[Finding]:
    return [
        make_finding(make_row(f"{objective.family}{number}"), objective=objective.id, id=f"{objective.id}/{number}")
        for number in range(count)
    ]


def test_eight_hypotheses_cover_features_and_sets() -> None:
    objectives = [make_objective(family) for family in FAMILIES]
    explored = {each.id: Explored(objective=each, findings=make_findings(each, 5)) for each in objectives}
    proposed: list[Finding] = []
    for _ in range(8):
        left = {id: list_left(made, proposed) for id, made in explored.items()}
        family = choose_family(objectives, explored, left, proposed)
        proposed.append(left[f"{family} ~ arm"][0])
    counts = Counter(finding.objective for finding in proposed)
    assert counts == {"features ~ arm": 3, "sets ~ arm": 3, "outcomes ~ arm": 1, "others ~ arm": 1}


@given(st.dictionaries(st.sampled_from(FAMILIES), st.integers(0, 5), min_size=1))
def test_every_finding_is_proposed_once_and_then_nothing_is_left(sizes: dict[str, int]) -> None:
    objectives = [make_objective(family) for family in sizes]
    explored = {
        each.id: Explored(objective=each, findings=make_findings(each, sizes[each.family])) for each in objectives
    }
    proposed: list[Finding] = []
    while True:
        left = {id: list_left(made, proposed) for id, made in explored.items()}
        family = choose_family(objectives, explored, left, proposed)
        if family is None:
            break
        proposed.append(left[f"{family} ~ arm"][0])
    assert len({finding.id for finding in proposed}) == len(proposed) == sum(sizes.values())


def test_a_finding_is_not_proposed_again_by_another_objective_on_the_same_subject() -> None:
    first, second = make_objective("features"), make_objective("sets")
    row = make_row("P1")
    said = make_finding(row, objective=first.id)
    explored = Explored(objective=second, findings=[make_finding(row, objective=second.id)])
    assert list_left(explored, [said]) == []
    assert list_left(explored, [said.model_copy(update={"direction": "down"})]) == explored.findings
