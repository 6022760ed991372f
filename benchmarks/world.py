"""The panel every contender reads: a rollout in five cohorts, as a Parquet file.

``python -m benchmarks.world PATH ROWS`` writes ``ROWS / 20`` units over 20 periods, a row group a period, as daily exports
are appended: ``unit`` (int64, every third number), ``time`` 1..20, ``cohort`` (adoption period, 0 never),
``y`` and ``d`` (0/1, adopted). 40% never adopt, the others adopt in 6, 9, 12, 15 or 18. Errors are independent over rows,
units and periods have effects, and the effect of adoption grows from 0.8 by 0.05 a period.
"""

from __future__ import annotations

import sys
from pathlib import Path

PERIODS = 20
COHORTS = (6, 9, 12, 15, 18)
NEVER = 0.4


def write(path: Path, rows: int, seed: int = 1) -> None:
    """Make the file, a period at a time."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.parquet as pq

    n = rows // PERIODS
    rng = np.random.default_rng(seed)
    unit = 1000 + 3 * np.arange(n, dtype=np.int64)
    cohort = np.where(rng.random(n) < NEVER, 0, rng.choice(np.array(COHORTS), size=n)).astype(np.int64)
    level = rng.standard_normal(n) + 0.1 * cohort
    part = path.with_suffix(".part")
    writer = None
    for t in range(1, PERIODS + 1):
        d = (cohort > 0) & (t >= cohort)
        y = level + 0.2 * t + np.where(d, 0.8 + 0.05 * (t - cohort), 0.0) + rng.standard_normal(n)
        table = pa.table(
            {"unit": unit, "time": np.full(n, t, dtype=np.int64), "cohort": cohort, "y": y, "d": d.astype(np.int64)}
        )
        if writer is None:
            writer = pq.ParquetWriter(part, table.schema)
        writer.write_table(table)
    assert writer is not None
    writer.close()
    part.rename(path)


if __name__ == "__main__":
    write(Path(sys.argv[1]), int(sys.argv[2]))
