"""Whole runs whose programs write what no host should read: they end, say so, can be resumed, and have a report."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from agents.launch import drive
from agents.models.protocol import Request
from agents.setup.create import create
from app.report.build import write_report
from pelagos.nouns import OutcomeKind
from pelagos.settings import Sandboxing
from sandbox.protocol import Outcome, Sandbox, Spec
from tests.agents.scripted import ScriptedAssembly, Small
from tests.agents.test_loop import make_settings, read_facts
from tests.tools.code.conftest import make_task

HUGE = "b'\\x93NUMPY\\x01\\x00' + (96).to_bytes(2, 'little') + b\"{'descr': '<f8', 'fortran_order': False, 'shape': (0, 2**63)}\".replace(b'2**63', b'9223372036854775808').ljust(95) + b'\\n'"
AT_THE_END = "    import atexit, os\n    atexit.register(lambda: [{}])\n"
SPOILS = {
    "Shape that is huge": (AT_THE_END.format(f"open('out/predictions.npy', 'wb').write({HUGE})"), "bad_predictions"),
    "Report of numbers": (
        AT_THE_END.format("open('out/_report.json', 'w').write('{\"error\": {\"frames\": 3}, \"x\": 1}'), os._exit(0)"),
        "bad_report",
    ),
    "Report without an end": (
        AT_THE_END.format("open('out/_report.json', 'w').write('[' * 300000), os._exit(0)"), "bad_report"
    ),
    "Pipe for predictions": (
        AT_THE_END.format("os.remove('out/predictions.npy'), os.mkfifo('out/predictions.npy')"), "no_predictions"
    ),
    "Latin name": (
        AT_THE_END.format("os.rename(b'out/predictions.npy', b'out/caf\\xe9.npy')"), "no_predictions"
    ),
    "Half a character": ("    caf = 'caf\\udce9 \\ud800 \\x1b[2J [/] ```</error>'\n    raise ValueError(caf)\n", "error"),
    "Output that steers": ("    print('\\x1b]0;x\\x07\\ud800'.encode('utf-8', 'surrogatepass'))\n    1 / 0\n", "error"),
}  # fmt: skip


class Spoiler(Small):
    """Each idea is one of `SPOILS`; its program does what the idea's title says."""

    def say(self, request: Request) -> str:
        if request.role == "ideator":
            title = list(SPOILS)[(request.sample - 1) % len(SPOILS)]
            return json.dumps({"title": title, "target": "fit.py::fit", "statement": f"{title} is written in fit."})
        if request.role == "coder":
            body = next(
                body for title, (body, _) in SPOILS.items() if f"{title} is written" in request.messages[1].content
            )
            return f"```python\ndef fit(x, y):\n{body}    return np.linalg.lstsq(scale(x), y, rcond=None)[0]\n```"
        return json.dumps({"query": ""})


class Fragile:
    """A sandbox whose host dies, as earlier versions did, of the first output that it can't take."""

    name = "unsafe"

    def __init__(self, inner: Sandbox) -> None:
        self.inner, self.died = inner, False

    def run(self, spec: Spec, on_line: Callable[[str], None] | None = None) -> Outcome:
        outcome = self.inner.run(spec, on_line)
        if b"9223372036854775808" in outcome.files.get("out/predictions.npy", b""):
            self.died = True
            raise ValueError("array is too big; caf\udce9")
        return outcome


class FragileAssembly(ScriptedAssembly):
    def sandbox(self, settings: Sandboxing) -> Sandbox:
        return Fragile(super().sandbox(settings))


def create_run(folder: Path, hypotheses: int, assembly: ScriptedAssembly) -> Path:
    make_task(folder / "lines")
    settings = make_settings(
        loop={"hypotheses": hypotheses, "tries": 1, "workers": 2}, sandbox={"name": "unsafe"}, screen={"tau": 0.999}
    )
    return create(folder, str(folder / "lines"), settings, folder / "r", assembly)


def check_report(run: Path) -> None:
    for page in write_report(run):
        text = page.read_text("utf-8")
        assert "\x1b" not in text


@pytest.mark.slow
def test_a_run_of_hostile_programs_ends_and_tells(tmp_path: Path) -> None:
    assembly = ScriptedAssembly(Spoiler())
    run = create_run(tmp_path, len(SPOILS), assembly)
    ending = drive(run, assembly=assembly)
    assert (ending.status, ending.exit_code) == ("finished", 0), ending
    assert read_facts(run, "run.ended")[0]["status"] == "finished"
    causes = Counter(attempt["cause"] for build in read_facts(run, "build") for attempt in build["tries"])
    assert causes == Counter(cause for _, cause in SPOILS.values())
    check_report(run)
    assert drive(run, assembly=assembly) == ending


def test_a_run_that_had_died_of_its_program_resumes(tmp_path: Path) -> None:
    assembly = FragileAssembly(Spoiler())
    run = create_run(tmp_path, 2, assembly)
    with pytest.raises(ValueError, match="array is too big"):
        drive(run, assembly=assembly)
    assert read_facts(run, "run.stopped")[0]["reason"].startswith("ValueError: array is too big; caf\ufffd")
    assert not read_facts(run, "run.ended")
    check_report(run)
    ending = drive(run, assembly=ScriptedAssembly(Spoiler()))
    assert ending.status == "finished"
    assert [build["cause"] for build in read_facts(run, "build")] == ["bad_predictions", "bad_report"]
    check_report(run)


def test_a_baseline_that_writes_it_fails_in_one_line(tmp_path: Path) -> None:
    assembly = ScriptedAssembly(Spoiler())
    make_task(tmp_path / "lines")
    program = tmp_path / "lines" / "fit.py"
    body, _ = SPOILS["Shape that is huge"]
    program.write_text(program.read_text().replace("    return np.linalg", f"{body}    return np.linalg"))
    run = create(tmp_path, str(tmp_path / "lines"), make_settings(sandbox={"name": "unsafe"}), tmp_path / "r", assembly)
    ending = drive(run, assembly=assembly)
    assert (ending.status, ending.exit_code) == ("failed", 5)
    assert "bad_predictions" in ending.reason
    assert read_facts(run, "experiment")[0]["outcome"] == OutcomeKind.INVALID
    check_report(run)
