"""Packs a finished run into the recording that `pelagos replay` plays by default: `scripts/record-replay RUN`."""

from __future__ import annotations

import shutil
import sys
import tarfile
import tempfile
from pathlib import Path
from typing import Annotated, Any

import typer

from agents.setup.run_folder import FILE, LEDGER, TASK, RunFile
from agents.setup.run_folder import read as read_run_file
from app.record.folders import find_run
from app.replay.source import ARTIFACTS, RECORDED, Source, copy_run
from app.replay.strip import make_anonymizer, strip_payload
from memory.artifacts import ArtifactStore
from memory.ledger import repair
from memory.ledger.keys import canonical
from memory.ledger.ledger import Event
from memory.ledger.rows import GENESIS, Row, chain_value
from pelagos.errors import BadInput, PelagosError

HERE = Path(__file__).parent
MAX_BYTES = 300_000


def pack(run: Path, target: Path) -> int:
    """Pack `run` into the archive `target` and return its size in bytes. Raises BadInput for a run that is damaged,
    unfinished or too large."""
    with tempfile.TemporaryDirectory(prefix="pelagos-pack-") as scratch:
        source = copy_run(run, Path(scratch))
        if source.damage or not any(event.kind == "run.ended" for event in source.events):
            raise BadInput(source.damage or f"{run}: the run has not ended; pack one that has")
        folder = Path(scratch, "packed", run.resolve().name)
        folder.mkdir(parents=True)
        _fill_folder(folder, source, run)
        archive = Path(scratch, RECORDED)
        with tarfile.open(archive, "w:xz", preset=9) as packed:
            packed.add(folder, folder.name, filter=remove_owner)
        size = archive.stat().st_size
        if size > MAX_BYTES:
            raise BadInput(f"{run}: is {size:,} bytes packed, at most {MAX_BYTES:,} are shipped; pack a shorter run")
        shutil.copy(archive, target)
    return size


def _fill_folder(folder: Path, source: Source, run: Path) -> None:
    description = read_run_file(source.folder)
    anonymize = make_anonymizer(run, description.project)
    anonymous = RunFile.model_validate(anonymize(description.model_dump(mode="json")))
    (folder / FILE).write_text(anonymous.model_dump_json(indent=2) + "\n", "utf-8")
    shutil.copytree(source.folder / TASK, folder / TASK, ignore=shutil.ignore_patterns("__pycache__"))
    old, new = ArtifactStore(source.folder / ARTIFACTS), ArtifactStore(folder / ARTIFACTS)
    events = []
    for event in source.events:
        payload = strip_payload(event.kind, event.payload)
        if payload is None:
            continue
        if event.kind == "lesson" and payload.get("diff"):
            payload["diff"] = new.put_text(anonymize(old.text(payload["diff"])))
        events.append((event, anonymize(payload)))
    repair.write_ledger(folder / LEDGER, chain_rows(events))


def chain_rows(events: list[tuple[Event, dict[str, Any]]]) -> list[Row]:
    """Return rows with new numbers and chain values, and with the times at which the events happened."""
    rows: list[Row] = []
    for event, payload in events:
        number, text = len(rows) + 1, canonical(payload)
        chain = chain_value(rows[-1].chain if rows else GENESIS, number, event.at, event.kind, event.key, text)
        rows.append(Row(number, event.at, event.kind, event.key, text, chain))
    return rows


def remove_owner(member: tarfile.TarInfo) -> tarfile.TarInfo:
    """Return a member of an archive without the name of its owner, and with the same permissions everywhere."""
    member.uid = member.gid = 0
    member.uname = member.gname = ""
    member.mode = 0o755 if member.isdir() else 0o644
    return member


def main(run: str, out: Annotated[Path, typer.Option(help="The archive to write.")] = HERE / RECORDED) -> None:
    """Pack the finished run RUN as the recording that `pelagos replay` plays by default."""
    try:
        size = pack(find_run(run), out)
    except PelagosError as error:
        sys.stderr.write(f"record-replay: {error}\n")
        raise typer.Exit(error.exit_code) from None
    typer.echo(f"{out}: {size:,} bytes")


if __name__ == "__main__":
    typer.run(main)
