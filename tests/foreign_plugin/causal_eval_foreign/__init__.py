"""A foreign plug-in of causal-eval."""
