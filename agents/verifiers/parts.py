"""What a verifier is opened with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from agents.verifiers.language.checks import RunCheck
from agents.verifiers.language.subject import PLAN, Subject
from memory.steps.steps import Steps
from pelagos.settings import Settings
from tools.toolchain import RoleModel


@dataclass(frozen=True)
class Parts:
    """`get_model()` returns the verifier role's model, `check` executes a program in the sandbox; both are used only
    when something is scored. `get_steps()` returns where a verifier records the calls of a server of its own. `subject`
    is what is judged."""

    get_model: Callable[[], RoleModel]
    check: RunCheck
    settings: Settings
    get_steps: Callable[[], Steps]
    subject: Subject = PLAN

    @property
    def parallel(self) -> int:
        """Requests that the verifier role's model answers at a time."""
        return self.settings.models.slots_for_role("verifier")
