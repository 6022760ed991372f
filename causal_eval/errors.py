"""What can go wrong, said once: every error names what happened, where, and what to do next.

A code such as ``E310`` is looked up in :mod:`causal_eval.codes`, which ``causal-eval explain E310`` prints.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field


class CausalEvalError(Exception):
    """Base of every error this package raises on purpose.

    Attributes:
        code: the catalogue code, such as ``"E310"``.
        message: what happened, one sentence without a full stop.
        where: a file, ``file:line:col``, column or estimator; empty when the message says it.
        hint: what to do next.
        exit_code: what ``causal-eval`` exits with (DESIGN 4.1).
    """

    exit_code = 1

    def __init__(self, code: str, message: str, *, where: str = "", hint: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.where = where
        self.hint = hint

    def __str__(self) -> str:
        place = f"{self.where}: " if self.where else ""
        hint = f"\n  {self.hint}" if self.hint else ""
        return f"{place}{self.code} {self.message}{hint}"


class UsageError(CausalEvalError):
    """The call itself is wrong: an argument, a path that is not a run."""

    exit_code = 2


class DataError(CausalEvalError):
    """The data is missing, unreadable or breaks its contract."""

    exit_code = 4


class EstimatorRefusal(CausalEvalError):
    """An estimator does not fit this design or this data, and says why. Becomes a ``Failure`` in a study."""

    exit_code = 4


class PrivacyError(CausalEvalError):
    """Carrying on would disclose what the privacy settings protect."""

    exit_code = 7


class PluginError(CausalEvalError):
    """A registry name is unknown, double, or its plug-in cannot be loaded."""

    exit_code = 3


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong with a study file.

    ``path`` is the key path in the merged document, such as ``("estimators", 0, "varant")``; ``line`` and
    ``col`` are 1-based and 0 when the place is not known.
    """

    code: str
    message: str
    path: tuple[str | int, ...] = ()
    hint: str = ""
    allowed: tuple[str, ...] = ()
    suggestion: str = ""
    file: str = ""
    line: int = 0
    col: int = 0
    on_key: bool = False
    """Whether the caret belongs under the key (an unknown key) rather than its value."""


class SpecError(CausalEvalError):
    """Everything wrong with a study file, at once."""

    exit_code = 3

    def __init__(self, problems: Sequence[Problem], *, rendered: str = "") -> None:
        first = problems[0]
        super().__init__(first.code, first.message, where=first.file, hint=first.hint)
        self.problems = tuple(problems)
        self.rendered = rendered or "\n".join(f"{p.file}:{p.line}:{p.col} {p.code} {p.message}" for p in problems)

    def __str__(self) -> str:
        return self.rendered


@dataclass(frozen=True, slots=True)
class Suggestion:
    """The nearest right word to a wrong one, and all the right words."""

    nearest: str = ""
    allowed: tuple[str, ...] = field(default_factory=tuple)

    def __str__(self) -> str:
        near = f"did you mean `{self.nearest}`? " if self.nearest else ""
        return f"{near}allowed: {', '.join(self.allowed)}"


def suggest(word: str, allowed: Sequence[str]) -> Suggestion:
    """The word of ``allowed`` that is nearest to ``word``, if any is near."""
    import difflib

    folded = {a.lower(): a for a in allowed}
    near = difflib.get_close_matches(word.lower(), list(folded), n=1, cutoff=0.6)
    return Suggestion(folded[near[0]] if near else "", tuple(allowed))


def columns(names: Sequence[str]) -> str:
    """Names as a sentence has them: ```a`, `b` and `c```."""
    said = [f"`{n}`" for n in names]
    return said[0] if len(said) == 1 else f"{', '.join(said[:-1])} and {said[-1]}"
