"""What people do to runs, on the page and by commands, and the log of it."""
