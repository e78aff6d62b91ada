"""Random-weight models of two layers and tokenizers that hold the public checkpoints' tags at their own ids."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers
from transformers import (
    LlamaConfig,
    LlamaForCausalLM,
    MistralConfig,
    MistralForCausalLM,
    PreTrainedTokenizerFast,
    Qwen2Config,
    Qwen2ForCausalLM,
    Qwen2Model,
)

WORDS = r"[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
CHATML = (
    "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
LLAMA_CHAT = (
    "{{ bos_token }}{% for m in messages %}<|start_header_id|>{{ m.role }}<|end_header_id|>\n\n"
    "{{ m.content | trim }}<|eot_id|>{% endfor %}"
    "{% if add_generation_prompt %}<|start_header_id|>assistant<|end_header_id|>\n\n{% endif %}"
)
QWEN_SPECIALS = {"<|endoftext|>": 151643, "<|im_start|>": 151644, "<|im_end|>": 151645, "<extra_0>": 151651}
LLAMA_SPECIALS = {
    "<|begin_of_text|>": 128000,
    "<|reserved_special_token_0|>": 128002,
    "<|start_header_id|>": 128006,
    "<|end_header_id|>": 128007,
    "<|eot_id|>": 128009,
}
MERGES = [
    ("Ċ", "Ċ"),
    ("ĊĊ", "ĊĊ"),
    ("Ġ", "ĊĊĊĊ"),
    ("Y", "e"),
    ("Ye", "s"),
    ("N", "o"),
    (".", "Ċ"),
    ("Ð", "º"),
    ("Ġ", "Ðº"),
]
MERGES += [("e", "x"), ("ex", "t"), ("ext", "r"), ("extr", "a")]
MERGES += [("Ð", "¸"), ("ĠÐº", "Ð¸"), (".", "ĊĊ")]
MERGED_IDS = {"ĊĊ": 271, "ĠĊĊĊĊ": 23535, "Yes": 9642, "No": 2822, ".Ċ": 624, ".ĊĊ": 382}


def byte_tokenizer(specials: Mapping[str, int], chat: str = "", bos: str | None = None) -> PreTrainedTokenizerFast:
    """As Qwen's and Llama 3's: bytes have the ids 0 to 255 in GPT-2's order, some merges theirs."""
    vocab = {char: place for place, char in enumerate(_byte_order())}
    for place, (left, right) in enumerate(MERGES):
        vocab[left + right] = MERGED_IDS.get(left + right, 1000 + place)
    tokenizer = Tokenizer(models.BPE(vocab={**vocab, **specials}, merges=MERGES))
    split = pre_tokenizers.Split(Regex(WORDS), "isolated")
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([split, pre_tokenizers.ByteLevel(False, use_regex=False)])
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens([AddedToken(text, special=True, normalized=False) for text in specials])
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, chat_template=chat or None, bos_token=bos)


def mistral_tokenizer() -> PreTrainedTokenizerFast:
    """As SentencePiece's: a space becomes a mark, which is put before the text as well; unknown characters are bytes."""
    merges = [("▁", "к"), ("▁к", "и"), ("▁", "+"), ("▁", "-")]
    ids = {"▁ки": 12902, "▁+": 648, "▁-": 387, "<unk>": 0, "<s>": 1, "▁к": 500}
    letters = [chr(code) for code in range(33, 127)] + ["▁", "к", "и", "с", "т", "е", "н"]
    vocab = {**ids, **{f"<0x{byte:02X}>": 3 + byte for byte in range(256)}}
    vocab |= {letter: 2000 + place for place, letter in enumerate(letters)}
    tokenizer = Tokenizer(models.BPE(vocab=vocab, merges=merges, unk_token="<unk>", byte_fallback=True, fuse_unk=True))
    tokenizer.normalizer = normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
    tokenizer.add_special_tokens([AddedToken(text, special=True, normalized=False) for text in ("<unk>", "<s>")])
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, bos_token="<s>", unk_token="<unk>")


def word_tokenizer(words: Sequence[str]) -> PreTrainedTokenizerFast:
    """Whole words; the first stands for unknown ones."""
    tokenizer = Tokenizer(models.WordLevel({word: place for place, word in enumerate(words)}, words[0]))
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, unk_token=words[0])


def qwen_tokenizer(specials: Mapping[str, int] = QWEN_SPECIALS) -> PreTrainedTokenizerFast:
    return byte_tokenizer(specials, CHATML)


def llama_tokenizer(specials: Mapping[str, int] = LLAMA_SPECIALS) -> PreTrainedTokenizerFast:
    return byte_tokenizer(specials, LLAMA_CHAT, "<|begin_of_text|>")


def moved(specials: Mapping[str, int], start: int) -> dict[str, int]:
    """The same tokens at ids from `start` on, for models with a small vocabulary."""
    return {text: start + place for place, text in enumerate(specials)}


def small_qwen_tokenizer() -> PreTrainedTokenizerFast:
    return qwen_tokenizer(moved(QWEN_SPECIALS, 9_700))


def small_llama_tokenizer() -> PreTrainedTokenizerFast:
    return llama_tokenizer(moved(LLAMA_SPECIALS, 23_600))


def count_ids(tokenizer: PreTrainedTokenizerFast) -> int:
    return int(max(tokenizer.get_vocab().values())) + 1


def sizes(vocab: int, context: int = 512, hidden: int = 32) -> dict[str, Any]:
    return {
        "vocab_size": vocab,
        "hidden_size": hidden,
        "intermediate_size": 2 * hidden,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "num_key_value_heads": 2,
        "max_position_embeddings": context,
        "initializer_range": 0.15,
        "tie_word_embeddings": True,
    }


def save_language_model(
    folder: Path, family: str, tokenizer: PreTrainedTokenizerFast, seed: int = 0, **changes: Any
) -> Path:
    config_class, model_class = {
        "llama": (LlamaConfig, LlamaForCausalLM),
        "mistral": (MistralConfig, MistralForCausalLM),
        "qwen": (Qwen2Config, Qwen2ForCausalLM),
    }[family]
    torch.manual_seed(seed)
    model_class(config_class(**{**sizes(count_ids(tokenizer)), **changes})).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def save_headed_model(
    folder: Path,
    architecture: str,
    head: Mapping[str, Sequence[int]],
    tokenizer: PreTrainedTokenizerFast,
    **changes: Any,
) -> Path:
    """A Qwen2 with the head's weights, name -> shape, as the public checkpoints hold them."""
    torch.manual_seed(1)
    config = Qwen2Config(**{**sizes(count_ids(tokenizer)), **changes}, architectures=[architecture])
    Qwen2Model(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    path = folder / "model.safetensors"
    weights = {f"model.{name}": weight for name, weight in load_file(path).items()}
    save_file(weights | {name: 0.3 * torch.randn(*shape) for name, shape in head.items()}, path, {"format": "pt"})
    rewrite_config(folder, architectures=[architecture])
    return folder


def rewrite_config(folder: Path, **changes: Any) -> None:
    path = folder / "config.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))


def classes_head(hidden: int = 32) -> dict[str, tuple[int, ...]]:
    """Qwen2.5-Math-PRM's: two layers."""
    first, last = {"score.0.weight": (hidden, hidden), "score.0.bias": (hidden,)}, {"score.2.weight": (2, hidden)}
    return {**first, **last, "score.2.bias": (2,)}


LINEAR_HEAD = {"score.weight": (2, 32), "score.bias": (2,)}
VALUE_HEAD = {"v_head.summary.weight": (1, 32), "v_head.summary.bias": (1,)}


def _byte_order() -> list[str]:
    """GPT-2's alphabet of bytes, in the order of its ids."""
    printable = [*range(33, 127), *range(161, 173), *range(174, 256)]
    hidden = [byte for byte in range(256) if byte not in printable]
    return [chr(byte) for byte in printable] + [chr(256 + place) for place in range(len(hidden))]
