"""The analysis as a script and a notebook that anyone can run again, without Pelagos' loop."""
