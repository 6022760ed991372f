"""Made-up people who opt in: ten covariates, three of which drive choice and outcome; one in ten opts in, and gains 1."""

from __future__ import annotations

import sys
from pathlib import Path

COVARIATES = tuple(f"x{k}" for k in range(10))


def write(path: Path, rows: int, seed: int = 1) -> None:
    """Make the file."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.parquet as pq

    rng = np.random.default_rng(seed)
    x = rng.standard_normal((rows, len(COVARIATES)))
    pull = -2.5 + 0.5 * x[:, 0] - 0.4 * x[:, 1] + 0.3 * x[:, 2]
    d = (rng.random(rows) < 1 / (1 + np.exp(-pull))).astype(np.int64)
    y = d + x[:, 0] + 0.5 * x[:, 1] ** 2 + 0.5 * x[:, 2] + 0.3 * x[:, 3] + rng.standard_normal(rows)
    columns = {name: x[:, k] for k, name in enumerate(COVARIATES)}
    part = path.with_suffix(".part")
    pq.write_table(pa.table({"unit": np.arange(rows, dtype=np.int64), **columns, "d": d, "y": y}), part)
    part.rename(path)


if __name__ == "__main__":
    write(Path(sys.argv[1]), int(sys.argv[2]))
