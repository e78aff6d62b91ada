from __future__ import annotations

import re
import shutil
import subprocess
from contextlib import closing
from pathlib import Path

import pytest
from typer.testing import CliRunner

from app.live.board import count_funnel, list_rows
from app.live.event_lines import describe_event
from app.main import app
from app.record.folders import explain_state, find_state, read_record
from app.record.summaries import summarize_run
from app.report import facts
from app.report.build import write_report
from memory.ledger.ledger import Ledger
from pelagos.nouns import Claim, Effect, Plan, Signature, Step, Verdict, VerdictKind
from tests.app.conftest import HOSTILE

CHROMIUM = shutil.which("chromium")


def test_what_models_write_is_text_and_never_markup(run_folder: Path) -> None:
    html = write_report(run_folder)[0].read_text()
    assert "<script" not in html
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in html
    assert "<img" not in html
    assert html.count("&lt;img src=http://example.org/x.png&gt;") == html.count("http://") > 5  # shown, never loaded


def test_every_effect_carries_its_experiments(run_folder: Path) -> None:
    html, markdown = (path.read_text() for path in write_report(run_folder))
    for id in ("exp0", "exp1", "base1"):
        assert id in html
    assert "Evidence: exp0" in markdown


def test_one_of_a_thing_is_not_said_in_the_plural(run_folder: Path) -> None:
    html, markdown = (path.read_text() for path in write_report(run_folder))
    assert ">1 experiment<" in html
    assert not re.search(r"\b1 (experiments|seeds|fresh seeds|tries|notes)\b", html + markdown)


def test_novelty_is_shown_with_what_it_rests_on(run_folder: Path) -> None:
    for page in (path.read_text() for path in write_report(run_folder)):
        assert "variation: x; judged by 7 papers" in page
        assert "2026-01-02" in page


def test_plans_show_who_scored_their_steps_and_why(run_folder: Path) -> None:
    with closing(Ledger.open(run_folder / "ledger.db")) as ledger:
        steps, reasons = [Step(text="First."), Step(text="Then.")], ["Fine.", HOSTILE]
        scores = {"step_scores": [0.9, 0.25], "score": 0.25, "verifier": "genprm:votes=2,checks=on"}
        plan = Plan(id="h1-p9", hypothesis="h1", steps=steps, step_reasons=reasons, **scores)
        ledger.append("plan", plan.id, plan.model_dump(mode="json"))
    html = write_report(run_folder)[0].read_text()
    assert "score 0.25 by genprm:votes=2,checks=on" in html
    assert "P(Yes) 0.25</span><details><summary>why</summary>" in html
    assert "<summary>why</summary>Fine." in html
    assert "<script" not in html


def test_headline_says_the_sealed_effect_not_the_selected_one(run_folder: Path) -> None:
    html = write_report(run_folder)[0].read_text()
    assert "“Smooth labels” holds on sealed data: effect +0.04 (interval +0.01 to +0.07) in accuracy" in html


def test_a_run_that_failed_says_so_once_and_shows_no_empty_figures(tmp_path: Path) -> None:
    folder = tmp_path / "runs" / "r"
    folder.mkdir(parents=True)
    with closing(Ledger.open(folder / "ledger.db")) as ledger:
        ledger.append("run.started", "run", {"task": "mine"})
        ledger.append("run.ended", "1", {"status": "failed", "exit_code": 5, "reason": "baseline: no file"})
    for page in (path.read_text() for path in write_report(folder)):
        assert "The run failed before anything was tested." in page
        assert page.count("baseline: no file") == 1
        assert "no seed gave a score" in page


def test_verdicts_and_the_funnel(run_folder: Path) -> None:
    passed = count_funnel(read_record(run_folder))
    assert (passed.proposed, passed.kept, passed.executed, passed.improved) == (2, 2, 2, 1)
    assert (passed.promising, passed.supported) == (1, 1)


def test_a_suspect_result_is_shown_with_its_evidence(run_folder: Path) -> None:
    add(
        run_folder,
        Verdict(
            id="later", hypothesis="h1", kind="undecided", reason="suspect: reads labels",
            effect=Effect(value=0.2, p_value=1.0, seeds=3, score=1.0, baseline_score=0.8),
            suspect=["train.py:3: reads labels"], evidence=["exp0"],
        ),
    )  # fmt: skip
    html, markdown = (path.read_text() for path in write_report(run_folder))
    assert "train.py:3: reads labels</li>" in html
    assert '<span class="verdict suspect"' in html
    assert "Suspect, counts for nothing: train.py:3: reads labels" in markdown
    assert count_funnel(read_record(run_folder)).improved == 0


def test_a_hypothesis_that_no_experiment_tested_shows_no_empty_evidence(run_folder: Path) -> None:
    third = read_record(run_folder).hypotheses["h1"].model_dump(mode="json") | {"id": "h3"}
    with closing(Ledger.open(run_folder / "ledger.db")) as ledger:
        ledger.append("hypothesis", "h3", third)
    died = Verdict(id="v3", hypothesis="h3", kind="undecided", reason="no version that runs")
    add(run_folder, died)
    html, markdown = (path.read_text() for path in write_report(run_folder))
    assert "no version that runs (0 seeds)" in html
    assert "Evidence: \n" not in markdown


def test_a_test_that_was_cut_short_is_not_told_as_a_claim_that_failed(run_folder: Path) -> None:
    verdict = read_record(run_folder).verdicts["h1"].model_copy(update={"id": "again", "kind": VerdictKind.PROMISING})
    add(run_folder, verdict)
    claim = {"id": "c3", "hypothesis": "h1", "version": "v1", "level": 0.05, "left": 0.05, "held": False}
    with closing(Ledger.open(run_folder / "ledger.db")) as ledger:
        event = ledger.append("claim", "c3", {**claim, "concluded": False, "reason": "cut short after 3 of 8 seeds"})
    html, markdown = (path.read_text() for path in write_report(run_folder))
    assert "its test on sealed data was cut short" in html
    assert "The claim was cut short at level 0.05" in html
    assert "the claim was cut short at level 0.05" in markdown
    assert "does not hold" not in html + markdown
    assert describe_event(read_record(run_folder), event) == "h1 Smooth labels: was cut short on sealed data, effect –"


def test_touches_of_the_seal_are_told_for_run_and_project(run_folder: Path) -> None:
    sealed = Claim(
        id="c2", hypothesis="h2", version="v2", level=0.025, left=0.03, held=False, reason="not shown", touches=40
    )
    with closing(Ledger.open(run_folder / "ledger.db")) as ledger:
        ledger.append("claim", "c2", sealed.model_dump(mode="json"))
    html, markdown = (path.read_text() for path in write_report(run_folder))
    assert 'all runs of the project</td><td class="num">40</td>' in html
    assert "in this run: 0, over all runs of the project: 40" in markdown
    assert 'error level left of these sealed data</td><td class="num">0.03</td>' in html
    assert "error level left of these sealed data: 0.03" in markdown


def add(folder: Path, noun: Verdict | Signature) -> None:
    with closing(Ledger.open(folder / "ledger.db")) as ledger:
        ledger.append(type(noun).__name__.lower(), noun.id, noun.model_dump(mode="json"))


def test_an_unfinished_run_has_a_report(tmp_path: Path) -> None:
    folder = tmp_path / "runs" / "young"
    Ledger.open(folder / "ledger.db").append("run.started", "run", {"task": "digits"})
    assert "Stopped before its end" in write_report(folder)[0].read_text()


def test_markdown_has_no_markup_of_models(run_folder: Path) -> None:
    """Indented lines are code blocks: diffs, shown as they are."""
    lines = write_report(run_folder)[1].read_text().splitlines()
    assert "<script" not in "\n".join(line for line in lines if not line.startswith("    ")).replace("\\<", "")


@pytest.mark.browser
@pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed")
@pytest.mark.parametrize("width", [390, 1200])
def test_it_renders_in_a_browser(run_folder: Path, tmp_path: Path, width: int) -> None:
    picture = tmp_path / "page.png"
    flags = "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking"
    more = f"--disable-component-update --disable-sync --user-data-dir={tmp_path / 'chrome'} --window-size={width},1600"
    page = f"file://{write_report(run_folder)[0]}"
    command = [str(CHROMIUM), *flags.split(), *more.split(), f"--screenshot={picture}", page]
    result = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert picture.stat().st_size > 10_000, result.stderr[-2000:]


def test_why_a_run_failed_is_readable_with_what_the_program_printed(run_folder: Path) -> None:
    printed = "usage: train.py [-h]\ntrain.py: error: <b>--seed</b> is missing\n```\n# not a heading"
    with closing(Ledger.open(run_folder / "ledger.db")) as ledger:
        why = f"baseline: 3 of 3 seeds failed; seed 1: exit code 2\n{printed}"
        ledger.append("run.ended", "9", {"status": "failed", "exit_code": 5, "reason": why})
    html, markdown = (path.read_text() for path in write_report(run_folder))
    assert '<p class="reason">baseline: 3 of 3 seeds failed; seed 1: exit code 2</p>' in html
    assert '<pre class="printed">usage: train.py [-h]\ntrain.py: error: &lt;b&gt;' in html
    page = "usage: train.py [-h]\ntrain.py: error: <b>--seed</b> is missing\n```\n# not a heading"
    assert f"````\n{page}\n````\n" in markdown


def test_a_crash_of_pelagos_says_why(run_folder: Path) -> None:
    with closing(Ledger.open(run_folder / "ledger.db")) as ledger:
        ledger.append("clock.intent", "9", {})
        ledger.append(
            "run.stopped",
            "1",
            {"status": "crashed", "reason": "AssertionError: enum (ideate.py:140), a fault in Pelagos itself"},
        )
    record = read_record(run_folder)
    assert find_state(run_folder, record)[0] == "crashed"
    assert summarize_run(run_folder)["reason"].startswith(
        "AssertionError: enum (ideate.py:140), a fault in Pelagos itself;"
    )
    for page in (path.read_text() for path in write_report(run_folder)):
        assert "AssertionError: enum" in page
    with closing(Ledger.open(run_folder / "ledger.db")) as ledger:
        ledger.append("clock.intent", "10", {})  # resumed
    record = read_record(run_folder)
    assert record.stopped is None
    assert "it was killed" in explain_state(record, find_state(run_folder, record)[0])


def test_of_a_long_run_the_best_and_the_newest_are_shown_whole(
    run_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page, _ = write_report(run_folder)
    assert page.read_text("utf-8").count("<article") == 2
    for best, newest, expected in ((1, 0, "h1"), (0, 1, "h2")):
        monkeypatch.setattr(facts, "BEST", best)
        monkeypatch.setattr(facts, "NEWEST", newest)
        text = write_report(run_folder)[0].read_text("utf-8")
        assert re.findall('<article id="([^"]+)"', text) == [expected]
        assert re.findall('href="#([^"]+)"', text) == [expected]
        assert "These are the 1 best and newest of 2" in text


def test_what_is_not_what_was_claimed_is_reported_by_what_was_done(run_folder: Path) -> None:
    with closing(Ledger.open(run_folder / "ledger.db")) as ledger:
        fidelity = {"id": "v1", "hypothesis": "h1", "description": "trains a quarter longer", "answer": "doesn't"}
        ledger.append("fidelity", "v1", {**fidelity, "evidence": ["nothing in the change is it"], "by": "marks"})
    record = read_record(run_folder)
    assert [row.title for row in list_rows(record)] == ["trains a quarter longer", HOSTILE]
    assert count_funnel(record).supported == 1  # a finding of its own
    html, markdown = (path.read_text() for path in write_report(run_folder))
    for page in (html, markdown):
        assert "trains a quarter longer" in page and "Is that what was done? no, by marks: nothing in the" in page
    assert "“trains a quarter longer” holds on sealed data" in html
    assert "“Smooth labels” holds" not in html


def test_what_it_did_stands_above_what_the_model_says(run_folder: Path) -> None:
    baseline = Signature(id="v0", amounts={"optimizer steps": 420}, names={"layers": ["torch.nn.ReLU"]})
    add(run_folder, baseline)
    add(run_folder, baseline.model_copy(update={"id": "v1", "amounts": {"optimizer steps": 525}}))
    add(run_folder, baseline.model_copy(update={"id": "v2", "names": {"layers": ["torch.nn.ReLU", "<b>x</b>"]}}))
    html, markdown = (path.read_text() for path in write_report(run_folder))
    for page in (html, markdown):
        assert 0 < page.index("optimizer steps 420") < page.index("Do it 0.")
    assert "new: &lt;b&gt;x&lt;/b&gt;" in html
    output = CliRunner().invoke(app, ["hypotheses", str(run_folder), "--show", "h1"]).output
    assert "not said: it trains 1.25 times as long as the baseline" in output
    assert output.index("optimizer steps 420 -> 525") < output.index("Do it 0.")
