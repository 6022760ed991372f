"""Blocks to text: HTML in one file, and markdown."""
