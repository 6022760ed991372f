"""The sections of the write-up, one file each: from a result to a Section, or None where it has no numbers for it."""
