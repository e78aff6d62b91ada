"""Settings: `pelagos.toml` in the project < environment `PELAGOS_*` < command-line options.

Nested keys are joined by two underscores in the environment: `PELAGOS_LOOP__TRIES=2`.
The resolved settings are stored in the run.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from datetime import date
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, NonNegativeFloat, ValidationError, model_validator
from pydantic_core import PydanticCustomError
from pydantic_settings import (
    BaseSettings,
    EnvSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    SettingsError,
)

from pelagos.errors import BadInput
from pelagos.nouns import NoveltyRule
from pelagos.textfile import read_text

FILE = "pelagos.toml"
UNTIMED = 4


class Section(BaseModel):
    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)

    def ordered(self, lower: str, upper: str) -> None:
        """Raises ValueError where the setting `lower` is above the setting `upper`, if both are given."""
        low, high = getattr(self, lower), getattr(self, upper)
        if low is not None and high is not None and low > high:
            raise ValueError(f"{lower} ({low}) is more than {upper} ({high}): lower the one or raise the other")


class Loop(Section):
    hypotheses: int | None = Field(
        None, ge=1, description="hypotheses to test; none: as many as the time allows, 4 where no time is given"
    )
    attempts: int = Field(10, ge=1, description="proposals in a row that may come to nothing before the run ends")
    plans: int | None = Field(None, ge=1, description="plans asked for; none: 2, of a small model that writes code 0")
    plans_kept: int = Field(1, ge=1, description="best plans carried out per hypothesis")
    tries: int = Field(6, ge=1, description="programs written for one plan, drafts and repairs together, at most")
    plateau: int = Field(0, ge=0, description="stop after so many hypotheses in a row without support; 0: never")
    lanes: int = Field(0, ge=0, description="hypotheses in work at a time; 0: one embedded, an endpoint's slots")
    workers: int = Field(0, ge=0, description="experiments at a time; 0: one per core")
    review: Literal["off", "async", "gate"] = "off"
    review_wait: float = Field(
        30.0, ge=0, description="minutes that a run stays where every lane waits for a review, before it ends"
    )
    memory: int | None = Field(
        None, ge=0, description="tokens of earlier results told to the ideator; none: 1000, a small model 250"
    )
    earlier: int = Field(400, ge=0, description="tokens of earlier hypotheses' titles told to the ideator")

    @model_validator(mode="after")
    def _fits(self) -> Loop:
        self.ordered("plans_kept", "plans")
        return self


class Survey(Section):
    papers: int = Field(50, ge=1, description="papers gathered (Dolphin: 50)")
    scored: int = Field(50, ge=1, description="candidates the model scores")
    keep: float = Field(8.0, ge=1, le=10, description="least score kept, of a strong model (Dolphin: 8)")
    ranking: Literal["auto", "attributes", "topic", "none"] = Field(
        "auto",
        description="scored on topic and attributes, on the topic alone, or not at all; auto: attributes by a strong "
        "model, by words and embedding alone where the model is small",
    )
    fill: bool = Field(True, description="the shipped library of general findings follows where papers are few")
    corpus: Path | None = Field(None, description="JSONL file, or a folder of JSONL, BibTeX and PDF files")


SourceName = Literal["arxiv", "openalex", "semanticscholar", "corpus"]


class Literature(Section):
    """Where papers are looked for. The live sources are asked in this order, the next where one fails or has nothing;
    the corpus is looked through in any case."""

    sources: list[SourceName] = Field(["corpus", "arxiv", "openalex", "semanticscholar"])
    urls: dict[SourceName, str] = Field({}, description="a mirror's address in place of the service's own")
    pause_s: dict[SourceName, NonNegativeFloat] = Field(
        {}, description="between two requests, in place of the service's rule"
    )
    connect_s: float = Field(3.0, gt=0)
    read_s: float = Field(20.0, gt=0, description="longest time for one answer")
    patience_s: float = Field(10.0, ge=0, description="longest wait for a source that asks for one; else the next one")
    rest_s: float = Field(300.0, ge=0, description="how long a source that could not be reached is left alone")
    search_days: float = Field(7.0, ge=0, description="age up to which a search is answered from the cache")
    cache: Path | None = Field(None, description="folder; none: the user's cache folder")
    full_text: int = Field(0, ge=0, description="how many of the best papers are fetched whole before they are scored")
    text_chars: int = Field(40_000, ge=0, description="most text taken from a PDF")


class Screen(Section):
    novelty: NoveltyRule | None = Field(
        None,
        description="label: known hypotheses are tried all the same; require: they are thrown out; none: the task's",
    )
    tau: float | None = Field(None, description="cosine above which two hypotheses are one; none: the embedder's own")
    known_tau: float | None = Field(None, description="the same against the literature")
    near_tau: float | None = Field(None, description="cosine below which a paper isn't looked at; none: the embedder's")
    rounds: int | None = Field(None, ge=1, description="most searches per hypothesis; none: 10, a small model 2")

    @model_validator(mode="after")
    def _fits(self) -> Screen:
        self.ordered("near_tau", "known_tau")
        return self


class Judge(Section):
    alpha: float = Field(0.1, gt=0, lt=1, description="error level over all hypotheses of the run")
    confidence: float = Field(0.95, gt=0, lt=1)
    min_seeds: int = Field(3, ge=2)
    max_seeds: int = Field(8, ge=2)

    @model_validator(mode="after")
    def _fits(self) -> Judge:
        self.ordered("min_seeds", "max_seeds")
        return self


class Caps(Section):
    """None: no cap. Seconds are wall clock of the run; disk is the run folder."""

    tokens: int | None = Field(None, gt=0)
    usd: float | None = Field(None, ge=0)
    seconds: float | None = Field(None, gt=0)
    experiments: int | None = Field(None, gt=0)
    disk_mb: float | None = Field(10_000, gt=0)


class Sandboxing(Section):
    name: str = Field("auto", description="auto, bubblewrap, bubblewrap-rlimit, docker, podman or unsafe")
    image: str = Field("", description="docker, podman: an image with its own Python; none: this machine's Python")


def _named(value: Any) -> Any:
    listed = [value] if isinstance(value, str) else value
    if not isinstance(listed, list) or not listed or not all(isinstance(one, str) for one in listed):
        raise PydanticCustomError("named", "should be a model spec, or a list of them")
    return value


Named = Annotated[str | list[str], BeforeValidator(_named)]


class Models(Section):
    """Role -> model spec: `embedded`, `embedded:NAME-or-PATH`, `replay:RUN` or `openai:MODEL[@BASE_URL]`; or a list of
    them, of which each is asked while those before it are away."""

    default: Named = "embedded"
    ideator: Named | None = None
    planner: Named | None = None
    coder: Named | None = None
    verifier: Named | None = None
    extractor: Named | None = None
    embedder: str = Field("minilm", description="minilm, openai:MODEL[@BASE_URL], or hashing: spelling only")
    timeout_s: float = Field(
        300.0,
        gt=0,
        description="longest silence of the embedded model; for an endpoint longest time of one answer, or four times "
        "what its measured speed says, whichever is longer",
    )
    retries: int = Field(3, ge=0)
    patience_s: float | None = Field(
        None,
        ge=0,
        description="how long an endpoint that is away is waited for; none: as long as caps.seconds allows, 6 hours "
        "where there is no such cap; 0: not at all",
    )
    fallback_s: float = Field(60.0, ge=0, description="how long an outage lasts before the next model is asked")
    reasks: int = Field(2, ge=0, description="re-asks when a reply doesn't fit its schema")
    thoughts: int = Field(
        0, ge=0, description="tokens a reasoning model may think before each answer; grows where thoughts use up all"
    )
    threads: int = Field(0, ge=0, description="embedded model; 0: one per core that nobody else uses")
    context: int = Field(8192, ge=1024, description="embedded model: tokens per slot")
    parallel: int | None = Field(
        None, ge=1, description="requests in flight; none: 1 with the embedded model, 8 with an endpoint"
    )
    prices: Path | None = None
    knowledge_until: date | None = Field(None, description="what is newer than this the models can't have read")

    def specs(self, role: str) -> list[str]:
        """The role's model and those that stand in for it, in their order."""
        named: Named = getattr(self, role) or self.default
        return [named] if isinstance(named, str) else list(named)

    def spec(self, role: str) -> str:
        return self.specs(role)[0]

    def slots(self, local: bool) -> int:
        """Requests in flight at a time: with the embedded model (`local`), or with an endpoint."""
        return self.parallel or (1 if local else 8)

    def slots_of(self, role: str) -> int:
        """The same for the model of a role."""
        return self.slots(self.spec(role).strip().startswith("embedded"))


class Settings(BaseSettings):
    """The resolved settings. Built directly it holds defaults and arguments only; `load` reads file and environment."""

    model_config = SettingsConfigDict(env_prefix="PELAGOS_", env_nested_delimiter="__", extra="forbid")

    seed: int = 0
    loop: Loop = Loop()
    survey: Survey = Survey()
    literature: Literature = Literature()
    screen: Screen = Screen()
    judge: Judge = Judge()
    caps: Caps = Caps()
    sandbox: Sandboxing = Sandboxing()
    models: Models = Models()

    @property
    def hypotheses(self) -> int | None:
        """How many hypotheses the run tests at most; None: as many as its time allows."""
        return self.loop.hypotheses or (UNTIMED if self.caps.seconds is None else None)

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return (init_settings,)


def load(project: Path, **overrides: Any) -> Settings:
    """The resolved settings of `project`; `overrides` are command-line options, sections as nested mappings.

    A later source changes only the keys it names. Raises BadInput, a line per fault.
    """
    sources = {FILE: _file(project / FILE), "environment": _environment(), "command line": overrides}
    merged: dict[str, Any] = {}
    for source in sources.values():
        merged = _merge(merged, source)
    return _made(merged, sources)


def changed(settings: Settings, given: Mapping[str, Any]) -> Settings:
    """The settings with what is `given` (sections as nested mappings). Raises BadInput, a line per fault."""
    return _made(_merge(settings.model_dump(), given), {"command line": given})


def _made(merged: Mapping[str, Any], sources: Mapping[str, Mapping[str, Any]]) -> Settings:
    try:
        return Settings(**merged)
    except ValidationError as error:
        raise BadInput(*(_fault(item, sources) for item in error.errors())) from None


def _file(path: Path) -> dict[str, Any]:
    if not path.exists():
        return {}
    try:
        return tomllib.loads(read_text(path))
    except tomllib.TOMLDecodeError as error:
        raise BadInput(f"{path}: not TOML: {error}") from None
    except BadInput as error:
        raise BadInput(f"{path}: {error}") from None


def _environment() -> dict[str, Any]:
    try:
        return EnvSettingsSource(Settings)()
    except SettingsError as error:
        raise BadInput(f"environment: {error}; name one key, as in PELAGOS_LOOP__TRIES=2") from None


def _merge(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(below)
    for key, value in above.items():
        both = isinstance(value, Mapping) and isinstance(merged.get(key), Mapping)
        merged[key] = _merge(merged[key], value) if both else value
    return merged


def _fault(item: Any, sources: Mapping[str, Mapping[str, Any]]) -> str:
    path = [str(part) for part in item["loc"]]
    where, name = _source(path, sources), ".".join(path)
    if item["type"] == "extra_forbidden":
        return f"{where}: unknown key {name}{_nearest(path)}"
    if item["type"] == "value_error":
        return f"{where}: {name}: {item['ctx']['error']}"
    return f"{where}: {name}: {item['msg']} (got {item['input']!r})"


def _source(path: list[str], sources: Mapping[str, Mapping[str, Any]]) -> str:
    """The last source that names the key: the one whose value was taken."""
    for name, values in list(sources.items())[::-1]:
        found: Any = values
        for part in path:
            found = found.get(part, _ABSENT) if isinstance(found, Mapping) else _ABSENT
        if found is not _ABSENT:
            return name
    return "settings"


_ABSENT = object()


def _nearest(path: list[str]) -> str:
    """`; did you mean loop.cycles?`, or the keys there are."""
    section = Settings.model_fields[path[0]].annotation if len(path) > 1 else Settings
    names = list(section.model_fields) if isinstance(section, type) and issubclass(section, BaseModel) else []
    close = get_close_matches(path[-1], names, n=1, cutoff=0.5)
    if close:
        return f"; did you mean {'.'.join([*path[:-1], close[0]])}?"
    return f"; known here: {', '.join(names)}"
