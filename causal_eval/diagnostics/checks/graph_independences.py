"""Do the data agree with the causal graph in design.graph? Each independence it implies among the columns is tested.

For every two columns without an edge between them, those that separate them by the graph are regressed out, with squares; the
partial correlation that is left is tested with a robust error (the generalised covariance measure, Shah & Peters 2020), and the
p-values are adjusted for their number by Holm's method. A graph that passes is not shown to be right: other graphs imply the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, ClassVar

from causal_eval.diagnostics.base import INAPPLICABLE, Check, CheckInfo, Fitted, diagnostic
from causal_eval.diagnostics.words import num, p_text

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from causal_eval.design.graph import Independence
    from causal_eval.diagnostics.thresholds import Thresholds
    from causal_eval.inference.conditional_independence import Tested
    from causal_eval.results.types import Diagnostic, Verdict

    Floats = NDArray[np.float64]

NOTABLE = 0.1
"""A partial correlation from which a rejected independence is a fail; below it a warning: in large data any small one is found."""
SHOWN = 3
"""Failed independences that the reading spells out; the others are in the details."""


class GraphIndependences:
    """Implied conditional independences, by partial correlation."""

    info: ClassVar[CheckInfo] = CheckInfo(
        "graph_independences",
        "no_confounding",
        "Do the data agree with the independences that the causal graph implies?",
        "An edge or a common cause that the graph lacks: what it says to adjust for may be wrong. Correct the graph, and read "
        "graph_adjustment again.",
    )

    def check(self, fitted: Fitted, thresholds: Thresholds, *, rng: np.random.Generator) -> Diagnostic:
        """Which of them fail at Holm's level, how many were tested, and how small a departure would have been seen."""
        import numpy as np

        from causal_eval.design.graph import independences
        from causal_eval.inference.conditional_independence import holm, smallest_visible

        if fitted.graph is None:
            reason = "The study names no causal graph (design.graph), so no independence is claimed that data could speak against."
            return diagnostic(self.info, "not_run", reason, details=INAPPLICABLE)
        name = fitted.data.metric.name
        if name not in fitted.graph.identified:
            return diagnostic(self.info, "not_run", f"The causal graph has no node for the metric `{name}`.")
        nodes, weight, cluster = _nodes(fitted)
        implied = independences(fitted.graph.graph, list(nodes))
        if not implied:
            reason = "The graph implies no independence among the columns at hand, so the data cannot speak against it."
            return diagnostic(self.info, "not_run", reason)
        results = [(i, t) for i in implied if (t := _tested(i, nodes, weight, cluster)) is not None]
        if not results:
            return diagnostic(
                self.info, "not_run", "None of the implied independences could be tested: too few rows vary."
            )
        adjusted = holm(np.array([t.p_value for _, t in results]))
        failed = [(i, t, float(p)) for (i, t), p in zip(results, adjusted, strict=True) if p < thresholds.alpha]
        strong = any(abs(t.correlation) >= NOTABLE for _, t, _ in failed)
        verdict: Verdict = "fail" if strong else "warn" if failed else "pass"
        least = min(t.n for _, t in results)
        visible = smallest_visible(least, thresholds.alpha / len(results), thresholds.power)
        reading = _reading(len(implied), len(results), failed, min(adjusted), visible, thresholds.power)
        if len(results) < len(implied):
            reading += f" {len(implied) - len(results)} could not be tested: too few rows, or no variation is left."
        return diagnostic(
            self.info,
            verdict,
            reading,
            statistic=float(len(failed)),
            statistic_name=f"independences that fail, of {len(results)}",
            threshold=0.0,
            p_value=float(min(adjusted)),
            details={
                "tests": [
                    {"a": i.a, "b": i.b, "given": list(i.given), "correlation": t.correlation, "p_value": t.p_value,
                     "holm": float(p), "n_rows": t.n}
                    for (i, t), p in zip(results, adjusted, strict=True)
                ],
                "implied": len(implied),
                "visible": visible,
            },
        )  # fmt: skip


def _reading(
    implied: int,
    tested: int,
    failed: list[tuple[Independence, Tested, float]],
    least: float,
    visible: float,
    power: float,
) -> str:
    what = "independence" if implied == 1 else "independences"
    said = f"The graph implies {implied} {what} among the columns at hand, and {tested} {'was' if tested == 1 else 'were'} tested. "
    if not failed:
        said += f"None fails (smallest adjusted {p_text(least)}); a partial correlation of {num(visible)} would have been seen "
        return said + f"with a probability of {power:.0%}. Other graphs imply the same."
    worst = sorted(failed, key=lambda f: (-abs(f[1].correlation), f[0].a, f[0].b))
    named = "; ".join(
        f"{i} (partial correlation {num(t.correlation)}, adjusted {p_text(p)})" for i, t, p in worst[:SHOWN]
    )
    more = f"; and {len(failed) - SHOWN} more" if len(failed) > SHOWN else ""
    said += f"{len(failed)} {'fails' if len(failed) == 1 else 'fail'}: {named}{more}."
    if all(abs(t.correlation) < NOTABLE for _, t, _ in failed):
        said += f" All are below {num(NOTABLE)} in size."
    return said


def _tested(
    i: Independence, nodes: Mapping[str, Floats], weight: Floats | None, cluster: NDArray[np.int64] | None
) -> Tested | None:
    """The test on the rows where all of its columns are there."""
    import numpy as np

    from causal_eval.inference.conditional_independence import conditional_independence

    n = len(nodes[i.a])
    given = np.column_stack([nodes[c] for c in i.given]) if i.given else np.empty((n, 0))
    seen = np.isfinite(np.column_stack([nodes[i.a], nodes[i.b], given])).all(axis=1)
    codes = None if cluster is None else np.unique(cluster[seen], return_inverse=True)[1].astype(np.int64)
    w = None if weight is None else weight[seen]
    return conditional_independence(nodes[i.a][seen], nodes[i.b][seen], given[seen], w, codes)


def _nodes(fitted: Fitted) -> tuple[dict[str, Floats], Floats | None, NDArray[np.int64] | None]:
    """(n, k) columns of each node that the data hold, by its name; weights and clusters where there are any.

    On a panel a unit is one row: covariates are means before the launch, the outcome is the change.
    """
    from causal_eval.data.contract import CrossSection
    from causal_eval.design.people import people

    graph, data = fitted.graph, fitted.data
    assert graph is not None
    p = people(data, fitted.design, method=fitted.estimator.info.name, covariates=False)
    found = {graph.treatment: p.d[:, None], graph.outcomes[data.metric.name]: p.y[:, None]}
    names = [n.removesuffix(" before") if p.change else n for n in p.names]
    apart = set(found)
    for node in graph.graph.observed:
        at = [j for j, n in enumerate(names) if n == node] or [
            j for j, n in enumerate(names) if n.startswith(f"{node} = ")
        ]
        if at and node not in apart:
            found[node] = p.X[:, at]
    if isinstance(data, CrossSection):
        found |= {k: v for k, v in data.graph_columns().items() if k not in found}
    return found, p.w if p.weighted else None, p.cluster if p.clustered else None


plugin: type[Check] = GraphIndependences
