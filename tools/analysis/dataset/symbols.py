"""Names for accessions: gene symbols and descriptions out of a FASTA file, or symbols out of a TSV file."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from pelagos.errors import BadInput
from pelagos.textfile import decode, read_bytes
from tools.analysis.dataset.accessions import split_group

_HEADER = re.compile(r">(?:sp|tr)\|([^|]+)\|\S+ (.*?)(?: OS=.*?)?(?: GN=(\S+))?(?: PE=.*)?$")


class Symbol(NamedTuple):
    """A gene symbol and the protein's description; "" where the file has none."""

    symbol: str
    description: str


def read_symbols(path: Path) -> dict[str, Symbol]:
    """Accession -> symbol. A FASTA file has UniProt's headers, a TSV file has accession and symbol in its first two
    columns. Raises BadInput where the file holds no such pair."""
    try:
        symbols = _read_fasta(path) if path.suffix.lower() in (".fasta", ".fa", ".faa") else _read_tsv(path)
    except BadInput as error:
        raise BadInput(f"{path}: {error}") from None
    if not symbols:
        raise BadInput(
            f"{path}: no accession with a symbol in it; give UniProt's FASTA, or a TSV of accession and symbol"
        )
    return symbols


def _read_fasta(path: Path) -> dict[str, Symbol]:
    symbols = {}
    with path.open("rb") as file:  # line by line: a proteome's sequences need not be kept
        for line in file:
            if line.startswith(b">") and (match := _HEADER.match(decode(line).strip())) and match[3]:
                symbols[match[1]] = Symbol(match[3], match[2])
    return symbols


def _read_tsv(path: Path) -> dict[str, Symbol]:
    rows = [line.split("\t") for line in decode(read_bytes(path)).split("\n")]
    return {
        row[0].strip(): Symbol(row[1].strip(), "") for row in rows if len(row) > 1 and row[0].strip() and row[1].strip()
    }


def name_group(group: str, symbols: Mapping[str, Symbol]) -> Symbol | None:
    """The symbol of the leading accession that has one; None where no accession of the group is known."""
    return next((symbols[accession] for accession in split_group(group) if accession in symbols), None)


def count_named(groups: Sequence[str], symbols: Mapping[str, Symbol]) -> int:
    return sum(name_group(group, symbols) is not None for group in groups)
