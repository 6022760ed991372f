"""Registries: names from a folder of this package and from entry points; a plug-in is imported only when asked for.

A built-in is a module of the folder whose name is the registry name and which ends in ``plugin = TheClass``. A
foreign one is an entry point, in the group of the same name, that points at its class.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from causal_eval.errors import PluginError, suggest


@dataclass(frozen=True, slots=True)
class Plugin:
    """Where a plug-in comes from: nothing of it is loaded."""

    name: str
    target: str
    origin: str


class Registry:
    """The plug-ins of one group, such as ``causal_eval.estimators``."""

    def __init__(self, group: str) -> None:
        self.group = group

    def plugins(self) -> dict[str, Plugin]:
        """All plug-ins by name, sorted; two of one name are reported when that name is asked for."""
        found: dict[str, Plugin] = {}
        for plugin in self._all():
            found.setdefault(plugin.name, plugin)
        return dict(sorted(found.items()))

    def get(self, name: str) -> Any:
        """The class registered as ``name``.

        Raises:
            PluginError: E207 for an unknown name, E208 when two plug-ins claim it, E209 when it cannot be loaded.
        """
        claims = [p for p in self._all() if p.name == name]
        what = self.group.rpartition(".")[2].removesuffix("s").replace("_", " ")
        if not claims:
            raise PluginError("E207", f"unknown {what} `{name}`", hint=str(suggest(name, list(self.plugins()))))
        if len({p.target for p in claims}) > 1:
            origins = " and ".join(p.origin for p in claims)
            raise PluginError(
                "E208", f"two plug-ins are called `{name}`: from {origins}", hint="Uninstall one of them."
            )
        module, _, attribute = claims[0].target.partition(":")
        try:
            return getattr(import_module(module), attribute)
        except (ImportError, AttributeError) as e:
            raise PluginError(
                "E209",
                f"the {what} `{name}` of {claims[0].origin} cannot be loaded: {e}",
                hint="Reinstall or uninstall that package.",
            ) from e

    def _all(self) -> Iterator[Plugin]:
        import pkgutil
        from importlib.metadata import entry_points

        folder = import_module(self.group)
        for module in sorted(pkgutil.iter_modules(folder.__path__), key=lambda m: m.name):
            if not module.name.startswith("_"):
                yield Plugin(module.name, f"{self.group}.{module.name}:plugin", "causal-eval")
        for point in sorted(entry_points(group=self.group), key=lambda p: (p.name, p.value)):
            yield Plugin(point.name, point.value, point.dist.name if point.dist else "an installed package")
