"""A refusal by the hub is one line that says what to do; requests wait as long as the hub asks."""

from __future__ import annotations

import time

import pytest

from memory.weights.hub.connection import Hub, hub_address
from memory.weights.hub.listing import list_repository
from memory.weights.hub.model_store import download_model
from pelagos.errors import BadInput, MissingPart
from tests.memory.weights.hub.imitation import REPOSITORY, WEIGHTS, Answer, Imitation, says

TOKEN = "hf_secretsecret"
GATED = "Access to model Maker/Toy-GGUF is restricted. You must have access to it and be authenticated to access it."


def line(hub: Imitation, **env: str) -> str:
    with pytest.raises(MissingPart) as failure:
        download_model("toy", REPOSITORY, [WEIGHTS], {"HF_ENDPOINT": hub.hub.url, **env})
    assert "\n" not in str(failure.value)
    assert TOKEN not in str(failure.value)
    assert str(failure.value).startswith("toy: ")
    return str(failure.value)


@pytest.mark.parametrize(
    ("answer", "env", "said"),
    [
        (says(404, '{"error":"Repository not found"}', X_Error_Code="RepoNotFound"), {}, "(404: Repository not found)"),
        (says(404, "x", X_Error_Code="RevisionNotFound", X_Error_Message="Invalid rev id: main"), {}, "Invalid rev id"),
        (says(401, '{"error":"Invalid username or password."}'), {}, "set HF_TOKEN if it wants one"),
        (says(401, "", X_Error_Message="Invalid credentials in Authorization header"), {"HF_TOKEN": TOKEN}, "HF_TOKEN is not one"),
        (says(401, "", X_Error_Code="GatedRepo", X_Error_Message=GATED), {}, "accept them there, then set HF_TOKEN"),
        (says(403, "", X_Error_Code="GatedRepo", X_Error_Message=GATED), {"HF_TOKEN": TOKEN}, "is restricted"),
        (says(403, f'{{"error":"token {TOKEN} may not"}}'), {"HF_TOKEN": TOKEN}, "token [key] may not"),
        (says(418, "<html>\nteapot</html>"), {}, "refuses (418)"),
        (says(429, "", Retry_After="300"), {}, "asked too often (429): ask again in 300 s"),
        (says(429, "", RateLimit='"api";r=0;t=240'), {}, "ask again in 240 s"),
        (says(302, Location="ftp://127.0.0.1/x"), {}, "redirects to where nothing can be"),
    ],
)  # fmt: skip
def test_a_refusal_is_one_line_at_once(hub: Imitation, answer: Answer, env: dict[str, str], said: str) -> None:
    hub.hub.answers = [answer]
    assert said in line(hub, **env)
    assert len(hub.hub.seen) == 1


def test_a_file_that_went_since_the_listing_is_one_line(hub: Imitation) -> None:
    hub.hub.answers = [hub.api_or_redirect, says(404, "Entry not found", X_Error_Message="Entry not found")]
    assert "no such file or repository (404: Entry not found)" in line(hub)


def test_a_short_wait_is_waited_for(hub: Imitation) -> None:
    hub.hub.answers = [says(429, "", Retry_After="1"), says(503, "", Retry_After="0"), says(429)]
    began = time.monotonic()
    download_model("toy", REPOSITORY, [WEIGHTS], {"HF_ENDPOINT": hub.hub.url})
    assert 1 <= time.monotonic() - began < 5


def test_who_says_nothing_but_errors_is_given_up(hub: Imitation) -> None:
    hub.hub.answers = [says(500, '{"error":"Internal Error"}')] * 9
    assert "answers with 500: Internal Error" in line(hub)
    assert len(hub.hub.answers) == 3


def test_nobody_there(hub: Imitation) -> None:
    assert "doesn't answer" in line(hub, HF_ENDPOINT="http://127.0.0.1:9")
    assert "HF_ENDPOINT" in line(hub, HF_ENDPOINT="http://127.0.0.1:9")


def test_a_circle_of_redirects_ends(hub: Imitation) -> None:
    hub.hub.answers = [says(302, Location="/again")] * 50
    assert "redirects" in line(hub)


def test_offline_asks_nobody(hub: Imitation) -> None:
    assert "HF_HUB_OFFLINE is set" in line(hub, HF_HUB_OFFLINE="1")
    assert hub.hub.seen == []


@pytest.mark.parametrize(
    "named", ["huggingface.co", "ftp://h", "https://", "https://user:pass@h", "http://h:x", "http://h?a=1"]
)
def test_an_address_of_another_form_is_refused_unshown(named: str) -> None:
    with pytest.raises(BadInput, match="HF_ENDPOINT: must be") as failure:
        Hub("toy", {"HF_ENDPOINT": named})
    assert "pass" not in str(failure.value)


def test_a_token_that_is_none_is_one_line() -> None:
    with pytest.raises(BadInput, match="HF_TOKEN"):
        Hub("toy", {"HF_TOKEN": "hf_ä–"})


def test_address() -> None:
    assert hub_address("") == "https://huggingface.co"
    assert hub_address(" https://mirror.example/hf/ ") == "https://mirror.example/hf"


def test_a_mirror_below_a_path(hub: Imitation) -> None:
    hub.hub.answers = [lambda handler: handler.send(200, b"{}")]
    with pytest.raises(MissingPart, match="can't be read"):
        list_repository(Hub("toy", {"HF_ENDPOINT": f"{hub.hub.url}/hf"}), REPOSITORY, [WEIGHTS])
    assert hub.hub.seen[0][0] == f"/hf/api/models/{REPOSITORY}/revision/main?blobs=true"
