"""`run.json`: what it can't be read for is one line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from agents.setup.run_folder import FILE, check_free, read
from pelagos.errors import BadInput, DamagedRun


def write(folder: Path, **settings: Any) -> None:
    fields = {"pelagos": "0.1", "task": "t", "toolchain": "code", "digest": "d", "project": "/p", "versions": {}}
    (folder / FILE).write_text(json.dumps({**fields, "settings": settings}))


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"verifier": {"kind": "off"}}, r"verifier: extra inputs"),
        ({"loop": {"tries": "many"}}, r"loop\.tries: input should be"),
        ({"loop": 5}, r"loop: input should be"),
    ],
)
def test_settings_of_another_version_are_one_line(tmp_path: Path, settings: dict[str, Any], told: str) -> None:
    write(tmp_path, **settings)
    with pytest.raises(
        BadInput, match=rf"^run\.json: settings: {told}.*; another version of Pelagos wrote it \(Pelagos 0\.1, this is"
    ) as fault:
        read(tmp_path).resolved()
    assert len(fault.value.faults) == 1


@pytest.mark.parametrize("text", [b"\xff\xfe", b"{", b"[]"])
def test_a_damaged_description_is_one_line(tmp_path: Path, text: bytes) -> None:
    (tmp_path / FILE).write_bytes(text)
    with pytest.raises(DamagedRun, match=r"run\.json: can't be read"):
        read(tmp_path)
    with pytest.raises(BadInput, match=r"run\.json: can't be read: .*: name another --run-dir$"):
        check_free(tmp_path, "d")
