"""Checkpoints resume a graph, stay few, load no foreign classes, and may be lost."""

from __future__ import annotations

import stat
from pathlib import Path
from typing import Any, TypedDict

import pytest
from langgraph.graph import END, START, StateGraph
from pydantic import BaseModel

from memory.checkpoints import DURABILITY, open_checkpoints, prune

CONFIG: Any = {"configurable": {"thread_id": "run"}, "recursion_limit": 200}


class State(TypedDict):
    n: int


class Foreign(BaseModel):
    n: int


def counter(saver: Any, stop_at: int, limit: int = 60) -> Any:
    def step(state: State) -> State:
        if state["n"] == stop_at:
            raise RuntimeError("stopped")
        return {"n": state["n"] + 1}

    graph = StateGraph(State)
    graph.add_node("step", step)
    graph.add_edge(START, "step")
    graph.add_conditional_edges("step", lambda state: END if state["n"] >= limit else "step")
    return graph.compile(checkpointer=saver)


def stored(saver: Any) -> int:
    with saver.cursor(transaction=False) as cursor:
        return int(cursor.execute("SELECT COUNT(*) FROM checkpoints").fetchone()[0])


def test_a_stopped_graph_goes_on_from_a_pruned_file(tmp_path: Path) -> None:
    with open_checkpoints(tmp_path, keep=5) as saver:
        graph = counter(saver, stop_at=40)
        with pytest.raises(RuntimeError, match="stopped"):
            graph.invoke({"n": 0}, CONFIG, durability=DURABILITY)
        assert stored(saver) > 40
        assert prune(saver, 5) > 35
        assert stored(saver) == 5
    with open_checkpoints(tmp_path, keep=5) as saver:
        graph = counter(saver, stop_at=-1)
        assert graph.get_state(CONFIG).values == {"n": 40}
        assert graph.invoke(None, CONFIG, durability=DURABILITY) == {"n": 60}


def test_only_the_owner_may_read_the_file(tmp_path: Path) -> None:
    with open_checkpoints(tmp_path):
        pass
    assert stat.S_IMODE((tmp_path / "checkpoints.sqlite").stat().st_mode) == 0o600


def test_no_foreign_class_is_built_on_loading(tmp_path: Path) -> None:
    with open_checkpoints(tmp_path) as saver:
        loaded = saver.serde.loads_typed(saver.serde.dumps_typed({"n": Foreign(n=1), "s": ["x", 1.5, None]}))
    assert not isinstance(loaded["n"], Foreign)
    assert loaded["s"] == ["x", 1.5, None]


def test_a_damaged_file_is_put_aside_and_the_graph_starts_over(tmp_path: Path) -> None:
    path = tmp_path / "checkpoints.sqlite"
    path.write_bytes(b"garbage " * 1000)
    with open_checkpoints(tmp_path) as saver:
        assert stored(saver) == 0
        assert counter(saver, stop_at=-1, limit=3).invoke({"n": 0}, CONFIG) == {"n": 3}
    assert (tmp_path / "checkpoints.sqlite.damaged-1").read_bytes().startswith(b"garbage")


def test_a_subgraph_that_runs_for_long_keeps_few_and_goes_on_where_it_stopped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("memory.checkpoints.PRUNE_EVERY", 10)

    def around(saver: Any, stop_at: int) -> Any:
        graph = StateGraph(State)
        graph.add_node("lane", counter(None, stop_at))
        graph.add_edge(START, "lane")
        return graph.compile(checkpointer=saver)

    with open_checkpoints(tmp_path, keep=3) as saver:
        with pytest.raises(RuntimeError, match="stopped"):
            around(saver, 45).invoke({"n": 0}, CONFIG, durability=DURABILITY)
        assert stored(saver) <= 3 + 3 + 10
    with open_checkpoints(tmp_path, keep=3) as saver:
        seen: list[int] = []
        graph = around(saver, -1)
        for step in graph.stream(None, CONFIG, stream_mode="values", subgraphs=True, durability=DURABILITY):
            seen.append(step[1]["n"])
        assert seen[-1] == 60
        assert min(seen[1:]) >= 45, "it goes on from where it was"
