"""A task of the analysis toolchain: the schema and checks of `task.yaml`, design inference, and the splits."""
