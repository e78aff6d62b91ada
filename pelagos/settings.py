"""Defines the settings, their defaults and what each may be. `settings_sources.py` says where they come from."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    NonNegativeFloat,
    model_validator,
)
from pydantic_core import PydanticCustomError
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from pelagos.external_tools import External, ExternalTools, Servers
from pelagos.notify import Notify
from pelagos.nouns import NoveltyRule
from pelagos.plugins import list_plugins, suggest_nearest
from pelagos.settings_section import Section

DEFAULT_HYPOTHESES = 4


class Loop(Section):
    hypotheses: int | None = Field(
        None, ge=1, description="hypotheses to test; none: as many as the time allows, 4 where no time is given"
    )
    attempts: int = Field(10, ge=1, description="proposals in a row that may be unusable before the run ends")
    plans: int | None = Field(
        None, ge=1, description="plans to request; none: 2, or 0 from a small model that writes code"
    )
    plans_kept: int = Field(1, ge=1, description="best plans carried out per hypothesis")
    tries: int = Field(6, ge=1, description="programs written for one plan, drafts and repairs together, at most")
    plateau: int = Field(0, ge=0, description="stop after so many hypotheses in a row without support; 0: never")
    lanes: int = Field(
        0,
        ge=0,
        description="hypotheses in work at a time; 0: one with the embedded model, else the endpoint's slots, or fewer "
        "where caps.tokens is small",
    )
    workers: int = Field(0, ge=0, description="experiments at a time; 0: one per core")
    review: Literal["off", "async", "gate"] = "off"
    review_wait: float = Field(
        30.0, ge=0, description="minutes that a run waits for a review when every lane waits for one, before it ends"
    )
    memory: int | None = Field(
        None,
        ge=0,
        description="tokens of earlier results in the ideator's prompt; none: 1000, or 250 for a small model",
    )
    knowhow: bool | None = Field(
        None,
        description="tell the coder how techniques are written; none: a strong one always, a small one from your notes",
    )
    earlier: int = Field(400, ge=0, description="tokens of earlier hypotheses' titles in the ideator's prompt")

    @model_validator(mode="after")
    def _check_orders(self) -> Loop:
        self.check_order("plans_kept", "plans")
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


SHIPPED_SOURCES = ("arxiv", "openalex", "semanticscholar", "corpus")
SOURCES_GROUP = "pelagos.literature"
"""The entry-point group of others' sources of papers: a name, and a function of the section `literature`."""


def _check_source(name: str) -> str:
    known = SHIPPED_SOURCES if name in SHIPPED_SOURCES else [*SHIPPED_SOURCES, *list_plugins(SOURCES_GROUP, {})]
    if name not in known:
        raise PydanticCustomError("source", "no such source of papers; {hint}", {"hint": suggest_nearest(name, known)})
    return name


SourceName = Annotated[str, AfterValidator(_check_source)]


class Literature(Section):
    """Where papers are searched. The live sources are asked in this order, the next one where one fails or returns
    nothing; the corpus is always searched."""

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
        description="label: known hypotheses are tested all the same; require: they are rejected; none: the task's",
    )
    tau: float | None = Field(None, description="cosine above which two hypotheses are one; none: the embedder's own")
    known_tau: float | None = Field(None, description="the same against the literature")
    near_tau: float | None = Field(
        None, description="cosine below which a paper isn't considered; none: the embedder's own"
    )
    rounds: int | None = Field(None, ge=1, description="most searches per hypothesis; none: 10, a small model 2")

    @model_validator(mode="after")
    def _check_orders(self) -> Screen:
        self.check_order("near_tau", "known_tau")
        return self


class Judge(Section):
    alpha: float = Field(
        0.1, gt=0, lt=1, description="chance of any false claim, over all runs on the same sealed data"
    )
    spend: float = Field(0.5, gt=0, lt=1, description="share of the level left that one test on sealed data spends")
    confidence: float = Field(0.95, gt=0, lt=1)
    min_seeds: int = Field(3, ge=2)
    max_seeds: int = Field(8, ge=2)
    confirm: bool = Field(
        True, description="test promising hypotheses on sealed data; false: audit them, and leave sealed data sealed"
    )

    @model_validator(mode="after")
    def _check_orders(self) -> Judge:
        self.check_order("min_seeds", "max_seeds")
        return self


class Verifiers(Section):
    """How the steps of plans are scored. A spec's own options come before `votes` and `checks`."""

    kind: str = Field(
        "auto",
        min_length=1,
        description="a spec: off, direct, genprm, prefix, checkpoint:NAME, ensemble:A+B (docs/verifiers.md); "
        "auto: direct with a strong verifier, off with a small one",
    )
    votes: int = Field(1, ge=1, description="verification paths whose mean a score is, at most")
    share: float = Field(
        0.25, gt=0, le=1, description="of the tokens that a hypothesis has cost so far, most that its ranking may cost"
    )
    drafts: int = Field(1, ge=1, description="programs that run, of which the verifier chooses one")
    critic: bool = Field(True, description="tell the coder what a verifier with reasons says against a failed program")
    checks: bool = Field(True, description="generative verifiers write programs, which are executed in the sandbox")


class Caps(Section):
    """Limits of a run; None means no limit. Seconds are wall clock time of the run; disk is the size of the run
    folder."""

    tokens: int | None = Field(None, gt=0)
    usd: float | None = Field(None, ge=0)
    seconds: float | None = Field(None, gt=0)
    experiments: int | None = Field(None, gt=0)
    disk_mb: float | None = Field(10_000, gt=0)


class Sandboxing(Section):
    name: str = Field("auto", description="auto, bubblewrap, bubblewrap-rlimit, docker, podman or unsafe")
    image: str = Field("", description="docker, podman: an image with its own Python; none: this machine's Python")


def _check_specs(value: Any) -> Any:
    specs = [value] if isinstance(value, str) else value
    if not isinstance(specs, list) or not specs or not all(isinstance(spec, str) for spec in specs):
        raise PydanticCustomError("named", "should be a model spec, or a list of them")
    return value


ModelSpecs = Annotated[str | list[str], BeforeValidator(_check_specs)]


class Models(Section):
    """Role -> model spec: `embedded`, `embedded:NAME-or-PATH`, `replay:RUN`, `openai:MODEL[@BASE_URL]`, or `none` where
    nothing is asked; or a list of specs, of which each is asked while those before it are unavailable."""

    default: ModelSpecs = "embedded"
    ideator: ModelSpecs | None = None
    planner: ModelSpecs | None = None
    coder: ModelSpecs | None = None
    verifier: ModelSpecs | None = None
    extractor: ModelSpecs | None = None
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
    knowledge_until: date | None = Field(None, description="the models can't have read papers newer than this")

    def specs(self, role: str) -> list[str]:
        """Return the role's model and the models that stand in for it, in order."""
        specs: ModelSpecs = getattr(self, role) or self.default
        return [specs] if isinstance(specs, str) else list(specs)

    def spec(self, role: str) -> str:
        """Return the role's first model."""
        return self.specs(role)[0]

    def slots(self, local: bool) -> int:
        """Return the number of concurrent requests: to the embedded model where `local`, else to an endpoint."""
        return self.parallel or (1 if local else 8)

    def slots_for_role(self, role: str) -> int:
        """Return the number of concurrent requests for the model of a role."""
        return self.slots(self.spec(role).strip().startswith("embedded"))


class Settings(BaseSettings):
    """The resolved settings. Built directly, it holds defaults and arguments only; `load` reads the file and the
    environment."""

    model_config = SettingsConfigDict(env_prefix="PELAGOS_", env_nested_delimiter="__", extra="forbid")

    seed: int = 0
    knowhow: list[Path] = Field([], description="folders of Markdown files or skills: how things are written here")
    tools: list[Path] = Field(
        [], description="drop-in tools for every run of the project: .py files, or folders of them, below the project"
    )
    skills: list[str] = Field(
        [],
        description="Agent Skills that planning is offered: names of those in .agents/skills, or paths; others are off",
    )
    skill_scripts: list[str] = Field(
        [], description="scripts of these skills that may be run as tools in the sandbox: SKILL/scripts/FILE"
    )
    loop: Loop = Loop()
    survey: Survey = Survey()
    literature: Literature = Literature()
    screen: Screen = Screen()
    judge: Judge = Judge()
    verifiers: Verifiers = Verifiers()
    caps: Caps = Caps()
    sandbox: Sandboxing = Sandboxing()
    models: Models = Models()
    notify: Notify = Notify()
    mcpServers: Servers = {}
    external: External = External()

    @property
    def external_tools(self) -> ExternalTools:
        """The tools from outside, with their permissions. They are the driver's, and no run folder holds them."""
        return ExternalTools(**self.external.model_dump(), mcpServers=self.mcpServers)

    @property
    def hypotheses(self) -> int | None:
        """The largest number of hypotheses that the run tests; None: as many as its time allows."""
        return self.loop.hypotheses or (DEFAULT_HYPOTHESES if self.caps.seconds is None else None)

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
