from __future__ import annotations

from pathlib import Path

import pytest

from tools.analysis.packs.reading import read_file
from tools.analysis.packs.spec import Relation, ToolSpec
from tools.analysis.states import State
from tools.functions.function import PackFault

TOOL = '''
import a_package_that_is_not_installed

def difference(
    data,
    group: Annotated[str, "group"],
    case: Annotated[str, "level"],
    covariates: Annotated[list[str], "covariates"] = (),
    side: Literal["up", "down"] = "up",
    *,
    batch: Annotated[str | None, "batch"] = None,
    seed: int = 0,
):
    """Compare two groups.

    More about it.

    Relation: feature ~ group
    Requires: log2, filtered
    Refuses: missing values, imputed
    Produces: statistics
    Seconds: 7
    Library: scipy
    Example: group="sex", case="male"
    """

def _private(data):
    """Produces: statistics"""

def helper(values):
    """Produces: nothing of the kind."""

def draw_difference(data, table):
    """Draws."""
'''


def read(text: str, folder: Path) -> list[ToolSpec | PackFault]:
    path = folder / "pack.py"
    path.write_text(text)
    return list(read_file(path, "pack", path, "dropins/pack.py", "dropins.pack"))


def test_a_tool_is_read_without_being_imported(tmp_path: Path) -> None:
    [spec] = read(TOOL, tmp_path)
    assert isinstance(spec, ToolSpec)
    assert (spec.name, spec.summary, spec.seconds, spec.libraries) == ("difference", "Compare two groups.", 7, "scipy")
    assert spec.relation is Relation.FEATURE_GROUP
    assert spec.requires == {State.LOG2, State.FILTERED}
    assert spec.refuses == {State.IMPUTED}
    assert spec.refuses_missing
    assert spec.tests
    assert spec.example == {"group": "sex", "case": "male"}


def test_parameters_have_types_words_and_defaults(tmp_path: Path) -> None:
    [spec] = read(TOOL, tmp_path)
    assert isinstance(spec, ToolSpec)
    found = {name: (p.names, p.schema, p.required, p.default) for name, p in spec.parameters.items()}
    string = {"type": "string"}
    assert found == {
        "group": ("group", string, True, None),
        "case": ("level", string, True, None),
        "covariates": ("covariates", {"type": "array", "items": string}, False, []),
        "side": ("", {"enum": ["up", "down"]}, False, "up"),
        "batch": ("batch", {"anyOf": [string, {"type": "null"}]}, False, None),
        "seed": ("", {"type": "integer"}, False, 0),
    }


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (("Relation: feature ~ group", "Relation: a ~ b"), "Relation: a ~ b is not known"),
        (("    Relation: feature ~ group\n", ""), "no line 'Relation"),
        (("Requires: log2, filtered", "Requires: log3"), "log3 is no data state"),
        (("Produces: statistics\n    Seconds", "Produces: nothing\n    Seconds"), "nothing is no data state"),
        (("Seconds: 7", "Seconds: soon"), "soon is no number"),
        (('"group"]', '"grup"]'), "must say what it names"),
        (("seed: int = 0", "seed = 0"), "parameter seed: has no type"),
        (("seed: int = 0", "seed: int = DEFAULT"), "the default DEFAULT must be written out"),
        (("seed: int = 0", "seed: bytes = b''"), "has the type bytes"),
        (("seed: int = 0,", "**more: int,"), "name every parameter"),
        (('Example: group="sex", case="male"', "Example: group=sex"), "must be like"),
        (("def difference(", "def difference(("), "pack.py:"),
    ],
)
def test_a_broken_tool_is_a_fault_with_its_reason(change: tuple[str, str], reason: str, tmp_path: Path) -> None:
    assert change[0] in TOOL
    [fault] = read(TOOL.replace(*change, 1), tmp_path)
    assert isinstance(fault, PackFault)
    assert reason in str(fault)
    assert "\n" not in str(fault)
