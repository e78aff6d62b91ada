"""Builds the HTTP clients for Pelagos' own requests, with the proxies that the environment names.

`NO_PROXY` is read as curl reads it, address ranges included; an entry that can't be parsed exempts nothing. Requests
to this machine never go through a proxy.
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


def open_client(url: str, **options: Any) -> httpx.Client:
    """Return a client for requests to the host of `url`. Raises MissingPart (one line) where its proxy or certificates
    can't be used."""
    try:
        certificates = httpx.create_ssl_context(trust_env=True)
    except OSError as error:
        location = os.environ.get("SSL_CERT_FILE") or os.environ.get("SSL_CERT_DIR")
        raise MissingPart(
            f"SSL_CERT_FILE: {location}: no certificates can be read there ({error.strerror or error})"
        ) from None
    return httpx.Client(proxy=find_proxy(url), trust_env=False, verify=certificates, **options)


def find_proxy(url: str) -> str | None:
    """Return the address of the proxy for `url`, or None where the host is asked directly. Raises MissingPart."""
    target, proxies = urlsplit(url), getproxies()
    scheme = next((name for name in (target.scheme, "all") if proxies.get(name)), None)
    if scheme is None or _is_loopback(target.hostname or "") or _is_exempt(target, proxies.get("no", "")):
        return None
    proxy = proxies[scheme] if "://" in proxies[scheme] else f"http://{proxies[scheme]}"
    if fault := _proxy_fault(proxy):
        name = f"{scheme.upper()}_PROXY"
        raise MissingPart(f"{name}: {fault}; or unset {name}, or list {target.hostname} in NO_PROXY")
    return proxy


def _proxy_fault(proxy: str) -> str:
    """Return what is wrong with a proxy's address, '' if nothing. The address may hold a password, so it is not
    repeated."""
    scheme = proxy.partition("://")[0].lower()
    if scheme not in SCHEMES:
        return f"a proxy of kind '{scheme}' can't be used: name one of {', '.join(SCHEMES)}"
    try:
        httpx.Proxy(proxy)
    except (ValueError, httpx.InvalidURL):  # its message may hold a part of the password
        return "not the address of a proxy: write http://HOST:PORT"
    if scheme.startswith("socks") and find_spec("socksio") is None:
        return "a SOCKS proxy needs one more package: pip install 'httpx[socks]'"
    return ""


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _is_exempt(target: SplitResult, entries: str) -> bool:
    return any(_entry_matches(entry.strip().lower(), target) for entry in entries.split(",") if entry.strip())


def _entry_matches(entry: str, target: SplitResult) -> bool:
    """Whether an entry of NO_PROXY matches the host: `*`, a domain, an address or a range, with or without a port."""
    host = target.hostname or ""
    try:
        return ip_address(host) in ip_network(entry.strip("[]"), strict=False)
    except ValueError:
        pass  # the host or the entry is not an address
    domain, _, port = entry.rpartition("://")[2].partition(":")
    domain = domain.removeprefix("*").removeprefix(".")
    in_domain = host == domain or host.endswith(f".{domain}")
    return entry == "*" or (bool(domain) and in_domain and port in ("", str(target.port)))
