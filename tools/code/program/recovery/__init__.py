"""Recovers usable code from a reply by unambiguous rules: parsing, layout, placeholders, names, signatures."""
