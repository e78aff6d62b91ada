from __future__ import annotations

import threading
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from agents.models.protocol import Reply, Request
from agents.setup import run_folder
from agents.setup.assembly import assemble
from agents.setup.create import create
from agents.verifiers.protocol import Solution
from memory.ledger.ledger import Ledger
from pelagos.errors import BadInput
from pelagos.facts.checks import StepCheck
from tests.agents.scripted import Scripted, ScriptedAssembly
from tests.agents.test_loop import make_settings
from tests.tools.code.conftest import make_task
from tools.code.toolchain import CodeToolchain


def test_a_toolchain_is_told_the_settings_that_it_reads(tmp_path: Path) -> None:
    make_task(tmp_path / "lines")
    settings, assembly = make_settings(loop={"tries": 3}, sandbox={"name": "unsafe"}), ScriptedAssembly()
    run = create(tmp_path, str(tmp_path / "lines"), settings, tmp_path / "r", assembly)
    description = run_folder.read(run)
    with (
        closing(Ledger.open(run / run_folder.LEDGER)) as ledger,
        assemble(run, description, ledger, threading.Event(), assembly) as assembled,
    ):
        assert isinstance(assembled.toolchain, CodeToolchain)
        assert assembled.toolchain.loop.tries == 3


def test_the_verifier_is_the_one_that_the_settings_name(tmp_path: Path) -> None:
    make_task(tmp_path / "lines")
    wanted = {"kind": "ensemble:direct+genprm:checks=off", "votes": 3}
    asked, assembly = make_settings(verifiers=wanted, sandbox={"name": "unsafe"}), ScriptedAssembly()
    run = create(tmp_path, str(tmp_path / "lines"), asked, tmp_path / "r", assembly)
    described = run_folder.read(run)
    with (
        closing(Ledger.open(run / run_folder.LEDGER)) as ledger,
        assemble(run, described, ledger, threading.Event(), assembly) as made,
    ):
        assert made.verifier.name == "ensemble:direct+genprm:votes=3,checks=off"


class Checking(Scripted):
    """Writes a check whatever it is shown, then believes the step."""

    def complete(self, request: Request, limit: Any) -> Reply:
        if request.top_logprobs:
            return Reply(text="Yes", tokens_in=9, tokens_out=1, seconds=0.1, first_logprobs={"Yes": -0.1, "No": -2.4})
        return Reply(text="```python\nprint(3 * 4)", tokens_in=9, tokens_out=5, seconds=0.1)


def test_a_verifier_executes_its_checks_in_the_sandbox_of_the_run(tmp_path: Path) -> None:
    make_task(tmp_path / "lines")
    asked = make_settings(verifiers={"kind": "genprm:votes=2"}, sandbox={"name": "unsafe"})
    assembly = ScriptedAssembly(Checking())
    run = create(tmp_path, str(tmp_path / "lines"), asked, tmp_path / "r", assembly)
    described = run_folder.read(run)
    with (
        closing(Ledger.open(run / run_folder.LEDGER)) as ledger,
        assemble(run, described, ledger, threading.Event(), assembly) as made,
    ):
        (result,) = made.verifier.score([Solution("P", ("3 * 4 = 12",))])
        (executed,) = ledger.facts(StepCheck).values()  # both votes wrote the same program
    assert result.reasons == ("The check printed: 12",)
    assert (executed.outcome, executed.output, executed.isolation) == ("ok", "12", "unsafe (no isolation)")


@pytest.mark.parametrize("kind", ["genpm", "genprm:vote=3", "ensemble:direct", "genprm-checkpoint"])
def test_a_verifier_that_cannot_be_opened_is_refused_before_anything_is_written(tmp_path: Path, kind: str) -> None:
    make_task(tmp_path / "lines")
    asked = make_settings(verifiers={"kind": kind}, sandbox={"name": "unsafe"})
    with pytest.raises(BadInput, match=r"^verifier "):
        create(tmp_path, str(tmp_path / "lines"), asked, tmp_path / "r", ScriptedAssembly())
    assert not (tmp_path / "r").exists()
