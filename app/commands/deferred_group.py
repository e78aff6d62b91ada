"""A command group whose module is imported only when one of its commands is asked for."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import typer
from typer.core import TyperGroup


def defer_group(module: str, attribute: str, help: str) -> typer.Typer:
    """Return a stand-in for the Typer app `module.attribute`, whose module is imported at its first use."""

    class Deferred(TyperGroup):
        def get_command(self, ctx: Any, cmd_name: str) -> Any:  # typer keeps click's types private
            return self._real().get_command(ctx, cmd_name)

        def list_commands(self, ctx: Any) -> list[str]:
            return self._real().list_commands(ctx)

        def _real(self) -> TyperGroup:
            group = typer.main.get_group(getattr(import_module(module), attribute))
            self.commands = group.commands
            return group

    return typer.Typer(cls=Deferred, help=help, no_args_is_help=True)
