"""Removes the wrappers before the program in a command: environment variables, shells, environment runners."""

from __future__ import annotations

import re

from pelagos.errors import BadInput
from tools.code.task.entry import shell

_ASSIGNMENT = re.compile(r"([A-Za-z_]\w*)=(.*)", re.DOTALL)
_SHELLS = frozenset({"bash", "sh", "dash", "zsh"})
_RUNNERS = frozenset({"uv", "poetry", "pdm", "pipenv", "hatch", "rye"})
_FLAGS = frozenset({"--frozen", "--locked", "--no-sync", "--isolated", "--offline", "--no-dev", "--quiet", "-q"})
_WITH_VALUE = frozenset({"--python", "-p"})
_PREFIX_COMMANDS = frozenset({"exec", "time", "nohup"})
_RESERVED = {
    "CUDA_VISIBLE_DEVICES": "cards are handed out by 'limits: {gpus: 1}'",
    "NVIDIA_VISIBLE_DEVICES": "cards are handed out by 'limits: {gpus: 1}'",
} | dict.fromkeys(("PATH", "HOME", "TMPDIR", "LD_PRELOAD", "LD_LIBRARY_PATH"), "the sandbox sets it")


def unwrap_command(words: list[str]) -> tuple[list[str], dict[str, str]]:
    """The program with its arguments, and the environment variables that the command sets. Raises BadInput."""
    environment: dict[str, str] = {}
    while words:
        name = words[0].rpartition("/")[2]
        if match := _ASSIGNMENT.fullmatch(words[0]):
            environment[match[1]] = match[2]
            words = words[1:]
        elif name == "env":
            words = _skip_env(words)
        elif name in _RUNNERS and words[1:2] == ["run"]:
            words = _skip_runner(words)
        elif name in _SHELLS:
            words = _unwrap_shell(words)
        elif name in _PREFIX_COMMANDS:
            words = words[1:]
        else:
            break
    if reserved := sorted(environment.keys() & _RESERVED.keys()):
        raise BadInput(f"{reserved[0]} can't be set: {_RESERVED[reserved[0]]}; leave '{reserved[0]}=' out")
    return words, environment


def _skip_env(words: list[str]) -> list[str]:
    if len(words) > 1 and words[1].startswith("-"):
        raise BadInput(f"'env {words[1]}' is not known here; write 'env NAME=value python ...' without options")
    return words[1:]


def _skip_runner(words: list[str]) -> list[str]:
    """The command after `uv run` and the like. Options may only select the environment, because the sandbox has its
    own. A module may be given without `python`. Raises BadInput."""
    runner, rest = words[0], words[2:]
    while rest and rest[0].startswith("-") and rest[0] not in ("-m", "--module"):
        if rest[0] not in _FLAGS | _WITH_VALUE and rest[0] != "--":
            better = shell.python_line(rest) or "python train.py"
            what = f"'{runner} run {rest[0]}' does not reach the sandbox"
            raise BadInput(f"{what}; name packages under 'packages' and write '{better}'")
        rest = rest[2 if rest[0] in _WITH_VALUE else 1 :]
    return ["python", "-m", *rest[1:]] if rest[:1] in (["-m"], ["--module"]) else rest


def _unwrap_shell(words: list[str]) -> list[str]:
    """The words of the command in `bash -c "..."`. Raises BadInput for a shell script."""
    if len(words) == 3 and re.fullmatch(r"-[a-z]*c", words[1]):
        return shell.split_words(words[2])
    script = next((word for word in words[1:] if not word.startswith("-")), "")
    if script.endswith(".py"):
        raise BadInput(f"command '{words[0]}' does not exist in the sandbox; write '{shell.python_line(words[1:])}'")
    what = f"'{script}' is a shell script" if script else f"'{words[0]}' starts a shell"
    raise BadInput(f"{what}, none is started; write its Python command, such as 'python train.py --data {{data}} ...'")
