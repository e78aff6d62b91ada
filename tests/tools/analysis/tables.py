"""Small tables as users write them, and the files of the committed sub-sample of a real study."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

HOME = Path(__file__).parent
FILES = HOME / "readers" / "files"
AD_CSF = HOME / "ad_csf"  # 30 samples x 40 protein groups of the source `ad-csf` (Bader et al. 2020; package njab, MIT)
PROTEINS = ("ALB", "APOE", "MAPT", "PKM", "ALDOA", "LDHA", "GOT1", "ENO1", "SOD1", "CHI3L1")


def make_wide(samples: int = 24, seed: int = 0) -> pd.DataFrame:
    """Raw intensities, samples x proteins, index S01 ..."""
    rng = np.random.default_rng(seed)
    values = 2.0 ** rng.normal(20, 2, size=(samples, len(PROTEINS)))
    return pd.DataFrame(values, index=[f"S{n:02d}" for n in range(1, samples + 1)], columns=list(PROTEINS))


def make_metadata(samples: int = 24) -> pd.DataFrame:
    """Half treated, half control; two batches across them; age."""
    ids = [f"S{n:02d}" for n in range(1, samples + 1)]
    return pd.DataFrame(
        {
            "sample": ids,
            "treatment": ["treated" if n % 2 else "control" for n in range(samples)],
            "batch": [1 + (n // 2) % 2 for n in range(samples)],
            "age": [40 + (n * 7) % 30 for n in range(samples)],
        }
    )


def write_csv(table: pd.DataFrame, path: Path, *, index: bool = False) -> Path:
    table.to_csv(path, index=index, index_label="sample" if index else None)
    return path
