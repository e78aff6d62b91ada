"""Drawings as inline SVG, whose colours come from the page's CSS."""
