"""Models that compute nothing: recorded replies, and none at all."""
