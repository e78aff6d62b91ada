"""Three small projects without papers, as people have them; `ideas.py` counts how far their ideas differ."""
