"""Parses what sandboxed programs wrote into strict types; hostile bytes become a reason, never an exception."""
