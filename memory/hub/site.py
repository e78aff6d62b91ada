"""The model hub as a server: its address, the token that goes to that address alone, and each refusal as one line.

As for the hub's own client, `HF_ENDPOINT` names a mirror, `HF_TOKEN` is sent where a repository wants one, and
`HF_HUB_OFFLINE` forbids to ask at all.
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
from pelagos.http_client import client
from pelagos.secrets import key_in, without_key

HOME = "https://huggingface.co"
PATIENCE = httpx.Timeout(60.0, connect=10.0)
WAITS_S = (1.0, 2.0, 4.0, 8.0, 16.0)  # before each further try; a download that got further begins to count anew
LONGEST_WAIT_S = 120.0
LARGEST_REFUSAL = 4096
BODIES = (200, 206, 416)
_NO = {"", "0", "false", "no", "off"}
T = TypeVar("T")


class Transient(MissingPart):
    """A failure that may have passed at the next try. `wait_s` is what the hub asks to wait; None: it says nothing."""

    def __init__(self, text: str, wait_s: float | None = None) -> None:
        super().__init__(text)
        self.wait_s = wait_s


class Hub:
    """A connection for one model, whose name begins every message. Raises BadInput for an address of another form."""

    def __init__(self, model: str, env: Mapping[str, str]) -> None:
        self.model = model
        self.address = address(env.get("HF_ENDPOINT", ""))
        self.host = urlsplit(self.address).netloc
        self._token = key_in(env, "HF_TOKEN")
        if env.get("HF_HUB_OFFLINE", "").lower() not in _NO:
            raise MissingPart(f"{model}: HF_HUB_OFFLINE is set, so the hub is not asked: unset it to get the model")
        headers = {"User-Agent": f"pelagos/{__version__}", "Accept-Encoding": "identity"}
        if self._token:
            headers["Authorization"] = f"Bearer {self._token}"
        self._client = client(self.address, headers=headers, timeout=PATIENCE, follow_redirects=True)

    def close(self) -> None:
        self._client.close()

    @contextmanager
    def get(self, path: str, headers: Mapping[str, str]) -> Iterator[httpx.Response]:
        """The answer to a GET below the address, its body not read yet; its status is one of BODIES.

        Redirects are followed; the client leaves the token out where another host, port or scheme is meant. Raises
        Transient, also where the body breaks off while it is read, and MissingPart for a refusal.
        """
        try:
            with self._client.stream("GET", f"{self.address}{path}", headers=headers) as response:
                if response.status_code not in BODIES:
                    raise self._refused(response)
                yield response
        except (httpx.UnsupportedProtocol, httpx.TooManyRedirects, httpx.InvalidURL) as error:
            raise MissingPart(f"{self._where(self.host)} redirects to where nothing can be: {_plain(error)}") from None
        except httpx.HTTPError as error:
            said = f"{self._where(self.host)} doesn't answer, or broke off: {_plain(error)}"
            raise Transient(f"{said}; HF_ENDPOINT can name a mirror") from None

    def _refused(self, response: httpx.Response) -> MissingPart:
        code, said = response.status_code, self._said(response)
        host = response.url.netloc.decode("ascii", "replace")
        where = self._where(host)
        if code == 429:
            wait = _wait(response.headers)
            after = f": ask again in {wait:.0f} s" if wait is not None else ""
            return Transient(f"{where} says it was asked too often (429){after}", wait)
        # A storage host's address is signed for some minutes: the hub makes a new one when it is asked again.
        if code >= 500 or code == 408 or host != self.host:
            return Transient(f"{where} answers with {code}{said}", _wait(response.headers))
        if response.headers.get("x-error-code") == "GatedRepo":
            return MissingPart(f"{where} wants its terms accepted first{said}: accept them there, then set HF_TOKEN")
        if code in (401, 403):
            mend = "HF_TOKEN is not one that it takes" if self._token else "set HF_TOKEN if it wants one"
            return MissingPart(f"{where} has no such repository for us ({code}{said}): {mend}")
        if code == 404:
            return MissingPart(f"{where} has no such file or repository (404{said}); HF_ENDPOINT can name another hub")
        return MissingPart(f"{where} refuses ({code}{said})")

    def _where(self, host: str) -> str:
        return f"{self.model}: the hub at {host}"

    def _said(self, response: httpx.Response) -> str:
        """`: its own words` on one line, without the token; empty where it says nothing."""
        said = response.headers.get("x-error-message") or _body(response)
        plain = _line(without_key(said, self._token))
        return f": {plain}" if plain else ""


def address(named: str) -> str:
    """The hub's address, by default HOME. Raises BadInput."""
    chosen = named.strip().rstrip("/") or HOME
    try:
        parts = urlsplit(chosen)
        good = parts.scheme in ("http", "https") and parts.hostname and not parts.username and parts.port != 0
    except ValueError:
        good = False
    if not good or parts.query or parts.fragment:
        raise BadInput("HF_ENDPOINT: must be http(s)://HOST[:PORT][/PATH], without a user: correct or unset it")
    return chosen


def patiently(attempt: Callable[[], T], reached: Callable[[], int] = lambda: 0) -> T:
    """What `attempt` returns, made again after a Transient: so often in a row as there are WAITS_S without `reached`
    growing."""
    failed, before = 0, reached()
    while True:
        try:
            return attempt()
        except Transient as fault:
            now = reached()
            failed, before = (1 if now > before else failed + 1), now
            if failed > len(WAITS_S):
                raise
            wait = WAITS_S[failed - 1] if fault.wait_s is None else fault.wait_s
            if wait > LONGEST_WAIT_S:
                raise
            time.sleep(wait)


def _wait(headers: httpx.Headers) -> float | None:
    """Seconds that the server asks to wait: `Retry-After` in seconds, else the reset time of an empty `RateLimit`."""
    asked = headers.get("retry-after", "")
    limit = re.search(r"\br=0\b.*?\bt=(\d+)", headers.get("ratelimit", ""))
    text = asked if asked.isdigit() else limit[1] if limit else ""
    return float(text) if text else None


def _body(response: httpx.Response) -> str:
    """The `error` of a JSON body; nothing of any other body, such as a proxy's page."""
    got = bytearray()
    for block in response.iter_bytes():
        got += block
        if len(got) > LARGEST_REFUSAL:
            return ""
    try:
        told = json.loads(got)
    except ValueError:
        return ""
    return str(told.get("error", "")) if isinstance(told, dict) else ""


def _line(text: str) -> str:
    return re.sub(r"[\s\x00-\x1f\x7f-\x9f]+", " ", text).strip()[:200]


def _plain(error: Exception) -> str:
    return _line(str(error)) or type(error).__name__
