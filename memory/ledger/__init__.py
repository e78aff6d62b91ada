"""The append-only, hash-chained ledger of a run: writing, verification, repair, and reading for views."""
