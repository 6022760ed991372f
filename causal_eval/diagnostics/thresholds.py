"""Every number a verdict depends on, with its source. Nothing is computed here."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Thresholds:
    """Thresholds of the checks.

    Attributes:
        alpha: level of the checks' own tests; [diagnostics] alpha.
        alpha_fail: below this a violated test closes the gate.
        power: the power at which the smallest visible trend is stated (Roth 2022).
        clusters_enough: clusters from which CR1 errors are taken as sound (Cameron & Miller 2015 speak of 20 to 50).
        clusters_few: below this they are not used (DESIGN section 5).
        smaller_group: clusters of the smaller group from which CR1 is taken as sound although it is under a quarter of all
            (simulated coverage with 60 in the other group: 94% at 15, 92% at 10).
        missing_cells: share of unit-period cells that may be missing before it is a warning.
        missing_gap: how far the change in the share of missing cells may differ between the groups.
        breakdown_mbar: a result should stand until trends part after the launch by this times the most they did before it
            (Rambachan & Roth 2023 take 1 as the natural benchmark).
        scaled_fit: rms of the gaps before the launch as a share of what equal weights leave, from which the fit is a warning;
            ``scaled_fit_fail`` from which it is no fit (GeoLift's scaled L2 imbalance: 0 perfect, 1 no better than equal weights).
        hull_share: share of donors that should be at least as far from the mixes of the others as the treated are.
        movements_share: share of donors, or of groups of as many as are treated, that should move at least as much as the treated
            before the launch.
        effective_periods: independent periods from which gaps tell their noise; t_test_periods: pre-periods from which the debiased
            t-test is taken as sound (simulated coverage of both: tests/coverage/synthetic.md).
        backtest: error on held-back pre-periods in units of the error on matched ones, from which it is a warning.
        effective_donors: fewer than this carry the weight, as 1 / sum w^2.
        form_shift: share of the headline's standard error that a flexible model may move it by (a bias of a quarter of an error
            lowers the coverage of a 95% interval to 94.3%, of half of one to 92.1%).
        refute_shift: share of the headline's standard error by which a covariate of pure chance may move it on average.
        refute_alpha: level of the refuters' tests, of which several run for every metric.
        refute_spread: how much larger than reported the error may be by how far estimates on random halves of the people differ.
        e_value: strength, as a risk ratio with both choice and outcome, below which something unmeasured is always imaginable. No
            value is universal (VanderWeele & Ding 2017 advise to compare with measured covariates).
        gamma: odds of choosing, within pairs alike in covariates, below which a departure from chance is always imaginable
            (Rosenbaum 2002 reports studies that bear 1.1 to 6).
        cf_y, cf_d, rho: strength of something unmeasured that an estimate should bear: shares of what is left of outcome and
            treatment that it explains, and how far the two go together; [diagnostics] cf_y, cf_d, rho. 3% and the worst case are
            DoubleML's defaults: no value is universal, so say what is known of who chooses.
        benchmarks: covariates left out one at a time as yardsticks of that strength; [diagnostics] benchmarks.
        form_loss: R-squared out of fold by which a straight line may be ahead of the learner an estimate uses (in simulation 0.1
            costs precision, not coverage: tests/coverage/opt_in.md).
    """

    alpha: float = 0.05
    alpha_fail: float = 0.01
    power: float = 0.8
    clusters_enough: int = 30
    clusters_few: int = 10
    smaller_group: int = 15
    missing_cells: float = 0.05
    missing_gap: float = 0.02
    breakdown_mbar: float = 1.0
    scaled_fit: float = 0.3
    scaled_fit_fail: float = 0.9
    hull_share: float = 0.1
    movements_share: float = 0.1
    effective_periods: float = 18.0
    t_test_periods: int = 200
    backtest: float = 3.0
    effective_donors: float = 2.0
    form_shift: float = 0.25
    form_loss: float = 0.2
    refute_shift: float = 0.25
    refute_alpha: float = 0.01
    refute_spread: float = 1.25
    e_value: float = 1.25
    gamma: float = 1.25
    cf_y: float = 0.03
    cf_d: float = 0.03
    rho: float = 1.0
    benchmarks: tuple[str, ...] = ()
