"""study.toml: what its author wrote, checked and with its places in the file."""
