"""The settings of notifications: who is told about a run, and of what."""

from __future__ import annotations

import shlex
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field
from pydantic_core import PydanticCustomError

from pelagos.settings_section import Section


def _split_words(value: Any) -> Any:
    if isinstance(value, list) and all(isinstance(word, str) for word in value):
        return value
    if not isinstance(value, str):
        raise PydanticCustomError("named", "should be one string, or a list of words")
    try:
        return shlex.split(value)
    except ValueError as error:
        raise ValueError(f"can't be split into words ({str(error).lower()}): write a list of words") from None


def _check_webhook(address: str) -> str:
    """Return the address. Raises ValueError, which does not repeat it: it may be a secret."""
    if address.startswith("$"):
        if not address[1:].isidentifier():
            raise ValueError("after $ stands the name of an environment variable, such as $MY_WEBHOOK")
        return address
    try:
        parts = urlsplit(address)
        is_usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_usable = False
    if address and (not is_usable or not address.isprintable() or " " in address):
        raise ValueError("is no address: write http://HOST/PATH or https://HOST/PATH")
    if address and parts.username is not None:
        raise ValueError("holds a user name: keep the address in an environment variable and write $NAME")
    return address


class Notify(Section):
    """Who is told that a run has ended or failed, or that it waits for a decision. `command` is started without a
    shell, with the message on its standard input; `webhook` gets it by POST, as JSON."""

    command: Annotated[str | list[str], BeforeValidator(_split_words)] = Field(
        [], description="a list of words, or one string that is split as a shell splits it"
    )
    webhook: Annotated[str, AfterValidator(_check_webhook)] = Field(
        "", description="an http(s) address, or $NAME: the environment variable that holds it, where it is a secret"
    )
    on: list[Literal["ended", "failed", "waiting"]] = Field(["ended", "failed", "waiting"])

    @property
    def words(self) -> list[str]:
        return [self.command] if isinstance(self.command, str) else self.command
