from tests.tools.analysis.execution.conftest import machine

__all__ = ["machine"]
