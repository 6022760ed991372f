"""What a study found, as plain values: types, their JSON, their tables."""
