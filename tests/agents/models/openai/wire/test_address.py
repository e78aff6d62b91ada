"""Where a key goes, how it is cleaned, and that it is shown nowhere."""

from __future__ import annotations

import pytest

from agents.models.openai.wire.address import VENDOR_URL, is_strong, resolve_address
from pelagos.errors import BadInput, MissingPart

URL = "http://host:1/v1"


@pytest.mark.parametrize(
    ("base_url", "env", "want"),
    [
        (URL, {}, (URL, "")),
        (URL, {"PELAGOS_API_KEY": "k"}, (URL, "k")),
        (URL, {"OPENAI_API_KEY": "vendor"}, (URL, "")),
        ("", {"OPENAI_API_KEY": "vendor"}, (VENDOR_URL, "vendor")),
        ("", {"OPENAI_API_KEY": "vendor", "OPENAI_BASE_URL": URL}, (URL, "vendor")),
        (
            "",
            {"OPENAI_API_KEY": "vendor", "OPENAI_BASE_URL": URL, "PELAGOS_BASE_URL": "http://o:2"},
            ("http://o:2/v1", ""),
        ),
        ("http://host:1", {}, (URL, "")),
        ("http://host:1/api/v3/", {}, ("http://host:1/api/v3", "")),
        ("http://host:1/v1/chat/completions", {}, (URL, "")),
        (f" {URL}\n", {}, (URL, "")),
    ],
)
def test_address_and_whose_key_goes_there(base_url: str, env: dict[str, str], want: tuple[str, str]) -> None:
    assert resolve_address(base_url, env) == want


@pytest.mark.parametrize(
    "base_url",
    ["", "ftp://host", "http://", "https://user:s3cret@host/v1", "host:80", "https://host/v1?api_key=s3cret",
     "https://s3cret@host", "http://host:port", "http://host:99999", "http://[::1", "https://host/v1#s3cret"],
)  # fmt: skip
def test_bad_address_is_one_clear_line(base_url: str) -> None:
    with pytest.raises(MissingPart, match=r"^model endpoint: ") as raised:
        resolve_address(base_url, {})
    assert "s3cret" not in str(raised.value)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("written", ["k3y\n", " k3y\r\n", '"k3y"', "'k3y'\n", "Bearer k3y", "bearer  k3y\t"])
def test_what_people_copy_with_a_key_is_left_out(written: str) -> None:
    assert resolve_address(URL, {"PELAGOS_API_KEY": written}) == (URL, "k3y")


@pytest.mark.parametrize("written", ["s3cret\nline", "s3 cret", "s3cret\u200b", "s3crét", "s3cret\x00"])
@pytest.mark.parametrize("name", ["PELAGOS_API_KEY", "OPENAI_API_KEY"])
def test_key_that_can_not_be_sent_is_refused_without_showing_it(name: str, written: str) -> None:
    with pytest.raises(BadInput, match=f"^{name}: character") as raised:
        resolve_address("", {name: written, "OPENAI_BASE_URL": URL})
    assert "cret" not in str(raised.value)


@pytest.mark.parametrize(
    ("model", "strong"),
    [("Qwen2.5-Coder-1.5B-Instruct", False), ("smollm2-135m", False), ("llama-3.1-8b", True), ("gpt-4o-mini", True),
     ("qwen2.5-coder-32b", True), ("gemma-3-270M", False), ("mixtral-8x7b", True)],
)  # fmt: skip
def test_strength_by_name(model: str, strong: bool) -> None:
    assert is_strong(model) is strong
