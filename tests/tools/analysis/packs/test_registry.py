from __future__ import annotations

import subprocess
import sys
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from pelagos import plugins
from pelagos.errors import BadInput
from tools.analysis.packs.registry import as_tool, load_packs
from tools.functions import places
from tools.functions.places import SHIPPED

SOUND = '''
def double(data):
    """Double the values.

    Produces: scaled
    """
    return data
'''
BROKEN = SOUND.replace("scaled", "doubled")


def test_every_shipped_tool_can_be_read() -> None:
    found = load_packs(SHIPPED)
    assert not found.faults
    assert {spec.pack for spec in found.values()} == set(SHIPPED)
    assert all(spec.libraries and spec.summary.endswith(".") for spec in found.values())


def test_reading_packs_imports_none_of_them() -> None:
    code = (
        "import sys; from tools.analysis.packs.registry import load_packs; "
        "from tools.functions.places import SHIPPED; assert load_packs(SHIPPED);"
        "print(sorted({'pandas', 'anndata', 'scanpy', 'statsmodels', 'tools.proteomics.batch'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.strip() == "[]"


def test_a_broken_tool_is_not_in_the_way_of_others(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "sound.py").write_text(SOUND)
    (tmp_path / "mine" / "broken.py").write_text(BROKEN)
    (tmp_path / "mine" / "_helpers.py").write_text("not Python")
    found = load_packs([], [tmp_path / "mine"])
    assert list(found) == ["double"]
    assert found["double"].source.module == "dropins.mine.sound"
    [fault] = found.faults
    assert "broken.py" in str(fault)


def test_a_name_that_is_taken_is_a_fault(tmp_path: Path) -> None:
    (tmp_path / "other.py").write_text(SOUND.replace("double", "take_log2"))
    found = load_packs(["proteomics"], [tmp_path / "other.py"])
    assert found["take_log2"].pack == "proteomics"
    assert [str(fault) for fault in found.faults] == ["other.take_log2: pack proteomics has a tool of this name"]


def test_unknown_packs_and_paths_are_said_together(tmp_path: Path) -> None:
    with pytest.raises(BadInput) as raised:
        load_packs(["proteomic", "tables"], [tmp_path / "none.py"])
    assert raised.value.faults == (
        "pack 'proteomic' is not known; did you mean 'proteomics'?",
        f"{tmp_path / 'none.py'}: no such file or folder of tools",
    )


def test_a_pack_must_be_named_like_a_module(tmp_path: Path) -> None:
    (tmp_path / "my-tools.py").write_text(SOUND)
    [fault] = load_packs([], [tmp_path / "my-tools.py"]).faults
    assert "named like a Python module" in str(fault)


def test_packs_come_from_entry_points_unimported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "astronomy_tools"
    package.mkdir()
    (package / "__init__.py").write_text("raise RuntimeError('imported')")
    (package / "stars.py").write_text(SOUND)
    monkeypatch.syspath_prepend(tmp_path)
    points = [EntryPoint("astronomy", "astronomy_tools", places.GROUP), EntryPoint("gone", "nowhere", places.GROUP)]
    monkeypatch.setattr(plugins, "entry_points", lambda group: points)
    found = load_packs(["astronomy", "gone"])
    assert found["double"].pack == "astronomy"
    assert "no Python source" in str(found.faults[0])


def test_a_tool_is_offered_without_what_the_executor_fills_in() -> None:
    tool = as_tool(load_packs(["proteomics"])["set_score_difference"])
    assert "sets" not in tool.schema["properties"]
    assert tool.schema["required"] == ["group", "case", "control"]
