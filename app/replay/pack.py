"""Packs a finished run into the recording that `pelagos replay` plays by default: `scripts/record-replay RUN`."""

from __future__ import annotations

import shutil
import sys
import tarfile
import tempfile
from pathlib import Path
from typing import Annotated, Any

import typer

from agents.folder import FILE, LEDGER, TASK, RunFile
from agents.folder import read as described
from app.folders import find
from app.replay.source import ARTIFACTS, RECORDED, Source, copied
from app.replay.strip import anonymous, kept
from memory import salvage
from memory.artifacts import ArtifactStore
from memory.keys import canonical
from memory.ledger import Event
from memory.rows import GENESIS, Row, link
from pelagos.errors import BadInput, PelagosError

HERE = Path(__file__).parent
MOST_BYTES = 300_000


def pack(run: Path, target: Path) -> int:
    """Pack `run` into the archive `target`; returns its size. Raises BadInput for a run that is no good example."""
    with tempfile.TemporaryDirectory(prefix="pelagos-pack-") as scratch:
        source = copied(run, Path(scratch))
        if source.damage or not any(event.kind == "run.ended" for event in source.events):
            raise BadInput(source.damage or f"{run}: the run has not ended; pack one that has")
        folder = Path(scratch, "packed", run.resolve().name)
        folder.mkdir(parents=True)
        _fill(folder, source, run)
        archive = Path(scratch, RECORDED)
        with tarfile.open(archive, "w:xz", preset=9) as packed:
            packed.add(folder, folder.name, filter=_nobody)
        size = archive.stat().st_size
        if size > MOST_BYTES:
            raise BadInput(f"{run}: is {size:,} bytes packed, at most {MOST_BYTES:,} are shipped; pack a shorter run")
        shutil.copy(archive, target)
    return size


def _fill(folder: Path, source: Source, run: Path) -> None:
    description = described(source.folder)
    clean = anonymous(run, description.project)
    shown = RunFile.model_validate(clean(description.model_dump(mode="json")))
    (folder / FILE).write_text(shown.model_dump_json(indent=2) + "\n", "utf-8")
    shutil.copytree(source.folder / TASK, folder / TASK, ignore=shutil.ignore_patterns("__pycache__"))
    old, new = ArtifactStore(source.folder / ARTIFACTS), ArtifactStore(folder / ARTIFACTS)
    events = []
    for event in source.events:
        payload = kept(event.kind, event.payload)
        if payload is None:
            continue
        if event.kind == "lesson" and payload.get("diff"):
            payload["diff"] = new.put_text(clean(old.text(payload["diff"])))
        events.append((event, clean(payload)))
    salvage.build(folder / LEDGER, _chained(events))


def _chained(events: list[tuple[Event, dict[str, Any]]]) -> list[Row]:
    """Rows numbered and chained anew, with the times at which the events happened."""
    rows: list[Row] = []
    for event, payload in events:
        number, text = len(rows) + 1, canonical(payload)
        chain = link(rows[-1].chain if rows else GENESIS, number, event.at, event.kind, event.key, text)
        rows.append(Row(number, event.at, event.kind, event.key, text, chain))
    return rows


def _nobody(member: tarfile.TarInfo) -> tarfile.TarInfo:
    member.uid = member.gid = 0
    member.uname = member.gname = ""
    member.mode = 0o755 if member.isdir() else 0o644
    return member


def main(run: str, out: Annotated[Path, typer.Option(help="The archive to write.")] = HERE / RECORDED) -> None:
    """Pack the finished run RUN as the recording that `pelagos replay` plays by default."""
    try:
        size = pack(find(run), out)
    except PelagosError as error:
        sys.stderr.write(f"record-replay: {error}\n")
        raise typer.Exit(error.exit_code) from None
    typer.echo(f"{out}: {size:,} bytes")


if __name__ == "__main__":
    typer.run(main)
