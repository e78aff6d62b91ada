"""Public process reward models with a head: what each reads and where its step scores stand."""
