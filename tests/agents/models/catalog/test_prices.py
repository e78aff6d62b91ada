from __future__ import annotations

from pathlib import Path

import pytest

from agents.models.catalog.prices import Prices
from pelagos.errors import BadInput


def test_a_table_saved_by_a_windows_editor(tmp_path: Path) -> None:
    path = tmp_path / "prices.toml"
    text = '[[price]]\r\nmodel = "openai:x"\r\ninput = 1\r\noutput = 2\r\n'
    path.write_bytes(b"\xef\xbb\xbf" + text.encode())
    assert Prices.load(path).price("openai:x") == (1.0, 2.0)
    path.write_bytes(text.encode("utf-16"))
    with pytest.raises(BadInput, match=r"prices\.toml: price table: UTF-16 or UTF-32 text; save it as UTF-8"):
        Prices.load(path)
