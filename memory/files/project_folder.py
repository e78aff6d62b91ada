"""Locates `<project>/.pelagos`, which holds the project's secret, data, bank, seal and answers. It is private to its
owner and not to be committed."""

from __future__ import annotations

from pathlib import Path

FOLDER_NAME = ".pelagos"
SECRET_FILE = "secret"  # noqa: S105 - the file's name


def project_folder(project: Path) -> Path:
    """Return the folder. The first call creates it with a `.gitignore` of its own, so that committing the project
    doesn't commit its secret."""
    folder = Path(project) / FOLDER_NAME
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    ignore = folder / ".gitignore"
    if not ignore.exists() or not ignore.stat().st_size:  # a full disk may have left it empty
        ignore.write_text("*\n")
    return folder
