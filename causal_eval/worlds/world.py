"""What a simulated launch returns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, slots=True, eq=False)
class World:
    """A simulated launch.

    Attributes:
        frame: the rows, as a warehouse would hold them.
        truth: the true average effect on the treated, after the launch, by metric (and by ``metric@event:<k>``
            where it grows), in the metric's own units.
        roles: role to column, as in the table ``[roles]`` of a study.
    """

    frame: pd.DataFrame
    truth: Mapping[str, float]
    roles: Mapping[str, str]

    def __post_init__(self) -> None:
        object.__setattr__(self, "truth", MappingProxyType(dict(self.truth)))
        object.__setattr__(self, "roles", MappingProxyType(dict(self.roles)))

    def csv(self) -> str:
        """The rows as CSV text with LF line ends; the same bytes on every system."""
        return self.frame.to_csv(index=False, lineterminator="\n")
