"""A real vLLM server with the tiny twin, converted from its GGUF, and a mind that talks to it by URL."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from pydantic import BaseModel, Field

from agents.models.endpoint import Endpoint
from agents.models.locate import locate
from agents.models.vllm_server import directory, running
from pelagos.errors import MissingPart
from pelagos.settings import Models
from tests.agents.models.conftest import Bench
from tools.toolchain import Message

pytestmark = [pytest.mark.vllm, pytest.mark.timeout(900)]


class Person(BaseModel):
    name: str = Field(max_length=20)
    age: int


def test_a_mind_on_a_vllm_server(vllm_url: str, bench: Bench) -> None:
    bench.settings.models = Models(timeout_s=200)
    model = Endpoint("smollm2-135m", vllm_url)
    mind = bench.mind(model)
    assert not model.strong
    assert mind.ask([Message("user", "Say hello.")], max_tokens=20)
    assert mind.ask_json([Message("user", "A person.")], Person, max_tokens=80).name
    assert 0 < mind.probability([Message("user", "Is 7 a prime number? Answer Yes or No.")]) < 1
    with ThreadPoolExecutor(4) as pool:
        drafts = list(pool.map(lambda n: mind.ask([Message("user", "A story.")], sample=n, max_tokens=30), range(4)))
    assert len(set(drafts)) > 1
    assert bench.facts("model.fault") == []
    assert all(fact["remarks"] == [] for fact in bench.facts("model"))


def test_conversion_is_kept(vllm_url: str) -> None:
    folder = directory(locate("smollm2-135m").path)
    assert (folder / "model.safetensors").is_file()
    assert directory(folder) == folder


def test_server_that_cannot_start_says_why(vllm_url: str, tmp_path: Path) -> None:
    (tmp_path / "broken").mkdir()
    with (
        pytest.raises(MissingPart, match="ended with"),
        running(tmp_path / "broken", "m", 1, 2048, tmp_path / "server.log"),
    ):
        pass
