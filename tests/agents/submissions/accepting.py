"""The table toolchain, which also takes a list of tool calls from a file."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

from pelagos.errors import BadInput
from pelagos.nouns import Build, Hypothesis, Plan, Step
from tests.toolchains.table import TableTask, TableToolchain
from tools.abilities import Given
from tools.toolchain import Context


class AcceptingToolchain(TableToolchain):
    name = "accepting"

    def load(self, folder: Path) -> TableTask:
        return dataclasses.replace(super().load(folder), toolchain=self.name)

    def accept(self, task: TableTask, source: Path) -> Given:
        try:
            calls = json.loads(source.read_text())
        except (OSError, ValueError):
            raise BadInput(f"{source}: holds no calls") from None
        return Given(calls[0]["arguments"]["column"], calls, "abc")

    def adopt(self, task: TableTask, hypothesis: Hypothesis, plan: Plan, content: str, context: Context) -> Build:
        calls = context.artifacts.json(content)
        return self.build(
            task, hypothesis, plan.model_copy(update={"steps": [Step(text="", call=call) for call in calls]}), context
        )
