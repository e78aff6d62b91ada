from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest

from app.review.compare.trace import MOST_CHARS, Attachment, Moment, read_trace
from memory.artifacts import ArtifactStore
from memory.ledger.ledger import Ledger
from pelagos.facts.calls import Call, ModelFault
from pelagos.nouns import Experiment, OutcomeKind
from tests.app.conftest import HOSTILE


def test_moments_are_in_order_with_what_failed(run_folder: Path) -> None:
    moments = read_trace(run_folder, "h1")
    assert [(moment.kind, moment.failed) for moment in moments] == [
        ("idea", False), ("screening", False), ("plan", False), ("try", True), ("try", False), ("experiment", False),
        ("verdict", False), ("lesson", False), ("claim", False),
    ]  # fmt: skip
    assert moments[0].text == "Smooth labels"
    assert moments[2].attachments == [Attachment("steps", "1. Change the loss.")]
    assert moments[3].text == "draft 1: error"
    assert moments[3].attachments == [Attachment("detail", HOSTILE)]
    assert moments[5].text == "validation, seed 1: 0.86 in 1.5 s"
    assert [moment.seconds for moment in moments] == sorted(moment.seconds for moment in moments)


@pytest.fixture
def store(run_folder: Path) -> ArtifactStore:
    return ArtifactStore(run_folder / "artifacts")


def test_calls_carry_prompt_and_reply(run_folder: Path, store: ArtifactStore) -> None:
    messages = store.put_json([{"role": "user", "content": "x" * (MOST_CHARS + 5)}])
    call = Call(role="coder", spec="m", hypothesis="h2", messages=messages, text="Reply.", tokens_out=7, seconds=2.0)
    with closing(Ledger.open(run_folder / "ledger.db")) as ledger:
        ledger.record(call, "k1")
        ledger.record(call.model_copy(update={"messages": "0" * 64, "reask": 1}), "k2")
        ledger.record(ModelFault(role="coder", hypothesis="h2", cause="reply", error="no code"), "k3")
    first, second, fault = [moment for moment in read_trace(run_folder, "h2") if moment.kind == "call"]
    assert first.text == "coder (m): 7 tokens in 2.0 s"
    assert [label for label, _ in first.attachments] == ["prompt, user", "reply"]
    assert first.attachments[0].text.endswith("5 more characters")
    assert "asked again (1)" in second.text
    assert "not readable" in second.attachments[0].text
    assert (fault.text, fault.failed, fault.attachments) == ("coder: reply", True, [Attachment("error", "no code")])


def test_a_failed_experiment_says_why_and_shows_its_log(run_folder: Path, store: ArtifactStore) -> None:
    noun = Experiment(
        id="x", version="v2", hypothesis="h2", seed=2, split="validation", outcome=OutcomeKind.TIMEOUT,
        files={"log": store.put_text("epoch 1"), "predictions": store.put_text("no text")},
    )  # fmt: skip
    with closing(Ledger.open(run_folder / "ledger.db")) as ledger:
        ledger.append("experiment", "x", noun.model_dump(mode="json"))
    moment = read_trace(run_folder, "h2")[-1]
    assert moment == Moment(
        "experiment", "validation, seed 2: timeout in 0.0 s", moment.seconds, True, [Attachment("log", "epoch 1")]
    )


def test_nothing_was_done_for_an_unknown_hypothesis(run_folder: Path) -> None:
    assert read_trace(run_folder, "h99") == []
