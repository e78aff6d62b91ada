"""`pelagos search` on a run as a run leaves it, hostile texts among them."""

from __future__ import annotations

import json
from pathlib import Path

from tests.app.command import assert_bad_input, run_pelagos


def test_hits_are_two_lines_each_the_best_first(run_folder: Path) -> None:
    lines = run_pelagos("search", "smooth labels", folder=run_folder.parents[1]).stdout.splitlines()
    assert lines[0] == "hypothesis  demo h1 Smooth labels"
    assert lines[1].startswith("    Smooth labels Do it 0.")


def test_json_has_segments_and_no_markup(run_folder: Path) -> None:
    result = run_pelagos(
        "search", "script alert", "demo", "--json", "--kind", "hypothesis", folder=run_folder.parents[1]
    )
    hit = json.loads(result.stdout)[0]
    assert (hit["kind"], hit["hypothesis"], Path(hit["run"]).name) == ("hypothesis", "h2", "demo")
    assert {"text": "script", "hit": True} in hit["snippet"]
    assert "<script>alert(1)</script>" in "".join(segment["text"] for segment in hit["snippet"])


def test_nothing_found_is_said(run_folder: Path) -> None:
    assert run_pelagos("search", "zebra", folder=run_folder.parents[1]).stdout == "nothing found in 1 run\n"


def test_bad_input_is_one_line(run_folder: Path) -> None:
    project = run_folder.parents[1]
    assert_bad_input(run_pelagos("search", "***", folder=project), "there is no word in it")
    assert_bad_input(run_pelagos("search", "a", "dem", folder=project), "did you mean demo?")
    assert_bad_input(
        run_pelagos("search", "a", "--kind", "paper", folder=project), "no such kind; there are hypothesis"
    )
