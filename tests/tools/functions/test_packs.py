"""Packs of functions: found by path and entry point, hashed, listed for a model within a bound, bound for a sandbox."""

from __future__ import annotations

from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from pelagos import plugins
from pelagos.errors import BadInput
from tools.functions import places
from tools.functions.packs import MAX_LISTED_CHARS, bind_packs, describe_packs, list_functions, load_functions

FUNCTION = '''
def {name}(value: float) -> float:
    """Give the value back."""
    return value
'''


def write(file: Path, *names: str) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("".join(FUNCTION.format(name=name) for name in names))
    return file


def test_a_file_and_a_folder_are_packs(tmp_path: Path) -> None:
    write(tmp_path / "mytools" / "first.py", "one")
    write(tmp_path / "mytools" / "_hidden.py", "two")
    packs = load_functions([], [tmp_path / "mytools", write(tmp_path / "single.py", "three")])
    assert [each.import_line for each in packs.functions] == [
        "from pelagos_tools.mytools.first import one",
        "from pelagos_tools.single import three",
    ]
    assert bind_packs(packs) == {
        "_tools/pelagos_tools/mytools": tmp_path / "mytools",
        "_tools/pelagos_tools/single.py": tmp_path / "single.py",
    }
    assert describe_packs(packs)["single"].startswith("1 function, SHA-256 ")


def test_the_digest_is_that_of_names_and_bytes_of_all_files(tmp_path: Path) -> None:
    def digest() -> str:
        return load_functions([], [tmp_path / "mytools"]).digest

    write(tmp_path / "mytools" / "first.py", "one")
    seen = [digest()]
    (tmp_path / "mytools" / "weights.csv").write_text("1,2")
    seen.append(digest())
    (tmp_path / "mytools" / "weights.csv").write_text("1,3")
    seen.append(digest())
    (tmp_path / "mytools" / "__pycache__").mkdir()
    (tmp_path / "mytools" / "__pycache__" / "first.pyc").write_text("x")
    assert digest() == seen[-1]
    assert len(set(seen)) == 3
    assert load_functions([]).digest == ""


def test_packs_come_from_entry_points_unimported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path / "star_tools" / "stars.py", "shine")
    (tmp_path / "star_tools" / "__init__.py").write_text("raise RuntimeError('imported')")
    monkeypatch.syspath_prepend(tmp_path)
    points = [EntryPoint("stars", "star_tools", places.GROUP), EntryPoint("gone", "nowhere", places.GROUP)]
    monkeypatch.setattr(plugins, "entry_points", lambda group: points)
    packs = load_functions(["stars", "gone"])
    assert [each.module for each in packs.functions] == ["pelagos_tools.stars.stars"]
    assert [str(fault) for fault in packs.faults] == [
        "gone: no Python source is installed at its entry point; install it again"
    ]


def test_what_is_no_pack_is_said(tmp_path: Path) -> None:
    with pytest.raises(BadInput) as told:
        load_functions(["proteomic"], [tmp_path / "none"])
    assert [fault.partition(";")[0] for fault in told.value.faults] == [
        "pack 'proteomic' is not known",
        f"{tmp_path / 'none'}: no such file or folder of tools",
    ]
    first, second = write(tmp_path / "a" / "mine.py", "one"), write(tmp_path / "b" / "mine.py", "two")
    bad = [write(tmp_path / "my-tools.py", "one"), write(tmp_path / "class.py", "one"), tmp_path / "notes.txt"]
    bad[-1].write_text("no pack")
    packs = load_functions([], [first, second, *bad])
    assert [each.name for each in packs.functions] == ["one"]
    assert [str(fault).partition(": ")[2] for fault in packs.faults] == [
        f"{second}: there is a pack of this name already; rename one",
        "my-tools.py must be named like a Python module: letters, digits and _",
        "class.py must be named like a Python module: letters, digits and _",
        "notes.txt is no Python file: a pack is a .py file or a folder of them",
    ]


def test_the_list_for_a_model_is_bounded_and_names_the_rest(tmp_path: Path) -> None:
    packs = load_functions([], [write(tmp_path / "many.py", *(f"function_{number}" for number in range(90)))])
    text = list_functions(packs.functions)
    assert len(text) < 2 * MAX_LISTED_CHARS + 200
    assert "# and: from pelagos_tools.many import function_" in text
    assert list_functions([]) == ""
