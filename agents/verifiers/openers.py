"""Opens the shipped kinds of verifiers: each function takes what follows the kind's colon, and the parts."""

from __future__ import annotations

from statistics import fmean

from agents.verifiers.ensemble import Combine, join_verifiers
from agents.verifiers.language import genprm, prefix
from agents.verifiers.language.direct import DirectVerifier
from agents.verifiers.language.genprm import GenerativeVerifier
from agents.verifiers.language.prefix import PrefixVerifier
from agents.verifiers.off import Off
from agents.verifiers.options import Options
from agents.verifiers.parts import Parts
from agents.verifiers.protocol import Verifier
from agents.verifiers.registry import open_verifier
from pelagos.errors import BadInput


def open_off(argument: str, parts: Parts) -> Verifier:
    _take_nothing("off", argument)
    return Off()


def open_direct(argument: str, parts: Parts) -> Verifier:
    _take_nothing("direct", argument)
    return DirectVerifier(parts.get_model, parts.parallel, parts.subject)


def open_genprm(argument: str, parts: Parts) -> Verifier:
    options = Options.parse("genprm", argument, ("votes", "checks", "tokens"))
    wanted = parts.settings.verifiers
    return GenerativeVerifier(
        parts.get_model,
        parts.check if options.switch("checks", wanted.checks) else None,
        votes=options.count("votes", wanted.votes),
        room=options.count("tokens", genprm.ROOM),
        parallel=parts.parallel,
        subject=parts.subject,
    )


def open_prefix(argument: str, parts: Parts) -> Verifier:
    options = Options.parse("prefix", argument, ("votes", "tokens"))
    return PrefixVerifier(
        parts.get_model,
        votes=options.count("votes", parts.settings.verifiers.votes),
        room=options.count("tokens", prefix.ROOM),
        parallel=parts.parallel,
        subject=parts.subject,
    )


def open_genprm_checkpoint(argument: str, parts: Parts) -> Verifier:
    from agents.verifiers.language.completions import CompletionEndpoint
    from agents.verifiers.language.genprm_checkpoint import (
        ROOM,
        GenPrmCheckpoint,
        keep_verdict,
        load_template,
        render_turns,
    )
    from agents.verifiers.language.recorded_completions import RecordedCompletions

    address, _, rest = argument.partition(",")
    model, mark, url = address.partition("@")
    if not (model and mark and url):
        raise BadInput(
            f"verifier genprm-checkpoint:{argument}: name the model and the server's address: "
            "genprm-checkpoint:MODEL@http://HOST:PORT/v1"
        )
    options = Options.parse("genprm-checkpoint", rest, ("votes", "checks", "tokens", "tokenizer"))
    wanted, tokenizer = parts.settings.verifiers, options.text("tokenizer")
    return GenPrmCheckpoint(
        RecordedCompletions(CompletionEndpoint(model, url), parts.get_steps, keep_verdict),
        parts.check if options.switch("checks", wanted.checks) else None,
        votes=options.count("votes", wanted.votes),
        room=options.count("tokens", ROOM),
        parallel=parts.settings.models.slots(local=False),
        render_prompt=load_template(tokenizer) if tokenizer else render_turns,
    )


def open_checkpoint_kind(argument: str, parts: Parts) -> Verifier:
    """Raises BadInput and MissingPart for a checkpoint that isn't on this machine; loads nothing."""
    from agents.verifiers.checkpoints.opening import open_checkpoint, open_served_checkpoint

    name, _, rest = (piece.strip() for piece in argument.partition(","))
    if not name:
        raise BadInput("verifier checkpoint: name a repository or a folder: checkpoint:Qwen/Qwen2.5-Math-PRM-7B")
    options = Options.parse("checkpoint", rest, ("layout", "kind", "reference", "beta", "url"))
    layout, kind, url = (options.text(option) for option in ("layout", "kind", "url"))
    if url:
        return open_served_checkpoint(name, url, layout, kind)
    return open_checkpoint(name, layout, kind, options.text("reference"), options.number("beta"))


def open_ensemble(argument: str, parts: Parts) -> Verifier:
    return _open_members("ensemble", argument, parts, fmean)


def open_ensemble_min(argument: str, parts: Parts) -> Verifier:
    return _open_members("ensemble-min", argument, parts, min)


def _open_members(kind: str, argument: str, parts: Parts, combine: Combine) -> Verifier:
    specs = [spec.strip() for spec in argument.split("+") if spec.strip()]
    if len(specs) < 2:
        raise BadInput(f"verifier {kind}:{argument}: name two or more, joined by +: {kind}:direct+prefix")
    return join_verifiers([open_verifier(spec, parts) for spec in specs], combine)


def _take_nothing(kind: str, argument: str) -> None:
    if argument:
        raise BadInput(f"verifier {kind}:{argument}: {kind} takes no options: write {kind}")
