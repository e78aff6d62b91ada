"""The host seen from a sandbox: visible and masked paths, CPU slots, processes, owners of leftovers."""
