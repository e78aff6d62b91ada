from tests.tools.conftest import jail

__all__ = ["jail"]
