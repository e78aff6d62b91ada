"""Models with random weights in the architectures of the public checkpoints, and a tokenizer that holds their tags."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast, Qwen2Config, Qwen2Model

ROOT = Path(__file__).parents[3]
CORPUS = ("docs/*.md", "agents/**/*.py", "tasks/**/*.py")
VOCABULARY = 4_096
SPECIALS = ("<|endoftext|>", "<|im_start|>", "<|im_end|>", "<extra_0>", "<|reserved_special_token_0|>")
CHAT = (
    "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
SIZE: dict[str, Any] = {
    "vocab_size": VOCABULARY,
    "hidden_size": 128,
    "intermediate_size": 352,
    "num_hidden_layers": 4,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "max_position_embeddings": 4_096,
    "initializer_range": 0.1,
    "tie_word_embeddings": True,
}
"""Four heads of 32: vLLM's CPU kernels want a multiple of 32."""


def make_tokenizer() -> PreTrainedTokenizerFast:
    """Byte-level BPE, trained on this repository's docs and code."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=VOCABULARY,
        special_tokens=[AddedToken(text, special=True, normalized=False) for text in SPECIALS],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    paths = [path for pattern in CORPUS for path in sorted(ROOT.glob(pattern))]
    tokenizer.train_from_iterator((path.read_text("utf-8") for path in paths), trainer)
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, chat_template=CHAT, eos_token=SPECIALS[0])


def save_classes(folder: Path, tokenizer: PreTrainedTokenizerFast, **size: Any) -> Path:
    """Qwen2.5-Math-PRM's: two layers over Qwen2, two classes."""
    hidden = int({**SIZE, **size}["hidden_size"])
    first = {"score.0.weight": (hidden, hidden), "score.0.bias": (hidden,)}
    return _save_headed(folder, tokenizer, {**first, "score.2.weight": (2, hidden), "score.2.bias": (2,)}, size)


def save_value(folder: Path, tokenizer: PreTrainedTokenizerFast, **size: Any) -> Path:
    """Skywork's: one value over Qwen2."""
    hidden = int({**SIZE, **size}["hidden_size"])
    return _save_headed(folder, tokenizer, {"v_head.summary.weight": (1, hidden), "v_head.summary.bias": (1,)}, size)


def save_language_model(folder: Path, tokenizer: PreTrainedTokenizerFast, **size: Any) -> Path:
    """A Llama, as RLHFlow's tag logits and generative verifiers are read from."""
    torch.manual_seed(0)
    LlamaForCausalLM(LlamaConfig(**{**SIZE, **size})).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


SAVE = {"classes": save_classes, "value": save_value, "tag_logits": save_language_model}
LAYOUT = {"classes": "qwen", "value": "skywork", "tag_logits": "rlhflow"}
"""Kind of head -> how it is made, and the layout of the public checkpoint that is read so."""


def _save_headed(
    folder: Path, tokenizer: PreTrainedTokenizerFast, head: dict[str, tuple[int, ...]], size: dict[str, Any]
) -> Path:
    """`head`: name -> shape of its weights."""
    torch.manual_seed(0)
    Qwen2Model(Qwen2Config(**{**SIZE, **size})).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    path = folder / "model.safetensors"
    body = {f"model.{name}": weight for name, weight in load_file(path).items()}
    drawn = {name: torch.randn(*shape) / shape[-1] ** 0.5 for name, shape in head.items()}
    save_file(body | drawn, path, {"format": "pt"})
    config = folder / "config.json"
    config.write_text(json.dumps({**json.loads(config.read_text()), "architectures": ["Qwen2ForProcessRewardModel"]}))
    return folder
