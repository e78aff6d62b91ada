"""What is taken from a listing of the hub, and how unreadable answers are refused."""

from __future__ import annotations

import json
from typing import Any

import pytest

from memory.weights.hub.connection import Hub
from memory.weights.hub.listing import Listing, list_repository
from pelagos.errors import MissingPart
from tests.memory.weights.hub.imitation import COMMIT, REPOSITORY, WEIGHTS, Imitation, git_blob, says


def asked(hub: Imitation, *wanted: str) -> Listing:
    return list_repository(Hub("toy", {"HF_ENDPOINT": hub.hub.url}), REPOSITORY, wanted)


def test_size_and_hash_are_the_hubs(hub: Imitation) -> None:
    found = asked(hub, "*.gguf", "README.md")
    assert found.commit == COMMIT
    assert {file.path: (file.size, len(file.digest)) for file in found.files} == {
        WEIGHTS: (300_000, 64), "README.md": (6, 40), "other.gguf": (2, 40),
    }  # fmt: skip
    assert found.files[1].digest == git_blob(b"words\n")


def test_a_file_that_is_gone_is_named(hub: Imitation) -> None:
    with pytest.raises(MissingPart, match=r"holds no gone\.gguf any more"):
        asked(hub, WEIGHTS, "gone.gguf")


def test_a_licence_of_another_form_is_left_out(hub: Imitation) -> None:
    told = hub.listing() | {"cardData": {"license": ["a", "b"]}}
    hub.hub.answers = [says(200, json.dumps(told))]
    assert asked(hub, WEIGHTS).licence == ""


def spoilt(told: dict[str, Any], **sibling: Any) -> dict[str, Any]:
    told["siblings"][0].update(sibling)
    return told


@pytest.mark.parametrize(
    "spoil",
    [
        lambda told: [],
        lambda told: told | {"sha": "main"},
        lambda told: told | {"sha": "../../etc"},
        lambda told: told | {"siblings": None},
        lambda told: told | {"siblings": ["toy.gguf"]},
        lambda told: spoilt(told, lfs={"sha256": "short", "size": 3}),
        lambda told: spoilt(told, lfs={"sha256": "../" * 22, "size": 3}),
        lambda told: spoilt(told, lfs={"sha256": "a" * 64, "size": "3"}),
        lambda told: spoilt(told, lfs={"sha256": "a" * 64, "size": -1}),
        lambda told: spoilt(told, lfs=None, blobId=None),
    ],
)
def test_nonsense_is_one_line(hub: Imitation, spoil: Any) -> None:
    hub.hub.answers = [says(200, json.dumps(spoil(hub.listing())))]
    with pytest.raises(MissingPart, match="what can't be read") as failure:
        asked(hub, WEIGHTS)
    assert "\n" not in str(failure.value)


def test_a_proxys_page_is_no_listing(hub: Imitation) -> None:
    hub.hub.answers = [says(200, "<html>\nlog in</html>")]
    with pytest.raises(MissingPart, match="no JSON, begins '<html>"):
        asked(hub, WEIGHTS)
