"""Run by test_packages in a process that has the examples installed: prints what it finds, as JSON.

`python ask_installed.py EXAMPLES FOLDER`.
"""

from __future__ import annotations

import json
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

from agents.models.protocol import Request
from agents.testing import ScriptedModel, check_toolchain, check_verifier, make_parts, run_loop
from agents.verifiers.protocol import Solution
from agents.verifiers.registry import open_verifier
from memory.ledger.ledger import Ledger
from pelagos.errors import BadInput
from pelagos.nouns import Plan, Verdict
from tools import registry
from tools.analysis.packs.registry import load_packs
from tools.functions.packs import load_functions

SOLUTION = Solution("Fit it.", ("Take 3 terms.", "Think."))


def answer(request: Request) -> dict[str, Any]:
    asked = set((request.schema_ or {})["properties"])
    if "statement" in asked:
        return {
            "target": "model", "title": "A wave", "statement": "A sine lowers the error.", "papers": [],
            "rationale": "The residuals look periodic.", "predicted_effect": 0.1, "refuted_by": "no lower error",
        }  # fmt: skip
    if "steps" in asked:
        term = "sine" if request.sample == 0 else "cosine"
        text = f"Add the term {term}{'' if term == 'cosine' else ', 1 of them'}."
        return {"steps": [{"text": text, "call": {"tool": "add_term", "arguments": {"term": term}}}]}
    return {"description": "A term is added."}


def ask_verifier(folder: Path) -> dict[str, Any]:
    parts = make_parts(folder)
    verifier = open_verifier("values:weight=0.9", parts)
    try:
        open_verifier("values:sureness=1", parts)
        refused = ""
    except BadInput as error:
        refused = str(error)
    scores = verifier.score([SOLUTION])[0].scores
    return {"verifier": check_verifier(verifier), "scores": scores, "refused": refused}


def run(task: Path, folder: Path) -> dict[str, Any]:
    ending, run = run_loop(task, folder, ScriptedModel(answer), {"verifiers": {"kind": "values"}})
    with closing(Ledger.read(run / "ledger.db")) as ledger:
        verdicts, plans = ledger.facts(Verdict), ledger.facts(Plan)
    names = sorted({plan.verifier for plan in plans.values() if plan.verifier})
    return {"ending": ending.reason, "verdict": [list(verdicts.values())[-1].kind, *names]}


def main(examples: Path, folder: Path) -> None:
    task = examples / "toolchain" / "task"
    project = folder / "project"
    project.mkdir()
    told: dict[str, Any] = {
        "toolchains": sorted(registry.toolchains()),
        "toolchain": check_toolchain(lambda: registry.toolchain("curves"), task),
        "tools": list(load_packs(["ranks"])),
        "functions": [function.import_line for function in load_functions(["ranks"]).functions],
        "imported": [name for name in sys.modules if name == "rank_tools"],
        **ask_verifier(folder),
        **run(task, project),
    }
    print(json.dumps(told))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
