"""How far could something left out move this very estimate? Bounds for orthogonal scores, whatever the form of the covariates.

The linear case is ``hidden_confounding``; this one starts from the estimate itself (Chernozhukov, Cinelli, Newey, Sharma &
Syrgkanis 2022). Yardsticks are refits without one covariate, whose noise a flexible learner does not hide: what does not make both
models worse is none, and how far leaving it out moves the estimate is said instead.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar

from causal_eval.diagnostics.base import Check, CheckInfo, Fitted, diagnostic
from causal_eval.diagnostics.words import num
from causal_eval.inference import omitted_variable as ov

if TYPE_CHECKING:
    import numpy as np

    from causal_eval.diagnostics.thresholds import Thresholds
    from causal_eval.inference.omitted_variable import Bounds, Gain, Short
    from causal_eval.results.types import Diagnostic, Estimate, Json, Verdict

MOST_LEFT_OUT, MOST_LEARNT_AGAIN = 30, 12
"""Covariates that are left out one at a time unasked: of a linear model, and where each refit trains a learner."""


class OmittedVariable:
    """Bounds of the estimate at the declared strength, robustness values, and measured covariates as yardsticks."""

    info: ClassVar[CheckInfo] = CheckInfo(
        "omitted_variable",
        "no_confounding",
        "How strong would an unmeasured reason have to be to explain this estimate away?",
        "A reason to opt in as strong as the covariates already measured: think which it could be, and measure it.",
        methods=("double_ml", "aipw"),
    )

    def check(self, fitted: Fitted, thresholds: Thresholds, *, rng: np.random.Generator) -> Diagnostic:
        """A pass where neither the declared strength nor that of a measured covariate takes the estimate to zero."""
        found = _shorts(fitted.estimate)
        if not found:
            return diagnostic(self.info, "not_run", "The estimate kept no bounds under something left out.")
        splits, df = found
        level, rho = fitted.estimate.level, thresholds.rho
        declared = ov.Strength(thresholds.cf_y, thresholds.cf_d, rho)
        b = ov.at(splits, declared.factor, level=level, df=df)
        rv, rva = ov.robustness_values(splits, rho=rho, level=level, df=df)
        value = fitted.estimate.headline.value
        gains, why_none, rows = _gains(fitted, thresholds.benchmarks, rng)
        # A covariate that (nearly) decides the treatment is no yardstick: nothing could be as strong and the treatment still vary.
        known = {k: g for k, g in gains.items() if 0 < g.cf_d < 1 and g.cf_y > 0}

        def left(cf_d: float, cf_y: float) -> float:
            return ov.adjusted(splits, ov.Strength(cf_y, cf_d, rho).factor)

        held = (b.limit_low if value >= 0 else -b.limit_high) > 0
        warns = rva == 0 or not held
        of_y, of_d = _shares(fitted.estimate)
        reading = _strength_text(value, rv, rva, level, of_y, of_d) + _declared_text(declared, b, level)
        strongest = max(known, key=lambda k: ov.Strength(known[k].cf_y, known[k].cf_d).factor, default=None)
        if strongest is None:
            reading += (
                why_none or " No covariate that was left out weakened both models, so none serves as a yardstick."
            )
        else:
            g = known[strongest]
            remaining = left(g.cf_d, g.cf_y)
            covered = min(g.cf_d, g.cf_y) >= rva
            warns = warns or covered or remaining * value <= 0
            reading += _benchmark_text(strongest, remaining, _times(g, rv), g.shift, rows)
        verdict: Verdict = "warn" if warns else "pass"
        benchmarks: dict[str, Json] = {
            k: {"cf_y": g.cf_y, "cf_d": g.cf_d, "rho": g.rho, "shift": g.shift} for k, g in gains.items()
        }
        marks = {k: (g.cf_d, g.cf_y) for k, g in known.items()}
        from causal_eval.diagnostics.contour import contour

        return diagnostic(
            self.info,
            verdict,
            reading,
            statistic=rva,
            statistic_name="robustness value for the confidence limit",
            details={
                "rv": rv,
                "rv_alpha": rva,
                "estimate": value,
                "cf_y": declared.cf_y,
                "cf_d": declared.cf_d,
                "rho": rho,
                "bounds": [b.low, b.high],
                "limits": [b.limit_low, b.limit_high],
                "benchmarks": benchmarks,
                "contour": contour(
                    left,
                    rv,
                    marks,
                    x=f"Share of {of_d} it explains",
                    y=f"Share of {of_y} that a hidden confounder explains",
                    start="",
                ),
            },
        )


def _shorts(estimate: Estimate) -> tuple[tuple[Short, ...], float] | None:
    """What the estimate kept of its splits, and its degrees of freedom."""
    kept: Any = estimate.details.get("omitted_variable")
    if not isinstance(kept, dict):
        return None
    splits = tuple(
        ov.Short(s["theta"], s["sigma2"], s["nu2"], tuple(tuple(row) for row in s["covariance"]))
        for s in kept["splits"]
    )
    return splits, float(kept["df"])


def _gains(fitted: Fitted, named: tuple[str, ...], rng: np.random.Generator) -> tuple[dict[str, Gain], str, int | None]:
    """Per covariate what leaving it out takes from both models; why there is none; the rows, where they are not all."""
    import numpy as np

    from causal_eval.diagnostics.refits import again_on, learns, people_of, quick, room, seeds_of
    from causal_eval.errors import EstimatorRefusal

    p = people_of(fitted, rng, room(fitted))
    columns: dict[str, list[int]] = {}
    for i, name in enumerate(p.names):
        # A column of categories is one covariate, and a panel's are means before the launch.
        columns.setdefault(name.removesuffix(" before").split(" = ")[0], []).append(i)
    most = MOST_LEARNT_AGAIN if learns(fitted) else MOST_LEFT_OUT
    if not named and len(columns) > most:
        return (
            {},
            f" With {len(columns)} covariates, none was left out unasked: name yardsticks in diagnostics.benchmarks.",
            None,
        )
    if len(columns) == 1:
        return {}, " With one covariate there is no yardstick: nothing would be left to adjust for without it.", None
    model = quick(fitted)
    # One seed for all: the same folds with and without a covariate.
    seed = seeds_of(rng, 1)[0]
    full = _shorts(again_on(model, p, rng=np.random.default_rng(seed)))
    gains: dict[str, Gain] = {}
    for k, name in enumerate(n for n in columns if not named or n in named):
        if k % 5 == 0:
            fitted.say(f"leaving covariates out, {k} done")
        keep = [i for i in range(len(p.names)) if i not in columns[name]]
        fewer = replace(p, X=p.X[:, keep], names=tuple(p.names[i] for i in keep))
        try:
            without = _shorts(again_on(model, fewer, rng=np.random.default_rng(seed)))
        except EstimatorRefusal:
            continue
        if full and without:
            gains[name] = ov.gain(full[0], without[0])
    return gains, "", len(p.d) if len(p.d) < fitted.estimate.sample.n_units else None


def _shares(estimate: Estimate) -> tuple[str, str]:
    """What cf_y and cf_d are shares of."""
    if estimate.details.get("score") == "plr":
        return "the outcome's remaining variance", "the treatment's remaining variance"
    whose = "the untreated's" if estimate.estimand.startswith("att") else "the outcome's"
    return f"{whose} remaining variance", "the variance of the right weights"


def _times(g: Gain, rv: float) -> float | None:
    """How many times as strong as the covariate takes the estimate to zero, of the outcome all at most; None where nothing does."""
    if rv >= ov.MOST:
        return None
    need, a, b = rv**2 / (1 - rv), g.cf_y, g.cf_d
    times = (-need * b + (need**2 * b**2 + 4 * a * b * need) ** 0.5) / (2 * a * b)
    return float(times if times * a <= 1 else need / (1 + need) / b)


def _strength_text(value: float, rv: float, rva: float, level: float, of_y: str, of_d: str) -> str:
    said = (
        f"Something unmeasured that explains {rv:.1%} of {of_y} and as much of {of_d} would bring this estimate, {num(value)}, "
        "to zero"
    )
    if rva == 0:
        return f"{said}; its one-sided {level:.0%} limit is beyond zero already, so nothing unmeasured is needed."
    return f"{said}; {rva:.1%} of both would bring its one-sided {level:.0%} limit there."


def _declared_text(s: ov.Strength, b: Bounds, level: float) -> str:
    together = "" if s.rho == 1 else f", with rho {s.rho:.2g}"
    return (
        f" At a strength of {s.cf_y:.2%} and {s.cf_d:.2%}{together}, the effect lies between {num(b.low)} and {num(b.high)} "
        f"({level:.0%} limits {num(b.limit_low)} and {num(b.limit_high)})."
    ).replace(".00%", "%")


def _benchmark_text(name: str, left: float, times: float | None, shift: float, rows: int | None) -> str:
    said = (
        f" A confounder as strong as `{name}`, the strongest one left out{_of(rows)}, would leave {num(left)} (leaving it out moves "
        f"the estimate by {num(shift)})"
    )
    return f"{said}." if times is None else f"{said}; one {times:.1f} times as strong could leave nothing."


def _shift_text(name: str, shift: float, rows: int | None) -> str:
    return (
        f" Leaving out `{name}` moves the estimate most{_of(rows)}, by {num(shift)}; no covariate left out made the models of both "
        "outcome and treatment worse, so none serves as a yardstick."
    )


def _of(rows: int | None) -> str:
    return f" (of {rows:,} people)" if rows else ""


plugin: type[Check] = OmittedVariable
