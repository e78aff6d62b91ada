"""Tells a person, once each, that a run has ended or failed, or that it waits for a decision.

What is told is recorded in the ledger before it is sent, so that a resumed run doesn't tell it again. Each channel has
a thread of its own: a run goes on while a message is sent, and at its end waits a bounded time for what is still to be
sent. A message that can't be sent is one note; it never ends a run.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from queue import SimpleQueue
from typing import Literal

from agents.notes import note
from agents.notify.channels import Channel, NotSent
from agents.notify.message import Message, clean, describe_found
from memory.ledger.ledger import Ledger
from pelagos.errors import DiskFull, Locked, PelagosError
from pelagos.facts.drive import Notified
from pelagos.nouns import Claim, Hypothesis, Verdict

Happening = Literal["ended", "failed", "waiting"]
PAUSES_S = (1.0, 4.0)
"""Seconds before each further try."""
CLOSE_S = 40.0
"""Longest time that the end of a run waits for messages that are being sent."""


@dataclass
class Notifier:
    """`run` and `task` are their names. `on` are the happenings that are told."""

    ledger: Ledger
    run: str
    task: str
    channels: Sequence[Channel] = ()
    on: Sequence[str] = ()
    _queues: list[SimpleQueue[Message | None]] = field(default_factory=list)
    _threads: list[threading.Thread] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _closed: threading.Event = field(default_factory=threading.Event)

    def tell(self, event: Happening, key: str, status: str, reason: str, command: str) -> None:
        """Send a message unless the same `key` was told before; return at once. `command` is what to type next."""
        if not self.channels or event not in self.on or self._was_told(event, key, status, reason):
            return
        message = Message(event, self.run, self.task, status, reason, "", command)
        with self._lock:
            self._start()
        for queue in self._queues:
            queue.put(message)

    def close(self) -> None:
        """Wait until everything is sent or given up, but not longer than CLOSE_S."""
        deadline = time.monotonic() + CLOSE_S
        for queue in self._queues:
            queue.put(None)
        for thread in self._threads:
            thread.join(max(0.0, deadline - time.monotonic()))
        late = [
            channel.name for channel, thread in zip(self.channels, self._threads, strict=False) if thread.is_alive()
        ]
        self._closed.set()
        for name in late:
            _say(self.ledger, f"notification: {name}: not sent within {CLOSE_S:g} s")

    def _was_told(self, event: str, key: str, status: str, reason: str) -> bool:
        """Record that `key` is told now, and return whether it was before. Where that can't be recorded the drive is
        about to end, so it is told all the same."""
        with self._lock:
            try:
                if self.ledger.event(Notified.KIND, key) is not None:
                    return True
                self.ledger.record(Notified(event=event, status=status, reason=reason), key)
            except (DiskFull, Locked):
                return False
        return False

    def _describe_found(self) -> str:
        try:
            claims, verdicts = self.ledger.facts(Claim), self.ledger.facts(Verdict)
            titles = {idea.id: idea.title for idea in self.ledger.facts(Hypothesis).values()}
        except PelagosError as fault:
            return f"can't be read: {fault}"
        return describe_found(list(claims.values()), list(verdicts.values()), titles)

    def _start(self) -> None:
        for channel in self.channels[len(self._threads) :]:
            queue: SimpleQueue[Message | None] = SimpleQueue()
            thread = threading.Thread(target=self._work, args=(channel, queue), name="notify", daemon=True)
            self._queues.append(queue)
            self._threads.append(thread)
            thread.start()

    def _work(self, channel: Channel, queue: SimpleQueue[Message | None]) -> None:
        pauses_s: Sequence[float] = PAUSES_S
        while (message := queue.get()) is not None and not self._closed.is_set():
            whole = clean(replace(message, found=self._describe_found()), os.environ)
            fault = _send(channel, whole, pauses_s, self._closed)
            pauses_s = () if fault else PAUSES_S  # a channel that is away gets one try for each further message
            if fault and not self._closed.is_set():
                _say(self.ledger, f"notification ({message.event}): {channel.name}: {fault}")


def _send(channel: Channel, message: Message, pauses_s: Sequence[float], closed: threading.Event) -> str:
    """Try until the message is sent, the tries are used up, or `closed` is set. Return why it wasn't sent, "" if it
    was."""
    fault = ""
    for pause_s in (0.0, *pauses_s):
        if closed.wait(pause_s):
            break
        try:
            channel.send(message)
        except NotSent as failure:
            fault = str(failure)
            if failure.is_final:
                break
        except PelagosError as failure:  # a proxy or certificates that can't be used
            return str(failure)
        else:
            return ""
    return fault


def _say(ledger: Ledger, text: str) -> None:
    """Record a note, where the ledger can still be written: a message must not end a run."""
    try:
        note(ledger, text)
    except PelagosError:  # the disk is full or the ledger is locked; the drive meets that itself and says so
        return
