"""Forms of the page: what each records, what is refused, and what the second of two reviewers is told."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from agents.launch import drive
from app.record import folders
from app.review.acts import operations
from app.review.acts.audit_log import list_entries
from memory.files.run_lock import hold_controller
from tests.agents.review.test_review import launch
from tests.app.review.form_browser import ORIGIN, Browser, make_page

RUN, H1 = "/runs/r", "/runs/r/hypotheses/h1"


@pytest.fixture(scope="module")
def waiting(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with a run in which h1 and h2 wait for a review."""
    project = tmp_path_factory.mktemp("project")
    run, assembly = launch(project, lanes=2, hypotheses=2)
    drive(run, assembly=assembly)
    return project


@pytest.fixture
def project(waiting: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(waiting, tmp_path / "project"))


@pytest.fixture
def browser(project: Path) -> Browser:
    return Browser(make_page(project))


def read(project: Path) -> Any:
    return folders.read_record(project / "runs" / "r")


def test_a_decision_carries_what_was_seen_and_sends_back_to_its_page(project: Path, browser: Browser) -> None:
    page = browser.get(H1)
    assert page.text.count('/decide"') == 1
    answer = browser.post(f"{H1}/decide", decision="reject", note="too dear", by="Ann", **browser.hidden(H1))
    assert (answer.status_code, answer.headers["location"]) == (303, H1)
    record = read(project)
    decision = record.decisions[record.review_requests["h1"]]
    assert (decision.decision, decision.note, decision.by) == ("reject", "too dear", "Ann")
    assert "Ann decided <b>reject</b>: too dear" in browser.get(H1).text


def test_of_two_reviewers_the_second_is_told_what_the_first_decided(project: Path, browser: Browser) -> None:
    other, seen = Browser(make_page(project)), browser.hidden(H1)
    assert browser.post(f"{H1}/decide", decision="accept", by="Ann", note="go <b>", **seen).status_code == 303
    late = other.post(f"{H1}/decide", decision="reject", by="Bob", **seen)
    assert late.status_code == 409
    assert "h1: Ann decided accept: go &lt;b&gt; meanwhile" in late.text
    assert "Nothing was recorded" in late.text
    assert len(read(project).decisions) == 1
    assert other.post(f"{H1}/decide", decision="reject", by="Bob", **other.hidden(H1)).status_code == 303
    assert [(entry.by, entry.what) for entry in list_entries(project / "runs" / "r")] == [
        ("Ann", "accept"),
        ("Bob", "reject"),
    ]


def test_a_decision_on_another_state_is_stale(browser: Browser) -> None:
    seen = browser.hidden(H1) | {"seen": "0" * 64}
    answer = browser.post(f"{H1}/decide", decision="accept", **seen)
    assert answer.status_code == 409
    assert "is not what you saw" in answer.text


@pytest.mark.parametrize(
    ("path", "fields", "status", "message"),
    [
        ("/runs/nowhere/steer", {"text": "x"}, 400, "no run of that name"),
        (
            f"{RUN}/hypotheses/h9/decide",
            {"decision": "accept", "seen": "1"},
            400,
            "hypothesis &#39;h9&#39;: not in this",
        ),
        (f"{H1}/decide", {"decision": "accept"}, 400, "the form lacks &#39;seen&#39;"),
        (f"{H1}/decide", {"decision": "<b>"}, 400, "say accept, reject or revise"),
        (f"{H1}/decide", {"decision": "implements"}, 400, "no version of it was built"),
        (f"{RUN}/evidence", {"hypothesis": "h1", "seen": "1"}, 400, "is not judged yet"),
        (f"{RUN}/pause", {}, 400, "no process drives it, so there is nothing to pause"),
        (f"{RUN}/stop", {}, 400, "no process drives it, so there is nothing to stop"),
        (f"{RUN}/explode", {}, 400, "no such action"),
        (f"{RUN}/propose", {"title": "x"}, 400, "--title: 1 characters"),
        (f"{RUN}/steer", {"text": "x" * 2001}, 400, "2001 characters are too long"),
        ("/runs", {}, 400, "task: name a shipped task"),
        ("/runs", {"task": "nonsense"}, 400, "nonsense"),
        ("/runs", {"task": "digits", "hours": "soon"}, 400, "hours: &#39;soon&#39;: give a number"),
        ("/runs", {"task": "digits", "review": "maybe"}, 400, "review: maybe: one of off, async, gate"),
    ],
)
def test_what_can_not_be_done_is_said_on_a_page(
    browser: Browser, path: str, fields: dict[str, str], status: int, message: str
) -> None:
    answer = browser.post(path, **fields)
    assert (answer.status_code, message in answer.text) == (status, True), answer.text
    assert "<h1>" in answer.text


def test_an_unknown_page_and_an_unknown_run_are_said(browser: Browser) -> None:
    assert browser.get("/nowhere").status_code == 404
    assert browser.get("/runs/nowhere").status_code == 404
    assert "no run of that name" in browser.get("/runs/nowhere").text


def test_htmx_gets_the_sentence_alone(browser: Browser) -> None:
    browser.client.headers["HX-Request"] = "true"
    answer = browser.post(f"{RUN}/steer", text="prefer small changes")
    assert answer.text.startswith('<div class="message good" role="status">')
    bad = browser.post(f"{RUN}/pause")
    assert bad.text.startswith('<div class="message bad" role="alert">')


def test_a_form_leads_back_to_the_page_that_it_stands_on_and_to_no_other_site(browser: Browser) -> None:
    for referer, back in [
        (f"{ORIGIN}/runs/r/hypotheses?sort=effect", "/runs/r/hypotheses?sort=effect"),
        ("http://evil.example/runs/r", RUN),
        (f"{ORIGIN}//evil.example", RUN),
    ]:
        browser.client.headers["Referer"] = referer
        assert browser.post(f"{RUN}/steer", text=referer).headers["location"] == back


def test_a_wish_and_a_proposal_are_shown_and_in_the_audit_log(project: Path, browser: Browser) -> None:
    browser.post(f"{RUN}/steer", text="prefer <b>small</b> changes", by="Ann")
    words = {"title": "A cube of c", "statement": "Replace c by its cube."}
    assert browser.post(f"{RUN}/propose", **words, target="q").status_code == 400
    assert browser.post(f"{RUN}/propose", **words, target="c", by="Bob").status_code == 303
    page = browser.get(RUN).text
    assert "(1 for the next free lane)" in page
    assert "prefer &lt;b&gt;small&lt;/b&gt; changes" in page
    assert [(entry.by, entry.what, entry.result) for entry in list_entries(project / "runs" / "r")] == [
        ("Ann", "wish", ""),
        ("Bob", "proposal", ""),
    ]


def test_a_run_that_is_driven_is_paused_and_goes_on(project: Path, browser: Browser) -> None:
    with hold_controller(project / "runs" / "r"):
        assert browser.post(f"{RUN}/resume").status_code == 400
        assert browser.post(f"{RUN}/pause", by="Ann").status_code == 303
        assert "Paused by Ann" in browser.get(RUN).text
        assert "pause was asked for already" in browser.post(f"{RUN}/pause").text
        assert browser.post(f"{RUN}/resume", by="Ann").status_code == 303
        assert browser.post(f"{RUN}/stop", by="Ann").status_code == 303
    assert [entry.what for entry in list_entries(project / "runs" / "r")] == ["pause", "go on", "stop"]


def test_a_run_that_nobody_drives_is_driven_in_the_background(
    project: Path, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[tuple[Path, Path]] = []

    def start(folder: Path, where: Path) -> Any:
        started.append((folder, where))
        return type("Child", (), {"pid": 7})

    monkeypatch.setattr(operations, "start_detached", start)
    assert browser.post(f"{RUN}/resume").status_code == 303
    assert started == [(project / "runs" / "r", project)]


def test_where_several_use_the_page_each_gives_a_name_once(project: Path) -> None:
    browser = Browser(make_page(project, password="secret"))
    assert 'name="by"' in browser.get(H1).text
    assert browser.post(f"{RUN}/steer", text="nobody's").status_code == 303
    assert browser.post(f"{RUN}/steer", text="hers", by="Zoë <b>").status_code == 303
    assert 'value="Zoë &lt;b&gt;"' in browser.get(H1).text
    assert [entry.by for entry in list_entries(project / "runs" / "r")] == ["", "Zoë <b>"]


def test_alone_nobody_is_asked_for_a_name(project: Path, browser: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOGNAME", "ann")
    assert 'name="by"' not in browser.get(H1).text
    browser.post(f"{RUN}/steer", text="mine")
    assert [entry.by for entry in list_entries(project / "runs" / "r")] == ["ann"]


def test_a_page_of_some_runs_starts_none(project: Path) -> None:
    browser = Browser(make_page(project, runs=[project / "runs" / "r"]))
    assert "this page shows some runs only" in browser.post("/runs", task="digits").text


def test_the_form_of_a_new_run_names_the_shipped_tasks(browser: Browser) -> None:
    assert "<option>digits</option>" in browser.get("/start").text
