"""Checks a run's caps at launch, and replaces the caps of a run that exists.

Caps that are given again at `resume` are a fact of the ledger and hold from then on. They change no rule of the
verdicts: those were fixed before the first result was seen.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any, get_args

from agents.notes import note
from agents.pacing.pace import check_time
from agents.setup import run_folder
from memory.files.run_lock import hold_controller
from memory.ledger.ledger import Ledger, Reader
from memory.steps.budget import Budget
from pelagos.errors import BadInput
from pelagos.facts.drive import Given as GivenCaps
from pelagos.facts.ideas import Screened
from pelagos.nouns import Role
from pelagos.settings import Settings
from pelagos.settings_sources import override

OPTIONS = {
    "seconds": "--hours",
    "experiments": "--max-experiments",
    "usd": "--max-cost",
    "tokens": "--max-tokens",
    "hypotheses": "--hypotheses",
}
Changes = Mapping[str, Mapping[str, Any]]
"""Section (`caps`, `loop`) -> name -> new value; only the settings that change."""


def check_caps(settings: Settings) -> list[str]:
    """Check the caps and return the models' specs. Raises BadInput for a cap that can't be kept or is too small for
    anything to fit."""
    specs = sorted({spec for role in get_args(Role) for spec in settings.models.specs(role)})
    check_time(
        settings.caps.seconds,
        any(settings.models.spec(role).startswith("embedded") for role in get_args(Role)),
    )
    if settings.caps.usd is not None:
        _check_prices(specs, settings)
    return specs


def replace_caps(folder: Path, changes: Changes) -> None:
    """Record new caps for the run in `folder`. Raises BadInput if a cap is below what was spent already, if it can't be
    kept, or if a process is driving the run."""
    launched_with = run_folder.read(folder).resolved()
    with hold_controller(folder), closing(Ledger.open(folder / run_folder.LEDGER)) as ledger:
        old_settings = read_settings_in_force(launched_with, ledger)
        new_settings = override(old_settings, changes)
        check_caps(new_settings)
        old, new = _read_values(old_settings, changes), _read_values(new_settings, changes)
        faults = [fault for name, cap in new.items() if name in OPTIONS and (fault := _find_fault(name, cap, ledger))]
        if faults:
            raise BadInput(*faults)
        lines = [f"{_format_cap(name, old[name])} -> {_format_cap(name, cap)}" for name, cap in new.items()]
        note(ledger, f"caps changed: {', '.join(lines)}")
        fact = GivenCaps.model_validate({section: dict(values) for section, values in changes.items()})
        ledger.record(fact, str(len(ledger.facts(GivenCaps)) + 1))


def read_settings_in_force(settings: Settings, ledger: Reader) -> Settings:
    """Return the settings of the launch with the caps that replaced theirs since."""
    for given in ledger.facts(GivenCaps).values():
        settings = override(settings, given.sections)
    return settings


def suggest_cap(reason: str, caps: Mapping[str, Any]) -> str:
    """Return the option of `pelagos resume` that doubles the cap that was reached for this reason, after a space; ""
    where no option changes it."""
    resource = reason.partition(":")[0]
    cap = caps.get(resource)
    if resource not in OPTIONS or not cap:
        return ""
    return f" {OPTIONS[resource]} {2 * cap / (3600 if resource == 'seconds' else 1):.15g}"


def were_replaced_since(ledger: Reader, seq: int) -> bool:
    """Whether caps were replaced after the row `seq`."""
    return bool(ledger.events(GivenCaps.KIND, after=seq))


def _read_values(settings: Settings, changes: Changes) -> dict[str, float | None]:
    """Return name -> value of the settings that change."""
    values = settings.model_dump()
    return {name: values[section][name] for section, names in changes.items() for name in names}


def _find_fault(name: str, cap: float | None, ledger: Reader) -> str:
    """Return a line if the cap is below what the run has spent, else ""."""
    spent = _read_spent(name, ledger)
    if cap is None or cap >= spent:
        return ""
    new, used = _format_cap(name, cap), _format_cap(name, spent)
    return f"{OPTIONS[name]}: {new} is below what the run has spent, {used}: give more"


def _read_spent(name: str, ledger: Reader) -> float:
    if name == "hypotheses":
        return sum(screened.kept for screened in ledger.facts(Screened).values())
    return float(getattr(Budget(Settings().caps, ledger).summary(), name).spent)


def _format_cap(name: str, value: float | None) -> str:
    if value is None:
        return f"no {name}" if name != "seconds" else "no hours"
    if name == "review_wait":
        return f"{value:g} minutes for a review"
    return f"{value / 3600:.3g} hours" if name == "seconds" else f"{value:g} {name}"


def _check_prices(specs: Sequence[str], settings: Settings) -> None:
    """Raises BadInput for a cap on money that can't be kept, since a model's price is unknown."""
    from agents.models.registry import find_unpriced

    embedder = settings.models.embedder
    unknown = find_unpriced([*specs, *([embedder] if embedder.startswith("openai:") else [])], settings.models)
    if unknown:
        raise BadInput(
            f"caps.usd (--max-cost): the price of {', '.join(unknown)} is not known, so the cap can't be kept: give a "
            "price table (models.prices in pelagos.toml), or cap by --max-tokens"
        )
