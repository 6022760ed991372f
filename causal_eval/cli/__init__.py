"""The command `causal-eval`: each command imports what it needs in its body, so `--help` loads none of it."""
