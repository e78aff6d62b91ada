"""Reads gene sets (GMT) and matches them to features: protein groups are split, isoform suffixes stripped."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from anndata import AnnData

_ACCESSION = re.compile(r"^([OPQ]\d[A-Z\d]{3}\d|[A-NR-Z]\d(?:[A-Z][A-Z\d]{2}\d){1,2})(-\d+)?$")
LEAST, MOST = 5, 500


def read_gmt(path: str) -> dict[str, set[str]]:
    """Return set name -> members. Raises ValueError where there is no file, or no line is a set."""
    if not path:
        raise ValueError("no gene sets are given: name a GMT file as gene_sets")
    lines = [line.split("\t") for line in Path(path).read_text("utf-8", "replace").splitlines()]
    sets = {parts[0].strip(): {part.strip() for part in parts[2:] if part.strip()} for parts in lines if len(parts) > 2}
    if not sets:
        raise ValueError("the gene sets are no GMT file: a line is name, description and members, with tabs between")
    return sets


def find_symbols(data: AnnData) -> dict[str, list[str]]:
    """Return feature -> its symbols, without isoform suffixes and each once: "P14618;P14618-2" is one protein."""
    names = data.var.get("name", data.var_names)
    return {
        feature: list(dict.fromkeys(strip_isoform(part) for part in str(name).split(";") if part.strip()))
        for feature, name in zip(data.var_names, names, strict=True)
    }


def strip_isoform(name: str) -> str:
    """Strip "-2" from an UniProt accession; symbols such as HLA-A or NKX2-1 stay."""
    match = _ACCESSION.match(name.strip())
    return match[1] if match else name.strip()


def match_sets(
    sets: Mapping[str, set[str]], symbols: Mapping[str, list[str]], least: int = LEAST, most: int = MOST
) -> dict[str, list[str]]:
    """Return set name -> its features, for sets with `least` to `most` different measured members.

    A symbol counts once: the feature that comes first stands for it. A feature of several symbols goes by its first.
    Raises ValueError where no set is left.
    """
    first: dict[str, str] = {}
    for feature, names in symbols.items():
        if names:
            first.setdefault(names[0], feature)
    matched = {name: [first[member] for member in sorted(members) if member in first] for name, members in sets.items()}
    kept = {name: features for name, features in matched.items() if least <= len(features) <= most}
    if not kept:
        theirs, ours = sorted(set().union(*sets.values()))[:3], sorted(first)[:3]
        raise ValueError(
            f"no gene set has {least} to {most} measured members: the sets name {', '.join(theirs)} ..., "
            f"the data {', '.join(ours)} ..."
        )
    return kept
