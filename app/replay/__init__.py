"""A run played back from its ledger: no model, no sandbox, no network, and nothing in its folder changes."""
