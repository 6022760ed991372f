"""Matching: each treated person is compared with the untreated people most like them.

Nearest neighbours on the propensity or on covariates, with or without replacement, optimal pairs, subclasses, or coarsened exact
strata. Errors are Abadie & Imbens's with replacement, else clustered by matched set; both account for an estimated score.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field

from causal_eval.errors import EstimatorRefusal
from causal_eval.estimators._base import Estimator, Info, Options

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from causal_eval.data.contract import CrossSection, Panel
    from causal_eval.design.design import Design
    from causal_eval.design.people import People
    from causal_eval.inference.logit import Logit
    from causal_eval.inference.nearest import Matches
    from causal_eval.results.types import Estimate, Json

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]
    Bools = NDArray[np.bool_]


class PropensityMatching(Options):
    """Effect from matched people."""

    matching: Literal["nearest", "optimal", "subclass", "cem"] = Field(
        "nearest", description="Nearest, optimal pairs, subclasses of the score, or coarsened exact"
    )
    ratio: int = Field(1, ge=1, le=100, description="Matches a person")
    replace: bool = Field(True, description="Whether an untreated person may be matched several times")
    caliper: float | None = Field(
        None, gt=0, description="Largest distance, in standard deviations of the (logit of the) score"
    )
    exact: tuple[str, ...] = Field((), strict=False, description="Covariates or segments that must be equal")
    distance: Literal["score", "logit", "mahalanobis", "standardized"] = Field(
        "score", description="Distance in the propensity, its logit, or the covariates"
    )
    bias_adjust: bool = Field(False, description="Adjust for what remains between matches (Abadie & Imbens 2011)")
    propensity: str = Field("logit", description='"logit", "lightgbm" (out of fold), or the column of a given score')
    ties: Literal["all", "first", "tree"] = Field(
        "all",
        description="Of equally near matches take all, the first row, or the one scikit-learn's tree holds (as DoWhy)",
    )
    subclasses: int = Field(6, ge=2, le=200, description='Strata of matching = "subclass"')
    errors: Literal["heteroskedastic", "homoskedastic"] = Field(
        "heteroskedastic", description="Abadie-Imbens errors with a variance for each person, or one for all"
    )

    info: ClassVar[Info] = Info(
        name="propensity_matching",
        title="Propensity matching",
        summary="Each treated person is compared with the untreated people whose covariates made the choice as likely.",
        data=frozenset({"cross-section", "panel"}),
        estimands=frozenset({"att", "ate"}),
        adoptions=frozenset({"block", "none"}),
        assumptions=("no_confounding", "overlap", "no_interference"),
        covariates=True,
        reference="Abadie & Imbens (2006), theorem 7; (2011), eq. 9; (2016), theorem 2; Rosenbaum & Rubin (1985)",
    )

    def estimate(
        self, data: CrossSection | Panel, design: Design | None = None, *, rng: np.random.Generator | None = None
    ) -> Estimate:
        """Effect on the treated, or on all.

        Raises:
            EstimatorRefusal: E401 nothing to match, or options that exclude each other; E402 no overlap.
        """
        import numpy as np

        from causal_eval.design.people import people
        from causal_eval.estimators._opt_in import estimand_of, overlap_details
        from causal_eval.inference.order import stable_order
        from causal_eval.inference.overlap import need_overlap, overlap

        name, estimand = self.info.name, estimand_of(design)
        p = people(data, design, method=name)
        p, given = self._given(p)
        self._consistent(p, estimand)
        p = _ordered(p, data, self.generator(rng))
        if given:
            given_at = p.names.index(given)
            score, fit = p.X[:, given_at], None
            p = _without(p, given_at)
            if not ((score > 0) & (score < 1)).all():
                raise EstimatorRefusal("E401", f"the given score `{given}` is not strictly between 0 and 1")
        else:
            score, fit = self._score(p, self.generator(rng))
        order = stable_order(score)
        found = overlap(score, p.d, p.w, estimand, order)
        need_overlap(found, estimand, name)
        strata = self._strata(p)
        details: dict[str, Json] = {"matching": self.matching, "distance": self.distance, "propensity": self.propensity}
        details |= overlap_details(found)
        if self.matching in ("subclass", "cem"):
            return self._stratified(p, score, strata, estimand, details)
        at = self._coordinates(p, score)
        along = stable_order(at[:, 0], near=order) if at.shape[1] == 1 else None
        t = p.treated
        sides = [(np.flatnonzero(t), np.flatnonzero(~t))]
        if estimand == "ate":
            sides.append((np.flatnonzero(~t), np.flatnonzero(t)))
        matched = tuple(self._match(at, score, a, b, strata, along) for a, b in sides)
        if sum(len(m.focal) for m in matched) < 5:
            raise EstimatorRefusal(
                "E402",
                f"`{name}`: fewer than 5 people find a match",
                hint="Widen the caliper, or match on fewer exact columns.",
            )
        return self._write(p, at, score, order, fit, matched, estimand, details)

    def _consistent(self, p: People, estimand: str) -> None:
        if estimand == "ate" and (not self.replace or self.matching == "optimal"):
            raise EstimatorRefusal(
                "E401",
                "matching without replacement cannot give the average effect on everybody",
                hint='Set replace = true, or design.estimand = "att".',
            )
        if self.matching == "optimal" and self.ratio > 1:
            raise EstimatorRefusal("E401", "optimal matching makes pairs: ratio must be 1", hint="Leave ratio out.")
        if not self.replace and p.weighted:
            raise EstimatorRefusal(
                "E401", "matching without replacement takes no weights", hint="Set replace = true, or use weighting."
            )

    def _given(self, p: People) -> tuple[People, str]:
        """The column of a given score, which is no covariate."""
        if self.propensity in ("logit", "lightgbm"):
            return p, ""
        if self.propensity not in p.names:
            raise EstimatorRefusal(
                "E401",
                f'propensity = "{self.propensity}" is neither "logit" nor "lightgbm" nor a covariate',
                hint="Name the column of the score in roles.covariates too.",
            )
        return p, self.propensity

    def _score(self, p: People, rng: np.random.Generator) -> tuple[Floats, Logit | None]:
        import numpy as np

        from causal_eval.estimators._opt_in import propensity

        if self.propensity == "logit":
            fit = propensity(p, self.info.name)
            # Rows with the same covariates have the same score, whatever the order of summation.
            return np.round(fit.score, 12), fit
        from causal_eval.inference.cross_fitting import folds_of, out_of_fold
        from causal_eval.inference.learners import learner

        folds = folds_of(p.d, p.cluster, 5, rng)
        model = learner("lightgbm", "classifier", int(rng.integers(2**31)))
        score = out_of_fold(model, p.X, p.d, p.w, folds)
        return np.clip(score, 0.001, 0.999), None

    def _strata(self, p: People) -> Ints | None:
        import numpy as np

        if not self.exact:
            return None
        columns = []
        for name in self.exact:
            if name in p.names:
                values = p.X[:, p.names.index(name)]
            elif name in p.segments:
                values = np.unique(p.segments[name], return_inverse=True)[1].astype(float)
            elif coded := [j for j, n in enumerate(p.names) if n.startswith(f"{name} = ")]:
                values = p.X[:, coded] @ np.arange(1.0, 1.0 + len(coded))
            else:
                raise EstimatorRefusal(
                    "E401",
                    f"exact column `{name}` is neither a covariate nor a segment",
                    hint="Name it in roles.covariates or roles.segments.",
                )
            columns.append(values)
        return np.unique(np.column_stack(columns), axis=0, return_inverse=True)[1].ravel().astype(np.int64)

    def _coordinates(self, p: People, score: Floats) -> Floats:
        import numpy as np

        if self.distance == "score":
            return score[:, None]
        if self.distance == "logit":
            linear: Floats = np.round(np.log(score / (1 - score)), 10).astype(np.float64)
            return linear[:, None]
        centred = p.X - np.average(p.X, axis=0, weights=p.w)
        spread = centred.std(axis=0, ddof=1)
        X: Floats = centred[:, spread > 0] / spread[spread > 0]
        if self.distance == "standardized":
            return X
        values, vectors = np.linalg.eigh(np.cov(X.T).reshape(X.shape[1], X.shape[1]))
        kept = values > 1e-10 * values.max()
        white: Floats = X @ vectors[:, kept] / np.sqrt(values[kept])
        return white

    def _match(
        self, at: Floats, score: Floats, focal: Ints, pool: Ints, strata: Ints | None, order: Ints | None
    ) -> Matches:
        import numpy as np

        from causal_eval.inference.greedy import assigned, greedy
        from causal_eval.inference.nearest import from_tree, nearest

        limit = None
        if self.caliper is not None:
            by = at[:, 0] if at.shape[1] == 1 and self.distance in ("score", "logit") else np.log(score / (1 - score))
            limit = self.caliper * float(by.std(ddof=1))
            if self.distance in ("mahalanobis", "standardized"):
                raise EstimatorRefusal(
                    "E401",
                    f'a caliper is a distance in the score, and distance = "{self.distance}"',
                    hint='Use distance = "logit", or exact columns.',
                )
        if self.matching == "optimal":
            if strata is not None:
                raise EstimatorRefusal(
                    "E401", "optimal matching takes no exact columns", hint='Use matching = "nearest".'
                )
            try:
                return assigned(at, focal, pool, caliper=limit)
            except ValueError as e:
                raise EstimatorRefusal("E401", str(e), hint='Use matching = "nearest".') from e
        if not self.replace:
            return greedy(at, score, focal, pool, self.ratio, caliper=limit, strata=strata, order=order)
        if self.ties == "tree":
            if limit is not None or strata is not None:
                raise EstimatorRefusal(
                    "E401", 'ties = "tree" takes no caliper and no exact columns', hint='Use ties = "all" or "first".'
                )
            return from_tree(at, focal, pool, self.ratio)
        found = nearest(at, focal, pool, self.ratio, caliper=limit, strata=strata, order=order)
        return found if self.ties == "all" else found.first(self.ratio, at)

    def _write(
        self,
        p: People,
        at: Floats,
        score: Floats,
        order: Ints,
        fit: Logit | None,
        matched: tuple[Matches, ...],
        estimand: str,
        details: dict[str, Json],
    ) -> Estimate:
        """Effects of the focal people, their errors and the sample."""
        import numpy as np

        from causal_eval.estimators._matching_errors import alike, bias_slope, by_set, influence, one_variance
        from causal_eval.estimators._opt_in import covariance, words, write
        from causal_eval.inference.abadie_imbens import (
            AlongScore,
            estimated_score,
            variance_along_score,
            variance_by_neighbours,
            variance_of_matching,
        )

        t, w, n = p.treated, p.w, len(p.d)
        effects = []
        slopes = []
        for k, m in enumerate(matched):
            mine, theirs = p.y[m.focal], m.mean(p.y)
            slope = np.zeros(p.X.shape[1])
            if self.bias_adjust:
                slope = bias_slope(p.X, p.y, m.used(n, w)[0])
                theirs = theirs + (p.X[m.focal] - m.mean(p.X)) @ slope
            slopes.append(slope)
            effects.append(mine - theirs if k == 0 else theirs - mine)
        weights = np.concatenate([w[m.focal] for m in matched])
        value = float(np.average(np.concatenate(effects), weights=weights))
        after = np.zeros(n)
        for m in matched:
            after[m.focal] += w[m.focal]
            after += m.used(n, w)[0]
        first = matched[0]
        tied: tuple[str, ...] = ()
        if self.ratio == 1 and len(matched) == 1 and not self.bias_adjust:
            low, high = (float(np.average(p.y[first.focal] - v, weights=weights)) for v in first.extremes(p.y)[::-1])
            details |= {"ties_low": low, "ties_high": high}
            if high - low > 0.1 * abs(value):
                ends = f"between {low:.4g} and {high:.4g}".replace("-", "\N{MINUS SIGN}")
                tied = (f"Matches tie: programs that pick one of them by the order of rows can get anything {ends}.",)
        pairs = not self.replace or self.matching == "optimal"
        on_score = self.distance in ("score", "logit")
        if p.clustered or pairs:
            if pairs and not p.clustered:
                joint, g = by_set(p, first, effects[0])
                how = f"clustered by matched set ({g:,} sets)"
                # What estimating the score changes hangs on the mean uses of a row given the score, its odds (Abadie & Imbens 2016,
                # theorem 2): they are the same whether or not a row may be used again.
                if fit is not None and on_score and alike(score, first):
                    adjusted = p.y - p.X @ slopes[0] if self.bias_adjust else p.y
                    more = estimated_score(fit, AlongScore(score, t, order), adjusted, value, estimand)
                    joint[0, 0] = max(joint[0, 0] + more, 0.25 * joint[0, 0])
                    how += " with the score estimated"
                how += f", t with {g - 1:,} degrees of freedom"
            else:
                estimated = fit if on_score and self.errors == "heteroskedastic" else None
                psi = influence(
                    p, score if on_score else at, order, matched, effects, slopes, value, estimated, estimand
                )
                observed_psi = np.zeros(n)
                observed_psi[first.focal] = (
                    w[first.focal]
                    * (p.level[first.focal] - np.average(p.level[first.focal], weights=w[first.focal]))
                    / w[first.focal].sum()
                )
                joint, g = covariance(p, np.column_stack([psi, observed_psi]))
                how = words(p, g, "matching residuals")
        else:
            # What the adjustment takes out is no noise, and nothing the estimated score could explain.
            adjusted = p.y - p.X @ slopes[0] if self.bias_adjust else p.y
            along = AlongScore(score, t, order) if on_score and self.errors == "heteroskedastic" else None
            if self.errors == "homoskedastic":
                sigma2 = np.full(n, one_variance(p, matched, slopes, value))
            elif along is not None:
                sigma2 = variance_along_score(along, adjusted, after > 0)
            else:
                sigma2 = variance_by_neighbours(at, t, adjusted)
            total = variance_of_matching(matched, tuple(effects), value, sigma2, w)
            how = "Abadie-Imbens"
            if along is not None and fit is not None:
                total = max(total + estimated_score(fit, along, adjusted, value, estimand), 0.25 * total)
                how += " with the score estimated"
            size = w[first.focal]
            level = p.level[first.focal]
            centre = level - np.average(level, weights=size)
            cross = float(size**2 @ ((effects[0] - value) * centre)) / size.sum() ** 2
            joint = np.array([[total, cross], [cross, float(size**2 @ centre**2) / size.sum() ** 2]])
            g = n
            how = f"{how}, t with {n - 1:,} degrees of freedom"
        about = int(t.sum()) if estimand == "att" else n
        lost = sum(len(m.lost) for m in matched)
        observed = float(np.average(p.level[first.focal], weights=w[first.focal]))
        if estimand == "ate":
            observed = float(
                (w[first.focal] @ p.level[first.focal] + w[matched[1].focal] @ matched[1].mean(p.level)) / weights.sum()
            )
        renamed, text, notes = _renamed(estimand, about, lost)
        k_max = float(first.used(n, w)[0].max())
        details |= {
            "matched": about - lost,
            "unmatched": lost,
            "distinct_untreated": int(np.count_nonzero(np.bincount(first.row, minlength=n))),
            "most_uses": k_max,
            "replace": self.replace,
        }
        if pairs and self.ratio == 1 and not p.weighted:
            from causal_eval.inference.rosenbaum import largest_gamma

            details["rosenbaum_gamma"] = largest_gamma(effects[0], 1 - self.level)
        return write(
            p,
            method=self.info.name,
            estimand=renamed,
            level=self.level,
            value=value,
            observed=observed,
            joint=joint,
            n_clusters=g,
            inference=how,
            after=after,
            text=text,
            notes=(*notes, *tied),
            details=details,
            used=after > 0,
        )

    def _stratified(
        self, p: People, score: Floats, strata: Ints | None, estimand: str, details: dict[str, Json]
    ) -> Estimate:
        """Subclasses or coarsened exact strata: differences within, averaged by size."""
        import numpy as np

        from causal_eval.estimators._opt_in import covariance, words, write
        from causal_eval.inference.coarsened import coarsened, stratum_weights, subclasses

        t = p.treated
        found = coarsened(p.X) if self.matching == "cem" else subclasses(score, t, self.subclasses)
        if strata is not None:
            found = np.unique(np.column_stack([found, strata]), axis=0, return_inverse=True)[1].ravel().astype(np.int64)
        after = stratum_weights(found, t, p.w, estimand)
        kept = after > 0
        if kept[t].sum() < 5:
            raise EstimatorRefusal(
                "E402", f"`{self.info.name}`: fewer than 5 treated people share a stratum with an untreated one",
                hint='Use fewer covariates, or matching = "nearest".',
            )  # fmt: skip
        psi = np.zeros((len(p.d), 2))
        value = 0.0
        observed = float(np.average(p.level[t], weights=after[t]))
        sizes = np.bincount(found[kept], weights=(after * (t if estimand == "att" else 1.0))[kept])
        lone = 0
        for s in np.flatnonzero(sizes):
            inside = kept & (found == s)
            share = sizes[s] / sizes.sum()
            difference = 0.0
            for g, sign in ((t, 1.0), (~t, -1.0)):
                rows = np.flatnonzero(inside & g)
                v = p.w[rows] / p.w[rows].sum()
                mean = float(v @ p.y[rows])
                difference += sign * mean
                if len(rows) > 1:
                    psi[rows, 0] += sign * share * v * (p.y[rows] - mean) * np.sqrt(len(rows) / (len(rows) - 1))
                else:
                    # One row has no spread of its own: its group's stands in.
                    lone += 1
                    psi[rows, 0] += sign * share * p.y[g].std(ddof=1)
            value += share * difference
        if estimand == "att":
            # Strata weigh what the sample's treated do: their differences' spread is part of the error.
            per = {int(s): _difference(p, kept & (found == s)) for s in np.flatnonzero(sizes)}
            rows = np.flatnonzero(kept & t)
            psi[rows, 0] += p.w[rows] * (np.array([per[int(found[i])] for i in rows]) - value) / p.w[rows].sum()
        psi[:, 1] = np.where(t & kept, after * (p.level - observed) / after[t].sum(), 0.0)
        joint, n = covariance(p, psi)
        about = t if estimand == "att" else np.ones(len(t), dtype=bool)
        lost = int((about & ~kept).sum())
        renamed, text, notes = _renamed(estimand, int(about.sum()), lost)
        if lone:
            notes = (*notes, f"{lone} strata hold one person of a group, whose spread is taken from the whole group.")
        details |= {"strata": len(np.flatnonzero(sizes)), "matched": int((about & kept).sum()), "unmatched": lost}
        return write(
            p,
            method=self.info.name,
            estimand=renamed,
            level=self.level,
            value=value,
            observed=observed,
            joint=joint,
            n_clusters=n,
            inference=words(p, n, "stratified"),
            after=after,
            text=text,
            notes=notes,
            details=details,
            used=kept,
        )


def _difference(p: People, inside: Bools) -> float:
    import numpy as np

    t = p.treated
    return float(
        np.average(p.y[inside & t], weights=p.w[inside & t]) - np.average(p.y[inside & ~t], weights=p.w[inside & ~t])
    )


def _renamed(estimand: str, about: int, lost: int) -> tuple[str, str, tuple[str, ...]]:
    """Estimand, its text and a note, when some found no match."""
    if not lost:
        return estimand, "", ()
    whom = "treated" if estimand == "att" else "people"
    share = f"{(about - lost) / about:.0%}"
    text = f"The average effect on the {share} of the {whom} who could be matched."
    note = f"{lost:,} of {about:,} {whom} found no match: the effect is that on the {share} who could be matched."
    return f"{estimand}_matched", text, (note,)


def _ordered(p: People, data: CrossSection | Panel, rng: np.random.Generator) -> People:
    """The people in an order that has nothing to do with outcomes: ties are broken by it.

    By unit where units are named; else the order of the rows is that of their values, outcomes among them, and is shuffled.
    """
    import numpy as np

    from causal_eval.data.contract import CrossSection

    if not isinstance(data, CrossSection) or data.has_units:
        return p
    return p.only(np.random.default_rng(int(rng.integers(2**31))).permutation(len(p.d)))


def _without(p: People, k: int) -> People:
    from dataclasses import replace

    import numpy as np

    return replace(p, X=np.delete(p.X, k, axis=1), names=tuple(n for i, n in enumerate(p.names) if i != k))


plugin: type[Estimator[CrossSection | Panel]] = PropensityMatching
