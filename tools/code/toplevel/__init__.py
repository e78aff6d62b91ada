"""The top-level code of a file as a target: what ordinary scripts consist of."""
