r"""Joint test that coefficients are zero, and the power of such a test against a trend (Roth 2022).

W = b' V^-1 b. A clustered V is a poor estimate when there are many restrictions for the number of clusters, and comparing
W/q with F(q, G-1) then rejects far too often. So W is treated as Hotelling's T^2 of a two-sample problem with unequal
covariances: V = S_1 + S_0, treated and control clusters' parts, with the degrees of freedom nu of Krishnamoorthy & Yu
(2004, eq. 7), and W (nu - q + 1) / (nu q) is compared with F(q, nu - q + 1). With one treated share unknown nu = G - 1;
with independent rows W is compared with chi2(q). Where q is more than a third of the nu that equal spread would give, the
coefficients are first averaged over neighbouring blocks.

A trend with slope s puts b at s * x (x: periods from the base); W is then noncentral with lambda = s^2 x' V^-1 x, so the
smallest slope seen with a given power has a closed form in the noncentrality that gives that power.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Part:
    """What one group of ``n`` independent clusters adds to a covariance: ``cov`` (q, q)."""

    cov: Floats
    n: int
    treated: bool


@dataclass(frozen=True, slots=True)
class Errors:
    """The covariance of coefficients and how well it is known.

    Attributes:
        cov: (q, q).
        df: G - 1; None for independent rows, many of them.
        treated: (q, q), the treated clusters' part of ``cov``, or None where clusters hold both groups.
        n_treated, n_control: clusters of each group.
        parts: where the treated come in cohorts, the parts of all groups instead; they sum to ``cov``, which has no
            small-sample factor then.
    """

    cov: Floats
    df: float | None
    treated: Floats | None = None
    n_treated: int = 0
    n_control: int = 0
    parts: tuple[Part, ...] = ()

    def of(self, m: Floats) -> Errors:
        """Of the combinations ``m`` (r, q) of the coefficients."""
        treated = None if self.treated is None else m @ self.treated @ m.T
        parts = tuple(Part(m @ p.cov @ m.T, p.n, p.treated) for p in self.parts)
        return Errors(m @ self.cov @ m.T, self.df, treated, self.n_treated, self.n_control, parts)

    def unbiased(self) -> Errors:
        """With each group's part times n/(n-1) in place of one factor for both, as a two-sample test has it."""
        if self.parts:
            parts = tuple(Part(p.cov * (p.n / max(p.n - 1, 1)), p.n, p.treated) for p in self.parts)
            return Errors(sum((p.cov for p in parts), 0 * self.cov), self.df, parts=parts)
        if self.treated is None or self.df is None or min(self.n_treated, self.n_control) < 2:
            return self
        n1, n0, n = self.n_treated, self.n_control, self.df + 1
        treated = self.treated * (n1 / (n1 - 1)) * ((n - 1) / n)
        control = (self.cov - self.treated) * (n0 / (n0 - 1)) * ((n - 1) / n)
        return Errors(treated + control, self.df, treated, n1, n0)

    def freedom(self) -> float | None:
        """nu: the degrees of freedom that ``cov`` is worth for a joint test of all its coefficients."""
        import numpy as np

        groups: list[tuple[Floats, int]] = [(p.cov, p.n) for p in self.parts if p.n > 1]
        if not groups and self.treated is not None and min(self.n_treated, self.n_control) >= 2:
            groups = [(self.treated, self.n_treated), (self.cov - self.treated, self.n_control)]
        if self.df is None or not groups:
            return self.df
        q = len(self.cov)
        inverse = np.linalg.inv(self.cov)
        total = 0.0
        for part, n in groups:
            share = part @ inverse
            total += (float(np.trace(share @ share)) + float(np.trace(share)) ** 2) / (n - 1)
        return (q + q * q) / total

    def most_tested(self) -> int:
        """How many coefficients may be tested jointly: a third of nu under equal spread, which no draw of the data moves."""
        q = len(self.cov)
        if self.df is None:
            return q
        nu = self.df
        if self.parts:
            # Equal spread: a cohort of n among N treated adds n/N^2, the controls 1/N between them.
            every = {side: sum(p.n for p in self.parts if p.treated == side) for side in (True, False)}
            shares = [(p.n / every[p.treated] ** 2, p.n) for p in self.parts]
            small = sum(a * a / (n - 1) for a, n in shares if n > 1)
            nu = sum(a for a, _ in shares) ** 2 / small if small else nu
        elif self.treated is not None and min(self.n_treated, self.n_control) >= 2:
            a, b = 1 / self.n_treated, 1 / self.n_control
            nu = (a + b) ** 2 / (a**2 / (self.n_treated - 1) + b**2 / (self.n_control - 1))
        return max(1, min(q, int(nu // 3)))


@dataclass(frozen=True, slots=True)
class Wald:
    """A joint test: ``statistic`` is F with (q, df), or chi-squared with q where ``df`` is None."""

    statistic: float
    q: int
    df: float | None
    p_value: float


@dataclass(frozen=True, slots=True)
class Restrictions:
    """What is tested: ``m`` (r, q) averages of neighbouring coefficients (the identity where none are merged)."""

    m: Floats
    errors: Errors
    nu: float | None


def restrictions(errors: Errors) -> Restrictions:
    """All coefficients if their covariance is known well enough, else averages over as few neighbours as needed."""
    import numpy as np

    q = len(errors.cov)
    for blocks in range(errors.most_tested(), 0, -1):
        m = np.zeros((blocks, q))
        for row, members in enumerate(np.array_split(np.arange(q), blocks)):
            m[row, members] = 1 / len(members)
        found = errors.of(m)
        if np.linalg.matrix_rank(found.cov, hermitian=True, tol=1e-10 * max(found.cov.max(), 1e-300)) < blocks:
            continue
        nu = found.freedom()
        if nu is None or nu > blocks:
            return Restrictions(m, found, nu)
    raise ValueError("the coefficients have no error to be tested against")


def wald(b: Floats, errors: Errors) -> Wald:
    """Joint test of ``b`` (q,) = 0."""
    import numpy as np
    from scipy import stats

    r = restrictions(errors)
    left = r.m @ b
    w = float(left @ np.linalg.solve(r.errors.cov, left))
    q = len(left)
    if r.nu is None:
        return Wald(w, q, None, float(stats.chi2.sf(w, q)))
    df = r.nu - q + 1
    f = w * df / (r.nu * q)
    return Wald(f, q, df, float(stats.f.sf(f, q, df)))


def smallest_slope(x: Floats, errors: Errors, *, alpha: float, power: float = 0.8) -> float:
    """The slope per period that a size-``alpha`` :func:`wald` test sees with probability ``power``.

    Args:
        x: (q,) periods from the base (negative before it).
    """
    import numpy as np
    from scipy import optimize, stats

    r = restrictions(errors)
    at = r.m @ x
    q = len(at)
    df = None if r.nu is None else r.nu - q + 1

    def missed(noncentrality: float) -> float:
        if df is None:
            return float(stats.ncx2.cdf(stats.chi2.isf(alpha, q), q, noncentrality)) - (1 - power)
        return float(stats.ncf.cdf(stats.f.isf(alpha, q, df), q, df, noncentrality)) - (1 - power)

    top = 10.0
    while missed(top) > 0:
        top *= 2
    noncentrality = float(optimize.brentq(missed, 1e-9, top))
    return float(np.sqrt(noncentrality / float(at @ np.linalg.solve(r.errors.cov, at))))
