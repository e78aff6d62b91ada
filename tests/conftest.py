"""No test asks the world for papers: runs launched by the command line look into their corpus alone. No property test
has a deadline: machines differ, and are busy."""

import os

from hypothesis import settings

os.environ.setdefault("PELAGOS_LITERATURE__SOURCES", '["corpus"]')
settings.register_profile("any machine", deadline=None)
settings.load_profile("any machine")
