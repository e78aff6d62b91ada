"""Whether a run goes on: a person's words in its ledger, and the watch that a drive keeps for them.

A pause holds every thread at its next boundary until it is taken back, also over a kill and a restart. A stop ends the
drive as a signal does.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from memory.ledger.ledger import Ledger, Reader
from memory.steps.budget import Budget
from pelagos.errors import PelagosError
from pelagos.facts.drive import Ending
from pelagos.facts.reader import read
from pelagos.facts.review import Control, ControlWord

POLL_S = 0.5


def find_control(ledger: Reader) -> ControlWord:
    """Return the word that holds now. A stop holds until a drive has ended after it."""
    words, endings = ledger.events(Control.KIND), ledger.events(Ending.KIND)
    if not words:
        return "continue"
    word = read(Control, words[-1].payload).word
    is_over = word == "stop" and bool(endings) and endings[-1].seq > words[-1].seq
    return "continue" if is_over else word


def record_control(ledger: Ledger, word: ControlWord, by: str = "") -> bool:
    """Record the word. Returns False if it holds already; then nothing is recorded."""
    while True:
        number = len(ledger.facts(Control)) + 1  # before the look: of two at once one gets the other's fact
        if find_control(ledger) == word:
            return False
        mine = Control(word=word, by=by)
        if ledger.record(mine, str(number)) == mine:
            return True


class ControlWatch:
    """Looks for the words while a drive is in progress, in a thread of its own, so that a wait for an endpoint ends as
    well. A stop sets `stop`."""

    def __init__(self, ledger: Reader, stop: threading.Event) -> None:
        self._ledger, self._stop = ledger, stop
        self._paused = False
        self._said = 0  # how many words there were when a pause was last said
        self._changed = threading.Condition()
        self._ended = threading.Event()
        self._error: PelagosError | None = None

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Watch while this context is open. Raises what reading the ledger raises."""
        self._look()
        thread = threading.Thread(target=self._watch, name="control", daemon=True)
        thread.start()
        try:
            yield
        finally:
            self._ended.set()
            thread.join()

    def hold(self, budget: Budget, say: Callable[[str], None]) -> bool:
        """Wait while the run is paused and no stop is asked for; return whether it was. Each pause is said once. The
        run's clock stands still as soon as all steps in progress wait here as well. Raises an error that the watch has
        met."""
        waited = False
        with budget.resting(), self._changed:
            while self._paused and not self._stop.is_set() and self._error is None:
                if not waited:
                    self._say_once(say)
                waited = True
                if budget.is_idle():
                    budget.pause()
                self._changed.wait(POLL_S)
        if self._error is not None:
            raise self._error
        if waited:
            budget.resume()
        return waited

    def _say_once(self, say: Callable[[str], None]) -> None:
        words = list(self._ledger.facts(Control).values())
        if len(words) != self._said:
            self._said = len(words)
            say(f"pause {len(words)}, by {words[-1].by or 'a person'}: nothing begins before `pelagos resume`")

    def _watch(self) -> None:
        seen = 0
        while not self._ended.wait(POLL_S):
            try:
                newest = self._ledger.last_seq()
                if newest != seen:
                    self._look()
                seen = newest
            except PelagosError as error:  # raised at the next boundary, in the thread of a node
                with self._changed:
                    self._error = error
                    self._changed.notify_all()
                return

    def _look(self) -> None:
        word = find_control(self._ledger)
        if word == "stop":
            self._stop.set()
        with self._changed:
            self._paused = word == "pause"
            self._changed.notify_all()
