"""Lists, downloads and checks models of the model hub."""
