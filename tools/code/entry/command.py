"""What a task's `entry` starts: a script, a module or a console script, its arguments and its environment."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath

from pelagos.errors import BadInput
from tools.code.entry import shell
from tools.code.entry.scripts import console_script
from tools.code.entry.wrappers import unwrapped

_PYTHON = re.compile(r"python(3(\.\d+)?)?")
_FLAGS = frozenset({"-u", "-O", "-OO", "-B", "-q", "-s"})
FOLDERS = ("", "src")
"""Below the task folder, where modules are imported from, besides the script's own."""


@dataclass(frozen=True)
class Entry:
    """One of `script` (posix path below the task folder), `module` and `call` ("package.module:function" of the console
    script `name`) is set. `options` are the interpreter's. Placeholders are unfilled until `filled`."""

    arguments: Sequence[str]
    script: str = ""
    module: str = ""
    call: str = ""
    name: str = ""
    options: Sequence[str] = ()
    environment: Mapping[str, str] = field(default_factory=dict)

    def filled(self, **values: object) -> Entry:
        """With `values` for the placeholders; a path with spaces stays one word."""
        words = [word.format(**values) for word in self.arguments]
        environment = {name: value.format(**values) for name, value in self.environment.items()}
        return replace(self, arguments=words, environment=environment)

    @property
    def imported(self) -> str:
        """The module that is imported by name; "" for a script."""
        return self.module or self.call.partition(":")[0]


def read(text: str, folder: Path) -> Entry:
    """Raises BadInput with one line that says what to write instead."""
    words, environment = unwrapped(shell.words(text))
    if notebook := next((word for word in words if word.endswith(".ipynb")), ""):
        script = notebook.removesuffix(".ipynb") + ".py"
        raise BadInput(
            f"'{notebook}' is a notebook; export it by 'jupyter nbconvert --to script {notebook}' and write "
            f"'python {script} --data {{data}} --out {{out}} --seed {{seed}}'"
        )
    head = words[0] if words else ""
    if _PYTHON.fullmatch(head.rpartition("/")[2]):
        return replace(_of_python(words[1:]), environment=environment)
    if head.endswith(".py"):
        return Entry(words[1:], script=str(PurePosixPath(head)), environment=environment)
    if call := head and console_script(head, folder):
        return Entry(words[1:], call=call.partition("[")[0].strip(), name=head, environment=environment)
    better = shell.python_line(words)
    mend = f"write '{better}'" if better else "start with 'python'"
    raise BadInput(f"command '{head}' does not exist in the sandbox; {mend}")


def _of_python(words: Sequence[str]) -> Entry:
    options, at = list[str](), 0
    while at < len(words) and words[at].startswith("-") and words[at] != "-m":
        if words[at] in ("-W", "-X"):
            options += words[at : at + 2]
            at += 2
            continue
        if words[at] not in _FLAGS and not re.match(r"-[WX]\w", words[at]):
            raise BadInput(_option(words[at]))
        options.append(words[at])
        at += 1
    rest = words[at:]
    if rest[:1] == ["-m"] and len(rest) > 1:
        return Entry(rest[2:], module=rest[1], options=tuple(options))
    if not rest or rest == ["-m"]:
        raise BadInput("no script after 'python'; name one, such as 'python train.py' or 'python -m package.module'")
    return Entry(rest[1:], script=str(PurePosixPath(rest[0])), options=tuple(options))


def _option(word: str) -> str:
    if word == "-c":
        return "'python -c' has its program in the line; write that into a file, such as 'python train.py ...'"
    return f"no script after 'python': its option '{word}' is not known here; leave it out"


def places(module: str) -> list[str]:
    """The files that a module may be, nearest first."""
    path = module.replace(".", "/")
    roots = [f"{folder}/" if folder else "" for folder in FOLDERS]
    return [f"{root}{path}{end}" for root in roots for end in (".py", "/__main__.py")]
