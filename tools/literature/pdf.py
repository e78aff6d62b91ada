"""Extracts the visible text of a PDF by pypdf in a separate process, so that a hostile file ends only that process."""

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
from pelagos.visible import replace_surrogates

MAX_PAGES = 60
TIMEOUT_S = 60
MEMORY_BYTES = 2 << 30


class PdfText(NamedTuple):
    """`title` is from the file's metadata, '' if it has none."""

    title: str
    text: str


def extract_text(content: bytes, most: int) -> PdfText:
    """The text, at most `most` characters. Raises SourceFailed with one line if the content is not a PDF, is encrypted
    or exceeds the limits of time or memory."""
    if not content.lstrip()[:5].startswith(b"%PDF-"):
        raise SourceFailed("not a PDF")
    if find_spec("pypdf") is None:
        raise SourceFailed("PDF wants a package more: pip install 'pelagos[literature]'")
    command = [sys.executable, "-P", "-m", "tools.literature.pdf", str(most)]
    try:
        process = subprocess.run(command, input=content, capture_output=True, timeout=TIMEOUT_S, check=False)
    except subprocess.TimeoutExpired:
        raise SourceFailed(f"a PDF that takes more than {TIMEOUT_S} s to read") from None
    try:
        answer = json.loads(process.stdout)
    except ValueError:
        raise SourceFailed("a PDF that can't be read within 2 GB") from None
    if "fault" in answer:
        raise SourceFailed(str(answer["fault"]))
    return PdfText(replace_surrogates(answer["title"]), replace_surrogates(answer["text"]))


def _extract(content: bytes, most: int) -> dict[str, str]:
    from pypdf import PdfReader
    from pypdf.errors import FileNotDecryptedError, PyPdfError

    from tools.literature.visible import remove_hidden_text

    try:
        reader = PdfReader(io.BytesIO(content))
        if reader.is_encrypted and not reader.decrypt(""):
            return {"fault": "an encrypted PDF: its password is not known"}
        title = str(reader.metadata.get("/Title") or "") if reader.metadata else ""
        text = ""
        for page in reader.pages[:MAX_PAGES]:
            remove_hidden_text(page, reader)
            text += page.extract_text() + "\n"
            if len(text) >= most:
                break
        return {"title": title[:300], "text": text[:most]}
    except FileNotDecryptedError:
        return {"fault": "an encrypted PDF: its password is not known"}
    except PyPdfError as error:
        return {"fault": f"a damaged PDF: {error}"[:200]}
    except Exception as error:  # border: pypdf and a hostile file
        return {"fault": f"a PDF that can't be read: {type(error).__name__}: {error}"[:200]}


def main() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    logging.disable()
    print(json.dumps(_extract(sys.stdin.buffer.read(), int(sys.argv[1]))))


if __name__ == "__main__":
    main()
