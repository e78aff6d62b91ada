"""No test asks the world for papers: runs launched by the command line look into their corpus alone, and what is
cached lies in a folder of this session's own."""

import os

os.environ.setdefault("PELAGOS_LITERATURE__SOURCES", '["corpus"]')
