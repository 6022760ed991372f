"""An estimator that another package brings: the change of the treated group's mean less the control group's."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from pydantic import Field

from causal_eval.estimators._base import Estimator, Info, Options

if TYPE_CHECKING:
    import numpy as np

    from causal_eval.data.contract import Panel
    from causal_eval.design.design import Design
    from causal_eval.results.types import Estimate


class TwoMeans(Options):
    """Two groups, before and after; error from the spread of the units' changes."""

    info: ClassVar[Info] = Info(
        name="two_means",
        title="Two means before and after",
        summary="The change of the treated units' mean less the change of the others'.",
        data=frozenset({"panel"}),
        estimands=frozenset({"att"}),
        adoptions=frozenset({"block"}),
        assumptions=("parallel_trends", "the_moon_is_full"),
        min_pre_periods=1,
        reference="Snow (1855)",
    )
    factor: float = Field(1.0, gt=0, description="Multiplies the estimate")

    def estimate(
        self, data: Panel, design: Design | None = None, *, rng: np.random.Generator | None = None
    ) -> Estimate:
        """The estimate, with a normal interval."""
        from statistics import NormalDist

        import numpy as np

        from causal_eval.results.types import Effect, Estimate, Interval, Sample

        wide = data.wide()
        treated = np.isfinite(wide.start)
        launch = wide.start[treated].min()
        after = np.array(wide.axis.ordinals) >= launch
        change = wide.outcome[:, after].mean(axis=1) - wide.outcome[:, ~after].mean(axis=1)
        value = self.factor * float(change[treated].mean() - change[~treated].mean())
        spread = sum(float(c.var(ddof=1)) / len(c) for c in (change[treated], change[~treated]))
        error = self.factor * spread**0.5
        normal = NormalDist()
        reach = normal.inv_cdf(0.5 + self.level / 2) * error
        effect = Effect(
            "overall", "absolute", value, error, 2 * normal.cdf(-abs(value) / error),
            Interval(value - reach, value + reach, self.level, "normal"),
        )  # fmt: skip
        sample = Sample(wide.outcome.size, len(treated), int(treated.sum()), int((~treated).sum()))
        return Estimate("two_means", "att", "Mean effect on the treated.", (effect,), sample, self.level, "normal")


plugin: type[Estimator[Panel]] = TwoMeans
