"""Files and folders of a project: locks, disk errors, the project's own folder and its runs."""
