"""Every public checkpoint has an entry; a user's own folder is read by what is said of it, or by its config."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from agents.verifiers.aggregate import AGGREGATES
from agents.verifiers.checkpoints.known import known_checkpoints, layouts, resolve_checkpoint
from pelagos.errors import BadInput

PUBLISHED = {
    "peiyi9979/math-shepherd-mistral-7b-prm": "shepherd",
    "RLHFlow/Llama3.1-8B-PRM-Mistral-Data": "rlhflow",
    "RLHFlow/Llama3.1-8B-PRM-Deepseek-Data": "rlhflow",
    "Skywork/Skywork-o1-Open-PRM-Qwen-2.5-1.5B": "skywork",
    "Skywork/Skywork-o1-Open-PRM-Qwen-2.5-7B": "skywork",
    "Qwen/Qwen2.5-Math-PRM-7B": "qwen",
    "Qwen/Qwen2.5-Math-PRM-72B": "qwen",
    "Qwen/Qwen2.5-Math-7B-PRM800K": "qwen",
    "Gen-Verse/ReasonFlux-PRM-7B": "qwen",
    "Babelscape/Qwen2.5-Math-PRM-7B-PDDL-r": "qwen",
    "Babelscape/Llama-3.1-8B-PRM800k-PDDL-r": "pddl",
    "alexbalan08/PRM": "procedure",
    "UW-Madison-Lee-Lab/VersaPRM": "versaprm",
    "HuggingFaceH4/Qwen2.5-Math-1.5B-Instruct-PRM-0.2": "trl",
    "HuggingFaceH4/Qwen2.5-Math-7B-Instruct-PRM-0.2": "trl",
    "jinachris/Qwen2.5-Math-7B-PRM800K": "pure",
    "Windy0822/ImplicitPRM_DPO": "implicit",
    "Windy0822/ImplicitPRM_CE": "implicit",
    "PRIME-RL/EurusPRM-Stage1": "implicit",
    "PRIME-RL/EurusPRM-Stage2": "implicit",
}


def folder(path: Path, architecture: str) -> str:
    path.mkdir(parents=True)
    (path / "config.json").write_text(json.dumps({"architectures": [architecture]}))
    return str(path)


@pytest.mark.parametrize(("repository", "layout"), PUBLISHED.items())
def test_a_published_checkpoint_is_read_by_its_layout(repository: str, layout: str) -> None:
    checkpoint = resolve_checkpoint(repository)
    assert (checkpoint.name, checkpoint.layout.name) == (repository, layout)
    assert checkpoint.aggregate in AGGREGATES
    assert bool(checkpoint.reference) == (layout == "implicit")


def test_two_labels_or_none_and_a_tag() -> None:
    for layout in layouts().values():
        assert layout.tag
        assert bool(layout.positive) == bool(layout.negative) == (layout.kind == "tag_logits")
    assert {checkpoint.layout.name for checkpoint in known_checkpoints().values()} == set(layouts())


def test_a_folder_is_read_by_its_name_its_architecture_or_what_is_said(tmp_path: Path) -> None:
    by_name = folder(tmp_path / "skywork-o1-open-prm-qwen-2.5-7b", "Qwen2ForCausalLM")
    assert resolve_checkpoint(by_name).layout.name == "skywork"
    assert resolve_checkpoint(by_name, layout="trl").layout.name == "trl"
    own = folder(tmp_path / "own", "Qwen2ForProcessRewardModel")
    assert resolve_checkpoint(own).layout.name == "qwen"
    said = resolve_checkpoint(own, layout="shepherd", kind="value").layout
    assert (said.name, said.form, said.kind) == ("shepherd", "text", "value")
    assert layouts()["shepherd"].kind == "tag_logits"


def test_what_tells_nothing_is_refused_in_one_line(tmp_path: Path) -> None:
    token_classes = folder(tmp_path / "mine", "Qwen2ForTokenClassification")
    (tmp_path / "empty").mkdir()
    lines = {
        (token_classes, "", ""): r"'.*mine': its config \(Qwen2ForTokenClassification\) doesn't tell where .* name its",
        (str(tmp_path / "empty"), "", ""): "no config.json that can be read",
        ("Qwen/Qwen2.5-Math-PRM-8B", "", ""): "did you mean Qwen/Qwen2.5-Math-PRM-7B?",
        (token_classes, "trll", ""): "layout 'trll': no such one: there are qwen, trl, pure",
        (token_classes, "trl", "softmax"): "kind 'softmax': no such one: there are classes",
        (
            token_classes,
            "trl",
            "tag_logits",
        ): "layout 'trl' has no labels for kind tag_logits; with labels there are shep",
    }
    for (name, layout, kind), line in lines.items():
        with pytest.raises(BadInput, match=line) as refused:
            resolve_checkpoint(name, layout, kind)
        assert len(refused.value.faults) == 1 and "\n" not in str(refused.value)


def test_the_page_names_every_checkpoint_by_its_layout() -> None:
    page = (Path(__file__).parents[4] / "docs" / "verifiers.md").read_text("utf-8").partition("## Checkpoints")[2]
    rows = {row.split("`")[1]: row for row in page.splitlines() if row.startswith("| `")}
    assert set(rows) == set(layouts())
    for checkpoint in known_checkpoints().values():
        assert checkpoint.name in rows[checkpoint.layout.name]
        assert checkpoint.reference in rows[checkpoint.layout.name]
