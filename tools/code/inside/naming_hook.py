"""Runs inside the sandbox: finds the public names of called objects. Standard library only; calls no method of them."""

import inspect
import sys
from collections.abc import Mapping
from types import FrameType, FunctionType, MethodType, ModuleType
from typing import Any

LIBRARIES = frozenset({
    "torch", "torchvision", "torchaudio", "sklearn", "numpy", "scipy", "pandas", "statsmodels", "xgboost", "lightgbm",
    "catboost", "jax", "flax", "optax", "keras", "tensorflow", "transformers", "random",
})  # fmt: skip
CYTHON = "cython_function_or_method"
PUBLIC_MODULES = ("torch", "torch.nn.functional", "torch.linalg", "torch.fft", "numpy", "numpy.linalg", "numpy.random")


def is_library(module: object) -> bool:
    return type(module) is str and module.partition(".")[0] in LIBRARIES


def public_name(module: str, name: str) -> str:
    """`name` in the outermost package that exports the same object as `module`."""
    top = name.partition(".")[0]
    value = _module_names(module).get(top)
    parts = module.split(".")
    for end in range(1, len(parts)):
        package = ".".join(parts[:end])
        if value is not None and _module_names(package).get(top) is value:
            return f"{package}.{name}"
    return f"{module}.{name}"


def name_of_frame(frame: FrameType) -> "tuple[str, Any]":
    """Name and function of library code that was just called; "" if it is private or not of a library.

    A constructed object is named by its class, wherever its `__init__` is defined.
    """
    code, module = frame.f_code, frame.f_globals.get("__name__")
    if code.co_flags & inspect.CO_GENERATOR:  # a generator's frame is entered by whoever resumes it
        return "", None
    name, function = getattr(code, "co_qualname", code.co_name), None
    if "<locals>" in name:
        function = _wrapped_function(frame)
        module, name = getattr(function, "__module__", ""), getattr(function, "__qualname__", "")
    if code.co_name in ("__init__", "__new__") or name.endswith((".__init__", ".__new__")):
        constructed = _constructed_class(frame)
        return (
            (public_name(constructed.__module__, constructed.__qualname__), constructed.__init__)
            if constructed
            else ("", None)
        )
    if not is_library(module) or "<" in name or any(part.startswith("_") for part in name.split(".")):
        return "", None
    return public_name(str(module), name), function or _find_function(str(module), name)


def name_of_builtin(called: Any) -> str:
    """The name of a library function that is written in C, or ""."""
    name, owner = called.__name__, getattr(called, "__self__", None) or getattr(called, "__objclass__", None)
    if name.startswith("_"):
        return ""
    if owner is None or type(owner) is ModuleType:
        module = getattr(called, "__module__", None)
        return _public_function(name, str(module)) if is_library(module) else ""
    kind = owner if isinstance(owner, type) else type(owner)
    if not any(is_library(base.__module__) for base in kind.__mro__):
        return ""
    if any(base.__name__ in ("TensorBase", "_TensorBase") for base in kind.__mro__):
        return f"torch.Tensor.{name}"
    if kind.__module__.startswith("torch._C"):
        return _public_function(name, kind.__module__)
    return public_name(kind.__module__, f"{kind.__qualname__}.{name}")


def name_of_object(value: Any) -> str:
    """The name of an object whose call causes no event: a class, a NumPy ufunc, a Cython function; else ""."""
    kind = type(value)
    if kind is MethodType and type(value.__func__).__name__ == CYTHON and is_library(value.__func__.__module__):
        return f"{value.__func__.__module__}.{value.__func__.__name__}"  # a function of numpy.random's global generator
    if kind.__name__ == CYTHON and is_library(value.__module__):
        return public_name(value.__module__, value.__qualname__)
    if kind.__name__ == "ufunc" and kind.__module__ == "numpy":
        return f"{'numpy' if _module_names('numpy').get(value.__name__) is value else 'scipy.special'}.{value.__name__}"
    return (
        public_name(value.__module__, value.__qualname__)
        if isinstance(value, type) and is_library(value.__module__)
        else ""
    )


def generator_method(name: str) -> str:
    """The full name of a method of NumPy's generator, or "". Cython methods cause no event."""
    kind = _module_names("numpy.random").get("Generator")
    return f"numpy.random.Generator.{name}" if isinstance(kind, type) and name in vars(kind) else ""


def _public_function(name: str, module: str) -> str:
    """The name of a private module's function in the public module that exports it."""
    return next(
        (f"{public_module}.{name}" for public_module in PUBLIC_MODULES if name in _module_names(public_module)),
        f"{module}.{name}",
    )


def _module_names(module: str) -> "dict[str, Any]":
    loaded = sys.modules.get(module)
    return vars(loaded) if type(loaded) is ModuleType or isinstance(loaded, ModuleType) else {}


def _wrapped_function(frame: FrameType) -> Any:
    """The function that a decorator's inner function wraps."""
    values = (frame.f_locals.get(name) for name in frame.f_code.co_freevars)
    functions = (value.__func__ if type(value) is MethodType else value for value in values)
    return next(
        (value for value in functions if type(value) is FunctionType and "<locals>" not in value.__qualname__), None
    )


def _constructed_class(frame: FrameType) -> Any:
    """The library class of the constructed object; None for the program's own class."""
    code = frame.f_code
    first_argument: Any = None
    if code.co_argcount:
        first_argument = frame.f_locals.get(code.co_varnames[0])
    elif code.co_varnames and type(frame.f_locals.get(code.co_varnames[0])) is tuple:
        first_argument = next(iter(frame.f_locals[code.co_varnames[0]]), None)
    constructed = first_argument if isinstance(first_argument, type) else type(first_argument)
    return constructed if is_library(constructed.__module__) else None


def _find_function(module: str, name: str) -> Any:
    """The function object, looked up without calling a method of any object."""
    value: Any = None
    namespace = _module_names(module)
    for part in name.split("."):
        value = namespace.get(part)
        namespace = dict(vars(value)) if isinstance(value, type) else {}
    return value if type(value) is FunctionType else None


def resolve_name(dotted: str, space: Mapping[str, Any]) -> Any:
    """The object of a dotted name, or None. Only modules are searched: attributes of other values may run own code."""
    first, *rest = dotted.split(".")
    value = space.get(first)
    for part in rest:
        value = vars(value).get(part) if inspect.ismodule(value) else None
    return value
