"""The conformance check of a sandbox."""

from __future__ import annotations

from typing import Any

from agents.testing.findings import Findings
from pelagos.nouns import OutcomeKind
from pelagos.protocols import find_misfits
from sandbox.canary.canary import ASPECTS, canary
from sandbox.protocol import Limits, Outcome, Sandbox, Spec

LIMITS = Limits(seconds=20, memory_mb=128, pids=16, cpus=1, disk_mb=16)
PROGRAM = """
import os, sys
print("said", open("given.txt").read(), os.environ["WORD"])
os.makedirs("out", exist_ok=True)
open("out/made.txt", "w").write("made")
"""


def check_sandbox(sandbox: Any) -> list[str]:
    """Return what to mend: members and how they are called, how programs end and what comes back, and each aspect of
    isolation that the canary finds lacking here."""
    findings = Findings(find_misfits(sandbox, Sandbox))
    if findings.lines:
        return findings.lines
    with findings.step("run"):
        _check_whole_run(sandbox, findings)
    with findings.step("run of a program that fails"):
        failed = sandbox.run(Spec(["python", "-c", "raise SystemExit(3)"], limits=LIMITS))
        _expect(failed, OutcomeKind.ERROR, findings)
        findings.demand(failed.exit_code == 3, f"exit code {failed.exit_code} is told where it was 3")
    with findings.step("run of a program that never ends"):
        endless = Spec(["python", "-c", "import time; time.sleep(60)"], limits=Limits(seconds=1.0))
        _expect(sandbox.run(endless), OutcomeKind.TIMEOUT, findings)
    with findings.step("the canary"):
        probe = canary(sandbox)
        lacking = [aspect for aspect in ASPECTS if not probe.checks.get(aspect)]
        findings.demand(not lacking, f"the canary finds lacking: {', '.join(lacking)}; {probe.reason or probe.mend}")
    return findings.lines


def _check_whole_run(sandbox: Any, findings: Findings) -> None:
    heard: list[str] = []
    spec = Spec(
        ["python", "-c", PROGRAM],
        files={"given.txt": b"given"},
        collect={"out/made.txt": 100, "out/none.txt": 100},
        env={"WORD": "word"},
        limits=LIMITS,
    )
    done = sandbox.run(spec, heard.append)
    findings.demand(isinstance(done, Outcome), f"run gives {type(done).__name__}; give sandbox.protocol.Outcome")
    findings.demand("said given word" in done.log, "the log lacks what the program printed of its files and `env`")
    findings.demand(
        any("said given word" in line for line in heard), "on_line isn't called with the lines that a program prints"
    )
    findings.demand(
        done.files == {"out/made.txt": b"made"}, f"files holds {sorted(done.files)}; collect `out/made.txt`"
    )
    findings.demand(
        "out/none.txt" in done.refused, "refused doesn't name a file that was to be collected and isn't there"
    )
    findings.demand(bool(done.isolation), "isolation says nothing; say in a few words what holds")


def _expect(outcome: Outcome, kind: OutcomeKind, findings: Findings) -> None:
    findings.demand(outcome.kind is kind, f"the outcome is {outcome.kind} ({outcome.cause}); it should be {kind}")
