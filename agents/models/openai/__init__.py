"""Ask any OpenAI-compatible endpoint: requests, replies, streams, time limits and retries."""
