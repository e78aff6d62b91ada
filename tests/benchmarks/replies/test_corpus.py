from __future__ import annotations

from dataclasses import replace

import pytest

from benchmarks.replies import __main__ as page
from benchmarks.replies import corpus, judge
from pelagos.errors import BadInput

SHARE = 0.93  # of the refused replies that hold something right; see the table in docs/benchmarks.md


def test_no_refused_reply_of_the_corpus_is_taken_wrongly_and_as_many_as_recorded_are_taken() -> None:
    found = judge.judge_cases([case for case in corpus.load() if case.cause != corpus.TAKEN])
    assert [verdict.case.id for verdict in found if verdict.after == "wrong"] == []
    refused = [verdict for verdict in found if "take" in verdict.case.expected]
    assert sum(verdict.after == "right" for verdict in refused) >= SHARE * len(refused)


@pytest.mark.parametrize("part", [0, *(pytest.param(part, marks=pytest.mark.slow) for part in range(1, 4))])
def test_what_was_taken_is_taken_as_before(part: int) -> None:
    found = judge.judge_cases([case for case in corpus.load() if case.cause == corpus.TAKEN][part::4])
    assert len(found) > 40
    assert [verdict.case.id for verdict in found if verdict.after != "right"] == []


def test_every_reply_has_its_own_id() -> None:
    cases = corpus.load()
    assert len({case.id for case in cases}) == len(cases)
    assert all(case.id == corpus.make_id(case.task, case.target, case.reply) for case in cases)


def test_a_task_whose_files_changed_is_refused() -> None:
    case = next(case for case in corpus.load() if case.expected)
    with pytest.raises(BadInput, match="changed since"):
        judge.judge_cases([replace(case, files={**case.files, "train.py": "0" * 64})])


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
    assert judge.judge_reply(expected, found) == verdict


def test_the_page_has_a_line_for_each_cause(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    cases = corpus.load()[::20]
    monkeypatch.setattr(corpus, "load", lambda: cases)
    page.main([])
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("| cause before | replies |")
    causes = {case.cause for case in cases if case.expected}
    assert len(causes) > 2
    assert {line.split(" | ")[0].removeprefix("| ") for line in lines[2:-1]} == causes
    assert lines[-1].startswith("| all | ")
