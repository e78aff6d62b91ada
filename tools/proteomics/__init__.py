"""Tools for protein abundance: samples x proteins."""
