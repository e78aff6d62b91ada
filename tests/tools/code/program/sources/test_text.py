"""Tests task files in common encodings: read if unambiguous, else one line per fault."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from pelagos.errors import BadInput
from tests.tools.code.conftest import HELPER, PROGRAM, TASK, make_task
from tools import registry
from tools.code.program.sources.text import decode_source
from tools.code.task import data_sources, packages
from tools.code.task.code_task import load_task

BOM = b"\xef\xbb\xbf"


def write_task(folder: Path, name: str, raw: bytes) -> Path:
    make_task(folder)
    (folder / name).write_bytes(raw)
    return folder


def load_fault(folder: Path) -> str:
    with pytest.raises(BadInput) as caught:
        load_task(folder)
    (line,) = caught.value.faults
    assert "\n" not in line and len(line) < 500
    return line


@pytest.mark.parametrize("change", [lambda raw: BOM + raw, lambda raw: raw.replace(b"\n", b"\r\n")])
@pytest.mark.parametrize("name", ["task.yaml", "items.csv", "fit.py", "helper.py", "fixed.py"])
def test_byte_order_marks_and_line_ends_change_nothing(name: str, change: object, tmp_path: Path) -> None:
    plain = make_task(tmp_path / "plain")
    raw = change((tmp_path / "plain" / name).read_bytes())  # type: ignore[operator]
    task = load_task(write_task(tmp_path / "lines", name, raw))
    assert task.sources() == plain.sources()
    assert task.spec == plain.spec
    marked_items, plain_items = (
        data_sources.load_items(loaded_task.data, loaded_task.folder, 0, b"") for loaded_task in (task, plain)
    )
    assert (marked_items[0] == plain_items[0]).all()
    assert registry.task(tmp_path / "lines")[0].digest == task.digest


@pytest.mark.parametrize(
    ("name", "raw", "expected"),
    [
        ("task.yaml", f"# à\n{TASK}".encode("latin-1"), "task.yaml: line 1: not UTF-8 text (byte 0xe0, 'à' in Latin-1)"),
        ("task.yaml", TASK.encode("utf-16"), "task.yaml: UTF-16 or UTF-32 text; save it as UTF-8"),
        ("items.csv", "a,b,c,y\n1,2,3,é\n".encode("latin-1"), "data: 'items.csv', line 2: not UTF-8 text (byte 0xe9"),
        ("items.csv", "a,b,c,y\n1,2,3,4\n".encode("utf-16"), "data: 'items.csv', UTF-16"),
        ("items.csv", b"a,b,c,y\n1,2,3,\"" + b"4" * 200_000, "data: 'items.csv', line 2: field larger"),
        ("items.csv", b"a,b,c,y\n1,2,3," + b"x" * 100_000, "data: 'items.csv', line 2: y 'xxxx"),
        ("items.csv", b"a,b,c,y\n1,2,\0,4\n", "data: 'items.csv', not text (byte 12 is zero)"),
        ("fixed.py", "X = 'é'\n".encode("latin-1"), "files.0: 'fixed.py': line 1: not UTF-8 text (byte 0xe9"),
        ("fixed.py", b"# coding: klingon\nX = 1\n", "files.0: 'fixed.py': unknown encoding: klingon in its coding line"),
        ("fixed.py", b"# coding: ascii\n\nX = '\xe9'\n", "files.0: 'fixed.py': line 3: not ascii, as its coding line"),
        ("fixed.py", BOM + b"# coding: latin-1\nX = 1\n", "files.0: 'fixed.py': encoding problem: utf-8 in its coding line"),
        ("fixed.py", "X = 1\n".encode("utf-16"), "files.0: 'fixed.py': UTF-16 or UTF-32 text"),
        ("helper.py", b"\x89PNG\r\n\x1a\n\0", "editable.1: 'helper.py': not text (byte 8 is zero)"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_one_line(name: str, raw: bytes, expected: str, tmp_path: Path) -> None:
    assert expected in load_fault(write_task(tmp_path / "lines", name, raw))


def test_a_binary_file_among_the_programs_is_one_line(tmp_path: Path) -> None:
    folder = write_task(tmp_path / "lines", "weights.bin", bytes(range(256)))
    (folder / "task.yaml").write_text(TASK.replace("[fixed.py]", "[fixed.py, weights.bin]"))
    assert "files.1: 'weights.bin': not text (byte 0 is zero); it may be a binary file" in load_fault(folder)


@pytest.mark.parametrize(
    "cookie", ["# -*- coding: latin-1 -*-", "#!/usr/bin/env python\n# vim: set fileencoding=cp1252 :"]
)
def test_a_coding_cookie_is_followed_and_the_sandbox_gets_utf8(cookie: str, tmp_path: Path) -> None:
    text = f"{cookie}\nWORD = 'é'\nprint(ascii(WORD))\n"
    sent = decode_source(text.encode("latin-1"))
    assert "é" in sent
    (tmp_path / "sent.py").write_text(sent, "utf-8")
    process = subprocess.run([sys.executable, "sent.py"], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert process.stdout == "'\\xe9'\n"


def test_a_cookie_that_is_none_is_left_alone() -> None:
    assert decode_source(b"X = 1\n\n# coding: latin-1\n") == "X = 1\n\n# coding: latin-1\n"
    assert decode_source(PROGRAM.encode()) == PROGRAM
    assert decode_source(HELPER.encode()) == HELPER


def test_a_list_of_packages_with_a_byte_order_mark(tmp_path: Path) -> None:
    path = tmp_path / "lock.txt"
    path.write_bytes(BOM + b"six==1.16.0 --hash=sha256:" + b"0" * 64 + b"\r\n")
    assert [pin.name for pin in packages.read_pins(path)] == ["six"]
    path.write_bytes("six==1.16.0".encode("utf-16"))
    with pytest.raises(BadInput, match="UTF-16 or UTF-32 text; save it as UTF-8"):
        packages.read_pins(path)


def test_a_byte_order_mark_hides_no_first_column(tmp_path: Path) -> None:
    folder = write_task(tmp_path / "lines", "items.csv", BOM + b"y,a\n" + b"1.5,2\n" * 140)
    assert load_task(folder).data.target == "y"
