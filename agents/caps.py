"""Caps of a run, and how far it goes: checked at launch, and given anew for a run that is there already.

What is given anew at `resume` is a fact of the ledger; what it names holds from then on. It changes nothing of the
rules that verdicts rest on: they were fixed before the first result was seen.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any, get_args

from agents import folder as run_folder
from agents.notes import note
from agents.pace import check_time
from memory.budget import Budget
from memory.controller import hold_controller
from memory.ledger import Ledger, Reader
from pelagos.errors import BadInput
from pelagos.nouns import Role
from pelagos.settings import Settings, changed

KIND = "caps"
OPTIONS = {
    "seconds": "--hours",
    "experiments": "--max-experiments",
    "usd": "--max-cost",
    "tokens": "--max-tokens",
    "hypotheses": "--hypotheses",
}
Given = Mapping[str, Mapping[str, Any]]
"""Settings by section, `caps` and `loop`: what is named there and nothing else."""


def check_caps(settings: Settings) -> list[str]:
    """Raises BadInput for a cap that can't be kept or in which nothing fits. Returns the models' specs."""
    specs = sorted({spec for role in get_args(Role) for spec in settings.models.specs(role)})
    check_time(
        settings.caps.seconds,
        any(settings.models.spec(role).startswith("embedded") for role in get_args(Role)),
    )
    if settings.caps.usd is not None:
        _check_prices(specs, settings)
    return specs


def give_anew(folder: Path, given: Given) -> None:
    """Record other caps for the run in `folder`. Raises BadInput where a cap is below what is spent already, where it
    can't be kept, and where a process drives the run."""
    before = run_folder.read(folder).resolved()
    with hold_controller(folder), closing(Ledger.open(folder / run_folder.LEDGER)) as ledger:
        now = in_force(before, ledger)
        wanted = changed(now, given)
        check_caps(wanted)
        asked = {name: cap for name, cap in _named(wanted, given).items() if name in OPTIONS}
        faults = [text for name, cap in asked.items() if (text := _too_low(name, cap, ledger))]
        if faults:
            raise BadInput(*faults)
        ledger.append(KIND, str(len(ledger.events(KIND)) + 1), {name: dict(part) for name, part in given.items()})
        old = _named(now, given)
        told = [f"{_shown(name, old[name])} -> {_shown(name, cap)}" for name, cap in _named(wanted, given).items()]
        note(ledger, f"caps given anew: {', '.join(told)}")


def in_force(settings: Settings, ledger: Reader) -> Settings:
    """The settings of a launch with what was given anew since."""
    for event in ledger.events(KIND):
        settings = changed(settings, event.payload)
    return settings


def given_since(ledger: Reader, seq: int) -> bool:
    """Whether caps were given anew after the row `seq`."""
    return bool(ledger.events(KIND, after=seq))


def _named(settings: Settings, given: Given) -> dict[str, float | None]:
    """Name -> value of what is given."""
    values = settings.model_dump()
    return {name: values[part][name] for part, named in given.items() for name in named}


def _too_low(name: str, cap: float | None, ledger: Reader) -> str:
    spent = _spent(name, ledger)
    if cap is None or cap >= spent:
        return ""
    return f"{OPTIONS[name]}: {_shown(name, cap)} is below what the run has spent, {_shown(name, spent)}: give more"


def _spent(name: str, ledger: Reader) -> float:
    if name == "hypotheses":
        return sum(bool(event.payload["kept"]) for event in ledger.events("screened"))
    return float(getattr(Budget(Settings().caps, ledger).summary(), name).spent)


def _shown(name: str, value: float | None) -> str:
    if value is None:
        return f"no {name}" if name != "seconds" else "no hours"
    if name == "review_wait":
        return f"{value:g} minutes for a review"
    return f"{value / 3600:.3g} hours" if name == "seconds" else f"{value:g} {name}"


def _check_prices(specs: Sequence[str], settings: Settings) -> None:
    """Raises BadInput for a cap on money that couldn't be kept, since nobody said what a model costs."""
    from agents.models.registry import unpriced

    embedder = settings.models.embedder
    unknown = unpriced([*specs, *([embedder] if embedder.startswith("openai:") else [])], settings.models)
    if unknown:
        raise BadInput(
            f"caps.usd (--max-cost): nobody said what {', '.join(unknown)} costs, so the cap can't be kept: give a "
            "price table (models.prices in pelagos.toml), or cap by --max-tokens"
        )
