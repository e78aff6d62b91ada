"""How a task's program is started: the `entry` of a task file as people write command lines."""
