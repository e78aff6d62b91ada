"""The visible text of a PDF, read by pypdf in a process of its own: a file made to exhaust a reader ends that process
and nothing else."""

from __future__ import annotations

import io
import json
import logging
import resource
import subprocess
import sys
from importlib.util import find_spec
from typing import NamedTuple

from pelagos.errors import SourceFailed
from pelagos.visible import whole

PAGES = 60
SECONDS = 60
MEMORY = 2 << 30


class Text(NamedTuple):
    """`title` is what the file's own description says, '' where it says nothing."""

    title: str
    text: str


def text(content: bytes, most: int) -> Text:
    """At most `most` characters. Raises SourceFailed, in one line, for what is no PDF, encrypted, or too much."""
    if not content.lstrip()[:5].startswith(b"%PDF-"):
        raise SourceFailed("not a PDF")
    if find_spec("pypdf") is None:
        raise SourceFailed("PDF wants a package more: pip install 'pelagos[literature]'")
    command = [sys.executable, "-P", "-m", "tools.literature.pdf", str(most)]
    try:
        done = subprocess.run(command, input=content, capture_output=True, timeout=SECONDS, check=False)
    except subprocess.TimeoutExpired:
        raise SourceFailed(f"a PDF that takes more than {SECONDS} s to read") from None
    try:
        said = json.loads(done.stdout)
    except ValueError:
        raise SourceFailed("a PDF that can't be read within 2 GB") from None
    if "fault" in said:
        raise SourceFailed(str(said["fault"]))
    return Text(whole(said["title"]), whole(said["text"]))


def _read(content: bytes, most: int) -> dict[str, str]:
    from pypdf import PdfReader
    from pypdf.errors import FileNotDecryptedError, PyPdfError

    from tools.literature.visible import strip

    try:
        reader = PdfReader(io.BytesIO(content))
        if reader.is_encrypted and not reader.decrypt(""):
            return {"fault": "an encrypted PDF: its password is not known"}
        title = str(reader.metadata.get("/Title") or "") if reader.metadata else ""
        found = ""
        for page in reader.pages[:PAGES]:
            strip(page, reader)
            found += page.extract_text() + "\n"
            if len(found) >= most:
                break
        return {"title": title[:300], "text": found[:most]}
    except FileNotDecryptedError:
        return {"fault": "an encrypted PDF: its password is not known"}
    except PyPdfError as error:
        return {"fault": f"a damaged PDF: {error}"[:200]}
    except Exception as error:  # border: pypdf and a hostile file
        return {"fault": f"a PDF that can't be read: {type(error).__name__}: {error}"[:200]}


def main() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    logging.disable()
    print(json.dumps(_read(sys.stdin.buffer.read(), int(sys.argv[1]))))


if __name__ == "__main__":
    main()
