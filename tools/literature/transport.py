"""The HTTP session of all live sources: through the source's gate, within limits of time and size, only to its host.

The client libraries implement the protocols; this is the `requests` session that they use. If a service answers 429 (or
503 with Retry-After), the session waits once, if the rest is at most `patience_s`. A service that can't be reached is
not asked again for `rest_s`.
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
from tools.literature.gate import Gate, shared_gate

if TYPE_CHECKING:
    from pelagos.settings import Literature, SourceName

AGENT = f"pelagos/{__version__} (research agent; one request at a time)"
MAX_BYTES = 30_000_000
MAX_ATTEMPTS = 2
DEFAULT_REST = 60.0
MAX_REST = 3600.0  # a service is asked again after at most so many seconds
CHUNK = 65_536


class Session(requests.Session):
    """Follows no redirect to another host, so that a key is sent only to its own service."""

    def __init__(self, name: SourceName, address: str, pause: float, settings: Literature) -> None:
        super().__init__()
        adapter = _GatedAdapter(shared_gate(name, address, settings.pause_s.get(name, pause)), settings)
        self.mount("https://", adapter)
        self.mount("http://", adapter)

    def get_redirect_target(self, resp: requests.Response) -> str | None:
        target: str | None = super().get_redirect_target(resp)
        current, new = urlsplit(resp.url), urlsplit(target or "")
        return target if not new.netloc or (current.scheme, current.netloc) == (new.scheme, new.netloc) else None


class _GatedAdapter(HTTPAdapter):
    def __init__(self, gate: Gate, settings: Literature) -> None:
        super().__init__(max_retries=0)
        self._gate, self._settings = gate, settings

    def send(self, request: requests.PreparedRequest, *_args: Any, **rest: Any) -> requests.Response:
        request.headers["User-Agent"] = AGENT
        for _again in range(MAX_ATTEMPTS):
            with self._gate.passing(self._settings.patience_s):
                answer = self._send(request, rest)
                rest_seconds = _requested_rest(answer)
                if rest_seconds is None:
                    return answer
                self._gate.rest(rest_seconds, f"HTTP {answer.status_code}: asks for {rest_seconds:.0f} s of rest")
        return answer

    def _send(self, request: requests.PreparedRequest, rest: dict[str, Any]) -> requests.Response:
        until = time.monotonic() + self._settings.read_s
        try:
            _check_resolvable(str(request.url), self._settings.connect_s)
            limits = (self._settings.connect_s, self._settings.read_s)
            return _read_body(super().send(request, **{**rest, "stream": True, "timeout": limits}), until)
        except (requests.RequestException, urllib3.exceptions.HTTPError, OSError) as error:
            if not _answer_began(error):
                self._gate.rest(self._settings.rest_s, "could not be reached")
            raise SourceFailed(f"{self._gate.name}: {_describe_fault(error)}") from error


def _answer_began(error: Exception) -> bool:
    """Whether the service began to answer."""
    return isinstance(error, urllib3.exceptions.ProtocolError | urllib3.exceptions.DecodeError)


def _describe_fault(error: Exception) -> str:
    if isinstance(error, requests.Timeout | urllib3.exceptions.TimeoutError | TimeoutError):
        return str(error) if isinstance(error, TimeoutError) and str(error) else "no answer in time"
    if isinstance(error, requests.exceptions.InvalidSchema | requests.exceptions.InvalidProxyURL):
        return f"its proxy can't be used: {error} Unset the proxy, or pip install 'requests[socks]' for SOCKS"
    return "the answer broke off" if _answer_began(error) else "could not be reached"


def _check_resolvable(url: str, seconds: float) -> None:
    """Raises OSError if the host's name can't be resolved within `seconds`: the lookup has no other time limit."""
    host = urlsplit(url).hostname or ""
    if getproxies():
        return
    results: list[Exception | None] = []

    def look() -> None:
        try:
            socket.getaddrinfo(host, None)
            results.append(None)
        except (OSError, UnicodeError) as error:
            results.append(error)

    thread = threading.Thread(target=look, daemon=True)
    thread.start()
    thread.join(seconds)
    if not results or results[0] is not None:
        raise OSError(f"{host}: unknown here")


def _read_body(answer: requests.Response, until: float) -> requests.Response:
    """The answer with its complete body. Raises TimeoutError if the body is too long or takes too long."""
    body = bytearray()
    while chunk := answer.raw.read1(CHUNK, decode_content=True):
        body += chunk
        if len(body) > MAX_BYTES:
            raise TimeoutError(f"the answer is longer than {MAX_BYTES // 1_000_000} MB")
        if time.monotonic() > until:
            raise TimeoutError("the answer took too long")
    answer._content = bytes(body)
    answer.raw.release_conn()
    return answer


def _requested_rest(answer: requests.Response) -> float | None:
    """The rest in seconds that the service asks for, or None."""
    retry_after = answer.headers.get("Retry-After", "")
    if answer.status_code != 429 and not (answer.status_code == 503 and retry_after):
        return None
    if retry_after.strip().isdigit():
        return min(float(retry_after), MAX_REST)
    try:
        now = parsedate_to_datetime(answer.headers["Date"]).timestamp() if "Date" in answer.headers else time.time()
        return min(max(0.0, parsedate_to_datetime(retry_after).timestamp() - now), MAX_REST)
    except (ValueError, OverflowError):
        return DEFAULT_REST
