"""The figure families: one file each, holding series, words, rows and drawing of one kind of evidence."""
