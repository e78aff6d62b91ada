"""Functions of packs that an experiment's program may import: read from their source, tried in a sandboxed child."""
