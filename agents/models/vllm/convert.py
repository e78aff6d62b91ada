"""Converts a GGUF file to a Hugging Face directory: weights dequantized to bfloat16, tokenizer, chat template.

It runs as a script on the vLLM environment's interpreter, which has transformers and gguf, and imports no Pelagos
module. Usage: convert.py GGUF FOLDER
"""

from __future__ import annotations

import sys
from importlib import import_module
from pathlib import Path


def convert(gguf: Path, folder: Path) -> None:
    """Write `folder`. A 1.5-billion model takes about 95 s, 6 GB of memory and 3.6 GB of disk."""
    torch, hf = import_module("torch"), import_module("transformers")
    source = {"pretrained_model_name_or_path": str(gguf.parent), "gguf_file": gguf.name}
    hf.AutoTokenizer.from_pretrained(**source).save_pretrained(folder)
    model = hf.AutoModelForCausalLM.from_pretrained(
        **source, quantization_config=hf.GgufConfig(dequantize=True), dtype=torch.bfloat16
    )
    model.save_pretrained(folder)


if __name__ == "__main__":
    convert(Path(sys.argv[1]), Path(sys.argv[2]))
