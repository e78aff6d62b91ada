"""Whole runs whose endpoint is away for ten minutes of a clock that only waits move."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from agents.launch import drive
from agents.setup.assembly import Assembly
from agents.setup.create import create
from memory.ledger.ledger import Event, Ledger
from pelagos.settings import Settings
from tests.agents.servers.imitation import Body, Imitation, Served
from tests.agents.servers.outage import Dial, Switched
from tests.agents.servers.test_runs import ByHttp
from tests.toolchains.table import write_task

ROLES = ("extractor", "ideator", "planner", "verifier")
AWAY_S = 600.0


class OnDial(ByHttp):
    """The scripted parts by the clock of the test."""

    def __init__(self) -> None:
        super().__init__()
        self.clock = Dial()


class Endless(Imitation):
    """Embeds as well, so that it serves as the embedder's endpoint."""

    def answer(self, asked: Body) -> Served:
        if "input" not in asked:
            return super().answer(asked)
        rows = [{"index": place, "embedding": _vector(text)} for place, text in enumerate(asked["input"])]
        return Served({"data": rows, "usage": {"prompt_tokens": 3 * len(rows)}})


def _vector(text: str) -> list[float]:
    import warnings

    from memory.embedders.embedder import hashing

    with warnings.catch_warnings(action="ignore"):
        return [float(x) for x in hashing().embed([text])[0]]


@pytest.fixture
def server() -> Iterator[Switched]:
    made = Switched(Endless())
    yield made
    made.off()


def settings(models: dict[str, Any], **more: Any) -> Settings:
    return Settings(
        loop={"workers": 2, "lanes": 1, "hypotheses": 3} | more.pop("loop", {}),
        judge={"max_seeds": 5},
        screen={"tau": 0.999, "known_tau": 1.1},
        literature={"sources": ["corpus"]},
        models={"default": "replay:none", "retries": 1} | models,
        **more,
    )


def created(folder: Path, chosen: Settings, assembly: Assembly) -> Path:
    return create(folder, str(write_task(folder / "table")), chosen, folder / "runs/r", assembly)


def once(kind: str, role: str, act: Callable[[], None], nth: int = 1) -> Callable[[Event], None]:
    """A watch that acts when the nth call of a role is about to be sent."""
    seen = []

    def watch(event: Event) -> None:
        if event.kind == f"{kind}.intent" and event.payload.get("role", "embedder") == role:
            seen.append(event)
            if len(seen) == nth:
                act()

    return watch


def verdicts(run: Path) -> dict[str, Any]:
    ledger = Ledger.read(run / "ledger.db")
    newest = {event.payload["hypothesis"]: event.payload for event in ledger.events("verdict")}
    claims = {event.payload["hypothesis"]: event.payload["held"] for event in ledger.events("claim")}
    ledger.close()
    shown = {id: (one["kind"], one["effect"], one["evidence"]) for id, one in newest.items()}
    return {"verdicts": shown, "claims": claims}


def told(run: Path, kind: str) -> list[dict[str, Any]]:
    ledger = Ledger.read(run / "ledger.db")
    found = [event.payload for event in ledger.events(kind)]
    ledger.close()
    return found


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The verdicts of the same run without an outage."""
    folder, made, assembly = tmp_path_factory.mktemp("calm"), Switched(Endless()), OnDial()
    run = created(folder, settings({"default": f"openai:some-model@{made.url}"}), assembly)
    assert drive(run, assembly=assembly).exit_code == 0
    made.off()
    assert told(run, "outage") == []
    return verdicts(run)


def away(server: Switched, clock: Dial) -> Callable[[], None]:
    """Switch it off, and on again after ten minutes."""

    def act() -> None:
        server.off()
        clock.at(AWAY_S, server.on)

    return act


@pytest.mark.parametrize("role", [ROLES[0], *(pytest.param(role, marks=pytest.mark.slow) for role in ROLES[1:])])
def test_a_run_waits_for_its_endpoint_and_ends_as_one_without_an_outage(
    role: str, server: Switched, undisturbed: dict[str, Any], tmp_path: Path
) -> None:
    assembly = OnDial()
    run = created(tmp_path, settings({"default": f"openai:some-model@{server.url}"}), assembly)
    ending = drive(run, once("model", role, away(server, assembly.clock), 2), assembly=assembly)
    assert (ending.status, ending.exit_code) == ("finished", 0), ending.reason
    assert verdicts(run) == undisturbed
    (outage,), (over,) = told(run, "outage"), told(run, "outage.over")
    assert "Connection refused" in outage["reason"]
    assert over["seconds"] >= AWAY_S
    assert len(told(run, "model.fault")) <= 2 * 8  # of what was in flight, the call and its one short retry


def test_a_run_waits_for_its_embedder(server: Switched, tmp_path: Path) -> None:
    class Embedding(OnDial):
        check_embedder = Assembly.check_embedder
        embedder = Assembly.embedder

    ended = []
    for folder, disturbed in ((tmp_path / "calm", False), (tmp_path / "stormy", True)):
        assembly = Embedding()
        models = {"default": "scripted", "embedder": f"openai:words@{server.url}"}
        run = created(folder, settings(models), assembly)
        watch = once("embedding", "embedder", away(server, assembly.clock), 9) if disturbed else None
        ending = drive(run, watch, assembly=assembly)
        assert ending.exit_code == 0, ending.reason
        assert len(told(run, "outage.over")) == disturbed
        ended.append(verdicts(run))
    assert ended[0] == ended[1]


def test_waiting_is_not_the_pace_of_a_hypothesis(server: Switched, tmp_path: Path) -> None:
    assembly = OnDial()
    run = created(tmp_path, settings({"default": f"openai:some-model@{server.url}"}), assembly)
    drive(run, once("model", "planner", away(server, assembly.clock)), assembly=assembly)
    paces = [fact["hypothesis_s"] for fact in told(run, "pace") if fact["hypothesis_s"] is not None]
    assert paces
    assert max(paces) < 60


def test_lanes_wait_together_with_one_probe(server: Switched, tmp_path: Path) -> None:
    assembly, imitation = OnDial(), server.imitation
    run = created(
        tmp_path,
        settings({"default": f"openai:some-model@{server.url}"}, loop={"lanes": 4, "hypotheses": 6}),
        assembly,
    )
    turned = threading.Event()
    usual = imitation.answer

    def busy(asked: Body) -> Served:
        return Served("", 503) if turned.is_set() else usual(asked)

    imitation.answer = busy  # type: ignore[method-assign]
    seen = []

    def act() -> None:
        turned.set()
        seen.append(len(imitation.seen))

        def back() -> None:
            seen.append(len(imitation.seen))
            turned.clear()

        assembly.clock.at(AWAY_S, back)

    ending = drive(run, once("model", "planner", act), assembly=assembly)
    assert ending.exit_code == 0, ending.reason
    during = imitation.seen[seen[0] : seen[1]]
    probes = sum(asked["messages"][0]["content"] == "Say yes." for asked in during)
    assert 1 <= probes <= 9
    assert len(during) - probes <= 4 * 2 * 8  # what was in flight, once, with one retry


def test_a_cap_ends_a_wait_in_time_with_the_seal_closed_and_resume_goes_on(
    server: Switched, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # so that what is promising waits for the end of the run
    monkeypatch.setattr("agents.judging.decide.AT_ONCE_P", 0.0)
    assembly = OnDial()
    chosen = settings({"default": f"openai:some-model@{server.url}"}, caps={"seconds": 3600.0})
    run = created(tmp_path, chosen, assembly)
    began = assembly.clock.now()
    ending = drive(run, once("model", "planner", server.off, 3), assembly=assembly)
    assert (ending.status, ending.exit_code) == ("starved", 5)
    assert "still away when the run's cap is reached (seconds" in ending.reason
    assert "Connection refused" in ending.reason
    assert assembly.clock.now() - began < 3600
    assert [fact for fact in told(run, "verdict") if fact["kind"] == "promising"]
    assert not [fact for fact in told(run, "experiment") if fact["split"] == "sealed"]
    assert told(run, "claim") == []
    server.on()
    ending = drive(run, assembly=OnDial())
    assert (ending.status, ending.exit_code) == ("finished", 0), ending.reason
    assert told(run, "claim")


def test_patience_ends_a_wait_and_resume_goes_on(server: Switched, tmp_path: Path) -> None:
    assembly = OnDial()
    run = created(tmp_path, settings({"default": f"openai:some-model@{server.url}", "patience_s": 900.0}), assembly)
    began = assembly.clock.now()
    ending = drive(run, once("model", "verifier", server.off, 3), assembly=assembly)
    assert (ending.status, ending.exit_code) == ("starved", 5)
    assert "still away after 15 min, the longest that the run waits" in ending.reason
    assert 900 <= assembly.clock.now() - began < 960
    assert not [fact for fact in told(run, "experiment") if fact["split"] == "sealed"]
    server.on()
    assert drive(run, assembly=OnDial()).exit_code == 0
    assert len({fact["hypothesis"] for fact in told(run, "verdict")}) >= 3


def test_a_stop_is_noticed_during_a_wait(server: Switched, tmp_path: Path) -> None:
    assembly, stop = OnDial(), threading.Event()
    run = created(tmp_path, settings({"default": f"openai:some-model@{server.url}"}), assembly)

    def act() -> None:
        server.off()
        assembly.clock.at(120.0, stop.set)

    began = assembly.clock.now()
    ending = drive(run, once("model", "planner", act), stop, assembly)
    assert (ending.status, ending.exit_code) == ("interrupted", 130)
    assert assembly.clock.now() - began < 122
    server.on()
    assert drive(run, assembly=OnDial()).exit_code == 0


CHILD = """
import sys
from http.server import ThreadingHTTPServer
from tests.agents.servers.imitation import Imitation, _Handler
server = ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), _Handler)
server.daemon_threads, server.imitation = True, Imitation()
print("serving", flush=True)
server.serve_forever()
"""


def child(port: int) -> subprocess.Popen[bytes]:
    process = subprocess.Popen([sys.executable, "-c", CHILD, str(port)], stdout=subprocess.PIPE)
    assert process.stdout
    assert process.stdout.readline() == b"serving\n"
    return process


def test_a_server_that_is_killed_and_started_again(undisturbed: dict[str, Any], tmp_path: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    assembly, servers = OnDial(), [child(port)]

    def act() -> None:
        servers[0].send_signal(signal.SIGKILL)
        servers[0].wait()
        assembly.clock.at(AWAY_S, lambda: servers.append(child(port)))

    run = created(tmp_path, settings({"default": f"openai:some-model@http://127.0.0.1:{port}/v1"}), assembly)
    try:
        ending = drive(run, once("model", "planner", act, 2), assembly=assembly)
    finally:
        for server in servers:
            server.kill()
            server.wait()
    assert (ending.status, ending.exit_code) == ("finished", 0), ending.reason
    assert len(servers) == 2
    assert verdicts(run) == undisturbed


@pytest.mark.parametrize(
    "status", [429, 503, *(pytest.param(code, marks=pytest.mark.slow) for code in (502, 504, 529))]
)
def test_a_server_is_asked_again_when_it_said(
    status: int, server: Switched, undisturbed: dict[str, Any], tmp_path: Path
) -> None:
    assembly, imitation = OnDial(), server.imitation
    run = created(tmp_path, settings({"default": f"openai:some-model@{server.url}"}), assembly)
    usual, refused = imitation.answer, []

    def answer(asked: Body) -> Served:
        if not refused and "statement" in (imitation.schema(asked) or {}).get("properties", {}):
            refused.append(assembly.clock.now())
            return Served({"error": {"message": "later"}}, status, {"Retry-After": "1200"})
        return usual(asked)

    imitation.answer = answer  # type: ignore[method-assign]
    ending = drive(run, assembly=assembly)
    assert ending.exit_code == 0, ending.reason
    assert verdicts(run) == undisturbed
    (over,) = told(run, "outage.over")
    assert 1200 <= over["seconds"] < 1210
    assert [fact["next_s"] for fact in told(run, "outage")] == [1200]


@pytest.mark.parametrize(
    "answer",
    [
        Served({"error": {"message": "Incorrect API key"}}, 401),
        Served({"error": {"message": "no access"}}, 403),
        Served({"error": {"message": "The model `x` does not exist."}}, 404),
        Served({"error": {"message": "You exceeded", "code": "insufficient_quota"}}, 429),
    ],
)
def test_what_no_waiting_mends_ends_the_run_at_once(answer: Served, server: Switched, tmp_path: Path) -> None:
    assembly = OnDial()
    run = created(tmp_path, settings({"default": f"openai:some-model@{server.url}"}), assembly)

    def act() -> None:
        server.imitation.answer = lambda _: answer  # type: ignore[method-assign]

    began = assembly.clock.now()
    ending = drive(run, once("model", "planner", act), assembly=assembly)
    assert (ending.status, ending.exit_code) == ("starved", 5)
    assert assembly.clock.now() - began < 10
    assert told(run, "outage") == []


def test_another_model_is_asked_after_a_minute_and_the_first_again_when_it_is_back(
    server: Switched, tmp_path: Path
) -> None:
    other, assembly = Switched(Endless()), OnDial()
    both = [f"openai:some-model@{server.url}", f"openai:spare@{other.url}"]
    run = created(tmp_path, settings({"default": both}, loop={"hypotheses": 6}), assembly)
    usual = other.imitation.answer
    asked_at = []

    def answer(asked: Body) -> Served:
        asked_at.append(assembly.clock.now())
        if asked["messages"][0]["content"] != "Say yes.":
            assembly.clock.sleep(60.0)  # so that the first is back while this one works
        return usual(asked)

    other.imitation.answer = answer  # type: ignore[method-assign]
    began: list[float] = []

    def act() -> None:
        began.append(assembly.clock.now())
        server.off()
        assembly.clock.at(400.0, server.on)

    ending = drive(run, once("model", "planner", act), assembly=assembly)
    other.off()
    assert ending.exit_code == 0, ending.reason
    used = [fact["spec"] for fact in told(run, "model")]
    assert {"openai:some-model", "openai:spare"} == set(used)
    assert used[0] == used[-1] == "openai:some-model"
    assert 60 <= asked_at[0] - began[0] < 75
    switches = [(fact["spec"], fact["back"]) for fact in told(run, "model.switch") if fact["role"] == "planner"]
    assert switches[:2] == [("openai:spare", False), ("openai:some-model", True)]
    assert len(told(run, "outage")) == len(told(run, "outage.over")) == 1


def test_a_request_that_only_itself_finds_the_server_away_is_given_up(server: Switched, tmp_path: Path) -> None:
    """As behind a gateway with a time limit: 504 for one long answer, which would starve a whole night."""
    assembly, imitation = OnDial(), server.imitation
    run = created(tmp_path, settings({"default": f"openai:some-model@{server.url}"}), assembly)
    usual = imitation.answer

    def answer(asked: Body) -> Served:
        planning = "steps" in (imitation.schema(asked) or {}).get("properties", {})
        slow = planning and "double applied to d" in asked["messages"][1]["content"]
        return Served("<html>gateway time-out</html>", 504) if slow else usual(asked)

    imitation.answer = answer  # type: ignore[method-assign]
    ending = drive(run, assembly=assembly)
    assert ending.exit_code == 0, ending.reason
    assert len(told(run, "outage")) == 8  # two plans, one after the other, four tries each
    assert len({fact["hypothesis"] for fact in told(run, "verdict")}) == 3
