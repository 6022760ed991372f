"""One estimator a file; the file's name is the registry name and its last line the conformance check."""
