"""A real vLLM server with the tiny twin, converted from its GGUF, and a role model that talks to it by URL."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from pydantic import BaseModel, Field

from agents.models.catalog.locate import locate
from agents.models.openai.endpoint import Endpoint
from agents.models.vllm.server import model_folder, run_server
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
    role_model = bench.role_model(model)
    assert not model.strong
    assert role_model.ask([Message("user", "Say hello.")], max_tokens=20)
    assert role_model.ask_json([Message("user", "A person.")], Person, max_tokens=80).name
    assert 0 < role_model.probability([Message("user", "Is 7 a prime number? Answer Yes or No.")]) < 1
    with ThreadPoolExecutor(4) as pool:
        drafts = list(
            pool.map(lambda n: role_model.ask([Message("user", "A story.")], sample=n, max_tokens=30), range(4))
        )
    assert len(set(drafts)) > 1
    assert bench.facts("model.fault") == []
    assert all(fact["remarks"] == [] for fact in bench.facts("model"))


def test_long_prompts_side_by_side_leave_the_server_alive(vllm_url: str, bench: Bench) -> None:
    """Together they are more than one batch holds. Read in parts, a prompt with a seed ended vLLM's CPU build 0.32."""
    bench.settings.models = Models(timeout_s=400)
    role_model = bench.role_model(Endpoint("smollm2-135m", vllm_url))
    prompts = [[Message("user", " ".join(f"{n}-{word}" for word in range(500)))] for n in range(6)]
    with ThreadPoolExecutor(6) as pool:
        replies = list(pool.map(lambda n: role_model.ask(prompts[n], sample=n, max_tokens=8), range(6)))
    assert len(replies) == 6
    assert bench.facts("model.fault") == []


def test_conversion_is_kept(vllm_url: str) -> None:
    folder = model_folder(locate("smollm2-135m").path)
    assert (folder / "model.safetensors").is_file()
    assert model_folder(folder) == folder


def test_server_that_cannot_start_says_why(vllm_url: str, tmp_path: Path) -> None:
    (tmp_path / "broken").mkdir()
    with (
        pytest.raises(MissingPart, match="ended with"),
        run_server(tmp_path / "broken", "m", 1, 2048, tmp_path / "server.log"),
    ):
        pass
