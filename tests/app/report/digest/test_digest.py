"""The digest of a project of real runs: its text in full, what counts as news, and runs that can't be read."""

from __future__ import annotations

import json
import re
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from memory.files.project_runs import register_run
from memory.files.run_lock import hold_controller
from memory.ledger.ledger import Ledger
from pelagos.facts.drive import Ending, Started, Stopped
from pelagos.facts.review import Control
from pelagos.nouns import Claim, Effect, Hypothesis, Lesson, Verdict, VerdictKind
from tests.app.command import Completed, assert_bad_input, run_pelagos
from tests.app.report.digest.three_runs import make_project

HOSTILE = "[bold]x[/bold] <script>alert(1)</script> `rm` \x1b[31mred\u202eevil\x07 ![i](http://e.org/x.png) # h"
NUMBER = re.compile(r"[+−]?\d+(\.\d+)?(e[+−]\d+)?(?! runs)")


@pytest.fixture(scope="module")
def three_runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_project(tmp_path_factory.mktemp("project"))


@pytest.fixture
def project(three_runs: Path, tmp_path: Path) -> Path:
    return shutil.copytree(three_runs, tmp_path / "project")


def digest(project: Path, *arguments: str, width: int = 80) -> Completed:
    return run_pelagos("digest", *arguments, folder=project, COLUMNS=str(width))


def read_json(project: Path, *arguments: str) -> Any:
    result = digest(project, "--json", *arguments)
    assert result.returncode == 0, result.stderr
    return json.loads(result.stdout)


def free_stamps(connection: sqlite3.Connection) -> None:
    for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
        connection.execute(f"DROP TRIGGER {name}")


def move_back(run: Path, seconds: float) -> None:
    """Let a run have happened so much earlier."""
    with closing(sqlite3.connect(run / "ledger.db")) as connection, connection:
        free_stamps(connection)
        connection.execute("UPDATE events SET at = at - ?", (seconds,))


def make_run(project: Path, name: str, *facts: tuple[Any, str], state: str = "finished", reason: str = "") -> Path:
    run = project / "runs" / name
    run.mkdir(parents=True)
    started = Started(task="digits", settings={"caps": {"experiments": 40, "seconds": 7200.0, "tokens": 1000}})
    with closing(Ledger.open(run / "ledger.db")) as ledger:
        ledger.record(started, "run")
        for fact, key in facts:
            ledger.record(fact, key)
        if state in ("stopped", "crashed"):
            ledger.record(Stopped(status=state, reason=reason), "1")
        elif state != "killed":
            ledger.record(Ending(status=state, reason=reason), "1")
    return run


def make_idea(id: str, title: str, kind: VerdictKind, gain: float, claim: bool = False) -> list[tuple[Any, str]]:
    effect = Effect(value=gain, low=gain - 0.1, high=gain + 0.1, seeds=4)
    idea = Hypothesis(id=id, title=title, statement="s", rationale="r", refuted_by="n", target="t")
    verdict = Verdict(id=f"v{id}", hypothesis=id, kind=kind, effect=effect)
    lesson = Lesson(id=f"l{id}", hypothesis=id, title=title, target="t", verdict=kind, effect=effect)
    held = Claim(id=f"c{id}", hypothesis=id, version="v", level=0.05, left=0.05, held=True, reason="", effect=effect)
    return [(idea, id), (verdict, verdict.id), *([(held, held.id)] if claim else []), (lesson, lesson.id)]


def test_three_runs_of_which_one_failed_and_one_waits(three_runs: Path) -> None:
    printed = digest(three_runs, width=120).stdout
    assert (
        NUMBER.sub("N", re.sub(r"(?<=Since ).*?(?=: )", "DATE", printed)).splitlines()
        == """\
Since DATE: 3 runs, N of them need you
Needs you
  nightN failed: no model answers: nothing answers
    pelagos resume nightN
  nightN waits for your review (accept, reject, or revise --note TEXT) of hN alphaN alphaN alphaN bravoN; hN alphaN
    alphaN alphaN deltaN
    pelagos decide nightN hN accept && pelagos resume nightN
Found: N supported
  nightN hN supported N (N to N), at level N: Square of column a
Learned from N hypotheses: N supported, N equivalent, N cut short
  nightN hN dead end, equivalent N (N to N): Doubling of the values in d
Cost: N s of work, N experiments, N,N tokens, unknown price""".splitlines()
    )


@pytest.mark.parametrize("width", [40, 80, 120])
def test_it_is_a_screenful_as_wide_as_the_terminal(three_runs: Path, width: int) -> None:
    lines = digest(three_runs, width=width).stdout.splitlines()
    assert len(lines) <= 24
    assert all(len(line) <= width for line in lines if "pelagos " not in line)


def test_markdown_and_json_say_the_same(three_runs: Path) -> None:
    markdown = digest(three_runs, "--markdown").stdout
    assert "### Needs you" in markdown
    assert "  pelagos decide night3 h1 accept && pelagos resume night3" in markdown
    runs = {run["run"]: run for run in read_json(three_runs)["runs"]}
    assert runs["night2"]["needs"][0]["command"] == "pelagos resume night2"
    assert [finding["kind"] for finding in runs["night1"]["found"]] == ["supported"]
    assert runs["night1"]["found"][0]["effect"]["low"] > 0
    assert runs["night1"]["cost"]["tokens"] > 0


def test_what_is_older_is_left_out_but_named_where_it_needs_a_person(project: Path) -> None:
    for name in ("night1", "night2"):
        move_back(project / "runs" / name, 3 * 86_400)
    assert [run["run"] for run in read_json(project)["runs"]] == ["night3"]
    assert "1 run, 1 of them needs you; 1 older run still needs you: night2" in digest(project, width=200).stdout
    assert len(read_json(project, "--since", "7d")["runs"]) == 3


def test_the_cost_is_that_since_the_beginning(project: Path) -> None:
    run = project / "runs" / "night1"
    with closing(sqlite3.connect(run / "ledger.db")) as connection, connection:
        free_stamps(connection)
        middle = connection.execute("SELECT max(seq) / 2 FROM events").fetchone()[0]
        connection.execute("UPDATE events SET at = at - 172800 WHERE seq < ?", (middle,))
        payloads = connection.execute("SELECT payload FROM events WHERE seq >= ?", (middle,)).fetchall()
        newer = sum((json.loads(payload).get("cost") or {}).get("experiments", 0) for (payload,) in payloads)
    old, new = (
        next(run["cost"] for run in read_json(project, "--since", since)["runs"] if run["run"] == "night1")
        for since in ("7d", "24h")
    )
    assert 0 < new["experiments"] == newer < old["experiments"]
    assert new["tokens"] < old["tokens"]
    assert new["seconds"] <= old["seconds"]


def test_all_is_quiet_is_one_line(tmp_path: Path, project: Path) -> None:
    (tmp_path / "empty").mkdir()
    assert re.fullmatch(r"Nothing happened here since \S+ \S+: all is quiet\n", digest(tmp_path / "empty").stdout)
    for run in (project / "runs").iterdir():
        move_back(run, 3 * 86_400)
    printed = digest(project, width=200).stdout
    assert printed.count("\n") == 1
    assert "; 2 older runs still need you: night2, night3" in printed


def test_a_run_that_cannot_be_read_is_named_and_hides_no_other(project: Path) -> None:
    (project / "runs" / "night0").mkdir()
    (project / "runs" / "night0" / "ledger.db").write_bytes(b"SQLite format 3\0" + b"\1" * 5000)
    newer = make_run(project, "night9")
    with closing(Ledger.open(newer / "ledger.db")) as ledger:
        ledger.append("verdict", "v", {"id": "v", "hypothesis": "h1", "kind": "sublime", "effect": None})
    runs = {run["run"]: run for run in read_json(project)["runs"]}
    assert {name for name, run in runs.items() if run["state"] == "unreadable"} == {"night0", "night9"}
    assert runs["night0"]["needs"][0]["text"].startswith("can't be read: ")
    assert "another version of Pelagos wrote it" in runs["night9"]["needs"][0]["text"]
    assert runs["night1"]["found"]


def test_a_run_that_never_began_needs_nobody(tmp_path: Path) -> None:
    (tmp_path / "runs" / "r").mkdir(parents=True)
    Ledger.open(tmp_path / "runs" / "r" / "ledger.db").close()
    assert digest(tmp_path).stdout.endswith(": all is quiet\n")


@pytest.mark.parametrize(
    ("state", "reason", "text", "command"),
    [
        ("capped", "experiments: 40 of 40 spent", "reached a cap: experiments: 40 of 40", "--max-experiments 80"),
        ("capped", "seconds: 7200 of 7200 spent", "reached a cap: seconds", "pelagos resume r --hours 4"),
        ("capped", "tokens: 9 of 9 spent", "reached a cap", "pelagos resume r --max-tokens 2000"),
        ("capped", "disk_mb: 9 of 9 spent", "reached a cap", "pelagos resume r"),
        ("disk full", "disk: no room left at /x: make room, then `pelagos resume` goes on", "disk full: no room left", ""),
        ("crashed", "KeyError: 'x' (a.py:1), a fault in Pelagos itself", "crashed: KeyError: 'x'", "pelagos resume r"),
        ("stopped", "no sandbox: install bubblewrap", "failed: no sandbox: install bubblewrap", "pelagos resume r"),
        ("killed", "", "was killed, or the machine went down", "pelagos resume r"),
        ("interrupted", "stopped at a boundary", "was stopped by a person or the system", "pelagos resume r"),
    ],
)  # fmt: skip
def test_how_a_run_ended_says_what_to_type(tmp_path: Path, state: str, reason: str, text: str, command: str) -> None:
    make_run(tmp_path, "r", state=state, reason=reason)
    (run,) = read_json(tmp_path)["runs"]
    (need,) = run["needs"]
    assert need["text"].startswith(text)
    assert need["command"].endswith(command)


def test_a_run_in_progress_says_what_it_does(tmp_path: Path) -> None:
    run = make_run(tmp_path, "r", state="killed")
    with hold_controller(run):
        printed = digest(tmp_path).stdout
    assert "Running\n  r: starting; the next verdict has no estimate yet\n" in printed
    assert "none needs you" in printed


def test_a_paused_run_is_named_with_who_paused_it_until_it_goes_on(tmp_path: Path) -> None:
    run = make_run(tmp_path, "r", (Control(word="pause", by="Ann"), "1"), state="killed")
    with hold_controller(run):
        assert "  r is paused by Ann\n    pelagos resume r\n" in digest(tmp_path).stdout
        with closing(Ledger.open(run / "ledger.db")) as ledger:
            ledger.record(Control(word="continue"), "2")
        assert "paused" not in digest(tmp_path).stdout


def test_supported_comes_before_promising_and_the_worst_dead_end_first(tmp_path: Path) -> None:
    make_run(
        tmp_path,
        "r",
        *make_idea("h1", "Perhaps", VerdictKind.PROMISING, 3.0),
        *make_idea("h2", "Surely", VerdictKind.SUPPORTED, 1.0, claim=True),
        *make_idea("h3", "Nothing", VerdictKind.EQUIVALENT, 0.0),
        *make_idea("h4", "Harm", VerdictKind.REFUTED, -1.0),
        *make_idea("h5", "Great harm", VerdictKind.REFUTED, -2.0),
    )
    printed = digest(tmp_path, width=200).stdout.splitlines()[1:-1]
    assert printed == [
        "Found: 1 supported, 1 promising",
        "  r h2 supported +1 (+0.9 to +1.1), at level 0.05: Surely",
        "  r h1 promising, not tested on sealed data yet, +3 (+2.9 to +3.1): Perhaps",
        "Learned from 5 hypotheses: 1 supported, 1 promising, 2 refuted, 1 equivalent",
        "  r h5 dead end, refuted −2 (−2.1 to −1.9): Great harm",
        "  r h4 dead end, refuted −1 (−1.1 to −0.9): Harm",
        "  r h3 dead end, equivalent +0 (−0.1 to +0.1): Nothing",
    ]


def test_a_screenful_also_of_three_runs_with_much_to_say(tmp_path: Path) -> None:
    for name in ("r1", "r2", "r3"):
        ideas = [
            fact
            for number in range(30)
            for fact in make_idea(f"h{number}", "Long title " * 20, list(VerdictKind)[number % 3], number, True)
        ]
        make_run(tmp_path, name, *ideas, state="failed", reason="a long reason " * 30)
    lines = digest(tmp_path).stdout.splitlines()
    assert len(lines) <= 24
    assert any(line.startswith("  and ") and "more (`--json`" in line for line in lines)


@pytest.mark.parametrize("show", ["", "--markdown", "--json"])
def test_hostile_titles_are_text(tmp_path: Path, show: str) -> None:
    make_run(tmp_path, "r", *make_idea("h1", HOSTILE, VerdictKind.PROMISING, 1.0), state="failed", reason=HOSTILE)
    printed = digest(tmp_path, *[show] * bool(show), width=400).stdout
    assert not {"\x1b", "\u202e", "\x07"} & set(printed)
    if show == "--markdown":
        assert "\\[bold\\]x\\[/bold\\] \\<script\\>" in printed
        assert "\\!\\[i\\](http" in printed
    else:
        assert printed.count("[bold]x[/bold] <script>alert(1)</script> `rm` redevil ![i](http://e.org/x.png) # h") >= 2


def test_a_run_elsewhere_belongs_to_the_project(tmp_path: Path) -> None:
    project = tmp_path / "project"
    project.mkdir()
    run = make_run(tmp_path / "else where", "far", state="failed", reason="no")
    register_run(project, run)
    (found,) = read_json(project)["runs"]
    assert found["needs"][0]["command"] == f"pelagos resume '{run}'"


def test_another_folder_is_named_by_its_path(tmp_path: Path, project: Path) -> None:
    printed = digest(tmp_path, str(project), width=300).stdout
    assert f"pelagos resume {project}/runs/night2" in printed


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--since", "yesterday"], "--since yesterday: write a span such as 90m, 24h, 7d or 2w, or a date such as"),
        (["--since", "2099-01-01"], "--since 2099-01-01: is still to come"),
        (["nowhere"], "nowhere: no folder of that name"),
        (["--json", "--markdown"], "--json and --markdown exclude each other"),
    ],
)
def test_bad_input_is_one_line(tmp_path: Path, arguments: list[str], message: str) -> None:
    result = digest(tmp_path, *arguments)
    assert_bad_input(result, message)
    assert len(result.stderr.splitlines()) == 1


def test_it_changes_nothing(project: Path) -> None:
    def read_all() -> dict[str, bytes]:
        return {str(path): path.read_bytes() for path in project.rglob("*") if path.is_file()}

    before = read_all()
    digest(project)
    assert read_all() == before
