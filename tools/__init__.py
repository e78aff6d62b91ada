"""Tools that plans and models use: the toolchain protocol and registry, literature, and the code toolchain."""
