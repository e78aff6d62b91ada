"""vLLM's token classification agrees with transformers; STEP pooling of a language model doesn't, and isn't used."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import httpx
import pytest
import torch
from transformers import AutoModelForCausalLM

from agents.verifiers.checkpoints.known import Checkpoint, layouts
from agents.verifiers.checkpoints.layouts import find_labels, lay_out
from agents.verifiers.checkpoints.loading import load_tokenizer
from agents.verifiers.checkpoints.pooling import PoolingVerifier
from agents.verifiers.checkpoints.scorer import CheckpointVerifier
from agents.verifiers.protocol import Solution
from pelagos.errors import BadInput, BadScore
from tests.agents.verifiers import tiny
from tests.agents.vllm_server import serve_vllm

FLOAT = ("--dtype", "float32")
QWEN = Checkpoint("tiny/qwen", layouts()["qwen"])
SHEPHERD = Checkpoint("tiny/versaprm", layouts()["versaprm"])
SOLUTIONS = [
    Solution("Add two and two.", ("Two is 2.", "2 + 2 = 4.", "So it is 4.")),
    Solution("Nothing.", ()),
    Solution("Say <extra_0> twice.", ("A step that holds <extra_0> itself.", "b", "c", "d")),
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    head, sizes = tiny.classes_head(64), {"hidden_size": 64, "intermediate_size": 128}  # vLLM wants 32 per head
    path = tmp_path_factory.mktemp("served") / "qwen"
    return tiny.save_headed_model(path, "Qwen2ForProcessRewardModel", head, tiny.small_qwen_tokenizer(), **sizes)


@pytest.fixture(scope="module")
def url(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    tag = find_labels(load_tokenizer(folder, "x"), QWEN).tag
    log = tmp_path_factory.mktemp("log") / "log"
    with serve_vllm(folder, "prm", 512, log, [*FLOAT, *pooler(step_tag_id=tag)]) as base:
        yield base


def pooler(**config: object) -> list[str]:
    return ["--pooler-config", json.dumps(config)]


@pytest.mark.vllm
@pytest.mark.timeout(900)
def test_vllm_and_transformers_agree(url: str, folder: Path) -> None:
    verifier = PoolingVerifier(QWEN, folder, url, "prm")
    results, expected = verifier.score(SOLUTIONS), CheckpointVerifier(QWEN, folder).score(SOLUTIONS)
    for one, other in zip(results, expected, strict=True):
        assert one.scores == pytest.approx(other.scores, abs=1e-4)
        assert one.usage.read == other.usage.read
    assert len({round(score, 3) for result in results for score in result.scores}) > 3
    alone = verifier.score(SOLUTIONS[2:])[0]
    assert alone.scores == pytest.approx(results[2].scores, abs=1e-4)


@pytest.mark.vllm
@pytest.mark.timeout(900)
def test_what_the_server_cannot_read_is_one_line(url: str, folder: Path) -> None:
    with pytest.raises(BadInput, match="serves no model 'other'; there are prm"):
        PoolingVerifier(QWEN, folder, url, "other").score(SOLUTIONS)
    with pytest.raises(BadInput, match=r"solution 1, step 2 ends at token 1\d{3}, and the model reads 512"):
        PoolingVerifier(QWEN, folder, url, "prm").score([Solution("P", ("short.", "word " * 300))])
    newline = Checkpoint("tiny/pure", layouts()["pure"])
    with pytest.raises(
        BadScore, match=r"0 rows for 1 steps: the server looks for another tag: start it with .*: 198\}"
    ):
        PoolingVerifier(newline, folder, url, "prm").score([Solution("P", ("a",))])


@pytest.mark.vllm
@pytest.mark.timeout(900)
def test_step_pooling_of_a_language_model_is_not_what_its_head_says(tmp_path: Path) -> None:
    """The reason why tag logits are never read by vLLM's pooling: it refuses to classify tokens by a language model, and
    as an embedding the columns of the labels' ids are features of the hidden state, given without a word of it."""
    tokenizer = tiny.small_llama_tokenizer()
    folder = tiny.save_language_model(tmp_path / "llama", "llama", tokenizer, hidden_size=64, intermediate_size=128)
    labels = find_labels(tokenizer, SHEPHERD)
    encoded = lay_out(tokenizer, SHEPHERD, labels, SOLUTIONS[0])
    columns = [labels.positive, labels.negative]
    step = {"task": "token_embed", "pooling_type": "STEP", "step_tag_id": labels.tag, "returned_token_ids": columns}
    body = {"model": "prm", "input": [encoded.ids], "use_activation": False}
    with (
        serve_vllm(folder, "prm", 512, tmp_path / "log", [*FLOAT, "--runner", "pooling", *pooler(**step)]) as base,
        closing(httpx.Client(timeout=100, trust_env=False)) as client,
    ):
        url = f"{base.removesuffix('/v1')}/pooling"
        refused = client.post(url, json={**body, "task": "token_classify"})
        answer = client.post(url, json={**body, "task": "token_embed"})
    assert "Unsupported task: 'token_classify'" in refused.text
    model = AutoModelForCausalLM.from_pretrained(folder)
    with torch.no_grad():
        output = model(torch.tensor([encoded.ids]), output_hidden_states=True)
    logits = output.logits[0][encoded.positions][:, columns]
    features = output.hidden_states[-1][0][encoded.positions][:, columns]
    assert answer.is_success, answer.text
    rows = torch.tensor(answer.json()["data"][0]["data"])
    assert torch.allclose(rows, features, atol=1e-3), (rows, features, logits)
    assert not torch.allclose(rows, logits, atol=1e-1)
    with pytest.raises(BadInput, match="vLLM serves heads of kind classes alone, and its kind is tag_logits"):
        PoolingVerifier(SHEPHERD, folder, "http://127.0.0.1:1/v1", "prm")
