"""The design of a study: what the columns of the metadata mean. It stands in `task.yaml` under `design`."""

from __future__ import annotations

from collections.abc import Iterator

from pydantic import BaseModel, ConfigDict


class Design(BaseModel):
    """Names of metadata columns by their part in the study; None or empty where there is no such column.

    `case` and `control` are the compared levels of `group`. `subject` tells which samples belong together (pairs).
    `time` and `event` (1: it happened, 0: censored) describe survival. `numeric` lists numeric outcomes worth asking
    about. `defines_group` lists metadata columns or features from which the group may have been defined: a finding
    about one of them is circular. `order` lists columns or features in their temporal or causal order, as the user
    knows it (exposure, mediator, outcome): without it no mediation is asked about. `guesses` says in one line each what
    was inferred and why.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    group: str | None = None
    case: str | None = None
    control: str | None = None
    batch: str | None = None
    covariates: list[str] = []
    subject: str | None = None
    time: str | None = None
    event: str | None = None
    numeric: list[str] = []
    defines_group: list[str] = []
    order: list[str] = []
    guesses: list[str] = []

    @property
    def columns(self) -> Iterator[tuple[str, str]]:
        """(key, metadata column) of each column that the design names; `defines_group` may also name features."""
        for key in ("group", "batch", "subject", "time", "event"):
            name = getattr(self, key)
            if name is not None:
                yield key, name
        for key in ("covariates", "numeric"):
            for name in getattr(self, key):
                yield key, name
