"""The example of a code task: sound, like what `tasks new` writes, and its functions are there for a program."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import yaml

from agents.testing import ScriptedContext
from pelagos.nouns import OutcomeKind, Version
from tests.examples.places import EXAMPLES
from tools.code.program.versions import load_original
from tools.code.task.scaffold import scaffold
from tools.code.toolchain import CodeToolchain

FOLDER = EXAMPLES / "code_task"
IMPORT = "from pelagos_tools.mytools.features import add_powers"


def test_it_is_what_tasks_new_writes_but_for_what_its_readme_names(tmp_path: Path) -> None:
    scaffold(tmp_path / "code_task")
    fresh, own = (yaml.safe_load((folder / "task.yaml").read_text()) for folder in (tmp_path / "code_task", FOLDER))
    assert {key for key in own if own[key] != fresh.get(key)} == {"topic", "description", "tools"}
    assert (FOLDER / "train.py").read_text() == (tmp_path / "code_task" / "train.py").read_text()


def test_a_program_that_imports_its_function_predicts_better(tmp_path: Path) -> None:
    chain = CodeToolchain()
    task = chain.load(FOLDER)
    with ScriptedContext(tmp_path) as context:
        chain.prepare(task, context)
        original = load_original(task)
        text = original.files["train.py"].replace("import numpy as np", f"import numpy as np\n{IMPORT}")
        text = text.replace(
            "np.column_stack([x, np.ones(len(x))])", "np.column_stack([add_powers(x), np.ones(len(x))])"
        )
        program = replace(original, files={"train.py": text})
        changed = Version(id="v1", hypothesis="h1", plan="p1", content=program.store(context.artifacts))
        before, after = (
            chain.experiment(task, version, 1, "validation", context)
            for version in (chain.baseline(task, context), changed)
        )
        assert after.outcome is OutcomeKind.OK, after.cause
        assert (after.score or 9) < (before.score or 0)
        assert context.said == []
