"""Finds a checkpoint's folder: the user's own, or a repository's files in the cache of the hub.

A run downloads nothing. `python -m agents.verifiers.checkpoints.locate REPOSITORY` does, when a person asks for it.
"""

from __future__ import annotations

import os
import sys
from contextlib import closing
from fnmatch import fnmatch
from pathlib import Path

from memory.weights.hub.connection import Hub
from memory.weights.hub.listing import list_repository
from memory.weights.hub.model_store import download_model, find_stored
from memory.weights.package_index import Progress
from pelagos.errors import BadInput, MissingPart, PelagosError

WEIGHTS = ("*.safetensors", "*.bin")  # of two formats of the same weights the first is taken


def find_folder(name: str) -> Path:
    """Return the folder of `name`: a path, or a repository whose files were downloaded. Raises MissingPart."""
    folder = Path(name).expanduser()
    if folder.is_dir():
        return folder
    stored = find_stored(_key(name))
    if stored is None:
        raise MissingPart(
            f"checkpoint {name}: not on this machine: give a folder that holds it, or get it with "
            f"`python -m agents.verifiers.checkpoints.locate {name}`"
        )
    return stored.folder


def download_folder(name: str, progress: Progress | None = None) -> Path:
    """Return the folder of the repository `name`, downloaded from the hub where needed. Raises BadInput for what is no
    repository's name, MissingPart."""
    if name.count("/") != 1 or not all(name.split("/")) or name[0] in "./~":
        raise BadInput(f"checkpoint {name!r}: should be a repository of the hub, OWNER/NAME")
    stored = find_stored(_key(name))
    return (stored or download_model(_key(name), name, _wanted(name), os.environ, progress)).folder


def _wanted(name: str) -> list[str]:
    """Return the names of the files that are read: configuration, tokenizer, weights."""
    with closing(Hub(name, os.environ)) as hub:
        files = [file.path for file in list_repository(hub, name, ("*",)).files]
    weights = next((found for pattern in WEIGHTS if (found := [file for file in files if fnmatch(file, pattern)])), [])
    if not weights:
        raise MissingPart(f"checkpoint {name}: the hub holds no weights of it ({', '.join(WEIGHTS)})")
    return weights + [
        file for file in files if fnmatch(file, "*.json") or file in ("merges.txt", "chat_template.jinja")
    ]


def _key(name: str) -> str:
    return name.replace("/", "--")


def main(arguments: list[str]) -> int:
    try:
        for name in arguments:
            print(f"{name}: {download_folder(name)}")
    except PelagosError as fault:
        print(fault, file=sys.stderr)
        return fault.exit_code
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
