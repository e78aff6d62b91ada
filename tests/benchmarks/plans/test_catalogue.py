from __future__ import annotations

import ast
from collections import Counter

import pytest

from benchmarks.plans.catalogue import FEWEST, MOST, NEUTRAL, TASKS, apply_edits, make_plans, make_variants, original

PLANS = make_plans()


def test_there_are_at_least_300_plans_over_three_tasks_and_no_two_are_the_same() -> None:
    assert len(PLANS) >= 300
    assert min(Counter(plan.task for plan in PLANS).values()) >= 100
    assert len({plan.id for plan in PLANS}) == len(PLANS)
    assert len({(plan.task, repr(sorted(plan.files.items()))) for plan in PLANS}) == len(PLANS)


def test_plans_of_one_task_differ_in_their_words_too() -> None:
    own = [(plan.task, tuple(step for step in plan.steps if step not in NEUTRAL)) for plan in PLANS]

    assert len(set(own)) == len(own)


@pytest.mark.parametrize("task", TASKS)
def test_every_variant_fits_the_program_and_parses(task: str) -> None:
    program = original(task)
    for variant in make_variants(task):
        changed = apply_edits(program.files, variant.edits)

        assert program.with_files(changed).differs(program), variant.family
        for text in changed.values():
            ast.parse(text)


def test_every_plan_parses_and_differs_from_the_original() -> None:
    for plan in PLANS:
        program = original(plan.task)

        assert program.with_files(plan.files).differs(program), plan.family
        assert set(plan.files) <= set(program.editable)
        for text in plan.files.values():
            ast.parse(text)


def test_no_placeholder_is_left() -> None:
    for plan in PLANS:
        assert not any("$" in text for text in (*plan.steps, *plan.files.values())), plan.family


def test_plans_have_two_to_five_steps_and_say_what_their_edits_are() -> None:
    for plan in PLANS:
        assert FEWEST <= len(plan.steps) <= MOST
        assert len(set(plan.steps)) == len(plan.steps)
        assert plan.steps[0] not in NEUTRAL


def test_the_same_seed_gives_the_same_plans_in_the_same_order() -> None:
    assert make_plans() == PLANS
    assert [plan.id for plan in make_plans(seed=18)] != [plan.id for plan in PLANS]


def test_any_beginning_holds_every_task() -> None:
    assert {plan.task for plan in PLANS[:20]} == set(TASKS)


def test_an_old_text_must_occur_exactly_once() -> None:
    files = {"a.py": "x = 1\ny = 1\n", "b.py": "z = 2\n"}

    assert apply_edits(files, [("z = 2", "z = 3")]) == {**files, "b.py": "z = 3\n"}
    for old in ("= 1", "w = 9"):
        with pytest.raises(ValueError, match="must occur once"):
            apply_edits(files, [(old, "")])
