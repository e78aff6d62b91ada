def __getattr__(name: str) -> object:
    raise AttributeError(f"{__name__}.{name}: this package carries labels: the sandbox masks it")
