from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from tools.code.execution.staging import FILE_TIME, PREFIX, STALE_SECONDS, stage_inputs


def split(home: Path, name: str) -> Path:
    inputs = home / name / "inputs"
    inputs.mkdir(parents=True)
    for file in ("train.npz", "inputs.npz"):
        (inputs / file).write_bytes(name.encode()[:5])
    return inputs


def test_nothing_around_the_files_tells_their_split(tmp_path: Path) -> None:
    seen = []
    for name in ("validation", "control", "sealed"):
        inputs = split(tmp_path, name)
        os.utime(inputs / "train.npz", (len(seen), len(seen)))
        with stage_inputs(inputs) as shown:
            assert not any(
                word in str(shown.relative_to(tmp_path)) for word in ("validation", "control", "sealed", "inputs")
            )
            assert (shown / "train.npz").read_bytes() == name.encode()[:5]
            stats = [path.stat() for path in (shown, *sorted(shown.iterdir()))]
            seen.append([(stat.st_mode, stat.st_nlink, stat.st_size, stat.st_mtime) for stat in stats])
            assert os.listdir(shown) == os.listdir(shown)
        assert not shown.exists()
    assert seen[0] == seen[1] == seen[2]
    assert seen[0][0][3] == FILE_TIME


def test_two_never_share_a_folder_and_a_failure_leaves_none(tmp_path: Path) -> None:
    inputs = split(tmp_path, "validation")
    with stage_inputs(inputs) as first, stage_inputs(inputs) as second:
        assert first != second
    with pytest.raises(KeyError), stage_inputs(inputs):
        raise KeyError
    assert not list(tmp_path.glob(f"{PREFIX}*"))


def test_what_a_killed_process_left_goes_after_a_week(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    inputs = split(tmp_path, "validation")
    left = tmp_path / f"{PREFIX}left"
    left.mkdir()
    with stage_inputs(inputs):
        assert left.exists()
    now = time.time()
    monkeypatch.setattr("tools.code.execution.staging.time.time", lambda: now + STALE_SECONDS + 60)
    with stage_inputs(inputs) as shown:
        assert not left.exists()
        assert shown.exists()
