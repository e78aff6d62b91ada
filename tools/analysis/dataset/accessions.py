"""Accessions of protein groups: groups are split, prefixes and isoform numbers are taken off, repeats are dropped."""

from __future__ import annotations

import re

_ISOFORM = re.compile(r"-\d+$")
_DATABASE = re.compile(r"(?:sp|tr)\|([^|]+)\|?.*")


def split_group(group: str) -> list[str]:
    """The accessions of a group, each once, leading one first: "P14618;P14618-2" gives ["P14618"]."""
    parts = [_strip(part) for part in re.split(r"[;,]\s*", str(group)) if part.strip()]
    return list(dict.fromkeys(part for part in parts if part))


def _strip(accession: str) -> str:
    plain = accession.strip()
    match = _DATABASE.fullmatch(plain)
    return _ISOFORM.sub("", match[1] if match else plain)
