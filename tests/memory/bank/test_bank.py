"""The bank decides exactly, never mixes embedders, and can be rebuilt from the ledgers."""

from __future__ import annotations

import sqlite3
import warnings
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st

from memory.bank import bank as module
from memory.bank import vectors
from memory.bank.bank import HypothesisBank
from memory.bank.lesson_status import LessonStatus
from memory.bank.vectors import Entry, VectorStore
from memory.embedders.embedder import Embedder, hashing
from memory.files.run_lock import hold_controller
from memory.ledger.ledger import Ledger
from pelagos.errors import BadInput, DamagedRun
from tests.memory.bank.banking import IDEAS, NEVER, Other, ask, fill, idea, keep, lesson, one_run, state


@pytest.fixture(scope="module")
def embedder() -> Embedder:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return hashing()


@pytest.fixture
def bank(tmp_path: Path, embedder: Embedder) -> Iterator[HypothesisBank]:
    made = HypothesisBank.open(tmp_path, embedder)
    yield made
    made.close()


def test_nearest_first_with_exact_cosines(bank: HypothesisBank, embedder: Embedder) -> None:
    assert bank.nearest("anything") == []
    fill(bank)
    neighbours = bank.nearest("dropout on a hidden layer", k=3)
    assert neighbours[0].id == "run/h0"
    assert neighbours[0].meta["task"] == "digits"
    left, right = embedder.embed(["dropout on a hidden layer", neighbours[0].text])
    assert neighbours[0].cosine == pytest.approx(float(left @ right), abs=1e-6)
    assert [near.cosine for near in neighbours] == sorted((near.cosine for near in neighbours), reverse=True)


def test_adding_again_changes_nothing(bank: HypothesisBank) -> None:
    fill(bank)
    keep(bank, idea("run", 0, "something else"))
    assert len(bank) == len(IDEAS)
    assert bank.nearest(IDEAS[0], k=1)[0].id == "run/h0"


def test_deciding_keeps_nothing(bank: HypothesisBank) -> None:
    assert ask(bank, idea("run", 0, "mixup")) == (True, "independent", "", None, ())
    assert len(bank) == 0


def test_a_repeat_within_a_run_is_thrown_out_before_anything_is_known(bank: HypothesisBank) -> None:
    fill(bank)
    again = keep(bank, idea("run", 9, "mixup"), tau=0.95)
    assert (again.kept, again.reason, again.nearest) == (False, "repeats run/h4", "run/h4")
    assert again.cosine == pytest.approx(1.0, abs=1e-5)
    assert len(bank) == len(IDEAS)


def test_a_hypothesis_does_not_repeat_itself(bank: HypothesisBank) -> None:
    """A run that was killed behind `admit` screens it again."""
    fill(bank, ["mixup"])
    assert keep(bank, idea("run", 0, "mixup"), tau=0.95)[:4] == (True, "independent", "", None)


DEAD = {
    "refuted": (lesson("refuted", -1.2), "refuted: -1.2 points"),
    "equivalent": (lesson("equivalent", 0.0), "equivalent: +0 points"),
    "suspect": (lesson("undecided", 9.0, suspect=True), "suspect: +9 points"),
    "never_ran": (lesson("undecided", None, "oom"), "never ran: oom"),
    "fails_on_a_seed": (
        lesson("undecided", 0.3, "nan_predictions: NaN"),
        "undecided: +0.3 points; failed: nan_predict",
    ),
}


@pytest.mark.parametrize("what", DEAD)
def test_a_dead_end_of_any_earlier_run_is_thrown_out_by_name(bank: HypothesisBank, what: str) -> None:
    fill(bank, run="first")
    learned, said = DEAD[what]
    bank.add_lesson("first/h4", learned)
    decision = ask(bank, idea("second", 0, "mixup"))
    assert not decision.kept
    assert decision.reason.startswith(f"repeats the dead end first/h4 ({said}")


def test_a_success_is_not_tried_again_either_and_is_no_dead_end(bank: HypothesisBank) -> None:
    fill(bank, run="first")
    bank.add_lesson("first/h4", lesson("supported", 1.5))
    assert ask(bank, idea("second", 0, "mixup")).reason == "repeats first/h4 (supported: +1.5 points)"


def test_what_another_run_left_undecided_may_be_tried_again_and_is_named(bank: HypothesisBank) -> None:
    fill(bank, run="first")
    bank.add_lesson("first/h3", lesson("undecided", 0.018, low=-0.001, high=0.037))
    assert ask(bank, idea("first", 9, IDEAS[3])).reason == "repeats first/h3 (undecided: +0.018 points)"
    decision = keep(bank, idea("second", 0, IDEAS[3]), tau=0.95)
    assert (decision.kept, decision.again) == (True, ("first/h3",))
    assert decision.reason == "tries first/h3 again, which is undecided (+0.018 points)"
    bank.add_lesson("second/h0", lesson("refuted", 0.001))
    assert not ask(bank, idea("third", 0, IDEAS[3])).kept


def test_what_is_undecided_waits_while_its_run_is_driven(bank: HypothesisBank, tmp_path: Path) -> None:
    fill(bank, run="first")
    bank.add_lesson("first/h3", lesson("undecided", 0.018))
    (tmp_path / "runs" / "first").mkdir(parents=True)
    with hold_controller(tmp_path / "runs" / "first"):
        assert not ask(bank, idea("second", 0, IDEAS[3])).kept
    assert ask(bank, idea("second", 0, IDEAS[3])).kept


UNTESTED = {
    "killed": lesson("undecided", None, "killed: killed by SIGKILL"),
    "sandbox": lesson("undecided", None, "sandbox"),
    "stopped": lesson("undecided", None, "the run was stopped before a version was ready", cut_short=True),
    "stopped_between_seeds": lesson("undecided", 0.1, cut_short=True),
}


@pytest.mark.parametrize("what", UNTESTED)
def test_what_the_machinery_stopped_may_be_tried_again(bank: HypothesisBank, what: str) -> None:
    fill(bank, run="first")
    bank.add_lesson("first/h4", UNTESTED[what])
    decision = keep(bank, idea("second", 0, "mixup"), tau=0.95)
    assert decision.kept
    assert decision.reason == "tries first/h4 again, which was never tested to the end"
    assert not keep(bank, idea("second", 1, "mixup"), tau=0.95).kept


def test_a_dead_end_behind_something_untested_is_seen(bank: HypothesisBank) -> None:
    fill(bank, ["mixup"], run="first")
    bank.add_lesson("first/h0", UNTESTED["killed"])
    fill(bank, ["mixup"], run="second")
    bank.add_lesson("second/h0", DEAD["refuted"][0])
    assert ask(bank, idea("third", 0, "mixup")).nearest == "second/h0"


def test_another_runs_pending_idea_counts_while_somebody_drives_it(bank: HypothesisBank, tmp_path: Path) -> None:
    fill(bank, run="first")
    folder = tmp_path / "runs" / "first"
    folder.mkdir(parents=True)
    assert ask(bank, idea("second", 0, "mixup")).kept
    with hold_controller(folder):
        assert ask(bank, idea("second", 0, "mixup")).reason == "repeats first/h4"
    assert ask(bank, idea("second", 0, "mixup")).kept


def test_another_tasks_ideas_are_no_repeats(bank: HypothesisBank) -> None:
    for number in range(60):
        keep(bank, idea("elsewhere", number, "mixup", task="other"))
    fill(bank)
    assert ask(bank, idea("run", 9, "mixup")).nearest == "run/h4"
    assert ask(bank, idea("run", 9, "mixup", task="third"))[:4] == (True, "independent", "", None)


@given(st.integers(0, 2**32 - 1), st.integers(1, 40), st.floats(0.0, 1.0))
@examples(max_examples=15, deadline=None)
def test_the_decision_is_what_comparing_all_by_hand_gives(
    tmp_path_factory: pytest.TempPathFactory, embedder: Embedder, seed: int, count: int, tau: float
) -> None:
    dice = np.random.default_rng(seed)
    vectors = dice.normal(size=(count + 1, embedder.dims)) + 1.0
    vectors = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)
    made = HypothesisBank.open(tmp_path_factory.mktemp("exact"), embedder)
    tasks = dice.choice(["digits", "other"], size=count)
    for number in range(count):
        made.admit(Entry(f"run/{number}", "x", {"task": str(tasks[number]), "run": "run"}), vectors[number], NEVER)
    decision = made.decide(Entry("run/new", "x", {"task": "digits", "run": "run"}), vectors[-1], tau)
    made.close()
    cosines = {f"run/{n}": float(vectors[n] @ vectors[-1]) for n in range(count) if tasks[n] == "digits"}
    assert decision.kept == (max(cosines.values(), default=-1.0) < tau) or abs(max(cosines.values()) - tau) < 1e-5
    assert bool(decision.nearest) == bool(cosines)
    if cosines:
        assert cosines[decision.nearest] == pytest.approx(max(cosines.values()), abs=1e-6)
        assert decision.cosine == pytest.approx(cosines[decision.nearest], abs=1e-5)


def test_what_was_learned_stays_and_others_see_it(bank: HypothesisBank, tmp_path: Path, embedder: Embedder) -> None:
    fill(bank)
    other = HypothesisBank.open(tmp_path, embedder)
    assert "verdict" not in other.nearest("mixup", k=1)[0].meta
    bank.add_lesson("run/h4", lesson("refuted", -0.5))
    assert other.nearest("mixup", k=1)[0].meta["verdict"] == "refuted"
    keep(bank, idea("run", 5, "early stopping"))
    assert [near.id for near in other.nearest("early stopping", k=1)] == ["run/h5"]
    other.rebuild([])
    assert len(bank) == 0
    other.close()


def test_chroma_serves_the_search_of_a_large_bank(bank: HypothesisBank, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(bank)
    exact = bank.nearest("hidden layer", k=3)
    monkeypatch.setattr(module, "EXACT_SEARCH_ENTRIES", 0)
    assert bank.nearest("hidden layer", k=3) == exact
    assert bank.index_unavailable == ""
    keep(bank, idea("run", 5, "early stopping"))
    monkeypatch.setattr(module, "CANDIDATES", 2)
    assert bank.nearest("early stopping", k=1)[0].id == "run/h5"
    assert bank.nearest("hidden layer", k=2) == exact[:2]


def test_a_second_holder_goes_without_the_index_and_finds_the_same(
    bank: HypothesisBank, tmp_path: Path, embedder: Embedder, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(bank)
    monkeypatch.setattr(module, "EXACT_SEARCH_ENTRIES", 0)
    bank.nearest("layer")
    second = HypothesisBank.open(tmp_path, embedder)
    keep(second, idea("run", 5, "gradient clipping"))
    assert state(second) == state(bank)
    assert (bank.index_unavailable, second.index_unavailable) == ("", "another process holds the index")
    bank.close()
    third = HypothesisBank.open(tmp_path, embedder)
    assert third.nearest("gradient clipping", k=1)[0].id == "run/h5"
    assert third.index_unavailable == ""
    second.close()
    third.close()


def test_chroma_failing_leaves_the_bank_at_work(
    bank: HypothesisBank, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(bank)
    (tmp_path / ".pelagos" / "bank" / "chroma").write_text("no folder")
    monkeypatch.setattr(module, "EXACT_SEARCH_ENTRIES", 0)
    assert bank.nearest("mixup", k=1)[0].id == "run/h4"
    assert bank.index_unavailable.startswith("chroma failed")


def test_embedders_are_never_mixed(bank: HypothesisBank, tmp_path: Path) -> None:
    fill(bank)
    with pytest.raises(BadInput, match=r"made with embedder hashing-512 .* not other .*doctor --rebuild-bank"):
        HypothesisBank.open(tmp_path, Other())


def test_garbage_is_said_with_the_way_out_which_works(tmp_path: Path, embedder: Embedder) -> None:
    folder = tmp_path / ".pelagos" / "bank"
    folder.mkdir(parents=True)
    (folder / "vectors.sqlite").write_bytes(b"garbage " * 1000)
    with pytest.raises(DamagedRun, match="doctor --rebuild-bank"):
        HypothesisBank.open(tmp_path, embedder)
    HypothesisBank.recreate(tmp_path, embedder, []).close()
    HypothesisBank.open(tmp_path, embedder).close()


def test_a_bank_of_an_older_layout_is_made_anew(tmp_path: Path, embedder: Embedder) -> None:
    folder = tmp_path / ".pelagos" / "bank"
    folder.mkdir(parents=True)
    with sqlite3.connect(folder / "vectors.sqlite") as old:
        old.execute("CREATE TABLE entries (n INTEGER PRIMARY KEY, id TEXT, text TEXT, meta TEXT, vector BLOB)")
    with pytest.raises(DamagedRun, match="doctor --rebuild-bank"):
        HypothesisBank.open(tmp_path, embedder)
    HypothesisBank.recreate(tmp_path, embedder, []).close()


def test_a_rebuilt_bank_equals_the_original(bank: HypothesisBank, tmp_path: Path, embedder: Embedder) -> None:
    places = [tmp_path / "runs" / "first", tmp_path / "elsewhere" / "first"]
    ledgers = [one_run(tmp_path, folder, bank, embedder) for folder in places]
    original = state(bank)
    assert len(original) == 8
    assert {near[3]["run"] for near in original} == {"first", str(places[1])}
    bank.rebuild(ledgers)
    assert state(bank) == original
    bank.close()
    anew = HypothesisBank.recreate(tmp_path, embedder, [Ledger.read(ledger.path) for ledger in ledgers])
    assert state(anew) == original
    anew.close()


def test_the_ledgers_vectors_are_taken_as_they_are(bank: HypothesisBank, tmp_path: Path, embedder: Embedder) -> None:
    ledger = one_run(tmp_path, tmp_path / "runs" / "first", bank, embedder)

    class Mute(type(embedder)):  # type: ignore[misc]
        def embed(self, texts: list[str]) -> np.ndarray:  # type: ignore[type-arg]
            raise AssertionError("nothing has to be embedded again")

    with warnings.catch_warnings(action="ignore"):
        bank.embedder = Mute(embedder.tau)
    bank.rebuild([ledger])
    assert len(bank) == 4


def test_a_bank_is_made_anew_for_another_embedder(bank: HypothesisBank, tmp_path: Path, embedder: Embedder) -> None:
    ledger = one_run(tmp_path, tmp_path / "runs" / "first", bank, embedder)
    bank.close()
    HypothesisBank.recreate(tmp_path, Other(), [ledger]).close()
    again = HypothesisBank.open(tmp_path, Other())
    assert [near.cosine for near in again.nearest("x", k=2)] == [1.0, 1.0]
    again.close()
    with pytest.raises(BadInput, match="made with embedder other"):
        HypothesisBank.open(tmp_path, embedder)


def test_what_a_ledger_lost_is_taken_out_for_everybody(
    bank: HypothesisBank, embedder: Embedder, tmp_path: Path
) -> None:
    fill(bank, ["mixup", "dropout"], run="first")
    fill(bank, ["label smoothing"], run="second")
    with closing(HypothesisBank.open(tmp_path, embedder)) as other:
        assert len(other) == 3
        bank.remove_lost("first", {"first/h0"})
        assert len(other) == len(bank) == 2
        assert ask(other, idea("first", 1, "dropout")).kept
        assert not ask(other, idea("first", 1, "mixup")).kept
        bank.remove_lost("second", {"second/h0"})
        assert len(other) == 2


def test_a_bank_that_no_embedder_has_claimed_fits_all(tmp_path: Path) -> None:
    HypothesisBank.check(tmp_path, "any")
    assert not (tmp_path / ".pelagos").exists()
    (tmp_path / ".pelagos" / "bank").mkdir(parents=True)
    VectorStore(tmp_path / ".pelagos" / "bank" / "vectors.sqlite").close()
    HypothesisBank.check(tmp_path, "any")


def test_a_bank_is_checked_by_its_embedder(bank: HypothesisBank, tmp_path: Path) -> None:
    HypothesisBank.check(tmp_path, bank.embedder.id)
    with pytest.raises(BadInput, match="made with embedder hashing-512"):
        HypothesisBank.check(tmp_path, "other")


def test_a_bank_that_has_grown_over_its_room_twice_still_decides_and_keeps_what_was_handed_out(
    bank: HypothesisBank, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(vectors, "INITIAL_CAPACITY", 2)
    fill(bank, IDEAS[:2])
    before = bank.snapshot()
    kept = before.cosines(bank.embedder.embed(["mixup"]))
    fill(bank)
    bank.add_lesson("run/h0", lesson("refuted", -1.0))
    now = bank.snapshot()
    assert now.ids == [f"run/h{number}" for number in range(5)]
    texts = [entry.text for id in now.ids if (entry := bank.entry(id))]
    assert np.array_equal(now.vectors.read(range(5)), bank.embedder.embed(texts))
    assert np.array_equal(before.cosines(bank.embedder.embed(["mixup"])), kept) and kept.shape == (1, 2)
    assert before.with_status(LessonStatus.PENDING).all()
    assert now.with_status(LessonStatus.DEAD_END).tolist() == [True, False, False, False, False]
    assert not ask(bank, idea("run", 9, IDEAS[4])).kept


def test_what_fails_while_an_entry_is_added_is_raised_and_leaves_nothing(bank: HypothesisBank) -> None:
    def fails() -> bool:
        raise ZeroDivisionError

    made = idea("run", 0, "mixup")
    with pytest.raises(ZeroDivisionError):
        bank._store.add(made, bank.embedder.embed([made.text])[0], fails)
    assert len(bank) == 0
    fill(bank)
    assert len(bank) == len(IDEAS)


def test_the_columns_tell_task_standing_effect_and_surprise(bank: HypothesisBank) -> None:
    fill(bank, IDEAS[:3])
    keep(bank, idea("run", 3, "mixup", task="other"))
    bank.add_lesson("run/h0", lesson("supported", 0.5, low=0.25, high=0.75))
    bank.add_lesson("run/h1", lesson("refuted", 0.0, low=-0.25, high=0.25))
    held = bank.snapshot()
    assert held.in_task("digits").tolist() == [True, True, True, False]
    assert held.in_task("other").tolist() == [False, False, False, True]
    assert held.in_task("unknown").tolist() == [False] * 4
    assert held.with_status(LessonStatus.WORKED).tolist() == [True, False, False, False]
    assert held.with_status(LessonStatus.DEAD_END, LessonStatus.PENDING).tolist() == [False, True, True, True]
    assert held.columns["effect"][:2].tolist() == [0.5, 0.0] and np.isnan(held.columns["effect"][2:]).all()
    assert held.columns["surprise"].tolist() == pytest.approx([1.6, 0.4, 0.0, 0.0])


def test_an_empty_bank_has_no_cosines_and_a_full_one_the_nearest_first(bank: HypothesisBank) -> None:
    query = bank.embedder.embed(["mixup"])
    assert bank.snapshot().cosines(query).shape == (1, 0) and bank.search(query[0]) == []
    fill(bank)
    assert bank.search(query[0], k=2)[0].id == "run/h4" and len(bank.search(query[0], k=2)) == 2


def test_what_is_again_untested_is_named_the_nearest_first(bank: HypothesisBank) -> None:
    fill(bank, ["mixup", "mixup of images"], run="first")
    for number in (0, 1):
        bank.add_lesson(f"first/h{number}", UNTESTED["sandbox"])
    found = ask(bank, idea("second", 0, "mixup"), tau=0.1)
    assert (found.kept, found.again, found.nearest) == (True, ("first/h0", "first/h1"), "first/h0")
    assert found.reason == "tries first/h0 again, which was never tested to the end"
