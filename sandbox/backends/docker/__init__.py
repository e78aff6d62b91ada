"""The container backend for Docker and Podman: engine, container, and the supervisor inside it."""
