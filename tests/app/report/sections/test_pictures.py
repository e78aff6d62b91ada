from __future__ import annotations

import base64
import struct
from pathlib import Path

import pytest

from app.report.sections import pictures
from app.report.sections.pictures import BadPicture, read_picture
from memory.artifacts import ArtifactStore

PIXEL = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)


def test_a_png_is_read(tmp_path: Path) -> None:
    store = ArtifactStore(tmp_path)
    assert read_picture(store, store.put(PIXEL)) == PIXEL


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"<svg onload='alert(1)'/>", "no PNG"),
        (PIXEL[:20], "no PNG"),
        (PIXEL[:16] + struct.pack(">II", 60_000, 60_000) + PIXEL[24:], "60000 x 60000"),
        (PIXEL[:16] + struct.pack(">II", 0, 9) + PIXEL[24:], "0 x 9"),
        (PIXEL + bytes(pictures.MOST_BYTES), "more than"),
    ],
)
def test_anything_else_is_refused_with_the_reason(tmp_path: Path, data: bytes, reason: str) -> None:
    store = ArtifactStore(tmp_path)
    with pytest.raises(BadPicture, match=reason):
        read_picture(store, store.put(data))


def test_an_artifact_that_is_missing_or_has_no_id_is_refused(tmp_path: Path) -> None:
    for artifact in ("0" * 64, "../../etc/passwd"):
        with pytest.raises(BadPicture, match="not readable"):
            read_picture(ArtifactStore(tmp_path), artifact)
