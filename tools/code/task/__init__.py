"""A task of the code toolchain: the schema and checks of `task.yaml`, its data and its packages."""
