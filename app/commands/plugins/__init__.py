"""Commands about plug-ins: packs, skills and tools from outside."""
