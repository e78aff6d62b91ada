"""A command group whose module is imported only when one of its commands is asked for."""

from __future__ import annotations

from importlib import import_module

import typer
from typer.core import TyperGroup


def deferred(module: str, attribute: str, help: str) -> typer.Typer:
    """A stand-in for `module.attribute`, a Typer app, that costs nothing until it is used."""

    class Deferred(TyperGroup):
        def get_command(self, ctx, name):  # type: ignore[no-untyped-def]  # typer keeps click's types private
            return self._real().get_command(ctx, name)

        def list_commands(self, ctx):  # type: ignore[no-untyped-def]
            return self._real().list_commands(ctx)

        def _real(self) -> TyperGroup:
            found = typer.main.get_group(getattr(import_module(module), attribute))
            self.commands = found.commands
            return found

    return typer.Typer(cls=Deferred, help=help, no_args_is_help=True)
