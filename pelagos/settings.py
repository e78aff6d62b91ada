"""Settings: `pelagos.toml` in the project < environment `PELAGOS_*` < command-line options.

Nested keys are joined by two underscores in the environment: `PELAGOS_LOOP__CYCLES=2`.
The resolved settings are stored in the run.
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict, TomlConfigSettingsSource

from pelagos.errors import BadInput


class Section(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Loop(Section):
    cycles: int = Field(1, ge=1)
    hypotheses: int = Field(4, ge=1, description="hypotheses kept per cycle")
    attempts: int = Field(10, ge=1, description="hypotheses asked for per cycle, before screening, at most")
    plans: int = Field(2, ge=1, description="plans asked for per hypothesis")
    plans_kept: int = Field(1, ge=1, description="best plans carried out per hypothesis")
    drafts: int = Field(4, ge=1, description="drafts of a change written in parallel; a strong model needs 1")
    debug_tries: int = Field(5, ge=0)
    plateau: int = Field(0, ge=0, description="stop after so many cycles with nothing supported; 0: never")
    workers: int = Field(0, ge=0, description="experiments at a time; 0: one per core")
    review: Literal["off", "async", "gate"] = "off"


class Survey(Section):
    papers: int = Field(50, ge=1, description="bank size (Dolphin: 50)")
    scored: int = Field(12, ge=1, description="candidates the model scores; the first by BM25")
    keep: float = Field(8.0, ge=1, le=10, description="least score kept (Dolphin: 8)")
    corpus: Path | None = None


class Screen(Section):
    tau: float | None = Field(None, description="cosine above which two hypotheses are one; none: the embedder's own")
    known_tau: float | None = Field(None, description="the same against the literature")


class Judge(Section):
    alpha: float = Field(0.1, gt=0, lt=1, description="error level over all hypotheses of the run")
    confidence: float = Field(0.95, gt=0, lt=1)
    min_seeds: int = Field(3, ge=2)
    max_seeds: int = Field(8, ge=2)


class Caps(Section):
    """None: no cap. Seconds are wall clock of the run; disk is the run folder."""

    tokens: int | None = None
    usd: float | None = None
    seconds: float | None = None
    experiments: int | None = None
    disk_mb: float | None = 10_000


class Sandboxing(Section):
    name: str = Field("auto", description="auto, bubblewrap, bubblewrap-rlimit or unsafe")


class Models(Section):
    """Role -> model spec: `embedded`, `embedded:PATH`, `replay:RUN` or `openai:MODEL[@BASE_URL]`."""

    default: str = "embedded"
    ideator: str | None = None
    planner: str | None = None
    coder: str | None = None
    verifier: str | None = None
    extractor: str | None = None
    timeout_s: float = 300.0
    retries: int = Field(3, ge=0)
    reasks: int = Field(2, ge=0, description="re-asks when a reply doesn't fit its schema")
    threads: int = Field(0, ge=0, description="embedded model; 0: every core")
    context: int = Field(8192, ge=1024, description="embedded model: tokens per parallel slot")
    parallel: int = Field(4, ge=1, description="embedded model: parallel slots")
    prices: Path | None = None

    def spec(self, role: str) -> str:
        return getattr(self, role) or self.default


class Settings(BaseSettings):
    model_config = SettingsConfigDict(env_prefix="PELAGOS_", env_nested_delimiter="__", extra="forbid")

    seed: int = 0
    loop: Loop = Loop()
    survey: Survey = Survey()
    screen: Screen = Screen()
    judge: Judge = Judge()
    caps: Caps = Caps()
    sandbox: Sandboxing = Sandboxing()
    models: Models = Models()

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        toml = TomlConfigSettingsSource(settings_cls, toml_file=_toml_path)
        return init_settings, env_settings, toml


_toml_path: Path = Path("pelagos.toml")


def load(project: Path, **overrides: Any) -> Settings:
    """The resolved settings of `project`; `overrides` are command-line options. Raises BadInput, a line per fault."""
    global _toml_path
    _toml_path = project / "pelagos.toml"
    try:
        return Settings(**overrides)
    except tomllib.TOMLDecodeError as error:
        raise BadInput(f"{_toml_path}: not TOML: {error}") from None
    except ValidationError as error:
        raise BadInput(*(_fault(item) for item in error.errors())) from None


def _fault(item: Any) -> str:
    where = ".".join(str(part) for part in item["loc"])
    return f"settings: {where}: {item['msg']} (pelagos.toml, PELAGOS_{where.upper().replace('.', '__')} or an option)"
