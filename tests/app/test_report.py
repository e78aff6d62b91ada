from __future__ import annotations

import re
import shutil
import subprocess
from contextlib import closing
from pathlib import Path

import pytest

from app.board import funnel
from app.folders import read, reason, standing
from app.report import facts
from app.report.build import write
from app.summaries import summary
from memory.ledger import Ledger
from pelagos.nouns import Verdict

CHROMIUM = shutil.which("chromium")


def test_what_models_write_is_text_and_never_markup(run_folder: Path) -> None:
    html = write(run_folder)[0].read_text()
    assert "<script" not in html
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in html
    assert "<img" not in html
    assert html.count("http://") == html.count("http://example.org/x.png")


def test_every_effect_carries_its_experiments(run_folder: Path) -> None:
    html, markdown = (path.read_text() for path in write(run_folder))
    for id in ("exp0", "exp1", "base1"):
        assert id in html
    assert "Evidence: exp0" in markdown


def test_novelty_is_shown_with_what_it_rests_on(run_folder: Path) -> None:
    for shown in (path.read_text() for path in write(run_folder)):
        assert "variation: x; judged by 7 papers" in shown
        assert "2026-01-02" in shown


def test_headline_says_the_confirmed_effect_not_the_selected_one(run_folder: Path) -> None:
    html = write(run_folder)[0].read_text()
    assert "“Smooth labels” improves accuracy by 0.04 (interval +0.01 to +0.07) on sealed data" in html


def test_a_run_that_failed_says_so_once_and_shows_no_empty_figures(tmp_path: Path) -> None:
    folder = tmp_path / "runs" / "r"
    folder.mkdir(parents=True)
    with closing(Ledger.open(folder / "ledger.db")) as ledger:
        ledger.append("run.started", "run", {"task": "mine"})
        ledger.append("run.ended", "1", {"status": "failed", "exit_code": 5, "reason": "baseline: no file"})
    for shown in (path.read_text() for path in write(folder)):
        assert "The run failed before anything was tested." in shown
        assert shown.count("baseline: no file") == 1
        assert "no seed gave a score" in shown


def test_verdicts_and_the_funnel(run_folder: Path) -> None:
    passed = funnel(read(run_folder))
    assert (passed.proposed, passed.kept, passed.executed, passed.improved) == (2, 2, 2, 1)
    assert (passed.supported, passed.confirmed) == (1, 1)


def test_a_suspect_result_is_shown_with_its_evidence(run_folder: Path) -> None:
    add(
        run_folder,
        Verdict(
            id="later", hypothesis="h1", kind="undecided", effect=0.2, e_value=0.0, seeds=3, reason="suspect: reads labels",
            suspect=["train.py:3: reads labels"], evidence=["exp0"], score=1.0, baseline_score=0.8,
        ),
    )  # fmt: skip
    html, markdown = (path.read_text() for path in write(run_folder))
    assert "train.py:3: reads labels</li>" in html
    assert '<span class="verdict suspect"' in html
    assert "Suspect, counts for nothing: train.py:3: reads labels" in markdown
    assert funnel(read(run_folder)).improved == 0


def test_a_hypothesis_that_no_experiment_tested_shows_no_empty_evidence(run_folder: Path) -> None:
    third = read(run_folder).hypotheses["h1"].model_dump(mode="json") | {"id": "h3"}
    with closing(Ledger.open(run_folder / "ledger.db")) as ledger:
        ledger.append("hypothesis", "h3", third)
    died = Verdict(id="v3", hypothesis="h3", kind="undecided", e_value=0.0, seeds=0, reason="no version that runs")
    add(run_folder, died)
    html, markdown = (path.read_text() for path in write(run_folder))
    assert "no version that runs (0 seeds)" in html
    assert "Evidence: \n" not in markdown


def test_touches_of_the_seal_are_told_for_run_and_project(run_folder: Path) -> None:
    sealed = {"hypothesis": "h2", "confirmed": False, "effect": 0.0, "touches": 40, "evidence": []}
    with closing(Ledger.open(run_folder / "ledger.db")) as ledger:
        ledger.append("confirmed", "h2", sealed)
    html, markdown = (path.read_text() for path in write(run_folder))
    assert 'all runs of the project</td><td class="num">40</td>' in html
    assert "in this run: 0, over all runs of the project: 40" in markdown


def add(folder: Path, noun: Verdict) -> None:
    with closing(Ledger.open(folder / "ledger.db")) as ledger:
        ledger.append("verdict", noun.id, noun.model_dump(mode="json"))


def test_an_unfinished_run_has_a_report(tmp_path: Path) -> None:
    folder = tmp_path / "runs" / "young"
    Ledger.open(folder / "ledger.db").append("run.started", "run", {"task": "digits"})
    assert "Stopped before its end" in write(folder)[0].read_text()


def test_markdown_has_no_markup_of_models(run_folder: Path) -> None:
    """Indented lines are code blocks: diffs, shown as they are."""
    lines = write(run_folder)[1].read_text().splitlines()
    assert "<script" not in "\n".join(line for line in lines if not line.startswith("    ")).replace("\\<", "")


@pytest.mark.browser
@pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed")
@pytest.mark.parametrize("width", [390, 1200])
def test_it_renders_in_a_browser(run_folder: Path, tmp_path: Path, width: int) -> None:
    picture = tmp_path / "page.png"
    flags = "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking"
    more = f"--disable-component-update --disable-sync --user-data-dir={tmp_path / 'chrome'} --window-size={width},1600"
    page = f"file://{write(run_folder)[0]}"
    command = [str(CHROMIUM), *flags.split(), *more.split(), f"--screenshot={picture}", page]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert picture.stat().st_size > 10_000, done.stderr[-2000:]


def test_why_a_run_failed_is_readable_with_what_the_program_printed(run_folder: Path) -> None:
    printed = "usage: train.py [-h]\ntrain.py: error: <b>--seed</b> is missing\n```\n# not a heading"
    with closing(Ledger.open(run_folder / "ledger.db")) as ledger:
        why = f"baseline: 3 of 3 seeds failed; seed 1: exit code 2\n{printed}"
        ledger.append("run.ended", "9", {"status": "failed", "exit_code": 5, "reason": why})
    html, markdown = (path.read_text() for path in write(run_folder))
    assert '<p class="reason">baseline: 3 of 3 seeds failed; seed 1: exit code 2</p>' in html
    assert '<pre class="printed">usage: train.py [-h]\ntrain.py: error: &lt;b&gt;' in html
    shown = "usage: train.py [-h]\ntrain.py: error: <b>--seed</b> is missing\n```\n# not a heading"
    assert f"````\n{shown}\n````\n" in markdown


def test_a_crash_of_pelagos_says_why(run_folder: Path) -> None:
    with closing(Ledger.open(run_folder / "ledger.db")) as ledger:
        ledger.append("clock.intent", "9", {})
        ledger.append(
            "run.stopped",
            "1",
            {"status": "crashed", "reason": "AssertionError: enum (ideate.py:140), a fault in Pelagos itself"},
        )
    record = read(run_folder)
    assert standing(run_folder, record)[0] == "crashed"
    assert summary(run_folder)["reason"].startswith("AssertionError: enum (ideate.py:140), a fault in Pelagos itself;")
    for shown in (path.read_text() for path in write(run_folder)):
        assert "AssertionError: enum" in shown
    with closing(Ledger.open(run_folder / "ledger.db")) as ledger:
        ledger.append("clock.intent", "10", {})  # resumed
    record = read(run_folder)
    assert record.stopped is None
    assert "it was killed" in reason(record, standing(run_folder, record)[0])


def test_of_a_long_run_the_best_and_the_newest_are_shown_whole(
    run_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page, _ = write(run_folder)
    assert page.read_text("utf-8").count("<article") == 2
    for best, newest, shown in ((1, 0, "h1"), (0, 1, "h2")):
        monkeypatch.setattr(facts, "BEST", best)
        monkeypatch.setattr(facts, "NEWEST", newest)
        text = write(run_folder)[0].read_text("utf-8")
        assert re.findall('<article id="([^"]+)"', text) == [shown]
        assert re.findall('href="#([^"]+)"', text) == [shown]
        assert "The 1 best and newest of 2 follow" in text
