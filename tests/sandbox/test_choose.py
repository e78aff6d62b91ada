from __future__ import annotations

import pytest

from pelagos.errors import BadInput, MissingPart
from sandbox import choose as chooser
from sandbox.bubblewrap import Bubblewrap
from sandbox.canary import ASPECTS, canary
from sandbox.choose import BACKENDS, choose, examine, probe
from sandbox.unsafe import Unsafe


def test_auto_takes_the_first_whose_canary_ran() -> None:
    best = [name for name in BACKENDS if examine(name).complete] or [n for n in BACKENDS if examine(n).works]
    if not best:
        pytest.skip("no sandbox stands on this machine")
    assert choose().name == best[0]
    assert set(examine(best[0]).checks) == set(ASPECTS)


def test_without_bubblewrap_it_refuses_and_says_how_to_mend(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    examine.cache_clear()
    try:
        with pytest.raises(MissingPart, match="apt install bubblewrap"):
            choose("bubblewrap")
        rows = probe()
        assert [row.name for row in rows] == [*BACKENDS, "unsafe"]
        assert not any(row.works for row in rows if row.name.startswith("bubblewrap"))
    finally:
        examine.cache_clear()


def test_the_canary_sees_that_a_plain_process_is_no_jail() -> None:
    found = canary(Unsafe())
    assert not found.works
    broken = {name for name, held in found.checks.items() if not held}
    assert {"filesystem", "network", "labels"} <= broken


def test_a_jail_without_its_filter_doesnt_count(best: Bubblewrap, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sandbox.seccomp.program", lambda machine=None, also=(): b"")
    found = canary(best)
    assert not found.works and found.reason == "not held: kernel"
    assert "no seccomp" in found.isolation


def test_names_are_checked_and_unsafe_only_comes_by_name() -> None:
    with pytest.raises(BadInput, match="did you mean bubblewrap"):
        choose("bublewrap")
    assert choose("unsafe").name == "unsafe"
    assert "unsafe" not in chooser.BACKENDS
