from __future__ import annotations

from pathlib import Path

import pytest

from agents.models.catalog.prices import Prices
from agents.models.protocol import Request, TimeLimit
from agents.models.registry import check_model, find_unpriced, open_model
from agents.models.spec import Spec, parse_spec
from pelagos.errors import BadInput, ModelUnavailable
from pelagos.settings import Models
from tools.toolchain import Message


@pytest.mark.parametrize(
    ("text", "want"),
    [
        ("embedded", Spec("embedded")),
        ("embedded:smollm2-135m", Spec("embedded", "smollm2-135m")),
        ("embedded:/a/b@c.gguf", Spec("embedded", "/a/b@c.gguf")),
        ("replay:runs/digits", Spec("replay", "runs/digits")),
        ("openai:gpt", Spec("openai", "gpt")),
        ("openai:org/model@v1@http://h:1/v1/", Spec("openai", "org/model@v1", "http://h:1/v1")),
        ("openai:qwen:7b@https://h/v1", Spec("openai", "qwen:7b", "https://h/v1")),
    ],
)
def test_parse(text: str, want: Spec) -> None:
    assert parse_spec(text) == want


@pytest.mark.parametrize(
    ("text", "says"),
    [("", "no such kind"), ("embeded", "did you mean 'embedded'"), ("gpt-4", "openai:MODEL"), ("openai:", "model name"),
     ("replay:", "run folder"), ("openai:m@ftp://h", "http://")],
)  # fmt: skip
def test_bad_specs_say_what_is_right(text: str, says: str) -> None:
    with pytest.raises(BadInput, match=says):
        parse_spec(text)


@pytest.mark.parametrize("spec", ["embedded:smolm2-135m", "embedded:/no/such.gguf", "replay:/nowhere"])
def test_check_finds_what_is_not_there_before_any_call(spec: str) -> None:
    with pytest.raises(BadInput):
        check_model(spec, Models())


def test_check_reads_the_price_table(tmp_path: Path) -> None:
    table = tmp_path / "p.toml"
    table.write_text('[[price]]\nmodel = "m"\ninput = -1\noutputs = 1\n')
    with pytest.raises(BadInput) as raised:
        check_model("openai:m@http://127.0.0.1:9", Models(prices=table))
    assert len(raised.value.faults) == 3


def test_users_prices_come_first_and_local_models_are_free(tmp_path: Path) -> None:
    table = tmp_path / "p.toml"
    table.write_text('[[price]]\nmodel = "embedded:*"\ninput = 1\noutput = 2\n')
    assert Prices.load(table).price("embedded:x") == (1, 2)
    assert Prices.load().price("embedded:x") == (0, 0)
    assert Prices.load().price("openai:x") is None


@pytest.mark.parametrize(
    "where",
    ["10.0.0.5:8000/v1", "10.0.0.5", "localhost", "localhost:11434/v1", "gpu-box:8000", "api.example.org/v1",
     "[::1]:8000/v1", "user:s3cret@host.org:80/v1", "ftp://host"],
)  # fmt: skip
def test_address_without_a_scheme_is_refused_and_not_sent_to_a_vendor(where: str) -> None:
    with pytest.raises(BadInput, match=r"write openai:mine@http://HOST:PORT/v1") as raised:
        parse_spec(f"openai:mine@{where}")
    assert "s3cret" not in str(raised.value)


@pytest.mark.parametrize("name", ["claude@20240620", "org/model@v1", "@cf/meta/llama-3-8b", "model@001", "m@latest"])
def test_model_names_may_have_an_at_sign(name: str) -> None:
    assert parse_spec(f"openai:{name}") == Spec("openai", name)


def test_none_is_a_model_that_refuses_every_request() -> None:
    model = open_model(" none ", Models())
    assert (model.spec, model.strong) == ("none", False)
    assert find_unpriced(["none"], Models()) == []  # a cap on money can be kept
    request = Request(role="coder", messages=[Message("user", "hello")])
    with pytest.raises(ModelUnavailable, match="coder: no model was named"):
        model.complete(request, TimeLimit(1.0, 1.0))
