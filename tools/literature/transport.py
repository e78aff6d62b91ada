"""How every live source speaks HTTP: through its gate, within limits of time and size, to its own host alone.

The clients' libraries bring the protocol; this is the `requests` session under them. A service that answers 429 (or 503
with Retry-After) is waited for once, if it asks for no more than `patience_s`. One that can't be reached is left alone
for `rest_s`.
"""

from __future__ import annotations

import socket
import threading
import time
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit
from urllib.request import getproxies

import requests
import urllib3
from requests.adapters import HTTPAdapter

from pelagos import __version__
from pelagos.errors import SourceFailed
from tools.literature.gate import Gate, gate

if TYPE_CHECKING:
    from pelagos.settings import Literature, SourceName

AGENT = f"pelagos/{__version__} (research agent; one request at a time)"
MOST_BYTES = 30_000_000
TRIES = 2
UNSAID_REST = 60.0
LONGEST_REST = 3600.0  # afterwards the service is asked again, whatever it said
CHUNK = 65_536


class Session(requests.Session):
    """Follows no redirect to another host: a key goes to its own service and nowhere else."""

    def __init__(self, name: SourceName, address: str, pause: float, settings: Literature) -> None:
        super().__init__()
        adapter = _GatedAdapter(gate(name, address, settings.pause_s.get(name, pause)), settings)
        self.mount("https://", adapter)
        self.mount("http://", adapter)

    def get_redirect_target(self, resp: requests.Response) -> str | None:
        target: str | None = super().get_redirect_target(resp)
        here, there = urlsplit(resp.url), urlsplit(target or "")
        return target if not there.netloc or (here.scheme, here.netloc) == (there.scheme, there.netloc) else None


class _GatedAdapter(HTTPAdapter):
    def __init__(self, gate: Gate, settings: Literature) -> None:
        super().__init__(max_retries=0)
        self._gate, self._settings = gate, settings

    def send(self, request: requests.PreparedRequest, *_args: Any, **rest: Any) -> requests.Response:
        request.headers["User-Agent"] = AGENT
        for _again in range(TRIES):
            with self._gate.passing(self._settings.patience_s):
                answer = self._send(request, rest)
                asked = _asked_rest(answer)
                if asked is None:
                    return answer
                self._gate.rest(asked, f"HTTP {answer.status_code}: asks for {asked:.0f} s of rest")
        return answer

    def _send(self, request: requests.PreparedRequest, rest: dict[str, Any]) -> requests.Response:
        until = time.monotonic() + self._settings.read_s
        try:
            _resolve(str(request.url), self._settings.connect_s)
            limits = (self._settings.connect_s, self._settings.read_s)
            return _read(super().send(request, **{**rest, "stream": True, "timeout": limits}), until)
        except (requests.RequestException, urllib3.exceptions.HTTPError, OSError) as error:
            if not _half_answered(error):
                self._gate.rest(self._settings.rest_s, "could not be reached")
            raise SourceFailed(f"{self._gate.name}: {_told(error)}") from error


def _half_answered(error: Exception) -> bool:
    """Whether the service did begin to answer."""
    return isinstance(error, urllib3.exceptions.ProtocolError | urllib3.exceptions.DecodeError)


def _told(error: Exception) -> str:
    if isinstance(error, requests.Timeout | urllib3.exceptions.TimeoutError | TimeoutError):
        return str(error) if isinstance(error, TimeoutError) and str(error) else "no answer in time"
    if isinstance(error, requests.exceptions.InvalidSchema | requests.exceptions.InvalidProxyURL):
        return f"its proxy can't be used: {error} Unset the proxy, or pip install 'requests[socks]' for SOCKS"
    return "the answer broke off" if _half_answered(error) else "could not be reached"


def _resolve(url: str, seconds: float) -> None:
    """Raises OSError where the host's name isn't found in time: no other limit counts for that look-up."""
    host = urlsplit(url).hostname or ""
    if getproxies():
        return
    found: list[Exception | None] = []

    def look() -> None:
        try:
            socket.getaddrinfo(host, None)
            found.append(None)
        except (OSError, UnicodeError) as error:
            found.append(error)

    thread = threading.Thread(target=look, daemon=True)
    thread.start()
    thread.join(seconds)
    if not found or found[0] is not None:
        raise OSError(f"{host}: unknown here")


def _read(answer: requests.Response, until: float) -> requests.Response:
    """The answer with its whole body in it."""
    body = bytearray()
    while chunk := answer.raw.read1(CHUNK, decode_content=True):
        body += chunk
        if len(body) > MOST_BYTES:
            raise TimeoutError(f"the answer is longer than {MOST_BYTES // 1_000_000} MB")
        if time.monotonic() > until:
            raise TimeoutError("the answer took too long")
    answer._content = bytes(body)
    answer.raw.release_conn()
    return answer


def _asked_rest(answer: requests.Response) -> float | None:
    """Seconds the service asks to be left alone, None where it doesn't."""
    said = answer.headers.get("Retry-After", "")
    if answer.status_code != 429 and not (answer.status_code == 503 and said):
        return None
    if said.strip().isdigit():
        return min(float(said), LONGEST_REST)
    try:
        now = parsedate_to_datetime(answer.headers["Date"]).timestamp() if "Date" in answer.headers else time.time()
        return min(max(0.0, parsedate_to_datetime(said).timestamp() - now), LONGEST_REST)
    except (ValueError, OverflowError):
        return UNSAID_REST
