"""Packs of domain tools: what a tool is, and how packs are found and read without importing them."""
