"""Notifications of real runs: real commands as child processes, a real server as the webhook, also hung and broken."""

from __future__ import annotations

import json
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from agents.launch import drive
from agents.notify import channels, notifier
from agents.notify.channels import open_channels
from agents.notify.notifier import Notifier
from agents.review.decisions import record_decision
from agents.setup.create import create
from memory.ledger.ledger import Ledger
from pelagos.errors import BadInput, MissingPart
from pelagos.facts.drive import Ending
from pelagos.notify import Notify
from pelagos.settings import Caps
from tests.agents.crash import SERVER, STATUS, wait_for_end
from tests.agents.scripted import Inventive, Scripted, ScriptedAssembly, make_short_settings
from tests.agents.test_loop import read_facts
from tests.toolchains.table import write_task

SECRET = "sk-verysecret-0123456789"


class Hook(ThreadingHTTPServer):
    """A webhook that keeps what it gets, and answers with `status` after `lag_s`, or never while it is `hung`."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Answer)
        self.status, self.hung, self.bodies = 200, threading.Event(), list[dict[str, Any]]()
        self.address = f"http://127.0.0.1:{self.server_address[1]}/hook/{SECRET}"


class Answer(BaseHTTPRequestHandler):
    server: Hook

    def do_POST(self) -> None:
        self.server.bodies.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        if self.server.hung.is_set():
            time.sleep(2)
            return
        self.send_response(self.server.status)
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None: ...


@pytest.fixture
def hook() -> Iterator[Hook]:
    with Hook() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        yield server
        server.shutdown()


@pytest.fixture(autouse=True)
def short_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(channels, "LIMIT_S", 0.3)
    monkeypatch.setattr(notifier, "PAUSES_S", (0.01, 0.02))


def launch(
    project: Path, notify: Notify, model: Scripted | None = None, hypotheses: int = 1, **sections: Any
) -> tuple[Path, Callable[..., Ending]]:
    assembly = ScriptedAssembly(model or Inventive())
    settings = make_short_settings(hypotheses, **sections)
    settings.notify = notify
    task = str(write_task(project / "table"))
    run = create(project, task, settings, project / "runs" / "night", assembly)
    return run, partial(drive, run, assembly=assembly, notify=notify)


def gate(run: Path) -> None:
    """Let the run wait for reviews, and not for long."""
    description = json.loads((run / "run.json").read_text())
    description["settings"]["loop"] |= {"review": "gate", "review_wait": 0}
    (run / "run.json").write_text(json.dumps(description))


def write_command(folder: Path, body: str) -> Path:
    path = folder / "tell.sh"
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(0o755)
    return path


def tell(folder: Path, notify: Notify) -> list[str]:
    """Tell of an ending in a ledger of its own; return the notes that say what was not sent."""
    with (
        closing(Ledger.open(folder / "ledger.db")) as ledger,
        closing(Notifier(ledger, "night", "table", open_channels(notify, folder, os.environ), notify.on)) as told,
    ):
        told.tell("ended", "key", "finished", "all done", "pelagos hypotheses night")
        told.tell("ended", "key", "finished", "all done", "pelagos hypotheses night")
    return list_notes(folder)


def list_notes(run: Path) -> list[str]:
    return [fact["text"] for fact in read_facts(run, "note") if fact["text"].startswith("notification")]


def test_a_command_hears_the_end_as_text_and_json(tmp_path: Path) -> None:
    write_command(tmp_path, f"cat >> {tmp_path}/told")
    run, go = launch(tmp_path, Notify(command=f"{tmp_path}/tell.sh 'two words'"))
    go()
    text, _, line = (tmp_path / "told").read_text().partition("\n\n")
    message = json.loads(line)
    assert text.splitlines() == [
        "Pelagos: night (table) finished: 1 hypothesis tested",
        f"found: {message['found']}",
        f"next: pelagos hypotheses {run}",
    ]
    assert message["text"] == text
    assert {name: message[name] for name in ("event", "run", "task", "status", "reason", "next")} == {
        "event": "ended",
        "run": "night",
        "task": "table",
        "status": "finished",
        "reason": "1 hypothesis tested",
        "next": f"pelagos hypotheses {run}",
    }
    assert not list_notes(run)


def test_an_end_is_told_once_also_when_the_run_is_driven_again(tmp_path: Path, hook: Hook) -> None:
    run, go = launch(tmp_path, Notify(webhook=hook.address))
    go()
    go()
    assert [body["status"] for body in hook.bodies] == ["finished"]
    assert [fact["event"] for fact in read_facts(run, "notified")] == ["ended"]


def test_an_end_that_a_kill_kept_from_being_told_is_told_at_the_next_drive(tmp_path: Path, hook: Hook) -> None:
    _, go = launch(tmp_path, Notify())
    go()  # ended, and nobody told
    go(notify=Notify(webhook=hook.address))
    assert [body["status"] for body in hook.bodies] == ["finished"]


def drive_child(project: Path) -> None:
    _, go = launch(project, Notify(command=str(project / "tell.sh")))
    go()


def test_what_was_being_told_at_a_kill_is_not_told_again(tmp_path: Path) -> None:
    write_command(tmp_path, f"echo >> {tmp_path}/told; kill -9 $PPID")
    notify = Notify(command=str(tmp_path / "tell.sh"))
    process = SERVER.Process(target=drive_child, args=(tmp_path,))
    with STATUS:
        process.start()
    assert wait_for_end(process) == -signal.SIGKILL
    assert drive(tmp_path / "runs" / "night", assembly=ScriptedAssembly(), notify=notify).status == "finished"
    assert (tmp_path / "told").read_text() == "\n"


def test_each_wait_is_told_once_with_the_command_to_decide(tmp_path: Path, hook: Hook) -> None:
    run, go = launch(tmp_path, Notify(webhook=hook.address))
    gate(run)
    go()
    go()
    (body,) = hook.bodies
    assert (body["event"], body["status"], body["next"]) == ("waiting", "waiting", f"pelagos decide {run} h1 accept")
    assert body["reason"].startswith("for a review of h1 (accept, reject, or revise --note TEXT): alpha0")
    with closing(Ledger.open(run / "ledger.db")) as ledger:
        record_decision(ledger, "h1", "accept")
    go()
    assert [body["event"] for body in hook.bodies] == ["waiting", "ended"]


def test_a_cap_is_told_with_the_option_that_raises_it(tmp_path: Path, hook: Hook) -> None:
    run, go = launch(tmp_path, Notify(webhook=hook.address), caps=Caps(experiments=4), hypotheses=9)
    assert go().status == "capped"
    assert hook.bodies[-1]["next"] == f"pelagos resume {run} --max-experiments 8"


def break_model(call: int) -> bool:
    raise AssertionError(f"my key is {SECRET}")


def test_a_crash_of_ours_is_told_without_the_key_in_it(
    tmp_path: Path, hook: Hook, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MY_API_KEY", SECRET)
    run, go = launch(tmp_path, Notify(webhook=hook.address), Scripted(break_model))
    with pytest.raises(AssertionError):
        go()
    (body,) = hook.bodies
    assert (body["event"], body["status"], body["next"]) == ("failed", "crashed", f"pelagos resume {run}")
    assert "AssertionError: my key is [key]" in body["reason"]
    assert SECRET not in json.dumps(body)


def test_models_that_are_away_are_told_as_a_failure(tmp_path: Path, hook: Hook) -> None:
    away = {"default": "replay:none", "retries": 0, "patience_s": 0}
    _run, go = launch(tmp_path, Notify(webhook=hook.address), Scripted(lambda _: True), models=away)
    ending = go()
    assert [(body["event"], body["status"]) for body in hook.bodies] == [("failed", ending.status)]


def test_a_missing_part_is_told(tmp_path: Path, hook: Hook) -> None:
    _, go = launch(tmp_path, Notify(webhook=hook.address))

    class Lacking(ScriptedAssembly):
        def sandbox(self, settings: Any) -> Any:
            raise MissingPart("no sandbox: install bubblewrap")

    with pytest.raises(MissingPart):
        go(assembly=Lacking())
    assert [(body["status"], body["reason"]) for body in hook.bodies] == [("stopped", "no sandbox: install bubblewrap")]


def test_only_what_is_asked_for_is_told(tmp_path: Path, hook: Hook) -> None:
    _run, go = launch(tmp_path, Notify(webhook=hook.address, on=["failed"]))
    go()
    assert hook.bodies == []


@pytest.mark.parametrize(("fault", "tries"), [("500", 3), ("404", 1), ("302", 1), ("hangs", 3), ("away", 0)])
def test_a_webhook_that_fails_is_one_note_after_some_tries(tmp_path: Path, hook: Hook, fault: str, tries: int) -> None:
    if fault == "hangs":
        hook.hung.set()
    elif fault != "away":
        hook.status = int(fault)
    address = hook.address if fault != "away" else f"http://127.0.0.1:9/{SECRET}"
    reasons = {"hangs": "did not answer within 0.3 s", "away": "could not be reached"}
    reason = reasons.get(fault, f"answered {fault}")
    assert tell(tmp_path, Notify(webhook=address)) == [f"notification (ended): webhook at 127.0.0.1: {reason}"]
    assert len(hook.bodies) == tries


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("exit 3", "ended with exit code 3"),
        ("sleep 60 & sleep 60", "took more than 0.3 s"),
        ("kill -9 $$", "ended with exit code -9"),
        ("exec </dev/null; yes | head -c 1000000; exit 1", "ended with exit code 1"),
    ],
)
def test_a_command_that_fails_is_one_note(tmp_path: Path, body: str, reason: str) -> None:
    program = write_command(tmp_path, f"echo >> {tmp_path}/tries; {body}")
    assert tell(tmp_path, Notify(command=[str(program)])) == [f"notification (ended): command: {reason}"]
    assert (tmp_path / "tries").read_text() == "\n" * 3


def test_a_file_that_cannot_be_executed_is_one_note(tmp_path: Path) -> None:
    program = tmp_path / "tell"
    program.write_bytes(b"\x7fELF no program")
    program.chmod(0o755)
    assert tell(tmp_path, Notify(command=["./tell"])) == [
        "notification (ended): command: can't be started: Exec format error"
    ]


def test_both_are_told_though_one_fails(tmp_path: Path, hook: Hook) -> None:
    program = write_command(tmp_path, "exit 1")
    assert len(tell(tmp_path, Notify(command=[str(program)], webhook=hook.address))) == 1
    assert [body["reason"] for body in hook.bodies] == ["all done"]


def test_a_hung_webhook_ends_no_run_and_delays_it_no_longer_than_its_limit(
    tmp_path: Path, hook: Hook, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(channels, "LIMIT_S", 30.0)
    monkeypatch.setattr(notifier, "CLOSE_S", 0.2)
    hook.hung.set()
    run, go = launch(tmp_path, Notify(webhook=hook.address))
    assert go().status == "finished"
    assert list_notes(run) == ["notification: webhook at 127.0.0.1: not sent within 0.2 s"]


def test_a_command_that_is_gone_at_resume_is_one_line_and_nothing_is_begun(tmp_path: Path) -> None:
    program = write_command(tmp_path, "true")
    run, go = launch(tmp_path, Notify(command=[str(program)]))
    program.unlink()
    with pytest.raises(BadInput, match=r"notify.command: .* is no program"):
        go()
    assert not (run / "ledger.db").exists()


def test_a_run_folder_holds_no_command_and_starts_none(tmp_path: Path) -> None:
    program = write_command(tmp_path, f"echo > {tmp_path}/told")
    run, go = launch(tmp_path, Notify(command=[str(program)]))
    description = json.loads((run / "run.json").read_text())
    assert "notify" not in description["settings"]
    description["settings"]["notify"] = {"command": [str(program)]}  # as somebody else may have written it
    (run / "run.json").write_text(json.dumps(description))
    go(notify=None)
    assert not (tmp_path / "told").exists()


def test_no_shell_reads_the_command(tmp_path: Path) -> None:
    write_command(tmp_path, f'echo "$1" > {tmp_path}/told')
    assert not tell(tmp_path, Notify(command="./tell.sh '$(touch gone)'"))
    assert (tmp_path / "told").read_text() == "$(touch gone)\n"


def test_threads_that_tell_the_same_tell_it_once(tmp_path: Path, hook: Hook) -> None:
    with closing(Ledger.open(tmp_path / "ledger.db")) as ledger:
        told = Notifier(ledger, "night", "table", [channels.Webhook(hook.address)], ["failed"])
        threads = [threading.Thread(target=told.tell, args=("failed", "k", "s", "r", "c")) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        told.close()
    assert len(hook.bodies) == 1


@pytest.mark.parametrize(
    ("notify", "message"),
    [
        ({"command": "no-such-program-here --now"}, "notify.command: 'no-such-program-here' is not on PATH"),
        ({"command": ["./nowhere.sh"]}, "notify.command: './nowhere.sh' is no program in /"),
        ({"webhook": "$NO_SUCH_HOOK"}, "notify.webhook: the environment variable NO_SUCH_HOOK is not set"),
        ({"webhook": "$BAD_HOOK"}, "notify.webhook: the environment variable BAD_HOOK holds no http"),
    ],
)
def test_what_cannot_work_is_one_line_before_anything_is_written(
    tmp_path: Path, notify: dict[str, Any], message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BAD_HOOK", "ftp://example.org")
    with pytest.raises(BadInput) as caught:
        launch(tmp_path, Notify(**notify))
    assert str(caught.value).startswith(message)
    assert len(caught.value.faults) == 1
    assert not (tmp_path / "runs").exists()


def test_a_secret_address_stays_in_the_environment(tmp_path: Path, hook: Hook, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MY_HOOK", hook.address)
    hook.status = 500
    assert tell(tmp_path, Notify(webhook="$MY_HOOK"))
    assert hook.bodies
    assert SECRET.encode() not in b"".join(path.read_bytes() for path in tmp_path.glob("ledger.db*"))
