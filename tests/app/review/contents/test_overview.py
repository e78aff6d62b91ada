from __future__ import annotations

from contextlib import closing
from pathlib import Path

from app.record.folders import LEDGER
from app.review.contents.overview import collect_overview, collect_progress, list_badges, summarize_run
from app.review.growing.growing_record import GrowingRecord
from memory.files.run_lock import hold_controller
from memory.ledger.ledger import Ledger
from pelagos.facts.calls import Outage
from pelagos.facts.drive import Entered
from pelagos.nouns import Verdict


def read(folder: Path) -> GrowingRecord:
    growing = GrowingRecord(folder)
    growing.refresh()
    return growing


def test_a_run_is_summed_up_by_its_best_result(run_folder: Path) -> None:
    summary = summarize_run("demo", read(run_folder))
    assert (summary.state, summary.best_title, summary.best_kind) == ("finished", "Smooth labels", "supported")
    assert summary.funnel is not None
    assert (summary.funnel.proposed, summary.funnel.supported) == (2, 1)
    assert (summary.needs, summary.doing) == ([], "")


def test_a_run_in_progress_says_what_it_does(run_folder: Path) -> None:
    with closing(Ledger.open(run_folder / LEDGER)) as ledger, hold_controller(run_folder):
        ledger.intend("clock", "2", {"began": 1.0})
        ledger.record(Entered(node="build", hypothesis="h1"), "0/h1/build/1")
        ledger.record(Outage(spec="far", reason="refused"), "1")
        growing = read(run_folder)
        summary, progress = summarize_run("demo", growing), collect_progress(growing)
    assert summary.state == "running"
    assert summary.doing == "waiting for far to answer"
    assert [need.kind for need in summary.needs] == ["silent"]
    assert 'class="node here"' in progress["machine"]
    assert list(progress["outages"]) == ["far"]


def test_the_headline_is_that_of_the_report(run_folder: Path) -> None:
    overview = collect_overview(read(run_folder))
    assert overview["headline"].startswith("“Smooth labels” holds on sealed data")
    assert overview["baseline"].mean is not None


def test_what_is_suspect_or_not_isolated_stands_out(run_folder: Path) -> None:
    growing = read(run_folder)
    assert ("good", "no result is suspect") in list_badges(growing.record)
    assert ("good", "bubblewrap: 5 experiments") in list_badges(growing.record)
    verdict = growing.record.verdicts["h1"].model_dump() | {"suspect": ["it read the labels"]}
    growing.record.verdicts.replace("h1", Verdict(**verdict))
    growing.record.isolations["unsafe (asked for)"] = 2
    assert ("bad", "1 suspect") in list_badges(growing.record)
    assert ("bad", "unsafe (asked for): 2 experiments") in list_badges(growing.record)
