"""`<project>/.pelagos`: the project's secret, data, bank, seal and answers. For its owner alone, never for a commit."""

from __future__ import annotations

from pathlib import Path

NAME = ".pelagos"
SECRET = "secret"  # noqa: S105 - the file's name


def hidden(project: Path) -> Path:
    """The folder, made at the first call with a `.gitignore` of its own: who commits a project doesn't commit its
    secret."""
    folder = Path(project) / NAME
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    ignore = folder / ".gitignore"
    if not ignore.exists() or not ignore.stat().st_size:  # a full disk may have left it empty
        ignore.write_text("*\n")
    return folder
