"""Does the answer hold on random halves of the people, and do halves differ as the error says they should?

Two halves share nobody, so their estimates differ by twice the whole's standard error (each has it times the square root of two),
whatever the estimator; also where it jumps, as matches do. A larger difference means that the error is too small. It says nothing
about confounding, which is the same in every part.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from causal_eval.diagnostics.base import Check, CheckInfo, Fitted, diagnostic
from causal_eval.diagnostics.words import num, p_text

if TYPE_CHECKING:
    import numpy as np

    from causal_eval.design.people import People
    from causal_eval.diagnostics.thresholds import Thresholds
    from causal_eval.results.types import Diagnostic, Verdict

SPLITS = 15
"""Splits into halves; half as many where each trains a learner."""


class Subset:
    """Refit on random halves of the people."""

    info: ClassVar[CheckInfo] = CheckInfo(
        "subset",
        "valid_inference",
        "Do estimates on random halves of the people differ as the error says?",
        "A larger difference means that the interval is too short: a few people or clusters decide the answer.",
        only=("no_confounding",),
    )

    def check(self, fitted: Fitted, thresholds: Thresholds, *, rng: np.random.Generator) -> Diagnostic:
        """The error by the parts' scatter, as a multiple of the reported one."""
        import numpy as np
        from scipy import stats

        from causal_eval.diagnostics.refits import adjusts, again_on, each, people_of, refits, room, seeds_of

        if not adjusts(fitted):
            return diagnostic(self.info, "not_run", "This estimate does not rest on measured covariates alone.")
        p = people_of(fitted, rng, room(fitted))
        whole = again_on(fitted, p, rng=np.random.default_rng(seeds_of(rng, 1)[0])).headline
        if not whole.std_error:
            return diagnostic(self.info, "not_run", "The estimate has no error to hold the scatter against.")
        n = refits(fitted, SPLITS)
        halves = [h for _ in range(n) for h in _halves(p, rng)]
        found = each(fitted, halves, seeds_of(rng, len(halves)), "subset")
        if len(found) < len(halves):
            return diagnostic(self.info, "not_run", "The estimate could not be made on every half of the people.")
        values = np.array([e.value for e in found])
        expected = 2 * whole.std_error
        squares = float(np.sum((values[::2] - values[1::2]) ** 2))
        ratio = (squares / n) ** 0.5 / expected
        chance = float(stats.chi2.sf(squares / expected**2, n))
        verdict: Verdict = "warn" if ratio > thresholds.refute_spread and chance < thresholds.refute_alpha else "pass"
        reading = (
            f"On {len(values)} random halves of the people the estimate lies between {num(float(values.min()))} and "
            f"{num(float(values.max()))} (whole: {num(whole.value)}). By how far halves differ the error is {ratio:.2f} "
            "times the one reported"
        )
        reading += (
            f", more than chance would make it ({p_text(chance)}): the interval is likely too short."
            if verdict == "warn"
            else ", which chance can make it. A reason to opt in that was not measured is in every half: on that this says nothing."
        )
        return diagnostic(
            self.info,
            verdict,
            reading,
            statistic=ratio,
            statistic_name="error by halves over reported error",
            threshold=thresholds.refute_spread,
            p_value=chance,
            details={
                "refits": len(values),
                "lowest": float(values.min()),
                "highest": float(values.max()),
                "rows": len(p.d),
            },
        )


def _halves(p: People, rng: np.random.Generator) -> tuple[People, People]:
    """Two random halves, clusters whole."""
    import numpy as np

    n = int(p.cluster.max()) + 1
    chosen = np.zeros(n, dtype=bool)
    chosen[rng.permutation(n)[: n // 2]] = True
    return p.only(chosen[p.cluster]), p.only(~chosen[p.cluster])


plugin: type[Check] = Subset
