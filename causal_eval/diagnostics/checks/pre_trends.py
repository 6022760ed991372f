"""Did the groups move together before the launch? Joint test of the leads, with the smallest trend it could have seen.

Without a base period of its own the test uses the event study's leads against the base period. A pass without power is
no evidence (Roth 2022), so the reading states the slope the test sees four times in five, the bias such a slope would put
into the headline, and how far the average effect is off in the cases in which the slope goes unseen.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from causal_eval.diagnostics.base import Check, CheckInfo, Fitted, diagnostic
from causal_eval.diagnostics.words import num, p_text

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from causal_eval.diagnostics.thresholds import Thresholds
    from causal_eval.results.types import Diagnostic, EventStudy, Verdict

    Floats = NDArray[np.float64]


class PreTrends:
    """Joint test of the leads, with its power."""

    info: ClassVar[CheckInfo] = CheckInfo(
        "pre_trends",
        "parallel_trends",
        "Did the groups move together before the launch?",
        "A drift before the launch that goes on after it would be counted as effect: widen the controls, or use a method "
        "that matches the pre-period (synthetic control, synthetic difference-in-differences).",
    )

    def check(self, fitted: Fitted, thresholds: Thresholds, *, rng: np.random.Generator) -> Diagnostic:
        """F test of the leads; under randomisation inference, the leads' distribution over the assignments."""
        import numpy as np

        study = fitted.estimate.event_study
        if study is None:
            return diagnostic(self.info, "not_run", "The estimate has no event study to take leads from.")
        points = [p for p in study.points if not p.reference]
        leads = [i for i in study.tested() if points[i].event < study.base]
        if not leads:
            return diagnostic(self.info, "not_run", "There is one pre-period, so no lead to test.")
        b = np.array([points[i].value for i in leads])
        x = np.array([float(points[i].event - study.base) for i in leads])
        # What a trend that goes on would add to the headline: its mean distance from pre to post.
        reach = _reach(study)
        if study.placebos:
            others = np.array(study.placebos)[:, leads]
            return self._permuted(b, x, others, reach, thresholds, len(study.placebos) + 1)
        at = np.ix_(leads, leads)
        cov = np.array(study.covariance)[at]
        if not np.diag(cov).max() > 0:
            return diagnostic(self.info, "not_run", "The leads have no error to be tested against.")
        return self._wald(b, x, leads, study, reach, thresholds)

    def _wald(
        self, b: Floats, x: Floats, leads: list[int], study: EventStudy, reach: float, limits: Thresholds
    ) -> Diagnostic:
        from causal_eval.diagnostics.leads import errors_of
        from causal_eval.inference.wald import smallest_slope, wald

        errors = errors_of(study, leads)
        test = wald(b, errors)
        # Leads that are not measured from one base period do not lie on one line under a drift.
        slope = smallest_slope(x, errors, alpha=limits.alpha, power=limits.power) if study.one_base else None
        name = f"F({test.q}, {test.df:.1f})" if test.df is not None else f"chi2({test.q})"
        if test.q < len(b):
            name += f", {len(b)} leads averaged into {test.q}"
        after = None if slope is None else _after_passing(study, leads, b, slope, limits)
        return self._say(test.p_value, test.statistic, name, len(b), slope, reach, limits, after)

    def _permuted(self, b: Floats, x: Floats, others: Floats, reach: float, limits: Thresholds, n: int) -> Diagnostic:
        import numpy as np

        def size(leads: Floats) -> Floats:
            return np.asarray((leads**2).mean(axis=-1) ** 0.5)

        mine, theirs = float(size(b)), size(others)
        p = (1 + int((theirs >= mine * (1 - 1e-9)).sum())) / n
        cut = float(np.quantile(theirs, 1 - limits.alpha, method="higher"))
        low, high = 0.0, max(cut, 1e-300)
        while (size(others + high * x) > cut).mean() < limits.power:
            high *= 2
        for _ in range(60):
            middle = (low + high) / 2
            low, high = (low, middle) if (size(others + middle * x) > cut).mean() >= limits.power else (middle, high)
        return self._say(
            p, mine, f"root mean square of the leads, against {n - 1:,} other assignments", len(b), high, reach, limits
        )

    def _say(
        self,
        p: float,
        statistic: float,
        name: str,
        n: int,
        slope: float | None,
        reach: float,
        limits: Thresholds,
        after: dict[str, float] | None = None,
    ) -> Diagnostic:
        verdict: Verdict = "pass" if p >= limits.alpha else "warn" if p >= limits.alpha_fail else "fail"
        leads = "lead" if n == 1 else f"{n} leads"
        found = (
            f"No sign that the groups drifted apart before the launch ({leads}, {p_text(p)})."
            if verdict == "pass"
            else f"The groups moved apart before the launch ({leads}, {p_text(p)})."
        )
        power = " Each lead has a base of its own, so no one drift says what the test can see."
        if slope is not None:
            power = (
                f" The test would see a drift of {num(slope)} a period four times in five; "
                f"one that size would shift the headline by {num(abs(slope * reach))}."
            )
        if after:
            off, passed = after["bias_from_base"], after["bias_after_passing"]
            power += (
                f" In the one case of five in which it goes unseen, the average effect measured from the base period is off "
                f"by {num(abs(passed))} on average ({num(abs(off))} over all cases)."
            )
        return diagnostic(
            self.info,
            verdict,
            found + power,
            statistic=statistic,
            statistic_name=name,
            threshold=limits.alpha,
            p_value=p,
            details={
                **(
                    {}
                    if slope is None
                    else {"smallest_slope": slope, "power": limits.power, "bias_of_that_slope": slope * reach}
                ),
                "leads": n,
                **(after or {}),
            },
        )


def _after_passing(
    study: EventStudy, leads: list[int], b: Floats, slope: float, limits: Thresholds
) -> dict[str, float] | None:
    """What a trend of that slope does to the average effect where the test of the leads lets it through (Roth 2022).

    The average is the event study's, measured from the base period. ``bias_after_passing`` is given a pass of the joint
    test, ``bias_after_passing_each`` given that no lead is significant by itself. None where the event study has no
    weights for the average, or not one base period.
    """
    import numpy as np
    from scipy import stats

    from causal_eval.diagnostics.leads import errors_of
    from causal_eval.inference import pretest
    from causal_eval.inference.wald import restrictions

    lags = [i for i, w in enumerate(study.post_weights) if w]
    if not lags or not study.one_base:
        return None
    points = [p for p in study.points if not p.reference]
    trend = slope * np.array([float(points[i].event - study.base) for i in [*leads, *lags]])
    q = len(leads)
    cov = errors_of(study, [*leads, *lags]).cov
    weight = np.array([study.post_weights[i] for i in lags])
    off = np.array([float(weight @ trend[q:])])
    r = restrictions(errors_of(study, leads))
    k = len(r.m)
    df = None if r.nu is None else r.nu - k + 1
    critical = float(stats.chi2.isf(limits.alpha, k) if df is None else k * stats.f.isf(limits.alpha, k, df))
    passed = pretest.joint(r.m @ trend[:q], r.errors.cov, critical=critical, df=df)
    cross = weight[None, :] @ cov[q:, :q]
    after = pretest.post_given_pass(passed, r.m @ trend[:q], off, r.errors.cov, cross @ r.m.T)
    out = {"bias_from_base": float(off[0]), "bias_after_passing": float(after[0])}
    try:
        cut = float(stats.norm.isf(limits.alpha / 2) if study.df is None else stats.t.isf(limits.alpha / 2, study.df))
        each, none = (pretest.each(m, cov[:q, :q], cut=cut) for m in (trend[:q], 0 * trend[:q]))
        after = pretest.post_given_pass(each, trend[:q], off, cov[:q, :q], cross)
        ratio = pretest.likelihood_ratio(b, trend[:q], cov[:q, :q])
    except ValueError:
        # More leads than the clusters can tell apart: their covariance has no inverse.
        return out
    return out | {
        "bias_after_passing_each": float(after[0]),
        "power_each": 1 - each.probability,
        "bayes_factor_each": pretest.bayes_factor(each, none),
        "likelihood_ratio": ratio,
    }


def _reach(study: EventStudy) -> float:
    """How many periods a drift has to grow in: from the headline's pre-periods, or its base period in a rollout, to after it."""
    import numpy as np

    points = [p for p in study.points if not p.reference]
    if study.post_weights and any(p.n_cohorts is not None for p in points):
        return float(sum(w * (p.event - study.base) for w, p in zip(study.post_weights, points, strict=True)))
    pre = [p.event for p in study.points if p.event < 0 and not p.excluded]
    post = [p.event for p in study.points if p.event >= 0 and not p.excluded]
    return float(np.mean(post) - np.mean(pre))


plugin: type[Check] = PreTrends
