"""Classifies library functions and classes by their public name: optimizers, layers, loss functions and so on."""

from __future__ import annotations

import re
from collections.abc import Iterable

OTHER = "functions"
_KINDS = {
    "optimizers": r"torch\.optim\.[A-Z]\w*",
    "schedules": r"torch\.optim\.lr_scheduler\.[A-Z]\w*",
    "weight averaging": r"torch\.optim\.swa_utils\.\w+",
    "gradient clipping": r"torch\.nn\.utils\.clip_grad\w*",
    "loss functions": r"torch\.nn\.([A-Z]\w*Loss|functional\.(\w*_loss|cross_entropy|kl_div|binary_cross_entropy\w*))",
    "layers": r"torch\.nn\.[A-Z]\w*|torch\.nn\.utils\.\w+",
    "random draws": r"(numpy\.)?random\..*|torch\.(rand\w*|normal|bernoulli|multinomial|poisson)"
    r"|torch\.Tensor\.(normal_|uniform_|random_|bernoulli_?|multinomial|exponential_|log_normal_|cauchy_|geometric_)"
    r"|torch\.nn\.functional\.\w*dropout\w*|torch\.distributions\..*",
    "estimators": r"sklearn\..*\.[A-Z]\w*",
}
_PATTERNS = {kind: re.compile(pattern) for kind, pattern in _KINDS.items()}


def group_by_kind(calls: Iterable[str]) -> dict[str, list[str]]:
    """Kind -> sorted calls, each a name with its arguments."""
    names_by_kind: dict[str, set[str]] = {}
    for call in calls:
        names_by_kind.setdefault(classify_call(call.partition("(")[0]), set()).add(call)
    return {kind: sorted(names_by_kind[kind]) for kind in sorted(names_by_kind)}


def classify_call(name: str) -> str:
    return next((kind for kind, pattern in _PATTERNS.items() if pattern.fullmatch(name)), OTHER)
