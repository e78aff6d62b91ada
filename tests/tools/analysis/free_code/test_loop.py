"""Free code in the real sandbox, from a strong model's reply to the audit: on other samples and permuted labels too."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from pelagos.nouns import OutcomeKind
from sandbox.protocol import Sandbox
from tests.tools.analysis.small_study import PLANTED
from tests.tools.analysis.test_toolchain import Loop
from tools.analysis.free_code.specs import CAVEAT, has_free_code
from tools.analysis.planning.records import CallsRun, Explored

REFUSES = '''
from typing import Annotated


def picky_difference(
    data, group: Annotated[str, "group"], case: Annotated[str, "level"], control: Annotated[str, "level"]
):
    """Compare two groups, or rather refuse to.

    Relation: feature ~ group
    Produces: statistics
    Library: numpy
    """
    raise ValueError("out of order")
'''
CODE = """
from scipy.stats import ttest_ind
labels = data.obs["arm"].astype(str).to_numpy()
rows = []
for name, values in zip(data.var_names, np.asarray(data.X).T):
    a = values[(labels == "treated") & np.isfinite(values)]
    b = values[(labels == "plain") & np.isfinite(values)]
    if min(len(a), len(b)) < 3:
        raise ValueError("a group has fewer than three samples")
    test = ttest_ind(a, b, equal_var=False)
    low, high = test.confidence_interval(0.95)
    rows.append({"entity": name, "effect": a.mean() - b.mean(), "low": low, "high": high, "statistic": test.statistic,
                 "df": test.df, "p": test.pvalue, "n": len(a) + len(b)})
result = pd.DataFrame(rows)
"""
INVENTED = """
rows = [{"entity": name, "effect": 1.0, "low": 0.5, "high": 1.5, "statistic": 9.0, "df": 60.0, "p": 1e-12, "n": 62}
        for name in data.var_names]
result = pd.DataFrame(rows)
"""


def open_loop(folder: Path, jail: Sandbox, code: str) -> Loop:
    """A study whose only typed tool refuses; its planner writes `code`."""
    loop = Loop(folder, jail)
    task = folder / "task"
    (task / "mine").mkdir()
    (task / "mine" / "picky.py").write_text(REFUSES)
    raw = yaml.safe_load((task / "task.yaml").read_text())
    (task / "task.yaml").write_text(yaml.safe_dump(raw | {"packs": [], "tools": ["mine"]}))

    def script(schema: type[Any], prompt: str) -> Mapping[str, Any] | None:
        return {"kind": "test", "code": code} if "code" in schema.model_fields else None

    loop.world.role_model.strong, loop.world.role_model.script = True, script
    loop.task = loop.chain.load(task)
    loop.chain.prepare(loop.task, loop.world)
    return loop


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_the_same_code_is_tested_on_other_samples_and_on_permuted_labels(tmp_path: Path, jail: Sandbox) -> None:
    loop = open_loop(tmp_path, jail, CODE)
    hypothesis = loop.propose(0)
    assert any(f"GEN{number} " in hypothesis.title for number in range(PLANTED))
    version = loop.build(hypothesis)
    experiment, evidence = loop.test(version)
    assert experiment.outcome is OutcomeKind.OK and (experiment.score or 0) > 0.3
    assert ((evidence.effect and evidence.effect.p_value) or 1) < 0.01
    audit = loop.chain.audit(loop.task, version, loop.world)
    assert audit.findings == [] and "null control" in audit.checks
    permuted = [run for run in loop.world.ledger.facts(CallsRun).values() if run.permuted]
    assert permuted and all(run.calls[-1]["arguments"]["code"] == CODE for run in permuted)
    [explored] = loop.world.ledger.facts(Explored).values()
    assert all(CAVEAT in finding.caveats for finding in explored.findings)
    section = loop.chain.section(loop.task, loop.world)
    shown = str(section.parts)
    assert "run_python: free code of a model" in shown and "ttest_ind" in shown
    script = next(file for file in section.files if file.name == "analysis.py")
    assert "from tools.analysis.free_code.running import run_python" in str(script)
    assert "run_test(run_python, data" in str(script)
    loop.world.ledger.close()


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_numbers_that_the_code_invents_are_caught_on_permuted_labels(tmp_path: Path, jail: Sandbox) -> None:
    loop = open_loop(tmp_path, jail, INVENTED)
    hypothesis = loop.propose(0)
    audit = loop.chain.audit(loop.task, loop.build(hypothesis), loop.world)
    assert audit.findings, "invented numbers passed the null control"
    assert has_free_code(loop.world.ledger.facts(Explored).popitem()[1].calls)
    loop.world.ledger.close()
