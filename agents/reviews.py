"""A reviewer's decisions on hypotheses: facts of the ledger, which anybody may add beside a drive or between two.

A decision is about one state of a hypothesis, told by its hash: what was planned anew has to be looked at anew. Three
kinds of facts: `review.wanted` (the run waits), `decision` (the newest one about a state holds, until it is acted on)
and `reviewed` (the run acted on it, and what it was).
"""

from __future__ import annotations

from typing import Any, Literal

from memory.keys import step_key
from memory.ledger import Event, Ledger, Reader
from pelagos.errors import BadInput
from pelagos.nouns import Hypothesis
from pelagos.visible import visible

WANTED, DECISION, REVIEWED = "review.wanted", "decision", "reviewed"
Word = Literal["accept", "reject", "revise"]
LONGEST = 2_000
REJECTED = "rejected by a reviewer"


def state_of(hypothesis: Hypothesis, revision: int) -> str:
    """The hash of what a reviewer sees: the hypothesis, and how often it was planned anew."""
    return step_key(hypothesis=hypothesis.model_dump(mode="json"), revision=revision)


def acted_on(ledger: Reader, hypothesis: str) -> list[dict[str, Any]]:
    """What the run made of the hypothesis' reviews, in order."""
    return [event.payload for event in ledger.events(REVIEWED) if event.payload["hypothesis"] == hypothesis]


def revision(ledger: Reader, hypothesis: str) -> int:
    """How often it was to be planned anew."""
    return sum(one["decision"] == "revise" for one in acted_on(ledger, hypothesis))


def words(ledger: Reader, hypothesis: str) -> str:
    """All that reviewers noted on it, "" where they said nothing."""
    return "\n".join(one["note"] for one in acted_on(ledger, hypothesis) if one["note"])


def rejected(ledger: Reader, hypothesis: str) -> str:
    """`rejected by a reviewer: NOTE`, "" where nobody did."""
    found = [one for one in acted_on(ledger, hypothesis) if one["decision"] == "reject"]
    return f"{REJECTED}{': ' if found[-1]['note'] else ''}{found[-1]['note']}" if found else ""


def newest(ledger: Reader, seen: str) -> Event | None:
    """The decision that holds for the state `seen`."""
    return next((one for one in reversed(ledger.events(DECISION)) if one.payload["seen"] == seen), None)


def decided(ledger: Reader, hypothesis: str) -> bool:
    """Whether there is a decision on it that the run has not acted on."""
    done = {event.key for event in ledger.events(REVIEWED)}
    mine = (one.payload for one in ledger.events(DECISION) if one.payload["hypothesis"] == hypothesis)
    return any(one["seen"] not in done for one in mine)


def act(ledger: Ledger, hypothesis: str, seen: str, decided: Event | None) -> dict[str, Any]:
    """Record that the run acts on a decision, or on none; returns what it acts on, now and ever after."""
    what = decided.payload if decided else {"decision": "accept", "note": ""}
    fact = {"hypothesis": hypothesis, "decision": what["decision"], "note": what["note"]}
    return ledger.append(REVIEWED, seen, {**fact, "by": decided.key if decided else ""}).payload


def decide(ledger: Ledger, hypothesis: str, word: Word, note: str = "", saw: str = "") -> str:
    """Record a decision; returns the word that it replaces, "" where there was none. `saw`: the beginning of the hash
    of what was looked at, by default as it is now.

    Raises BadInput for a hypothesis that isn't there, wasn't kept or was acted on, and for one that has changed.
    """
    note = visible(note).strip()
    _check_note(word, note)
    seen = _open_state(ledger, hypothesis)
    if not seen.startswith(saw):
        raise BadInput(f"{hypothesis}: is not what you saw ({saw}) any more, it is {seen[:8]}: look again, then decide")
    before = newest(ledger, seen)
    key = f"{hypothesis}/{len(ledger.events(DECISION)) + 1}/{step_key(note=note, word=word)[:8]}"
    ledger.append(DECISION, key, {"hypothesis": hypothesis, "seen": seen, "decision": word, "note": note})
    done = ledger.find(REVIEWED, seen)
    if done and done["by"] != key:
        raise BadInput(f"{hypothesis}: {word} came too late: {_done(done)} was acted on a moment ago")
    return str(before.payload["decision"]) if before else ""


def _check_note(word: Word, note: str) -> None:
    if len(note) > LONGEST:
        raise BadInput(f"--note: {len(note)} characters are too long: at most {LONGEST} are taken")
    if word == "revise" and not note:
        raise BadInput("revise: say by --note what is to be changed")


def _open_state(ledger: Reader, id: str) -> str:
    """The hash of the hypothesis as it is now. Raises BadInput where no decision on it is wanted any more, or yet."""
    known = sorted(
        (event.payload for event in ledger.events("hypothesis")), key=lambda one: (len(one["id"]), one["id"])
    )
    found = next((one for one in known if one["id"] == id), None)
    if found is None:
        raise BadInput(
            f"hypothesis '{id}': none of this run's: {', '.join(one['id'] for one in known) or 'it has none'}"
        )
    screened = ledger.find("screened", id)
    if screened is None:
        raise BadInput(f"{id}: isn't compared with earlier ones yet: decide when it waits")
    if not screened["kept"]:
        raise BadInput(f"{id}: was thrown out at screening, nothing is to be decided: {screened['reason']}")
    done = acted_on(ledger, id)
    if done and done[-1]["decision"] != "revise":
        raise BadInput(f"{id}: {_done(done[-1])} was acted on already, it can't be changed any more")
    if any(event.payload["hypothesis"] == id for event in ledger.events(kinds=("build", "verdict"))):
        raise BadInput(f"{id}: is tested or ended already, nothing is to be decided")
    hypothesis = Hypothesis(**{name: found[name] for name in Hypothesis.model_fields if name in found})
    return state_of(hypothesis, revision(ledger, id))


def _done(fact: dict[str, Any]) -> str:
    return str(fact["decision"])
