from __future__ import annotations

from agents.judging.differences import NO_DIFFERENCE, list_differences
from tests.tools.code.conftest import PROGRAM
from tests.tools.world import World
from tools.abilities import Measured
from tools.code.behaviour.call_kinds import classify_call
from tools.code.program.program import Program
from tools.code.program.versions import load_original, record_version
from tools.code.task.code_task import CodeTask
from tools.code.toolchain import CodeToolchain


def test_a_signature_is_a_fact_made_once_of_what_ran_anyway(task: CodeTask, world: World) -> None:
    toolchain = CodeToolchain()
    assert isinstance(toolchain, Measured)
    base = toolchain.baseline(task, world)
    changed = _version(task, world, "np.linalg.lstsq(scale(x), y, rcond=None)[0]", "np.linalg.pinv(scale(x)) @ y")
    before, now = (toolchain.signature(task, measured_version, world) for measured_version in (base, changed))
    expected = ["new: numpy.linalg.pinv", "gone: numpy.linalg.lstsq"]
    assert [line for line in list_differences(before, now) if not line.startswith("seconds")] == expected
    assert before.amounts["seconds"] > 0
    for measured_version in (base, changed):
        assert toolchain.signature(task, measured_version, world).id == measured_version.id
    assert [event.payload["id"] for event in world.ledger.events("signature")] == [base.id, changed.id]
    assert len(world.ledger.events("experiment")) == len(world.ledger.events("smoke")) == 2


def test_a_program_that_dies_or_forges_its_report_has_no_signature_to_speak_of(task: CodeTask, world: World) -> None:
    toolchain = CodeToolchain()
    before = toolchain.signature(task, toolchain.baseline(task, world), world)
    forges = "__import__('os').write(1, b'x') and 0\n    import threading, json, os\n"
    forges += (
        "    open('out/_report.json', 'w').write(json.dumps({'behaviour': {'amounts': {'a' * 9: 'b' * 10**6}}}))\n"
    )
    forges += "    np.save('out/predictions.npy', np.zeros(30))\n    os._exit(0)"
    for text in ("1 / 0", forges):
        version = _version(task, world, "np.linalg.lstsq(scale(x), y, rcond=None)[0]", text)
        now = toolchain.signature(task, version, world)
        assert set(now.amounts) <= {"seconds", "memory in MB"}
        assert not now.names
        assert [line for line in list_differences(before, now) if not line.startswith(("seconds", "memory"))] in (
            [],
            [NO_DIFFERENCE],
        )


def test_kinds_by_public_names() -> None:
    assert (
        classify_call("torch.nn.CrossEntropyLoss")
        == classify_call("torch.nn.functional.smooth_l1_loss")
        == "loss functions"
    )
    assert classify_call("torch.nn.Dropout") == "layers"
    assert classify_call("torch.optim.swa_utils.AveragedModel") == "weight averaging"
    assert (
        classify_call("numpy.random.default_rng")
        == classify_call("torch.randperm")
        == classify_call("random.Random.shuffle")
        == "random draws"
    )
    assert classify_call("sklearn.linear_model.LogisticRegression") == "estimators"
    assert classify_call("sklearn.preprocessing.scale") == classify_call("torch.nn.functional.relu") == "functions"


def _version(task: CodeTask, world: World, old: str, new: str):  # type: ignore[no-untyped-def]
    assert old in PROGRAM
    program: Program = load_original(task).with_files({"fit.py": PROGRAM.replace(old, new)})
    return record_version(world, program, "h1", "p1", "changed")
