"""Tools for single cells: cells x genes or markers."""
