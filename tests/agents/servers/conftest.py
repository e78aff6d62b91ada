"""The waits between tries, noted and not waited for."""

from tests.agents.models.conftest import waits as waits
