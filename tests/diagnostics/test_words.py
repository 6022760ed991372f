"""How readings write numbers."""

from __future__ import annotations

import pytest

from causal_eval.diagnostics.words import num


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.0, "0"), (0.01234, "0.0123"), (999.4, "999"), (999.6, "1,000"), (1796.2, "1,796"), (-12345.6, "\N{MINUS SIGN}12,346"),
     (3.2e-6, "3.20e\N{MINUS SIGN}06")],
)  # fmt: skip
def test_everyday_sizes_have_no_exponent(value: float, text: str) -> None:
    assert num(value) == text
