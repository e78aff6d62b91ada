"""Turn a role into a recorded, metered, retried model: specs, providers, speed, replay and structured replies."""
