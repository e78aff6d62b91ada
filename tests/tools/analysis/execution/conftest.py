"""The real sandbox, and a small proteome on disk."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from pelagos.errors import MissingPart
from sandbox.choose import choose
from sandbox.protocol import Sandbox
from tests.tools.proteomics.abundances import make_proteome, write_gmt


class Machine:
    """What `run_calls` uses of a context."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox

    @contextmanager
    def slot(self, cpus: float = 1.0) -> Iterator[None]:
        yield


@pytest.fixture(scope="session")
def machine() -> Any:
    try:
        return Machine(choose())
    except MissingPart as error:
        pytest.skip(str(error))


@pytest.fixture(scope="session")
def proteome(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("data") / "proteome.h5ad"
    make_proteome(missing=0.1, site=1.0).write_h5ad(path)
    return path


@pytest.fixture(scope="session")
def gene_sets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    planted, rest = ([f"GENE{index}" for index in places] for places in (range(5), range(10, 30)))
    return Path(write_gmt(tmp_path_factory.mktemp("sets") / "sets.gmt", planted=planted, rest=rest))
