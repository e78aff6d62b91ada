from __future__ import annotations

from dataclasses import replace

import pytest

from benchmarks.replies import __main__ as page
from benchmarks.replies import corpus, judge
from pelagos.errors import BadInput

SHARE = 0.93  # of the refused replies that hold something right; see the table in docs/benchmarks.md


def test_no_reply_of_the_corpus_is_taken_wrongly_and_as_many_as_recorded_are_taken() -> None:
    found = judge.verdicts(corpus.load())
    assert [one.case.id for one in found if one.after == "wrong"] == []
    controls = [one for one in found if one.case.cause == corpus.TAKEN]
    assert controls
    assert {one.after for one in controls} == {"right"}
    refused = [one for one in found if one.case.cause != corpus.TAKEN and "take" in one.case.expected]
    assert sum(one.after == "right" for one in refused) >= SHARE * len(refused)


def test_every_reply_has_its_own_id() -> None:
    cases = corpus.load()
    assert len({case.id for case in cases}) == len(cases)
    assert all(case.id == corpus.identity(case.task, case.target, case.reply) for case in cases)


def test_a_task_whose_files_changed_is_refused() -> None:
    case = next(case for case in corpus.load() if case.expected)
    with pytest.raises(BadInput, match="changed since"):
        judge.verdicts([replace(case, files={**case.files, "train.py": "0" * 64})])


TAKE = {"take": {"train.py": "def f(x):\n    return x"}}
FOUND = {"take": {"train.py": 'def f( x ):\n    """Doc."""\n    return x'}, "fault": ""}


@pytest.mark.parametrize(
    ("expected", "found", "verdict"),
    [
        (TAKE, FOUND, "right"),
        (TAKE, {**FOUND, "fault": "lost"}, "missed"),
        ({**TAKE, "faulty": True}, {**FOUND, "fault": "lost"}, "right"),
        (TAKE, {"refuse": "syntax", "said": ""}, "missed"),
        (TAKE, {"take": {"train.py": "def f(x):\n    return 2 * x"}, "fault": ""}, "wrong"),
        (TAKE, {"take": {"model.py": "def f(x):\n    return x"}, "fault": ""}, "wrong"),
        ({"refuse": "any"}, {"refuse": "syntax", "said": ""}, "refused"),
        ({"refuse": "any"}, FOUND, "wrong"),
    ],
)
def test_judged(expected: dict[str, object], found: dict[str, object], verdict: str) -> None:
    assert judge.judged(expected, found) == verdict


def test_the_page_has_a_line_for_each_cause(capsys: pytest.CaptureFixture[str]) -> None:
    page.main([])
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("| cause before | replies |")
    assert lines[-1].startswith("| all | ")
