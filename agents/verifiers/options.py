"""Reads the options of a verifier's spec: `genprm:votes=4,checks=off`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pelagos.errors import BadInput
from pelagos.plugins import suggest_nearest

SWITCH = {"on": True, "off": False}
MOST, MOST_DIGITS = 1_000_000, 20


class Options:
    """The options of one spec, by name. `where` names the spec in a fault."""

    def __init__(self, where: str, values: Mapping[str, str]) -> None:
        self._where, self._values = where, values

    @classmethod
    def parse(cls, kind: str, argument: str, known: Sequence[str]) -> Options:
        """Raises BadInput for an option that is not `name=value`, is unknown or is given twice."""
        where, values = f"verifier {kind}:{argument}", dict[str, str]()
        for part in filter(None, (piece.strip() for piece in argument.split(","))):
            name, mark, value = (piece.strip() for piece in part.partition("="))
            if not mark or not value:
                raise BadInput(f"{where}: '{part}' is no option: write {known[0]}=VALUE")
            if name not in known:
                raise BadInput(f"{where}: no option '{name}'; {suggest_nearest(name, list(known))}")
            if name in values:
                raise BadInput(f"{where}: {name} is given twice: leave one out")
            values[name] = value
        return cls(where, values)

    def text(self, name: str, default: str = "") -> str:
        return self._values.get(name, default)

    def count(self, name: str, default: int) -> int:
        """A whole number of at least 1, below `MOST`. Raises BadInput."""
        text = self._values.get(name, str(default))
        if not text.isascii() or not text.isdigit() or not 1 <= int(text[:MOST_DIGITS]) < MOST:
            raise BadInput(f"{self._where}: {name} is '{text}': write a whole number of at least 1, below {MOST:,}")
        return int(text)

    def number(self, name: str) -> float | None:
        """A number, None if it isn't given. Raises BadInput."""
        text = self._values.get(name)
        try:
            return None if text is None else float(text)
        except ValueError:
            raise BadInput(f"{self._where}: {name} is '{text}': write a number") from None

    def switch(self, name: str, default: bool) -> bool:
        """Raises BadInput for anything but on and off."""
        text = self._values.get(name)
        if text is not None and text not in SWITCH:
            raise BadInput(f"{self._where}: {name} is '{text}': write on or off")
        return default if text is None else SWITCH[text]
