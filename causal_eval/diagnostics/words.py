"""How checks write numbers into their readings: three significant digits, a true minus sign, p never below 0.001."""

from __future__ import annotations


def num(value: float) -> str:
    """A number to three significant digits, never in exponent form for everyday sizes."""
    if value == 0:
        return "0"
    # 999.6 to three digits is 1,000, which :.3g would write 1e+03.
    text = f"{value:.3g}" if 1e-4 <= abs(value) < 999.5 else f"{value:,.0f}" if abs(value) >= 999.5 else f"{value:.2e}"
    return text.replace("-", "\N{MINUS SIGN}")


def p_text(p: float) -> str:
    """``p = 0.037``, or ``p < 0.001``."""
    return "p < 0.001" if p < 0.001 else f"p = {p:.2g}" if p >= 0.1 else f"p = {p:.3f}"
