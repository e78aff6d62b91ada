"""Every view of a real run record: what it shows, and that hostile text stays text."""

from __future__ import annotations

import re
import shutil
import tarfile
from contextlib import closing
from html.parser import HTMLParser
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from app.record.folders import LEDGER
from app.review.serving.guard import HEADERS
from memory.artifacts import ArtifactStore
from memory.ledger.ledger import Ledger
from pelagos.facts.drive import Note
from pelagos.facts.review import Wanted
from tests.app.conftest import HOSTILE
from tests.app.review.form_browser import Browser, make_page
from tests.golden.make import HERE

VIEWS = (
    "", "/runs/demo", "/runs/demo/hypotheses", "/runs/demo/tree", "/runs/demo/log", "/runs/demo/report",
    "/runs/demo/hypotheses/h2", "/runs/demo/hypotheses/h2/peek",
)  # fmt: skip


class Shape(HTMLParser):
    """What of a page matters for safety and for those who can't see it."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs


def read_page(client: TestClient, address: str) -> str:
    reply = client.get(address)
    assert reply.status_code == 200, reply.text
    return reply.text


@pytest.fixture(scope="module")
def golden(tmp_path_factory: pytest.TempPathFactory) -> TestClient:
    project = tmp_path_factory.mktemp("project")
    with tarfile.open(next(HERE.glob("*.tar.xz"))) as archive:
        archive.extractall(project / "runs", filter="data")
    return Browser(make_page(project)).client


@pytest.mark.parametrize("view", VIEWS)
def test_hostile_texts_are_text_in_every_view(client: TestClient, run_folder: Path, view: str) -> None:
    with closing(Ledger.open(run_folder / LEDGER)) as ledger:
        ledger.record(Note(text=HOSTILE), "hostile")
        ledger.append("run.ended", "2", {"status": "failed", "exit_code": 1, "reason": HOSTILE})
    shape = Shape(read_page(client, view))
    names = {name for name, _ in shape.attributes}
    sources = [value or "" for name, value in shape.attributes if name in ("src", "href", "data-peek", "hx-get")]
    assert "img" not in shape.tags
    assert shape.tags.count("script") == (0 if view.endswith(("report", "peek")) else 3)
    assert not [name for name in names if name.startswith("on") or name.startswith("hx-on") or name == "style"]
    assert not [source for source in sources if source.startswith(("http", "//", "javascript"))]


@pytest.mark.parametrize("view", [view for view in VIEWS if not view.endswith(("report", "peek"))])
def test_every_page_has_a_language_a_title_and_landmarks(client: TestClient, view: str) -> None:
    shape = Shape(read_page(client, view))
    assert {"title", "header", "nav", "main", "h1"} <= set(shape.tags)
    assert shape.tags.count("h1") == 1
    assert ("lang", "en") in shape.attributes
    assert ("href", "#main") in shape.attributes
    heads = re.findall(r"<th[ >][^>]*", read_page(client, view))
    assert all("scope=" in head for head in heads), heads


def test_the_runs_are_listed_what_needs_a_person_first(client: TestClient, run_folder: Path) -> None:
    broken = run_folder.with_name("broken")
    broken.mkdir()
    (broken / LEDGER).write_bytes(b"no database at all")
    page = read_page(client, "/")
    assert "1 run of 2 needs you" in page
    assert page.index("can&#39;t be read") < page.index("All runs")
    assert "Smooth labels" in page


def test_an_empty_project_says_how_to_start(tmp_path: Path) -> None:
    assert "pelagos run TASK" in read_page(Browser(make_page(tmp_path)).client, "/")


def test_the_overview_says_what_was_found_and_what_is_known_of_it(golden: TestClient) -> None:
    page = read_page(golden, "/runs/golden")
    assert "“Square of column a” holds on sealed data" in page
    assert "no result is suspect" in page
    assert "8 experiments on sealed data" in page
    assert 'class="machine"' in page
    assert "One hypothesis takes about" in page


def test_a_run_without_isolation_carries_the_warning(client: TestClient, run_folder: Path) -> None:
    with closing(Ledger.open(run_folder / LEDGER)) as ledger:
        ledger.append("experiment", "u", {
            "id": "u", "version": "v1", "hypothesis": "h1", "seed": 9, "split": "validation", "outcome": "ok",
            "isolation": "unsafe",
        })  # fmt: skip
    page = read_page(client, "/runs/demo")
    assert "UNSAFE" in page
    assert 'class="badge bad">unsafe: 1 experiment<' in page


def test_a_hypothesis_that_waits_is_asked_about_first(client: TestClient, run_folder: Path) -> None:
    with closing(Ledger.open(run_folder / LEDGER)) as ledger:
        fields = {"statement": "s", "rationale": "", "refuted_by": "", "target": "t"}
        ledger.append("hypothesis", "h3", {"id": "h3", "title": "Third", **fields})
        ledger.record(Wanted(hypothesis="h3"), "hash")
    assert '/runs/demo/hypotheses/h3#decide">h3 Third' in read_page(client, "/runs/demo")
    table = read_page(client, "/runs/demo/hypotheses")
    assert table.index('data-id="h3"') < table.index('data-id="h1"')
    assert "waits for you" in table


def test_the_table_is_sorted_and_filtered_by_its_address(golden: TestClient) -> None:
    def listed(query: str) -> list[str]:
        return re.findall(r'data-id="(h\d+)"', read_page(golden, f"/runs/golden/hypotheses{query}"))

    assert listed("")[0] == "h1"
    assert listed("?sort=-id") == ["h4", "h3", "h2", "h1"]
    assert listed("?verdict=undecided") == ["h4"]
    assert listed("?q=doubling") == ["h2"]
    assert "None fits" in read_page(golden, "/runs/golden/hypotheses?q=zzz")


def test_a_sorted_column_says_so(golden: TestClient) -> None:
    page = read_page(golden, "/runs/golden/hypotheses?sort=p")
    assert page.count('aria-sort="ascending"') == 1


def test_one_hypothesis_shows_evidence_first_and_the_models_words_late(golden: TestClient) -> None:
    page = read_page(golden, "/runs/golden/hypotheses/h1")
    places = [
        page.index(f'id="{name}"')
        for name in ("evidence", "change", "plan", "experiments", "literature", "lineage", "cost", "words", "calls")
    ]
    assert places == sorted(places)
    assert "Nothing here is evidence" in page
    assert 'class="seeds"' in page
    assert "+ square(a)" in page
    assert page.count('class="step-score"') == 3


def test_its_logs_can_be_read(golden: TestClient) -> None:
    page = read_page(golden, "/runs/golden/hypotheses/h1")
    address = re.search(r'href="(/runs/golden/logs/[0-9a-f]{64})"', page)
    assert address
    assert "fitted with seed" in read_page(golden, address[1])


def test_prompts_are_fetched_when_they_are_asked_for(golden: TestClient) -> None:
    page = read_page(golden, "/runs/golden/hypotheses/h4")
    addresses = re.findall(r'href="(/runs/golden/calls/\d+)"', page)
    assert addresses
    call = read_page(golden, addresses[-1])
    assert 'class="prompt"' in call
    assert "data to judge" in call
    assert "data to judge" not in page


def test_a_repeat_stands_below_what_it_repeats(golden: TestClient) -> None:
    tree = read_page(golden, "/runs/golden/tree")
    assert re.search(r'class="depth-1"[^>]*hypotheses/h3', tree)
    assert "told of golden/h1" in tree


def test_the_log_goes_back_page_by_page(golden: TestClient) -> None:
    page = read_page(golden, "/runs/golden/log")
    assert "run ended: finished" in page
    assert 'data-events="/runs/golden/events?after=' in page
    older = read_page(golden, "/runs/golden/log?before=20")
    assert "run ended" not in older
    assert "data-events" not in older


def test_the_report_has_a_policy_of_its_own(golden: TestClient) -> None:
    reply = golden.get("/runs/golden/report")
    assert "default-src 'none'" in reply.headers["content-security-policy"]
    assert "form-action 'none'" in reply.headers["content-security-policy"]
    assert "Pelagos report" in reply.text
    assert golden.get("/runs/golden").headers["content-security-policy"] == HEADERS["Content-Security-Policy"]


@pytest.mark.parametrize(
    "address",
    ["/runs/no", "/runs/demo/hypotheses/h99", "/runs/demo/hypotheses/h99/peek", "/runs/demo/calls/1", "/runs/demo/logs/x",
     "/runs/demo/artifacts/..%2F..%2Fledger.db", "/runs/demo/analysis.py", "/runs/demo/hypotheses?sort=x"],
)  # fmt: skip
def test_what_is_not_there_is_said_plainly(client: TestClient, address: str) -> None:
    reply = client.get(address)
    assert reply.status_code == 404
    assert "Traceback" not in reply.text


@pytest.mark.parametrize(
    ("data", "media_type"),
    [(b"\x89PNG\r\n\x1a\n rest", "image/png"), (b"<svg><script>x</script></svg>", "image/svg+xml"),
     (b"<!doctype html><script>x</script>", "text/plain; charset=utf-8"), (b"\xff\xfe\x00", "text/plain; charset=utf-8")],
)  # fmt: skip
def test_artifacts_are_pictures_or_plain_text_in_a_sandbox(
    client: TestClient, run_folder: Path, data: bytes, media_type: str
) -> None:
    reply = client.get(f"/runs/demo/artifacts/{ArtifactStore(run_folder / 'artifacts').put(data)}")
    assert (reply.content, reply.headers["content-type"]) == (data, media_type)
    assert reply.headers["content-security-policy"].startswith("sandbox;")
    assert "allow-scripts" not in reply.headers["content-security-policy"]
    assert reply.headers["x-content-type-options"] == "nosniff"


def test_a_run_without_artifacts_can_be_read(client: TestClient, run_folder: Path) -> None:
    shutil.rmtree(run_folder / "artifacts")
    assert "not readable" in read_page(client, "/runs/demo/hypotheses/h1")
