"""Checkpoints resume a graph, are pruned, load no foreign classes, and may be lost."""

from __future__ import annotations

import shutil
import sqlite3
import stat
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing
from pathlib import Path
from typing import Any, TypedDict

import pytest
from langgraph.graph import END, START, StateGraph
from pydantic import BaseModel

from memory.checkpoints.checkpoints import DURABILITY, open_checkpoints
from memory.ledger import repair
from memory.ledger.ledger import Ledger
from pelagos.errors import Locked

CONFIG: Any = {"configurable": {"thread_id": "run"}, "recursion_limit": 200}


class State(TypedDict):
    n: int


class Foreign(BaseModel):
    n: int


def counter(saver: Any, stop_at: int, limit: int = 60, ledger: Ledger | None = None) -> Any:
    def step(state: State) -> State:
        if state["n"] == stop_at:
            raise RuntimeError("stopped")
        if ledger is not None:
            ledger.append("step", str(state["n"]), {"n": state["n"]})
        return {"n": state["n"] + 1}

    graph = StateGraph(State)
    graph.add_node("step", step)
    graph.add_edge(START, "step")
    graph.add_conditional_edges("step", lambda state: END if state["n"] >= limit else "step")
    return graph.compile(checkpointer=saver)


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with closing(Ledger.open(tmp_path / "ledger.db")) as made:
        made.append("run.started", "run", {})
        yield made


def opened(ledger: Ledger, keep: int = 20, said: list[str] | None = None) -> AbstractContextManager[Any]:
    return open_checkpoints(ledger, (said if said is not None else []).append, keep)


def stored(saver: Any) -> int:
    with saver.cursor(transaction=False) as cursor:
        return int(cursor.execute("SELECT COUNT(*) FROM checkpoints").fetchone()[0])


def test_a_stopped_graph_goes_on_from_a_pruned_file(ledger: Ledger, tmp_path: Path) -> None:
    with opened(ledger, keep=5) as saver:
        graph = counter(saver, stop_at=40)
        with pytest.raises(RuntimeError, match="stopped"):
            graph.invoke({"n": 0}, CONFIG, durability=DURABILITY)
        assert stored(saver) > 40
        assert saver.prune_old() > 35
        assert stored(saver) == 5
    with opened(ledger, keep=5) as saver:
        graph = counter(saver, stop_at=-1)
        assert graph.get_state(CONFIG).values == {"n": 40}
        assert graph.invoke(None, CONFIG, durability=DURABILITY) == {"n": 60}


def test_only_the_owner_may_read_the_file(ledger: Ledger, tmp_path: Path) -> None:
    with opened(ledger):
        pass
    assert stat.S_IMODE((tmp_path / "checkpoints.sqlite").stat().st_mode) == 0o600


def test_no_foreign_class_is_built_on_loading(ledger: Ledger, tmp_path: Path) -> None:
    with opened(ledger) as saver:
        loaded = saver.serde.loads_typed(saver.serde.dumps_typed({"n": Foreign(n=1), "s": ["x", 1.5, None]}))
    assert not isinstance(loaded["n"], Foreign)
    assert loaded["s"] == ["x", 1.5, None]


@pytest.mark.parametrize("cut", [0, 100, 4096, 5000])
def test_a_file_cut_anywhere_ends_in_a_graph_that_starts_over_or_goes_on(
    cut: int, ledger: Ledger, tmp_path: Path
) -> None:
    path = stopped_at(3, ledger)
    path.write_bytes(path.read_bytes()[:cut])
    with opened(ledger) as saver:
        assert counter(saver, stop_at=-1, limit=5).invoke({"n": 0}, CONFIG, durability=DURABILITY) == {"n": 5}


def stopped_at(n: int, ledger: Ledger) -> Path:
    """The file of a graph that recorded a fact before each of its `n` checkpoints."""
    with opened(ledger) as saver, pytest.raises(RuntimeError, match="stopped"):
        counter(saver, stop_at=n, ledger=ledger).invoke({"n": 0}, CONFIG, durability=DURABILITY)
    return ledger.path.with_name("checkpoints.sqlite")


def garbage(path: Path) -> None:
    path.write_bytes(b"garbage " * 1000)


def another_programs(path: Path) -> None:
    path.unlink()
    with closing(sqlite3.connect(path)) as raw:
        raw.execute("CREATE TABLE checkpoints (id TEXT)")


def nonsense_within(path: Path) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as raw:
        raw.execute("UPDATE checkpoints SET checkpoint = x'c1c1c1', type = 'msgpack'")


def unknown_kind(path: Path) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as raw:
        raw.execute("UPDATE checkpoints SET type = 'of tomorrow'")


@pytest.mark.parametrize("damage", [garbage, another_programs, nonsense_within, unknown_kind])
def test_a_damaged_file_is_put_aside_and_the_graph_starts_over(
    damage: Callable[[Path], None], ledger: Ledger, tmp_path: Path
) -> None:
    said: list[str] = []
    path = stopped_at(3, ledger)
    damage(path)
    with opened(ledger, said=said) as saver:
        assert stored(saver) == 0
        assert counter(saver, stop_at=-1, limit=3).invoke({"n": 0}, CONFIG) == {"n": 3}
    assert (tmp_path / "checkpoints.sqlite.damaged-1").stat().st_size > 0
    (line,) = said
    assert line.startswith("checkpoints.sqlite: ")
    assert "kept as checkpoints.sqlite.damaged-1" in line
    assert "\n" not in line


@pytest.mark.parametrize("left", range(7))
def test_it_goes_on_from_the_newest_checkpoint_that_the_ledger_covers(
    left: int, ledger: Ledger, tmp_path: Path
) -> None:
    said: list[str] = []
    stopped_at(5, ledger)
    with closing(cut(ledger, tmp_path / "cut", left)) as shorter:
        with opened(shorter, said=said) as saver:
            found = counter(saver, -1).get_state(CONFIG).values
            assert found == {"n": min(left - 1, 5)} if left else not found
        ahead = tmp_path / "cut" / "checkpoints.sqlite.ahead-1"
        assert (len(said), ahead.exists()) == ((1, True) if left < 6 else (0, False))
        with opened(shorter, said=said):
            assert len(said) <= 1, "what was put aside once is told once"


def cut(ledger: Ledger, into: Path, rows: int) -> Ledger:
    """A copy of the ledger's first rows, with the whole checkpoints beside it."""
    into.mkdir()
    shutil.copy(ledger.path.with_name("checkpoints.sqlite"), into)
    repair.write_ledger(into / "ledger.db", repair.verified_rows(ledger.path)[0][:rows])
    return Ledger.open(into / "ledger.db")


def test_a_checkpoint_of_another_ledger_or_of_an_older_version_is_put_aside(ledger: Ledger, tmp_path: Path) -> None:
    path = stopped_at(3, ledger)
    (tmp_path / "other").mkdir()
    shutil.copy(path, tmp_path / "other")
    with closing(Ledger.open(tmp_path / "other" / "ledger.db")) as other:
        for number in range(5):
            other.append("step", str(number), {"n": number})
        with opened(other) as saver:
            assert not counter(saver, -1).get_state(CONFIG).values
    with closing(sqlite3.connect(path)) as raw:
        raw.execute("DROP TABLE ledger_at")
    with opened(ledger) as saver:
        assert not counter(saver, -1).get_state(CONFIG).values
    assert path.with_name("checkpoints.sqlite.ahead-1").exists()


def test_a_locked_file_is_waited_for_and_never_taken_for_a_damaged_one(
    ledger: Ledger, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = stopped_at(3, ledger)
    with closing(sqlite3.connect(path, isolation_level=None, check_same_thread=False)) as holder:
        holder.execute("PRAGMA locking_mode=EXCLUSIVE")
        holder.execute("BEGIN IMMEDIATE")
        monkeypatch.setattr("memory.files.disk_errors.LOCK_WAIT_S", 0.05)
        with pytest.raises(Locked, match=r"checkpoints.sqlite: another process keeps it locked"), opened(ledger):
            pass
        monkeypatch.setattr("memory.files.disk_errors.LOCK_WAIT_S", 60.0)
        release = threading.Timer(0.3, holder.close)
        release.start()
        with opened(ledger) as saver:
            assert counter(saver, -1).get_state(CONFIG).values == {"n": 3}
        release.join()
    assert not list(tmp_path.glob("*.damaged-*"))


def test_a_subgraph_that_runs_for_long_keeps_few_and_goes_on_where_it_stopped(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("memory.checkpoints.saver.PRUNE_EVERY", 10)

    def around(saver: Any, stop_at: int) -> Any:
        graph = StateGraph(State)
        graph.add_node("lane", counter(None, stop_at))
        graph.add_edge(START, "lane")
        return graph.compile(checkpointer=saver)

    with opened(ledger, keep=3) as saver:
        with pytest.raises(RuntimeError, match="stopped"):
            around(saver, 45).invoke({"n": 0}, CONFIG, durability=DURABILITY)
        assert stored(saver) <= 3 + 3 + 10
    with opened(ledger, keep=3) as saver:
        seen: list[int] = []
        graph = around(saver, -1)
        for step in graph.stream(None, CONFIG, stream_mode="values", subgraphs=True, durability=DURABILITY):
            seen.append(step[1]["n"])
        assert seen[-1] == 60
        assert min(seen[1:]) >= 45, "it goes on from where it was"


@pytest.mark.parametrize("damaged", [True, False])
def test_what_is_put_aside_is_told_though_the_run_is_killed_there(
    damaged: bool, ledger: Ledger, tmp_path: Path
) -> None:
    """Who is killed while it is told puts nothing aside: the next one tells it."""
    path, told = stopped_at(3, ledger), list[str]()

    def killed(_text: str) -> None:
        raise KeyboardInterrupt

    if damaged:
        garbage(path)
    with closing(ledger if damaged else cut(ledger, tmp_path / "cut", 2)) as ours:
        with pytest.raises(KeyboardInterrupt), open_checkpoints(ours, killed):
            pass
        with opened(ours, said=told):
            assert len(told) == 1
