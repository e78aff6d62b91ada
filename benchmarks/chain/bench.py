"""One domain's models, rollouts and solutions, each made once and kept in a folder."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import torch

from benchmarks.chain.domains.domain import RANDOM, Domain, Traps, make_traps
from benchmarks.chain.models.lm import HeadLm, TinyLm
from benchmarks.chain.models.policies import train_policy
from benchmarks.chain.models.rollouts import Rollouts, make_problems, sample_rollouts, write_rollouts
from benchmarks.chain.models.training import read_training
from benchmarks.chain.settings import Settings
from benchmarks.chain.verifying.heads import (
    implicit_loss,
    outcome_loss,
    train_verifier,
    value_loss,
    value_targets,
)
from benchmarks.chain.verifying.labels import Labels, label_steps
from benchmarks.chain.verifying.reading import MemoVerifier
from benchmarks.chain.verifying.verifiers import (
    implicit_verifier,
    ratio_verifier,
    rule_verifier,
    value_verifier,
)

SEED = 0
KNOWN, RANDOM_ONLY, UNSEEN, LONG = "known traps", "random errors", "unseen traps", "longer chains"
RATE = 1e-3


@dataclass(frozen=True)
class Bench:
    """One domain's models and solutions, each made once and kept under `folder`."""

    folder: Path
    domain: Domain
    settings: Settings

    @cached_property
    def policy(self) -> TinyLm:
        return self.train_policy("m")

    def train_policy(self, size: str) -> TinyLm:
        return train_policy(self.folder, self.domain, self.traps[0], size, self.settings.policy_updates[size], SEED)

    @cached_property
    def traps(self) -> tuple[Traps, Traps]:
        return make_traps(self.domain, SEED)

    @cached_property
    def training(self) -> Rollouts:
        problems = make_problems(self.domain, self.settings.train_problems, "train", self.domain.lengths)
        path, samples = self.folder / "train.npz", self.settings.train_samples
        return sample_rollouts(path, self.domain, self.policy, problems, samples, 1)

    @cached_property
    def labels(self) -> Labels:
        return label_steps(self.folder / "labels.npz", self.domain, self.policy, self.training, 4, 2)

    @cached_property
    def splits(self) -> dict[str, Rollouts]:
        """The first is sampled from the policy, the others are written by the process."""
        known, unseen = self.traps
        shapes: dict[str, tuple[Traps, float, Sequence[int]]] = {
            RANDOM_ONLY: ({}, 0.12, self.domain.lengths),
            UNSEEN: (unseen, RANDOM, self.domain.lengths),
            LONG: (known, RANDOM, (self.domain.longer,)),
        }
        problems = make_problems(self.domain, self.settings.test_problems, "test", self.domain.lengths)
        found = {
            KNOWN: sample_rollouts(
                self.folder / "test.npz", self.domain, self.policy, problems, self.settings.test_samples, 3
            )
        }
        for name, (traps, noise, lengths) in shapes.items():
            path = self.folder / f"{name.replace(' ', '-')}.npz"
            problems = make_problems(self.domain, self.settings.split_problems, name, lengths)
            found[name] = write_rollouts(path, self.domain, problems, self.settings.split_samples, traps, noise)
        return found

    def train_head(self, name: str, rate: float = RATE) -> HeadLm:
        """`orm`, `mc` or `mc-weak`, which has a tenth of the labels and of the updates."""
        torch.manual_seed(SEED)
        path, updates, start = self.folder / f"{name}-{rate:g}.pt", self.settings.head_updates, HeadLm(self.policy)
        if name == "orm":
            return train_verifier(path, start, outcome_loss, *self.training.outcomes, self.settings.orm_updates, rate)
        part = 10 if name == "mc-weak" else 1
        count, updates = len(self.labels.solutions) // part, updates // part
        solutions, targets = self.labels.solutions[:count], value_targets(self.labels)[:count]
        return train_verifier(path, start, value_loss, solutions, targets, updates, rate)

    def train_orm(self) -> HeadLm:
        """The best learning rate by held-out loss."""
        models = {rate: self.train_head("orm", rate) for rate in self.settings.orm_rates}
        return models[min(models, key=lambda rate: read_training(self.folder / f"orm-{rate:g}.pt")["held_out"])]

    def train_implicit(self, name: str, beta: float) -> TinyLm:
        path, updates = self.folder / f"{name}-{RATE:g}.pt", self.settings.implicit_updates
        loss = implicit_loss(self.policy, beta)
        return train_verifier(path, self.policy, loss, *self.training.outcomes, updates, RATE)

    def make_verifier(self, name: str) -> MemoVerifier:
        if name == "rule":
            return rule_verifier(self.domain)
        if name == "orm":
            return value_verifier(name, self.train_orm())
        if name.endswith("-ratio"):
            return ratio_verifier(name, self.train_head(name.removesuffix("-ratio")))
        if name.startswith("mc"):
            return value_verifier(name, self.train_head(name))
        beta = float(name.partition("-")[2])
        return implicit_verifier(name, self.train_implicit(name, beta), self.policy, beta)


def aggregate_of(verifier: str) -> str:
    """Values are read after the last step; local scores by their least."""
    return "last" if verifier in ("orm", "mc", "mc-weak") else "min"
