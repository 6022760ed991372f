"""One check a file; the file's name is the registry name."""
