"""Who is asked while somebody is away; by a clock that only waits move."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from agents.models.call_faults import TransientFailure, UnusableReply
from agents.models.outage.circuit_breaker import CircuitBreaker
from agents.models.outage.fallback_chain import MAX_ROUNDS, FallbackChain
from agents.models.outage.wait_policy import PATIENCE_S, WaitPolicy, patience_seconds
from memory.ledger.ledger import Ledger
from memory.steps.budget import Budget
from memory.steps.steps import Steps
from pelagos.errors import Interrupted, ModelError, ModelTimeout, ModelUnavailable
from pelagos.facts.fact import Cost
from pelagos.settings import Caps
from tests.agents.servers.outage import Dial

DOWN = TransientFailure("down", "nothing answers")


@dataclass
class House:
    """A ledger, its waits, and a clock that begins at 0."""

    ledger: Ledger
    steps: Steps
    clock: Dial = field(default_factory=Dial)
    stop: threading.Event = field(default_factory=threading.Event)

    def wait_policy(self, patience_s: float = 7200.0, fallback_s: float = 60.0) -> WaitPolicy:
        return WaitPolicy(self.steps, self.stop, patience_s=patience_s, fallback_s=fallback_s, clock=self.clock)

    @property
    def since(self) -> float:
        return self.clock.now() - 1000.0


@dataclass
class Server:
    """Away in the given spans of the clock."""

    name: str
    house: House
    spans: list[tuple[float, float]] = field(default_factory=list)
    error: ModelError = DOWN
    probes: list[float] = field(default_factory=list)
    breaker: CircuitBreaker | None = None

    def fault(self) -> ModelError | None:
        return self.error if any(start <= self.house.since < end for start, end in self.spans) else None

    def probe(self) -> tuple[ModelError | None, Cost]:
        self.probes.append(self.house.since)
        return self.fault(), Cost(tokens=20)


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    ledger = Ledger.open(tmp_path / "ledger.db")
    yield House(ledger, Steps(ledger, Budget(Caps(disk_mb=None), ledger)))
    ledger.close()


def asks(house: House, servers: list[Server], wait_policy: WaitPolicy) -> Callable[[], str]:
    for server in servers:
        server.breaker = CircuitBreaker(server.name, server.probe, wait_policy)
    chain = FallbackChain("coder", servers, wait_policy)

    def send(server: Server) -> str:
        if (error := server.fault()) is not None:
            raise error
        return server.name

    return lambda: chain.ask(send)[1]


def facts(house: House, kind: str) -> list[dict[str, object]]:
    return [event.payload for event in house.ledger.events(kind)]


def test_probes_come_less_and_less_often_and_their_cost_is_settled(house: House) -> None:
    server = Server("a", house, [(0, 2000)])
    assert asks(house, [server], house.wait_policy())() == "a"
    pauses = [later - earlier for earlier, later in zip([0.0, *server.probes], server.probes, strict=False)]
    assert pauses[:7] == pytest.approx([5, 10, 20, 40, 80, 160, 300], abs=0.5)
    assert max(pauses) <= 300.5
    assert house.steps.budget.summary().tokens.spent == 20 * len(server.probes)


def test_pauses_begin_anew_only_after_a_served_request(house: House) -> None:
    server = Server("a", house, [(0, 30), (34, 36)])
    ask = asks(house, [server], house.wait_policy())
    assert ask() == "a"
    house.clock.sleep(34.5 - house.since if house.since < 34.5 else 0)
    server.spans.append((house.since, house.since + 2))
    assert ask() == "a"
    assert facts(house, "outage")[1]["next_s"] == 5


@pytest.mark.parametrize("asked_s", [30.0, 1200.0])
def test_what_the_server_asks_for_is_heeded(asked_s: float, house: House) -> None:
    server = Server("a", house, [(0, 10)], TransientFailure("rate_limited", "slow down", asked_s))
    asks(house, [server], house.wait_policy())()
    assert server.probes == [pytest.approx(asked_s, abs=0.3)]


def test_a_refusal_found_by_a_probe_ends_the_wait(house: House) -> None:
    server = Server("a", house, [(0, 100)])
    ask = asks(house, [server], house.wait_policy())
    house.clock.at(20, lambda: setattr(server, "error", ModelUnavailable("HTTP 401 wrong key")))
    with pytest.raises(ModelUnavailable, match="wrong key"):
        ask()
    assert house.since < 40


def test_the_next_is_asked_after_a_while_and_the_first_again(house: House) -> None:
    first, second = Server("a", house, [(0, 500)]), Server("b", house)
    ask = asks(house, [first, second], house.wait_policy())
    assert (ask(), ask()) == ("b", "b")
    assert 60 <= house.since < 61
    house.clock.sleep(300)
    assert ask() == "b"
    assert first.probes[-1] == pytest.approx(360, abs=1)
    house.clock.sleep(600)
    assert (ask(), ask()) == ("a", "a")
    assert [(fact["spec"], fact["back"]) for fact in facts(house, "model.switch")] == [("b", False), ("a", True)]


def test_a_short_outage_is_waited_for_though_another_is_there(house: House) -> None:
    assert asks(house, [Server("a", house, [(0, 30)]), Server("b", house)], house.wait_policy())() == "a"


def test_all_away_the_first_back_is_asked(house: House) -> None:
    first, second = Server("a", house, [(0, 9000)]), Server("b", house, [(0, 1000)])
    assert asks(house, [first, second], house.wait_policy())() == "b"
    assert 1000 <= house.since < 1400


def test_patience_ends(house: House) -> None:
    ask = asks(house, [Server("a", house, [(0, 9e9)]), Server("b", house, [(0, 9e9)])], house.wait_policy(1800))
    with pytest.raises(ModelUnavailable, match=r"coder: still away after 30 min.*nothing answers"):
        ask()
    assert 1800 <= house.since < 1900


def test_a_stop_ends_a_wait(house: House) -> None:
    house.clock.at(100, house.stop.set)
    with pytest.raises(Interrupted):
        asks(house, [Server("a", house, [(0, 9e9)])], house.wait_policy())()
    assert house.since < 101


def test_no_patience_means_no_wait(house: House) -> None:
    server = Server("a", house, [(0, 9e9)])
    with pytest.raises(TransientFailure):
        asks(house, [server], house.wait_policy(0.0))()
    assert (house.since, server.probes) == (0, [])


def test_a_silent_server_is_away_and_a_slow_one_is_not(house: House) -> None:
    silent = Server("a", house, [(0, 100)], ModelTimeout("no answer"))
    assert asks(house, [silent], house.wait_policy())() == "a"
    slow = Server("b", house)
    slow.breaker = CircuitBreaker("b", slow.probe, house.wait_policy())
    with pytest.raises(ModelTimeout):
        FallbackChain("coder", [slow], house.wait_policy()).ask(_late)
    assert len(facts(house, "outage")) == 1


def _late(_: Server) -> str:
    raise ModelTimeout("too slow")


def test_a_request_that_only_itself_fails_is_given_up_and_a_limited_rate_is_not(house: House) -> None:
    sent = []

    def fails(_: Server) -> str:
        sent.append(house.since)
        raise TransientFailure("server_error", "HTTP 504")

    server = Server("a", house)
    server.breaker = CircuitBreaker("a", server.probe, house.wait_policy())
    with pytest.raises(UnusableReply, match="while other requests were answered: HTTP 504"):
        FallbackChain("coder", [server], house.wait_policy()).ask(fails)
    assert len(sent) == MAX_ROUNDS + 1

    limited = []

    def slowly(_: Server) -> str:
        limited.append(house.since)
        if len(limited) < 10:
            raise TransientFailure("rate_limited", "HTTP 429")
        return "done"

    assert FallbackChain("coder", [server], house.wait_policy(9e9)).ask(slowly)[1] == "done"


def test_patience_by_settings() -> None:
    assert patience_seconds(None, None) == PATIENCE_S
    assert patience_seconds(None, 3600.0) == float("inf")
    assert patience_seconds(60.0, None) == 60.0


def test_a_busy_machine_is_no_wait(house: House) -> None:
    """Time may pass between any two looks at the clock."""
    house.clock.now = lambda ticks=iter(range(10**6)): float(next(ticks))  # type: ignore[method-assign,misc]
    assert asks(house, [Server("a", house)], house.wait_policy())() == "a"
    assert facts(house, "waited") == []
