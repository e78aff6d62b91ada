"""No test asks the world for papers: runs launched by the command line look into their corpus alone."""

import os

os.environ.setdefault("PELAGOS_LITERATURE__SOURCES", '["corpus"]')
