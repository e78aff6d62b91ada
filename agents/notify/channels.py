"""The ways to tell a person: a command of theirs, and a webhook. Each try has a time limit."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol
from urllib.parse import urlsplit

from agents.notify.message import Message
from pelagos.errors import BadInput, PelagosError
from pelagos.http_client import open_client
from pelagos.notify import Notify

LIMIT_S = 10.0
"""Seconds that one try may take."""


class NotSent(PelagosError):
    """A message that did not arrive, and why. `is_final`: another try would end the same."""

    def __init__(self, reason: str, is_final: bool = False) -> None:
        super().__init__(reason)
        self.is_final = is_final


class Channel(Protocol):
    @property
    def name(self) -> str: ...

    def send(self, message: Message) -> None:
        """Raises NotSent."""
        ...


@dataclass(frozen=True)
class Command:
    """A command of the user's, started without a shell. Its standard input is the text, an empty line, and one line of
    JSON. What it prints is thrown away."""

    words: Sequence[str]
    name: str = "command"

    def send(self, message: Message) -> None:
        try:
            child = _start(self.words, f"{message.text}\n\n{message.dump_json()}\n")
        except OSError as error:
            raise NotSent(f"can't be started: {error.strerror}", True) from None
        except ValueError as error:  # a word with a null character
            raise NotSent(f"can't be started: {error}", True) from None
        _wait(child)


def _start(words: Sequence[str], text: str) -> subprocess.Popen[bytes]:
    """Start a command that reads the text from a file in memory: it may leave a pipe unread."""
    with os.fdopen(os.memfd_create("message"), "w+b") as given:
        given.write(text.encode())
        given.seek(0)
        return subprocess.Popen(
            words, stdin=given, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
        )


def _wait(child: subprocess.Popen[bytes]) -> None:
    """Wait for a command, and kill it with its children when its time is over."""
    try:
        code = child.wait(LIMIT_S)
    except subprocess.TimeoutExpired:
        os.killpg(child.pid, signal.SIGKILL)
        child.wait()
        raise NotSent(f"took more than {LIMIT_S:g} s") from None
    if code:
        raise NotSent(f"ended with exit code {code}")


@dataclass(frozen=True)
class Webhook:
    """An address that gets the message by POST, as JSON. The address may be a secret: only its host is ever shown."""

    address: str = field(repr=False)

    @property
    def name(self) -> str:
        return f"webhook at {urlsplit(self.address).hostname}"

    def send(self, message: Message) -> None:
        import httpx

        headers = {"Content-Type": "application/json"}
        try:
            with (
                open_client(self.address, timeout=LIMIT_S) as client,
                client.stream("POST", self.address, content=message.dump_json(), headers=headers) as reply,
            ):
                status = reply.status_code
        except httpx.HTTPError as error:
            raise NotSent(_describe_fault(error)) from None
        except httpx.InvalidURL:
            raise NotSent("its address can't be used", True) from None
        if not 200 <= status < 300:
            raise NotSent(f"answered {status}", 300 <= status < 500 and status not in (408, 429))


def _describe_fault(error: Exception) -> str:
    """Return what happened, without the address."""
    import httpx

    if isinstance(error, httpx.TimeoutException):
        return f"did not answer within {LIMIT_S:g} s"
    return "could not be reached" if isinstance(error, httpx.TransportError) else "gave no answer that can be read"


def open_channels(notify: Notify, folder: Path, env: Mapping[str, str]) -> list[Channel]:
    """Return the channels of the settings. A command with a relative path lies in `folder`. Raises BadInput
    (one line) where a command is not found, or a variable holds no address."""
    channels: list[Channel] = []
    if notify.words:
        program, *arguments = notify.words
        channels.append(Command([_find_program(program, folder), *arguments]))
    if notify.webhook:
        channels.append(Webhook(_find_address(notify.webhook, env)))
    return channels


def _find_program(word: str, folder: Path) -> str:
    if os.sep not in word:
        found = shutil.which(word)
    else:
        path = (folder / Path(word).expanduser()).absolute()
        found = str(path) if path.is_file() and os.access(path, os.X_OK) else None
    if found is None:
        where = f"is no program in {folder}" if os.sep in word else "is not on PATH"
        raise BadInput(f"notify.command: {word!r} {where}: install it, correct its name, or make it executable")
    return found


def _find_address(webhook: str, env: Mapping[str, str]) -> str:
    if not webhook.startswith("$"):
        return webhook
    name, address = webhook[1:], env.get(webhook[1:], "").strip()
    parts = urlsplit(address)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        state = "holds no http(s) address" if address else "is not set"
        raise BadInput(f"notify.webhook: the environment variable {name} {state}: set it, or name another")
    return address
