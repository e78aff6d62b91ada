"""Runs inside the sandbox: counts what a program does, in every execution. Standard library only.

Counts at central points of torch and scikit-learn: the optimizers' step, the outermost call of a module, the backward
pass, an estimator's fit. Wrapped functions behave exactly as before; what can't be read is not counted. The process
that runs untrusted code counts itself, so the amounts describe what a program did and prove nothing.
"""

import contextlib
import functools
import math
import sys
import weakref
from collections.abc import Callable
from types import ModuleType
from typing import Any

from layers_hook import Layers  # type: ignore[import-not-found]
from rates_hook import Rates  # type: ignore[import-not-found]

MAX_AMOUNTS = 60  # number of different amounts
MAX_NAME = 80
MAX_MODULES = 20_000  # number of modules and parameters that are remembered
MAX_AMOUNT = 1e18
UNCOUNTED = "calls that could not be counted"


class Amounts:
    """Counts after `watch`, as an import finder that observes imports and finds nothing itself."""

    def __init__(self) -> None:
        self._counts: dict[str, float] = {}
        self._rates = Rates()
        self._layers = Layers()
        self._pending: dict[str, Callable[[Any], None]] = {
            "torch.nn.modules.module": self._watch_modules, "torch.autograd": self._watch_gradients,
            "torch.optim.optimizer": self._watch_optimizers, "sklearn.base": self._watch_estimators,
        }  # fmt: skip
        self._learning: dict[int, tuple[Any, bool]] = {}
        self._counted_objects: dict[int, Any] = {}

    def watch(self) -> None:
        sys.meta_path.insert(0, self)

    def report(self) -> dict[str, Any]:
        """The amounts within their bounds; they are checked again because the program can change them."""
        counts = [
            *list(self._counts.items())[:MAX_AMOUNTS],
            *self._rates.amounts().items(),
            *self._layers.amounts().items(),
        ]
        amounts = {name[:MAX_NAME]: float(amount) for name, amount in counts if type(name) is str and _is_valid(amount)}
        return {"amounts": amounts, "rates": self._rates.shape()[:MAX_NAME]}

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> Any:
        """The spec that the other finders find; a watched module is wrapped right after its execution."""
        prepare = self._pending.pop(name, None)
        if prepare is None:
            return None
        finders = [finder.find_spec for finder in sys.meta_path if finder is not self]
        spec = next((candidate for find in finders if (candidate := find(name, path, target)) is not None), None)
        loader: Any = getattr(spec, "loader", None)
        if hasattr(loader, "exec_module") and hasattr(loader, "__dict__"):
            loader.exec_module = _run_after(loader, loader.exec_module, prepare)
        return spec

    def _add(self, name: str, amount: float = 1) -> None:
        if name in self._counts or len(self._counts) < MAX_AMOUNTS:
            self._counts[name] = self._counts.get(name, 0) + amount

    def _watch_optimizers(self, optimizers: Any) -> None:
        def stepped(optimizer: Any, args: object, kwargs: object) -> None:
            self._add("optimizer steps")
            try:  # noqa: SIM105 - contextlib.suppress costs more than what it stands around, at every step
                self._rates.note(float(optimizer.param_groups[0]["lr"]), optimizer)
            except Exception:  # noqa: S110 - border: the program's own optimizer may hold anything
                pass

        optimizers.register_optimizer_step_post_hook(stepped)

    def _watch_gradients(self, autograd: Any) -> None:
        autograd.backward = self._wrap_counted(autograd.backward, "backward passes")
        autograd.grad = self._wrap_counted(autograd.grad, "backward passes")

    def _wrap_counted(self, function: Callable[..., Any], name: str) -> Callable[..., Any]:
        @functools.wraps(function)
        def counted(*args: Any, **kwargs: Any) -> Any:
            self._add(name)
            return function(*args, **kwargs)

        return counted

    def _watch_modules(self, modules: Any) -> None:
        """Wrap calls and mode switches of modules. Only outermost calls count, because a network calls its layers."""
        module, is_inside, entered_modules = modules.Module, False, list[Any]()
        layers, call, train = self._layers, module.__call__, module.train

        @functools.wraps(call)
        def counted(self_: Any, *args: Any, **kwargs: Any) -> Any:
            nonlocal is_inside, entered_modules
            if is_inside:
                if layers.left:
                    entered_modules.append(self_)
                return call(self_, *args, **kwargs)
            is_inside = True
            try:
                return call(self_, *args, **kwargs)
            finally:
                is_inside, modules_of_call, entered_modules = False, entered_modules, []
                self._count_forward(self_, modules_of_call, (*args, *kwargs.values()))

        is_switching = False

        @functools.wraps(train)
        def switched(self_: Any, mode: bool = True) -> Any:
            nonlocal is_switching
            if is_switching:
                return train(self_, mode)
            is_switching = True
            try:
                return train(self_, mode)
            finally:
                is_switching = False
                self._add(f"switches to {'training' if mode is True else 'evaluation'}")

        module.__call__, module.train = counted, switched

    def _count_forward(self, module: Any, entered: list[Any], arguments: tuple[Any, ...]) -> None:
        """Count one outermost call. `entered` are the inner modules in the order of their calls."""
        try:
            if not self._has_parameters(module):
                return
            if not module.training or not sys.modules["torch"].is_grad_enabled():
                self._add("forward passes outside training")
                return
            self._add("forward passes in training")
            self._add("examples in training", _count_rows(arguments))
            self._layers.note(entered)
            self._count_parameters(module)
        except Exception:  # border: the program's own module may do anything
            self._add(UNCOUNTED)

    def _has_parameters(self, module: Any) -> bool:
        """Whether a module has parameters; losses and activations are modules without any."""
        seen = self._learning.get(id(module))
        if seen is None or seen[0]() is not module:
            if len(self._learning) >= MAX_MODULES:
                return True
            seen = self._learning[id(module)] = weakref.ref(module), next(module.parameters(), None) is not None
        return seen[1]

    def _count_parameters(self, module: Any) -> None:
        """Count the parameters by kind of layer when a module is first trained, each parameter once."""
        seen = self._counted_objects.get(id(module))
        if (seen is not None and seen() is module) or len(self._counted_objects) >= MAX_MODULES:
            return
        self._counted_objects[id(module)] = weakref.ref(module)
        for layer in module.modules():
            for weights in layer._parameters.values():
                counted = self._counted_objects.get(id(weights))
                if weights is None or not weights.requires_grad or (counted is not None and counted() is weights):
                    continue
                self._counted_objects[id(weights)] = weakref.ref(weights)
                self._add("parameters", weights.numel())
                self._add(f"parameters in {_layer_kind(layer)}", weights.numel())

    def _watch_estimators(self, base: Any) -> None:
        """Wrap the decorator with which scikit-learn makes all fit methods of estimators."""
        make = base._fit_context

        @functools.wraps(make)
        def context(*args: Any, **kwargs: Any) -> Callable[..., Any]:
            decorate = make(*args, **kwargs)
            return lambda method: self._wrap_fit(decorate(method))

        base._fit_context = context

    def _wrap_fit(self, method: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(method)
        def fit(estimator: Any, *args: Any, **kwargs: Any) -> Any:
            result = method(estimator, *args, **kwargs)
            self._count_fit(estimator, (*args, *kwargs.values()))
            return result

        return fit

    def _count_fit(self, estimator: Any, data: tuple[Any, ...]) -> None:
        name = type(estimator).__name__
        self._add(f"fits of {name}")
        try:
            self._add("examples fitted", _count_rows(data))
            attributes = vars(estimator)
            if "n_iter_" in attributes:
                self._add(f"iterations of {name}", _sum(attributes["n_iter_"]))
            if "estimators_" in attributes:
                self._add(
                    f"members of {name}", getattr(attributes["estimators_"], "size", len(attributes["estimators_"]))
                )
            size = sum(
                _count_numbers(attributes[attribute])
                for attribute in ("coef_", "coefs_", "intercept_", "intercepts_")
                if attribute in attributes
            )
            if size:
                self._counts.pop(f"parameters of {name}", None)
                self._add(f"parameters of {name}", size)
        except Exception:  # border: the program's own estimator may hold anything
            self._add(UNCOUNTED)


def _run_after(
    loader: Any, execute: Callable[[ModuleType], None], prepare: Callable[[Any], None]
) -> Callable[..., None]:
    def exec_module(module: ModuleType) -> None:
        del loader.exec_module
        execute(module)
        with contextlib.suppress(Exception):  # another version of the library is not counted
            prepare(module)

    return exec_module


def _count_rows(values: tuple[Any, ...]) -> int:
    """The number of examples: the length of the first array or list among the values, 0 if there is none."""
    for value in values:
        shape = getattr(value, "shape", None)
        if shape is not None and len(shape):
            return shape[0] if type(shape[0]) is int else 0  # traced code has symbolic numbers
        if isinstance(value, list):
            return len(value)
    return 0


def _layer_kind(layer: Any) -> str:
    kind = type(layer)
    return str(kind.__name__) if kind.__module__.startswith("torch.") else "own layers"


def _sum(value: Any) -> float:
    return float(value.sum()) if hasattr(value, "sum") else float(sum(value) if isinstance(value, list) else value)


def _count_numbers(value: Any) -> int:
    return sum(map(_count_numbers, value)) if isinstance(value, list) else int(getattr(value, "size", 1))


def _is_valid(number: object) -> bool:
    return type(number) in (int, float) and abs(number) <= MAX_AMOUNT and not math.isnan(number)  # type: ignore[arg-type]
