"""The contract test of tools: what each must do with sound and unsound data."""
