from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks.replies import corpus
from benchmarks.replies.collect import collect, parse_prompt
from memory.artifacts import ArtifactStore
from memory.ledger.ledger import Ledger

ROOT = Path(__file__).parents[3]
GOOD = "```python\ndef augment(x):\n    return x + 1\n```"
DRAFT = "Make this change in `train.py::augment`, which now is:"
REPAIR = "# train.py::augment\ndef augment(x): ...\nblock that holds the complete corrected `augment` and what it needs"


def run(folder: Path, replies: list[tuple[str, str, str]]) -> Path:
    """The folder of a run on digits with these (role, prompt, reply)."""
    artifacts, ledger = ArtifactStore(folder / "artifacts"), Ledger.open(folder / "ledger.db")
    (folder / "run.json").write_text(json.dumps({"task": "digits"}))
    for at, (role, prompt, text) in enumerate(replies):
        messages = artifacts.put_json([{"role": "user", "content": prompt}])
        ledger.append("model", str(at), {"role": role, "messages": messages, "text": text})
    ledger.close()
    return folder


def test_the_coders_replies_are_collected_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(corpus, "CORPUS", tmp_path / "corpus.jsonl")
    monkeypatch.setattr(corpus, "EXPECTED", tmp_path / "expected.toml")
    replies = [
        ("coder", DRAFT, "No."),
        ("coder", REPAIR, "No."),
        ("coder", DRAFT, GOOD),
        ("coder", "Make this change in `train.py::gone`", GOOD),
        ("ideator", DRAFT, "No."),
    ]
    folder = run(tmp_path / "run", replies)
    assert collect([folder], ROOT) == {"no_edit": 1, "taken": 1}
    assert collect([folder], ROOT) == {}
    refused, control = corpus.load()
    assert (refused.cause, refused.target, refused.run) == ("no_edit", "train.py::augment", "run")
    assert refused.expected == {}
    assert control.expected == {"take": {"train.py": "def augment(x):\n    return x + 1"}}


def test_the_target_is_what_the_prompt_names() -> None:
    program = corpus.load_baseline("digits")
    assert parse_prompt(REPAIR, program) == ("repair", "train.py::augment")
    assert parse_prompt(DRAFT, program) == ("draft", "train.py::augment")
    assert parse_prompt("A change is to be made in `train.py::augment`,", program) == ("draft", "train.py::augment")
    assert parse_prompt(REPAIR.replace("augment", "helper"), program) == ("repair", "")
    assert parse_prompt("What is new?", program) == ("", "")
