"""The write-up of a study, made from its saved result alone."""
