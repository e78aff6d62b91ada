"""Scripts of skills as tools of a plan: offered as others are, run in the sandbox, their answer or fault recorded."""

from __future__ import annotations

from pathlib import Path

from pelagos.external_tools import NO_TOOLS, ExternalTools
from sandbox.protocol import Sandbox
from tests.examples.places import EXAMPLES
from tests.tools.world import World
from tools.external.asking import Asker
from tools.external.toolbox import Toolbox
from tools.skills.reading import read_skill
from tools.skills.scripts import find_scripts
from tools.skills.skill import Skill

EXAMPLE = EXAMPLES / "skill" / "residual-plots"


def test_a_plan_calls_the_script_of_the_example(jail: Sandbox, tmp_path: Path) -> None:
    world = World(tmp_path, jail, None)
    skill = read_skill(EXAMPLE)
    assert isinstance(skill, Skill)
    scripts = find_scripts([skill], ["residual-plots/scripts/count_runs.py"])
    toolbox = Toolbox(Asker(ExternalTools(), EXAMPLE, jail), NO_TOOLS, world.steps, world.artifacts, scripts)
    [tool] = toolbox.offer(strong=True)
    assert tool.name == "residual-plots.count_runs"
    assert "count_runs.py of the skill residual-plots" in tool.description
    assert list(toolbox.offer(strong=False)) == []
    call = toolbox.call(tool.name, {"arguments": ["1", "-1", "-2", "3"]}, "how many runs?", "p1", "h1")
    assert (call.fault, call.isolation != "", world.artifacts.text(call.output).strip()) == ("", True, "2")
    wrong = toolbox.call(tool.name, {"arguments": [1]}, "how many?", "p1", "h1")
    assert wrong.fault == "the arguments don't fit its schema: arguments.0: Input should be a valid string"
    broken = toolbox.call(tool.name, {"arguments": ["x"]}, "how many?", "p1", "h1")
    assert broken.fault.startswith("error: ")
    assert toolbox.call("residual-plots.other", {}, "?", "p1", "h1").fault == "no such tool"
    assert not Toolbox(Asker(ExternalTools(), EXAMPLE, jail), NO_TOOLS, world.steps, world.artifacts).offer(True)
