"""HTTP clients for what we talk to ourselves, by the proxies that the environment names: one place for all of them.

`NO_PROXY` is read as curl does, with ranges of addresses; what in it can't be read excepts nothing. This machine is
never asked through a proxy.
"""

from __future__ import annotations

import os
from importlib.util import find_spec
from ipaddress import ip_address, ip_network
from typing import Any
from urllib.parse import SplitResult, urlsplit
from urllib.request import getproxies

import httpx

from pelagos.errors import MissingPart

SCHEMES = ("http", "https", "socks5", "socks5h")


def client(url: str, **options: Any) -> httpx.Client:
    """A client for requests to the host of `url`. Raises MissingPart, in one line, where its proxy can't be used."""
    try:
        certificates = httpx.create_ssl_context(trust_env=True)
    except OSError as error:
        named = os.environ.get("SSL_CERT_FILE") or os.environ.get("SSL_CERT_DIR")
        raise MissingPart(
            f"SSL_CERT_FILE: {named}: no certificates can be read there ({error.strerror or error})"
        ) from None
    return httpx.Client(proxy=proxy_of(url), trust_env=False, verify=certificates, **options)


def proxy_of(url: str) -> str | None:
    """The proxy for `url`, None where it is asked directly. Raises MissingPart."""
    asked, named = urlsplit(url), getproxies()
    kind = next((kind for kind in (asked.scheme, "all") if named.get(kind)), None)
    if kind is None or _here(asked.hostname or "") or _excepted(asked, named.get("no", "")):
        return None
    proxy = named[kind] if "://" in named[kind] else f"http://{named[kind]}"
    if fault := _fault(proxy):
        name = f"{kind.upper()}_PROXY"
        raise MissingPart(f"{name}: {fault}; or unset {name}, or list {asked.hostname} in NO_PROXY")
    return proxy


def _fault(proxy: str) -> str:
    """What is wrong with a proxy's address, which may hold a password; '' if nothing."""
    scheme = proxy.partition("://")[0].lower()
    if scheme not in SCHEMES:
        return f"a proxy of kind '{scheme}' can't be used: name one of {', '.join(SCHEMES)}"
    try:
        httpx.Proxy(proxy)
    except (ValueError, httpx.InvalidURL):  # whose text may hold a part of the password
        return "not the address of a proxy: write http://HOST:PORT"
    if scheme.startswith("socks") and find_spec("socksio") is None:
        return "a SOCKS proxy wants a package more: pip install 'httpx[socks]'"
    return ""


def _here(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _excepted(asked: SplitResult, listed: str) -> bool:
    return any(_covers(entry.strip().lower(), asked) for entry in listed.split(",") if entry.strip())


def _covers(entry: str, asked: SplitResult) -> bool:
    """Whether an entry of NO_PROXY means the host: `*`, a domain, an address or a range, some with a port."""
    host = asked.hostname or ""
    try:
        return ip_address(host) in ip_network(entry.strip("[]"), strict=False)
    except ValueError:
        pass  # not both of them are addresses
    domain, _, port = entry.rpartition("://")[2].partition(":")
    domain = domain.removeprefix("*").removeprefix(".")
    near = host == domain or host.endswith(f".{domain}")
    return entry == "*" or (bool(domain) and near and port in ("", str(asked.port)))
