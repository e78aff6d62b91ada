from __future__ import annotations

import pytest

from pelagos.errors import MissingPart
from tests.toolchains import table
from tools import registry
from tools.toolchain import Toolchain

DEMANDED = sorted(name for name in dir(Toolchain) if not name.startswith("_"))


def announce(made: type, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(table, "Announced", made, raising=False)
    monkeypatch.setitem(registry.SHIPPED, "announced", "tests.toolchains.table:Announced")


def test_a_whole_toolchain_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    assert {"name", "audit", "build", "section"} < set(DEMANDED)
    announce(table.TableToolchain, monkeypatch)
    assert registry.toolchain("announced").name == "table"


@pytest.mark.parametrize("member", DEMANDED)
@pytest.mark.parametrize("bases", [(), (Toolchain,)], ids=["by shape", "by inheritance"])
def test_one_that_lacks_a_member_is_refused_by_its_name(
    member: str, bases: tuple[type, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    others = {name: vars(table.TableToolchain)[name] for name in DEMANDED if name != member}
    announce(type("Part", bases, others), monkeypatch)
    with pytest.raises(MissingPart) as told:
        registry.toolchain("announced")
    (line,) = str(told.value).splitlines()
    assert line == (f"toolchain 'announced' (tests.toolchains.table:Announced) lacks {member}; see tools/toolchain.py")


def test_what_is_no_method_counts_as_lacking(monkeypatch: pytest.MonkeyPatch) -> None:
    announce(type("Part", (table.TableToolchain,), {"audit": "none"}), monkeypatch)
    with pytest.raises(MissingPart, match="lacks audit;"):
        registry.toolchain("announced")
