from __future__ import annotations

import pytest

from pelagos.errors import BadInput, MissingPart
from sandbox import choose as chooser
from sandbox.backends.bubblewrap import Bubblewrap
from sandbox.backends.unsafe import Unsafe
from sandbox.canary.canary import ASPECTS, canary
from sandbox.choose import BACKENDS, choose, probe, probe_backend


def test_auto_takes_the_first_whose_canary_ran() -> None:
    best = [name for name in BACKENDS if probe_backend(name).complete] or [
        n for n in BACKENDS if probe_backend(n).works
    ]
    if not best:
        pytest.skip("no sandbox stands on this machine")
    assert choose().name == best[0]
    assert set(probe_backend(best[0]).checks) == set(ASPECTS)


def test_without_bubblewrap_it_refuses_and_says_how_to_mend(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    probe_backend.cache_clear()
    try:
        with pytest.raises(MissingPart, match="apt install bubblewrap"):
            choose("bubblewrap")
        rows = probe()
        assert [row.name for row in rows] == [*BACKENDS, "unsafe"]
        assert not any(row.works for row in rows if row.name.startswith("bubblewrap"))
    finally:
        probe_backend.cache_clear()


def test_the_canary_sees_that_a_plain_process_is_no_jail() -> None:
    probe = canary(Unsafe())
    assert not probe.works
    broken = {name for name, held in probe.checks.items() if not held}
    assert {"filesystem", "network", "labels"} <= broken


def test_a_jail_without_its_filter_doesnt_count(best: Bubblewrap, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sandbox.limits.seccomp.build_filter", lambda machine=None, also=(): b"")
    probe = canary(best)
    assert not probe.works and probe.reason == "not held: kernel"
    assert "no seccomp" in probe.isolation


def test_names_are_checked_and_unsafe_only_comes_by_name() -> None:
    with pytest.raises(BadInput, match="did you mean bubblewrap"):
        choose("bublewrap")
    assert choose("unsafe").name == "unsafe"
    assert "unsafe" not in chooser.BACKENDS
