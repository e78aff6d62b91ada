"""`pelagos models`: what is listed, and faults that are one line."""

from __future__ import annotations

import json
import socket

import pytest
from typer.testing import CliRunner

from app.models import models_app
from pelagos.errors import BadInput


def run(*args: str) -> str:
    done = CliRunner().invoke(models_app, args)
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done.stdout


def test_list_says_size_terms_and_presence_of_each() -> None:
    rows = json.loads(run("list", "--json"))
    assert [row["name"] for row in rows] == ["qwen2.5-coder-1.5b", "qwen2.5-coder-0.5b", "smollm2-135m"]
    assert rows[0]["bytes"] == 1_117_320_768
    assert "not compared" in rows[0]["origin"]
    assert all(row["licence"] and bool(row["path"]) is row["present"] for row in rows)


def test_unknown_model_and_taken_port_are_one_line() -> None:
    with pytest.raises(BadInput, match="did you mean 'smollm2-135m'"):
        run("get", "smolm2-135m")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(BadInput, match="choose another with --port"):
            run("serve", "--port", str(taken.getsockname()[1]))
