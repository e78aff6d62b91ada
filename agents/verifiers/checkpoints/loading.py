"""Loads a checkpoint's tokenizer and model from a folder, with transformers, and refuses what isn't what it should be.

Nothing here runs code that a checkpoint brings along, unless the caller trusts it. transformers fills weights that a
file lacks with random numbers; such a checkpoint is refused.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any, Literal, TypeVar

from pelagos.errors import BadInput, MissingPart

RemoteCode = Literal["never", "trusted"]
"""Whether code that a checkpoint brings along may run in this process."""

T = TypeVar("T")


def load_tokenizer(folder: Path, source: str, remote_code: RemoteCode = "never") -> Any:
    """Return the folder's tokenizer. Raises BadInput and MissingPart."""
    hf = load_library()
    options = {"local_files_only": True, "trust_remote_code": remote_code == "trusted"}
    tokenizer = _load(source, "tokenizer", lambda: hf.AutoTokenizer.from_pretrained(str(folder), **options))
    if not tokenizer.is_fast:
        raise BadInput(f"checkpoint {source}: its tokenizer has no tokenizer.json: add the one of its base model")
    return tokenizer


def load_model(folder: Path, source: str, auto_class: str, remote_code: RemoteCode = "never") -> Any:
    """Return the folder's model, ready to score, on the graphics card if there is one. `auto_class` is a class of
    transformers: AutoModel loads the layers below the head. Raises BadInput and MissingPart."""
    hf, torch = load_library(), import_module("torch")
    if (folder / "adapter_config.json").is_file():
        raise BadInput(f"checkpoint {source}: is a LoRA adapter, not a whole model: merge it into its base model first")
    options = {"local_files_only": True, "trust_remote_code": remote_code == "trusted", "dtype": "auto"}
    model, report = _load(
        source,
        "model",
        lambda: getattr(hf, auto_class).from_pretrained(str(folder), output_loading_info=True, **options),
    )
    if missing := sorted(report["missing_keys"]):
        raise BadInput(
            f"checkpoint {source}: its files lack {len(missing)} weights of a {type(model).__name__}, {missing[0]} "
            "among them: it is a checkpoint of another kind, or not whole"
        )
    return model.eval().to("cuda" if torch.cuda.is_available() else "cpu")


def load_library() -> Any:
    """Return transformers, silent about its own loading. Raises MissingPart if it isn't installed."""
    try:
        import_module("torch")
        hf = import_module("transformers")
    except ImportError as error:
        raise MissingPart(f"verifier checkpoints need {error.name}: pip install 'pelagos[verifiers]'") from None
    hf.logging.set_verbosity_error()
    hf.logging.disable_progress_bar()
    return hf


def find_context(model: Any) -> int:
    """Return the number of tokens that the model reads."""
    return int(model.config.get_text_config().max_position_embeddings)


def _load(source: str, what: str, load: Callable[[], T]) -> T:
    """Return what `load` returns. Whatever transformers raises on a damaged folder becomes BadInput in one line."""
    try:
        return load()
    except MemoryError:
        raise
    except Exception as error:  # the border to files of other people: each library below raises its own types
        reason = " ".join(str(error).split())[:300]
        raise BadInput(f"checkpoint {source}: its {what} can't be loaded: {type(error).__name__}: {reason}") from None
