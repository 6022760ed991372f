"""Speed and memory of the rollout estimators beside other packages: ``python -m benchmarks.staggered``."""
