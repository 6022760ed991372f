"""From findings and diagnostics to one recommendation."""
