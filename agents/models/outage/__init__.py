"""Wait for endpoints that are away: one circuit breaker each, fallback chains and a run's patience."""
