"""Shows the section of a run's toolchain: its blocks are checked, cut, drawn and written."""
