"""No test asks the world for papers: runs launched by the command line look into their corpus alone. No property test
has a deadline or a least speed: machines differ, and are busy. Temporary folders lie in memory where there is room: a
ledger syncs each row, and the tests would wait for the disk more than for anything else; a SIGKILL takes nothing from
either."""

import os
import shutil
from pathlib import Path

from hypothesis import HealthCheck, settings

MEMORY, ROOM = Path("/dev/shm"), 4 << 30

os.environ.setdefault("PELAGOS_LITERATURE__SOURCES", '["corpus"]')
if os.access(MEMORY, os.W_OK) and shutil.disk_usage(MEMORY).free > ROOM:
    os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(MEMORY))
settings.register_profile("any machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("any machine")
