"""The sandbox is real."""

from __future__ import annotations

import pytest

from pelagos.errors import MissingPart
from sandbox.choose import choose
from sandbox.protocol import Sandbox


@pytest.fixture(scope="session")
def jail() -> Sandbox:
    try:
        return choose("auto")
    except MissingPart as missing:
        pytest.skip(f"no sandbox works here: {missing}")
