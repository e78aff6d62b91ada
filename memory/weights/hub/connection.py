"""Talks to the model hub: its address, the token that is sent to that address alone, and each refusal as one line.

As in the hub's own client, `HF_ENDPOINT` names a mirror, `HF_TOKEN` is sent where a repository requires one, and
`HF_HUB_OFFLINE` forbids any request.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TypeVar
from urllib.parse import urlsplit

import httpx

from pelagos import __version__
from pelagos.errors import BadInput, MissingPart
from pelagos.http_client import open_client
from pelagos.secrets import read_key, redact_key

DEFAULT_HUB = "https://huggingface.co"
TIMEOUT = httpx.Timeout(60.0, connect=10.0)
RETRY_WAITS_S = (1.0, 2.0, 4.0, 8.0, 16.0)  # before each further attempt; progress of a download restarts the count
LONGEST_WAIT_S = 120.0
REFUSAL_BYTES = 4096
STATUSES_WITH_BODY = (200, 206, 416)
_FALSE_WORDS = {"", "0", "false", "no", "off"}
T = TypeVar("T")


class Transient(MissingPart):
    """A failure that may not occur at the next attempt. `wait_s` is the wait that the hub asks for; None: it asks for
    none."""

    def __init__(self, text: str, wait_s: float | None = None) -> None:
        super().__init__(text)
        self.wait_s = wait_s


class Hub:
    """A connection for one model, whose name begins every message. Raises BadInput for an invalid address."""

    def __init__(self, model: str, env: Mapping[str, str]) -> None:
        self.model = model
        self.address = hub_address(env.get("HF_ENDPOINT", ""))
        self.host = urlsplit(self.address).netloc
        self._token = read_key(env, "HF_TOKEN")
        if env.get("HF_HUB_OFFLINE", "").lower() not in _FALSE_WORDS:
            raise MissingPart(f"{model}: HF_HUB_OFFLINE is set, so the hub is not asked: unset it to get the model")
        headers = {"User-Agent": f"pelagos/{__version__}", "Accept-Encoding": "identity"}
        if self._token:
            headers["Authorization"] = f"Bearer {self._token}"
        self._client = open_client(self.address, headers=headers, timeout=TIMEOUT, follow_redirects=True)

    def close(self) -> None:
        self._client.close()

    @contextmanager
    def get(self, path: str, headers: Mapping[str, str]) -> Iterator[httpx.Response]:
        """Yield the response to a GET below the address, its body not read yet; its status is one of
        STATUSES_WITH_BODY.

        Redirects are followed; the client omits the token for another host, port or scheme. Raises Transient, also
        where the body ends early while it is read, and MissingPart for a refusal.
        """
        try:
            with self._client.stream("GET", f"{self.address}{path}", headers=headers) as response:
                if response.status_code not in STATUSES_WITH_BODY:
                    raise self._refusal(response)
                yield response
        except (httpx.UnsupportedProtocol, httpx.TooManyRedirects, httpx.InvalidURL) as error:
            raise MissingPart(
                f"{self._name_of(self.host)} redirects to where nothing can be: {_error_text(error)}"
            ) from None
        except httpx.HTTPError as error:
            failure = f"{self._name_of(self.host)} doesn't answer, or broke off: {_error_text(error)}"
            raise Transient(f"{failure}; HF_ENDPOINT can name a mirror") from None

    def _refusal(self, response: httpx.Response) -> MissingPart:
        status, message = response.status_code, self._message_of(response)
        host = response.url.netloc.decode("ascii", "replace")
        where = self._name_of(host)
        if status == 429:
            wait = _requested_wait(response.headers)
            when = f": ask again in {wait:.0f} s" if wait is not None else ""
            return Transient(f"{where} says it was asked too often (429){when}", wait)
        # The URL at a storage host is signed for some minutes; a new request to the hub gives a new one.
        if status >= 500 or status == 408 or host != self.host:
            return Transient(f"{where} answers with {status}{message}", _requested_wait(response.headers))
        if response.headers.get("x-error-code") == "GatedRepo":
            return MissingPart(f"{where} wants its terms accepted first{message}: accept them there, then set HF_TOKEN")
        if status in (401, 403):
            remedy = "HF_TOKEN is not one that it takes" if self._token else "set HF_TOKEN if it wants one"
            return MissingPart(f"{where} has no such repository for us ({status}{message}): {remedy}")
        if status == 404:
            return MissingPart(
                f"{where} has no such file or repository (404{message}); HF_ENDPOINT can name another hub"
            )
        return MissingPart(f"{where} refuses ({status}{message})")

    def _name_of(self, host: str) -> str:
        return f"{self.model}: the hub at {host}"

    def _message_of(self, response: httpx.Response) -> str:
        """Return `: the hub's own message` on one line, without the token; empty where it sends none."""
        message = response.headers.get("x-error-message") or _error_of_body(response)
        line = _one_line(redact_key(message, self._token))
        return f": {line}" if line else ""


def hub_address(endpoint: str) -> str:
    """Return the hub's address, DEFAULT_HUB where none is named. Raises BadInput."""
    url = endpoint.strip().rstrip("/") or DEFAULT_HUB
    try:
        parts = urlsplit(url)
        valid = parts.scheme in ("http", "https") and parts.hostname and not parts.username and parts.port != 0
    except ValueError:
        valid = False
    if not valid or parts.query or parts.fragment:
        raise BadInput("HF_ENDPOINT: must be http(s)://HOST[:PORT][/PATH], without a user: correct or unset it")
    return url


def retry_transient(attempt: Callable[[], T], reached: Callable[[], int] = lambda: 0) -> T:
    """Return what `attempt` returns. It is repeated after a Transient, as often in a row as there are RETRY_WAITS_S
    without `reached` growing."""
    failures, last_reached = 0, reached()
    while True:
        try:
            return attempt()
        except Transient as error:
            now = reached()
            failures, last_reached = (1 if now > last_reached else failures + 1), now
            if failures > len(RETRY_WAITS_S):
                raise
            wait = RETRY_WAITS_S[failures - 1] if error.wait_s is None else error.wait_s
            if wait > LONGEST_WAIT_S:
                raise
            time.sleep(wait)


def _requested_wait(headers: httpx.Headers) -> float | None:
    """Return the seconds that the server asks to wait: `Retry-After` in seconds, else the reset time of an empty
    `RateLimit`."""
    asked = headers.get("retry-after", "")
    limit = re.search(r"\br=0\b.*?\bt=(\d+)", headers.get("ratelimit", ""))
    text = asked if asked.isdigit() else limit[1] if limit else ""
    return float(text) if text else None


def _error_of_body(response: httpx.Response) -> str:
    """Return the `error` of a JSON body; '' for any other body, such as a proxy's page."""
    content = bytearray()
    for block in response.iter_bytes():
        content += block
        if len(content) > REFUSAL_BYTES:
            return ""
    try:
        answer = json.loads(content)
    except ValueError:
        return ""
    return str(answer.get("error", "")) if isinstance(answer, dict) else ""


def _one_line(text: str) -> str:
    return re.sub(r"[\s\x00-\x1f\x7f-\x9f]+", " ", text).strip()[:200]


def _error_text(error: Exception) -> str:
    return _one_line(str(error)) or type(error).__name__
