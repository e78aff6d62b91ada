"""The top-level code of a file as a target: which statements belong to it, and how a reply replaces them."""
