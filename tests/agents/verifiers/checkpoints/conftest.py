"""Tiny checkpoints, one per layout, made once for all tests that want them."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from tests.agents.verifiers import tiny


@pytest.fixture(scope="session")
def checkpoints(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Layout -> folder of a checkpoint of that architecture with random weights."""
    torch.set_num_threads(1)  # several threads only wait for one another in models this small
    root = tmp_path_factory.mktemp("checkpoints")
    qwen, llama = tiny.small_qwen_tokenizer(), tiny.small_llama_tokenizer()
    language_model = tiny.save_language_model(root / "llama", "llama", llama)
    token_classes = tiny.save_headed_model(root / "trl", "Qwen2ForTokenClassification", tiny.LINEAR_HEAD, qwen)
    process_model = tiny.save_headed_model(root / "qwen", "Qwen2ForProcessRewardModel", tiny.classes_head(), qwen)
    own_code = {"AutoConfig": "configuration_qwen2_rm.Qwen2RMConfig", "AutoModel": "modeling_qwen2_rm.Qwen2Model"}
    tiny.rewrite_config(process_model, auto_map=own_code)  # as the makers' config has it; the code isn't needed
    return {
        "qwen": process_model,
        "trl": token_classes,
        "pure": token_classes,
        "shepherd": tiny.save_language_model(root / "mistral", "mistral", tiny.mistral_tokenizer()),
        "versaprm": language_model,
        "rlhflow": language_model,
        "procedure": language_model,
        "skywork": tiny.save_headed_model(root / "skywork", "Qwen2ForPrmModel", tiny.VALUE_HEAD, qwen),
    }
