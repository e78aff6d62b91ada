"""The base of all sections of the settings."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Section(BaseModel):
    """A section of the settings; unknown keys, NaN and infinities are refused."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)

    def check_order(self, lower: str, upper: str) -> None:
        """Raise ValueError where the setting `lower` is above the setting `upper` and both are given."""
        low, high = getattr(self, lower), getattr(self, upper)
        if low is not None and high is not None and low > high:
            raise ValueError(f"{lower} ({low}) is more than {upper} ({high}): lower the one or raise the other")
