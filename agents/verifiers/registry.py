"""Opens the verifier that a spec names: `KIND` or `KIND:ARGUMENT`.

Kinds are shipped, or plug-ins of the entry-point group `pelagos.verifiers`. Each has an opener: a function of the
argument and the parts, which loads and asks nothing before something is scored.
"""

from __future__ import annotations

from functools import partial
from importlib.metadata import EntryPoint
from typing import NamedTuple, NoReturn

from agents.verifiers.parts import Parts
from agents.verifiers.protocol import Verifier
from pelagos.plugins import list_plugins, load_plugin
from pelagos.protocols import find_lacking
from pelagos.settings import Settings

GROUP = "pelagos.verifiers"
AUTO = "auto"


class Kind(NamedTuple):
    """`opener` is `module:function`; `about` is one line for a person."""

    opener: str
    about: str


SHIPPED = {
    "off": Kind("agents.verifiers.openers:open_off", "no opinion: plans are taken as they come"),
    "direct": Kind("agents.verifiers.openers:open_direct", "P(Yes) of the first token of the answer; no reasons"),
    "genprm": Kind(
        "agents.verifiers.openers:open_genprm",
        "analysis, a check executed in the sandbox, then P(Yes); options votes=N, checks=on|off, tokens=N",
    ),
    "prefix": Kind(
        "agents.verifiers.openers:open_prefix", "a review of each prefix, then P(yes); options votes=N, tokens=N"
    ),
    "genprm-checkpoint": Kind(
        "agents.verifiers.openers:open_genprm_checkpoint",
        "a GenPRM checkpoint on vLLM: MODEL@URL, then options votes=N, checks=on|off, tokens=N, tokenizer=FOLDER",
    ),
    "checkpoint": Kind(
        "agents.verifiers.openers:open_checkpoint_kind",
        "a process reward model with a head, or an implicit one: NAME-or-FOLDER, then options layout=, kind=, "
        "reference=, beta=, url=http://HOST:PORT (a vLLM pooling server)",
    ),
    "ensemble": Kind("agents.verifiers.openers:open_ensemble", "the mean of several: ensemble:direct+genprm"),
    "ensemble-min": Kind("agents.verifiers.openers:open_ensemble_min", "the minimum of several"),
}
"""Name -> kind. This is the one place where a shipped kind is entered."""


def kinds() -> dict[str, EntryPoint]:
    """Name -> where its opener is loaded from."""
    return list_plugins(GROUP, {name: kind.opener for name, kind in SHIPPED.items()})


def open_verifier(spec: str, parts: Parts) -> Verifier:
    """Raises BadInput (unknown kind, bad argument) and MissingPart (a kind that can't be loaded or is no verifier)."""
    name, _, argument = (piece.strip() for piece in spec.strip().partition(":"))
    lacking = partial(find_lacking, protocol=Verifier)
    made = load_plugin(
        "verifier", name, kinds(), lambda opener: opener(argument, parts), lacking, "agents/verifiers/protocol.py"
    )
    verifier: Verifier = made
    return verifier


def choose_spec(kind: str, strong: bool) -> str:
    """Return the setting's spec; where it is `auto`, the one for a strong or a small verifier model."""
    if kind != AUTO:
        return kind
    return "direct" if strong else "off"


def check_spec(spec: str, settings: Settings) -> None:
    """Raise what opening `spec` would raise."""
    open_verifier(spec, Parts(_not_now, _not_now, settings, _not_now))


def _not_now(*_: object) -> NoReturn:
    raise RuntimeError("a verifier must ask for its parts when it scores, not when it is opened")
