"""What was asked once in a project isn't asked again: kept whole, shared by runs and threads, only where it was
good."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from agents.models.answer_cache import FOLDER, AnswerCache
from agents.models.protocol import Reply, Request
from memory.files.project_folder import FOLDER_NAME
from tools.toolchain import Message

ASKED = Request(role="extractor", messages=(Message("user", "Is it so?"),), temperature=0.0)
SAID = Reply(text="Yes", tokens_in=30, tokens_out=1, seconds=2.0, first_logprobs={"Yes": -0.1})


def test_a_kept_answer_comes_back_and_costs_nothing(tmp_path: Path) -> None:
    assert AnswerCache(tmp_path).get("m", ASKED) is None
    AnswerCache(tmp_path).put("m", ASKED, SAID)
    reply = AnswerCache(tmp_path).get("m", ASKED)
    assert reply is not None
    assert (reply.text, reply.first_logprobs) == (SAID.text, SAID.first_logprobs)
    assert (reply.tokens_in, reply.tokens_out, reply.seconds) == (0, 0, 0.0)


@pytest.mark.parametrize("change", [
    {"messages": (Message("user", "Is it not so?"),)}, {"max_tokens": 3}, {"schema_": {"type": "object"}},
])  # fmt: skip
def test_whatever_the_answer_depends_on_is_in_its_key(change: dict[str, object], tmp_path: Path) -> None:
    kept = AnswerCache(tmp_path)
    kept.put("m", ASKED, SAID)
    assert kept.get("m", ASKED.model_copy(update=change)) is None
    assert kept.get("another", ASKED) is None


def test_at_temperature_zero_the_seed_is_nothing_to_ask_again_for(tmp_path: Path) -> None:
    kept = AnswerCache(tmp_path)
    kept.put("m", ASKED, SAID)
    assert kept.get("m", ASKED.model_copy(update={"seed": 7})) is not None


def test_a_damaged_file_is_no_answer_and_is_written_anew(tmp_path: Path) -> None:
    kept = AnswerCache(tmp_path)
    kept.put("m", ASKED, SAID)
    (file,) = (tmp_path / FOLDER_NAME / FOLDER).iterdir()
    file.write_bytes(file.read_bytes()[:9])
    assert kept.get("m", ASKED) is None
    kept.put("m", ASKED, SAID)
    assert kept.get("m", ASKED) is not None


def test_many_may_write_at_once_and_nobody_reads_a_half(tmp_path: Path) -> None:
    requests = [ASKED.model_copy(update={"sample": number % 5}) for number in range(200)]

    def both(request: Request) -> bool:
        cache = AnswerCache(tmp_path)
        cache.put("m", request, SAID.model_copy(update={"text": f"{request.sample} " * 5000}))
        reply = cache.get("m", request)
        return reply is not None and reply.text == f"{request.sample} " * 5000

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(both, requests))
    assert len(list((tmp_path / FOLDER_NAME / FOLDER).iterdir())) == 5
