"""A whole run against each imitation of a real server, and against servers that are of no use, role by role."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from agents.launch import drive
from agents.models.registry import check_model, open_model
from agents.setup.create import create
from memory.ledger.ledger import Ledger
from pelagos.errors import BadInput, MissingPart
from pelagos.facts.drive import Ending
from pelagos.settings import Settings
from tests.agents.scripted import ScriptedAssembly
from tests.agents.servers.imitation import Body, Imitation, LlamaServer, Ollama, Served, Vendor, Vllm, serving
from tests.toolchains.table import write_task

ROLES = ("default", "extractor", "ideator", "planner", "verifier", "coder")
KEY = "sk-n0-0ne-may-see-this/key+"


class ByHttp(ScriptedAssembly):
    """The scripted model, but for the roles whose spec names an endpoint."""

    def check_model(self, spec: str, settings: Settings) -> None:
        if spec.startswith("openai:"):
            check_model(spec, settings.models)

    def model(self, spec: str, settings: Settings, say: Callable[[str], None]) -> Any:
        return open_model(spec, settings.models) if spec.startswith("openai:") else self.scripted


def run_by(folder: Path, models: dict[str, Any], **more: Any) -> tuple[Ending, Ledger]:
    loop = {"workers": 2, "lanes": 1, "hypotheses": 3} | more.pop("loop", {})
    settings = Settings(
        loop=loop,
        judge={"max_seeds": 5},
        screen={"tau": 0.999, "known_tau": 1.1},
        literature={"sources": ["corpus"]},
        models={"default": "replay:none", "retries": 2} | models,
        **more,
    )
    assembly = ByHttp()
    run = create(folder, str(write_task(folder / "table")), settings, folder / "runs/r", assembly)
    ending = drive(run, assembly=assembly)
    return ending, Ledger.read(run / "ledger.db")


@pytest.mark.parametrize("kind", [Imitation, Vllm, LlamaServer, Ollama, Vendor])
def test_run_by_an_imitation_of(kind: type[Imitation], tmp_path: Path) -> None:
    server = kind()
    with serving(server) as url:
        ending, ledger = run_by(tmp_path, {"default": f"openai:some-model@{url}"})
    assert (ending.status, ending.exit_code) == ("finished", 0), ending.reason
    verdicts = {event.payload["hypothesis"] for event in ledger.events("verdict")}
    assert len(verdicts) >= 2
    said = [event.payload["text"] for event in ledger.events("note")]
    silent = kind in (Ollama, Vendor)
    assert sum("no log-probabilities" in text for text in said) == silent
    before = [event.kind for event in ledger.events(kinds=["note", "experiment"])]
    assert not silent or before[0] == "note"  # said before the baseline runs


def page(_asked: Body) -> Served:
    return Served("<html><title>Sign in</title></html>")


def error_body(_asked: Body) -> Served:
    return Served({"error": {"message": "no provider left"}})


def empty(_asked: Body) -> Served:
    return Served({"choices": [{"message": {"content": ""}, "finish_reason": "stop"}]})


def all_thoughts(_asked: Body) -> Served:
    return Served({"choices": [{"message": {"content": "<think>hm"}, "finish_reason": "length"}]})


def no_context(_asked: Body) -> Served:
    return Served({"error": {"message": "the prompt is too long for the context window"}}, 400)


def unpaid(_asked: Body) -> Served:
    return Served({"error": {"message": "Insufficient credits", "code": 402}})


USELESS = {
    page: "Sign in", error_body: "no provider left", empty: "empty", all_thoughts: "thoughts",
    no_context: "context window", unpaid: "Insufficient credits",
}  # fmt: skip


class Fading(Imitation):
    """Of use until the run began, useless from then on."""

    def __init__(self, useless: Callable[[Body], Served]) -> None:
        super().__init__()
        self.useless = useless

    def answer(self, asked: Body) -> Served:
        greeting = any(words in asked["messages"][0]["content"] for words in ("Say yes", "Is four"))
        return super().answer(asked) if greeting else self.useless(asked)


ASKED = [("ideator", 4), ("planner", 6), ("planner", 1), ("verifier", 6)]


def each_with_some() -> list[Any]:
    """All pairs; by default each answer meets one role, and each role one answer or two."""
    found = []
    for place, useless in enumerate(USELESS):
        for number, (role, hypotheses) in enumerate(ASKED):
            marks = () if number == place % len(ASKED) else pytest.mark.slow
            id = f"{useless.__name__}-{role}-{hypotheses}"
            found.append(pytest.param(useless, role, hypotheses, marks=marks, id=id))
    return found


@pytest.mark.parametrize(("useless", "role", "hypotheses"), each_with_some())
def test_useless_server_ends_the_run_with_its_reason(
    useless: Callable[[Body], Served], role: str, hypotheses: int, tmp_path: Path, waits: list[float]
) -> None:
    with serving(Fading(useless)) as url:
        ending, _ = run_by(tmp_path, {role: f"openai:some-model@{url}"}, loop={"hypotheses": hypotheses})
    assert (ending.status, ending.exit_code) == ("starved", 5)
    assert USELESS[useless] in ending.reason
    assert role in ending.reason or useless is unpaid


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (page, "web page 'Sign in'"),
        (unpaid, "Insufficient credits"),
        (lambda _: Served({"error": {"message": "The model `x` does not exist."}}, 404), "does not exist"),
        (lambda _: Served({"error": {"message": f"Incorrect API key provided: {KEY}"}}, 401), "Incorrect API key"),
        (lambda _: Served("", 404), "HTTP 404"),
    ],
)
def test_wrong_address_name_or_key_is_found_before_anything_is_written(
    answer: Callable[[Body], Served], words: str, role: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PELAGOS_API_KEY", f"{KEY}\n")
    server = Imitation()
    server.answer = answer  # type: ignore[method-assign]
    with serving(server) as url, pytest.raises(MissingPart, match=words) as raised:
        run_by(tmp_path, {role: f"openai:some-model@{url}"})
    assert KEY not in str(raised.value)
    assert "\n" not in str(raised.value)
    assert not (tmp_path / "runs").exists()


def test_nobody_there_is_found_before_anything_is_written(tmp_path: Path) -> None:
    with serving(Imitation()) as url:
        pass
    with pytest.raises(MissingPart, match=r"nothing answers.*start it, or correct the address"):
        run_by(tmp_path, {"coder": f"openai:some-model@{url}"})
    assert not (tmp_path / "runs").exists()


def test_cap_on_money_that_can_not_be_kept_is_refused(tmp_path: Path) -> None:
    with serving(Imitation()) as url:
        models = {"planner": f"openai:some-model@{url}"}
        with pytest.raises(BadInput, match=r"openai:some-model is not known.*--max-tokens"):
            run_by(tmp_path, models, caps={"usd": 5})
        table = tmp_path / "prices.toml"
        table.write_text('[[price]]\nmodel = "openai:some-*"\ninput = 1\noutput = 2\n')
        ending, _ = run_by(tmp_path, models | {"prices": table}, caps={"usd": 5})
    assert ending.status == "finished"


class Echoing(Imitation):
    """Sends the key back, as debugging proxies do: in errors, in answers, in headers."""

    def answer(self, asked: Body) -> Served:
        served = super().answer(asked)
        if len(self.seen) % 3 == 2:
            return Served({"error": {"message": f"upstream said no to Bearer {KEY}"}}, 503, {"X-Key": KEY})
        assert isinstance(served.body, dict)
        return Served(served.body | {"debug": {"authorization": KEY}, "system_fingerprint": KEY})


def test_no_key_is_in_any_file_of_a_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], waits: list[float]
) -> None:
    from app.report.build import write_report

    monkeypatch.setenv("PELAGOS_API_KEY", f"Bearer {KEY}\r\n")
    with serving(Echoing()) as url:
        ending, ledger = run_by(tmp_path, {"default": f"openai:some-model@{url}", "retries": 6})
    assert ending.status == "finished", ending.reason
    assert ledger.events("model.fault")
    write_report(tmp_path / "runs/r")
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert len(files) > 10
    for path in files:
        assert KEY.encode() not in path.read_bytes(), path
    assert KEY not in "".join(capfd.readouterr())
