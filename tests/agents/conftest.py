"""One real vLLM server with the tiny twin for all tests that want one."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from agents.models.catalog.locate import locate
from tests.agents.vllm_server import require_vllm, serve_vllm


@pytest.fixture(scope="session")
def vllm_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The base URL of a server that answers to the name smollm2-135m; skips where there is no environment for it."""
    require_vllm()  # before the weights are fetched
    log = tmp_path_factory.mktemp("vllm") / "server.log"
    with serve_vllm(locate("smollm2-135m").path, "smollm2-135m", 8192, log) as served:
        yield served
