"""Parses a task's `entry`: a script, a module or a console script, with its arguments and environment."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath

from pelagos.errors import BadInput
from tools.code.task.entry import shell
from tools.code.task.entry.scripts import find_console_script
from tools.code.task.entry.wrappers import unwrap_command

_PYTHON = re.compile(r"python(3(\.\d+)?)?")
_FLAGS = frozenset({"-u", "-O", "-OO", "-B", "-q", "-s"})
IMPORT_FOLDERS = ("", "src")
"""Folders below the task folder from which modules are imported, besides the script's own folder."""


@dataclass(frozen=True)
class Entry:
    """A parsed command. Exactly one of `script` (posix path below the task folder), `module` and `call`
    ("package.module:function" of the console script `name`) is set. `options` are the interpreter's. `filled` replaces
    the placeholders."""

    arguments: Sequence[str]
    script: str = ""
    module: str = ""
    call: str = ""
    name: str = ""
    options: Sequence[str] = ()
    environment: Mapping[str, str] = field(default_factory=dict)

    def filled(self, **values: object) -> Entry:
        """The entry with `values` for the placeholders; a path with spaces stays one word."""
        words = [word.format(**values) for word in self.arguments]
        environment = {name: value.format(**values) for name, value in self.environment.items()}
        return replace(self, arguments=words, environment=environment)

    @property
    def imported(self) -> str:
        """The name of the module that is started; "" for a script."""
        return self.module or self.call.partition(":")[0]


def parse_entry(text: str, folder: Path) -> Entry:
    """Parse `entry`. Raises BadInput with one line that says what to write instead."""
    words, environment = unwrap_command(shell.split_words(text))
    if notebook := next((word for word in words if word.endswith(".ipynb")), ""):
        script = notebook.removesuffix(".ipynb") + ".py"
        raise BadInput(
            f"'{notebook}' is a notebook; export it by 'jupyter nbconvert --to script {notebook}' and write "
            f"'python {script} --data {{data}} --out {{out}} --seed {{seed}}'"
        )
    head = words[0] if words else ""
    if _PYTHON.fullmatch(head.rpartition("/")[2]):
        return replace(_parse_python(words[1:]), environment=environment)
    if head.endswith(".py"):
        return Entry(words[1:], script=str(PurePosixPath(head)), environment=environment)
    if call := head and find_console_script(head, folder):
        return Entry(words[1:], call=call.partition("[")[0].strip(), name=head, environment=environment)
    better = shell.python_line(words)
    mend = f"write '{better}'" if better else "start with 'python'"
    raise BadInput(f"command '{head}' does not exist in the sandbox; {mend}")


def _parse_python(words: Sequence[str]) -> Entry:
    options, at = list[str](), 0
    while at < len(words) and words[at].startswith("-") and words[at] != "-m":
        if words[at] in ("-W", "-X"):
            options += words[at : at + 2]
            at += 2
            continue
        if words[at] not in _FLAGS and not re.match(r"-[WX]\w", words[at]):
            raise BadInput(_explain_option(words[at]))
        options.append(words[at])
        at += 1
    rest = words[at:]
    if rest[:1] == ["-m"] and len(rest) > 1:
        return Entry(rest[2:], module=rest[1], options=tuple(options))
    if not rest or rest == ["-m"]:
        raise BadInput("no script after 'python'; name one, such as 'python train.py' or 'python -m package.module'")
    return Entry(rest[1:], script=str(PurePosixPath(rest[0])), options=tuple(options))


def _explain_option(word: str) -> str:
    if word == "-c":
        return "'python -c' has its program in the line; write that into a file, such as 'python train.py ...'"
    return f"no script after 'python': its option '{word}' is not known here; leave it out"


def module_paths(module: str) -> list[str]:
    """The paths at which a module may be, in order of precedence."""
    path = module.replace(".", "/")
    roots = [f"{folder}/" if folder else "" for folder in IMPORT_FOLDERS]
    return [f"{root}{path}{end}" for root in roots for end in (".py", "/__main__.py")]
