"""Task folders as `pelagos tasks new --data` writes them."""

from __future__ import annotations

from pathlib import Path

from tests.tools.analysis.tables import make_metadata, make_wide, write_csv
from tools.analysis.task.scaffold import scaffold_from_data


def make_task_folder(folder: Path, samples: int = 24) -> Path:
    """24 samples x 10 proteins, treated against control, two batches."""
    data = write_csv(make_wide(samples), folder.parent / "proteins.csv", index=True)
    metadata = write_csv(make_metadata(samples), folder.parent / "meta.csv")
    scaffold_from_data(folder, data, metadata)
    return folder
