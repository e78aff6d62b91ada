"""A real server: the token's way to a page, a port that is taken, and an end that no open stream holds up."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from app.review.serving.server import bind
from pelagos.errors import BadInput
from tests.app.command import ROOT
from tests.golden.make import HERE

SERVED = """
import signal, sys
from pathlib import Path
from app.review.serving import server
from tests.app.review.form_browser import make_page

signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background job ignores it
server.ENDING_S = 300  # a stream that holds up the end does so for long
listening = server.bind("127.0.0.1", 0)
app = make_page(Path(sys.argv[1]))
print(f"http://127.0.0.1:{listening.getsockname()[1]}/?token={app.state.access.token}", flush=True)
try:
    server.serve(app, listening)
except KeyboardInterrupt:
    print("ended", flush=True)
"""


@pytest.fixture
def server(tmp_path: Path) -> Iterator[tuple[Any, str]]:
    """A process that serves a project of one run, and the address that it prints."""
    with tarfile.open(next(HERE.glob("*.tar.xz"))) as archive:
        archive.extractall(tmp_path / "runs", filter="data")
    child = subprocess.Popen(
        [sys.executable, "-c", SERVED, str(tmp_path)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert child.stdout is not None
    yield child, child.stdout.readline().strip()
    child.kill()
    child.communicate()


def test_the_printed_address_lets_in_and_a_stream_does_not_hold_up_the_end(server: tuple[Any, str]) -> None:
    child, url = server
    with httpx.Client(follow_redirects=True, timeout=10) as client:
        assert client.get(url.partition("?")[0]).status_code == 401
        page = client.get(url)
        assert (page.status_code, page.url.query) == (200, b"")
        assert "server" not in page.headers
        with client.stream("GET", f"{url.partition('?')[0]}runs/golden/events", params={"after": 0}) as stream:
            assert "event: progress" in stream.iter_lines()
            child.send_signal(signal.SIGINT)
            assert child.wait(10) == 0
    out, err = child.communicate()
    assert out == "ended\n"
    assert err == ""


def test_what_can_not_be_listened_at_is_one_line() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(BadInput, match=f"review: port {port} of 127.0.0.1 is in use: give another one by --port"):
            bind("127.0.0.1", port)
    with pytest.raises(BadInput, match="review: --port 70000: give 0 to 65535"):
        bind("127.0.0.1", 70000)
    with pytest.raises(BadInput, match="review: --host no such host"):
        bind("no such host", 0)
    with pytest.raises(BadInput, match="review: can't listen at port 0 of 192"):
        bind("192.0.2.1", 0)
