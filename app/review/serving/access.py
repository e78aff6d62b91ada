"""Who may use the review page: whoever has the token that the server prints once, or knows the password.

Either is exchanged for a session cookie that the server signs. Sessions are kept nowhere, so they outlast a restart of
the server; another password ends them. The key is derived from the project's secret.
"""

from __future__ import annotations

import hashlib
import ipaddress
import secrets
import socket
import time
from dataclasses import dataclass, field
from pathlib import Path

from memory.files.project_secret import derive_key, read_secret
from pelagos.errors import BadInput

PASSWORD = "PELAGOS_REVIEW_PASSWORD"  # noqa: S105 - the variable's name
SESSION_S = 30 * 24 * 3600
LOCAL_NAMES = frozenset({"localhost", "127.0.0.1", "::1"})


@dataclass(frozen=True)
class Access:
    """`host` and `port` are what the server is bound to, `key` signs sessions, "" as `password` means that there is
    none."""

    host: str
    port: int
    key: bytes
    password: str = ""
    token: str = field(default_factory=lambda: secrets.token_urlsafe(32))

    @classmethod
    def open(cls, host: str, port: int, project: Path, password: str = "") -> Access:
        """Raises BadInput for an address that other machines reach, without a password."""
        if is_public(host) and not password:
            raise BadInput(
                f"review: --host {host} lets other machines in: set a password in {PASSWORD} first, or forward the "
                f"port instead: ssh -L {port}:127.0.0.1:{port} THIS_MACHINE"
            )
        return cls(host, port, derive_key(read_secret(project), f"review {password}"), password)

    @property
    def url(self) -> str:
        """The address to open. One that other machines reach holds no token: they log in by the password."""
        shown = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{shown}:{self.port}/" + ("" if is_public(self.host) else f"?token={self.token}")

    @property
    def cookie(self) -> str:
        """The cookie's name. Cookies of one host are sent to all of its ports."""
        return f"pelagos_review_{self.port}"

    def allows_host(self, header: str) -> bool:
        """Whether a request's Host header names this server, and not a name that somebody let point to it (DNS
        rebinding). An address of numbers can't be such a name."""
        name = _strip_port(header)
        if name in LOCAL_NAMES:
            return True
        if not is_public(self.host):
            return False
        return name in (self.host, socket.gethostname().lower()) or _is_address(name)

    def is_token(self, given: str) -> bool:
        return secrets.compare_digest(given.encode(), self.token.encode())

    def is_password(self, given: str) -> bool:
        return bool(self.password) and secrets.compare_digest(given.encode(), self.password.encode())

    def begin_session(self) -> str:
        """Return the cookie of a new session."""
        body = f"{int(time.time()) + SESSION_S}.{secrets.token_urlsafe(16)}"
        return f"{body}.{self._sign('session', body)}"

    def knows_session(self, cookie: str) -> bool:
        body, _, signature = cookie.rpartition(".")
        if not secrets.compare_digest(signature.encode(), self._sign("session", body).encode()):
            return False
        return int(body.partition(".")[0]) > time.time()

    def csrf(self, cookie: str) -> str:
        """Return what each form of this session has to send along."""
        return self._sign("csrf", cookie)

    def is_csrf(self, given: str, cookie: str) -> bool:
        return secrets.compare_digest(given.encode(), self.csrf(cookie).encode())

    def _sign(self, purpose: str, text: str) -> str:
        return hashlib.blake2b(f"{purpose} {text}".encode(), key=self.key, digest_size=24).hexdigest()


def is_public(host: str) -> bool:
    """Whether other machines reach a server that is bound to this host."""
    return host != "localhost" and not (_is_address(host) and ipaddress.ip_address(host).is_loopback)


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def _strip_port(header: str) -> str:
    """Return the name of a Host header in lower case, without port and brackets."""
    name, _, port = header.lower().rpartition(":")
    return (name if name and port.isdigit() and (name.count(":") == 0 or name.endswith("]")) else header.lower()).strip(
        "[]"
    )
