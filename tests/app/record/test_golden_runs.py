"""Run folders that earlier versions wrote are read by this one, with the verdicts that were recorded.

Each archive in `tests/golden` is a run folder of one version. `python -m tests.golden.make` made it with that version,
which says what it holds; its `expected.json` holds the verdicts as that version recorded them.
"""

from __future__ import annotations

import json
import tarfile
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from agents.tally import Tally
from app.record.folders import LEDGER, read_record
from memory.ledger.facts import Facts
from memory.ledger.ledger import Ledger
from pelagos.facts.fact import find_kind
from pelagos.facts.reader import NOUNS, read
from tests.app.command import run_pelagos
from tests.golden.make import EXPECTED, HERE

ARCHIVES = sorted(HERE.glob("*.tar.xz"))


@pytest.fixture(scope="module", params=ARCHIVES, ids=[archive.name.removesuffix(".tar.xz") for archive in ARCHIVES])
def golden(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run folder of an earlier version, in a project of its own."""
    runs = tmp_path_factory.mktemp("project") / "runs"
    with tarfile.open(request.param) as archive:
        archive.extractall(runs, filter="data")
    return runs / "golden"


@pytest.fixture
def expected(golden: Path) -> dict[str, dict[str, Any]]:
    verdicts: dict[str, dict[str, Any]] = json.loads((golden / EXPECTED).read_text("utf-8"))
    return verdicts


def run_json(golden: Path, command: str) -> Any:
    result = run_pelagos(command, golden.name, "--json", folder=golden.parents[1])
    assert result.returncode == 0, result.stderr
    return json.loads(result.stdout)


def test_its_verdicts_are_those_that_were_recorded(golden: Path, expected: dict[str, dict[str, Any]]) -> None:
    verdicts = {row["id"]: row["verdict"] for row in run_json(golden, "hypotheses") if row["verdict"]}
    assert verdicts.keys() == expected.keys()
    for hypothesis, fields in expected.items():
        assert {name: verdicts[hypothesis][name] for name in fields} == fields
    assert "supported" in {fields["kind"] for fields in expected.values()}


def test_its_status_shows_them(golden: Path, expected: dict[str, dict[str, Any]]) -> None:
    status = run_json(golden, "status")
    assert (status["state"], status["damage"]) == ("finished", [])
    shown = {row["id"]: (row["verdict"], row["effect"]) for row in status["hypotheses"] if row["verdict"]}
    assert shown == {id: (fields["kind"], fields["effect"]) for id, fields in expected.items()}
    for command in ("status", "hypotheses"):
        result = run_pelagos(command, golden.name, folder=golden.parents[1])
        assert result.returncode == 0, result.stderr
        assert all(f"{id} " in result.stdout for id in expected)


def test_its_report_has_them_with_their_experiments(golden: Path, expected: dict[str, dict[str, Any]]) -> None:
    pages = run_json(golden, "report")
    html, markdown = (Path(pages[form]).read_text("utf-8") for form in ("html", "markdown"))
    for id, fields in expected.items():
        assert f'<article id="{id}">' in html
        assert f"- Verdict: {fields['kind']} over {fields['seeds']} seeds." in markdown
        assert f"- Evidence: {', '.join(fields['evidence'])}" in markdown


def test_the_views_and_the_nodes_read_the_same_from_it(golden: Path) -> None:
    record = read_record(golden)
    experiments = list(record.experiments.values())
    tally = Tally(sorted({experiment.seed for experiment in experiments}))
    with closing(Ledger.read(golden / LEDGER)) as ledger:
        Facts(ledger, {find_kind(kind): partial(read, kind) for kind in NOUNS}, tally.fold).fold_new()
    assert tally.hypotheses == list(record.proposed) == list(record.hypotheses)
    assert set(tally.all_builds) == set(record.builds)
    assert {id: newest.id for id, newest in tally.verdicts.items()} == {id: v.id for id, v in record.verdicts.items()}
    assert {id: newest.id for id, newest in tally.lessons.items()} == {id: v.id for id, v in record.lessons.items()}
    assert tally.claimed == {id for id, claim in record.claims.items() if claim.concluded}
    for split, tallied in (("validation", tally.validation), ("sealed", tally.sealed)):
        ids = {experiment.id for runs in tallied.values() for experiment in runs}
        assert ids == {experiment.id for experiment in experiments if experiment.split == split} != set()


def test_it_names_no_machine(golden: Path) -> None:
    texts = [path.read_bytes() for path in golden.rglob("*") if path.is_file()]
    assert not [
        word for word in (b"/root", b"/home/", b"/work/", b"/tmp/", b"/dev/shm") for text in texts if word in text
    ]
