"""Figures of a study, drawn from its saved result alone."""
