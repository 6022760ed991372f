"""`causal-eval estimators` and `causal-eval explain`: what is in the registries and in the catalogue of codes."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Iterable
from typing import Any

from causal_eval.cli.outcome import USAGE, silent_libraries
from causal_eval.cli.words import wrapped
from causal_eval.errors import PluginError, suggest
from causal_eval.plugins import Registry

ESTIMATORS = "causal_eval.estimators"
CHECKS = "causal_eval.diagnostics.checks"


def estimators(name: str | None) -> int:
    """List the estimators, one line each, or tell about one."""
    registry = Registry(ESTIMATORS)
    with silent_libraries():
        if name is not None:
            print(estimator_text(name, registry.get(name)))
            return 0
        plugins = registry.plugins()
        width = max(map(len, plugins))
        for each, plugin in plugins.items():
            foreign = "" if plugin.origin == "causal-eval" else f"  (from {plugin.origin})"
            try:
                title = registry.get(each).info.title
            except PluginError as e:
                title = f"cannot be used: {e.message}"
            print(f"{each:<{width}}  {title}{foreign}")
    print("\nnext:    causal-eval estimators NAME")
    return 0


def estimator_text(name: str, plugin: Any) -> str:
    """What an estimator does, assumes, needs and takes."""
    info = plugin.info
    needs = [
        ("data", _words(info.data)),
        ("estimands", _words(info.estimands)),
        ("adoption", _words(info.adoptions)),
        ("pre-periods", f"at least {info.min_pre_periods}" if info.min_pre_periods else ""),
        ("controls", f"at least {info.min_controls}" if info.min_controls else ""),
    ]
    lines = [f"{name}: {info.title}", ""]
    if info.summary:
        lines += [wrapped(info.summary), ""]
    lines += ["Assumes", *(f"  - {_sentence(a)}" for a in info.assumptions), ""]
    lines += ["Needs", *(f"  {what:<12} {said}" for what, said in needs if said), ""]
    lines += ["Options (keys of [[estimators]], with their defaults)", *_options(plugin), ""]
    lines += ["Reference", wrapped(info.reference)]
    return "\n".join(lines)


def explain(topic: str) -> int:
    """Explain an estimator, a check, a code, a topic, an assumption, a kind of metric or a figure."""
    from causal_eval import codes
    from causal_eval.design.assumptions import ASSUMPTIONS
    from causal_eval.plots.figures import ORDER

    named = topic.strip().lower().replace("-", "_")
    estimators, checks = Registry(ESTIMATORS), Registry(CHECKS)
    with silent_libraries():
        if named in estimators.plugins():
            print(estimator_text(named, estimators.get(named)))
            return 0
        if named in checks.plugins():
            print(check_text(named, checks.get(named)))
            return 0
    if entry := codes.lookup(topic):
        print(f"{entry.code}: {entry.title}\n\n{wrapped(entry.explanation)}\n\nWhat to do\n{wrapped(entry.remedy)}")
        return 0
    if text := assumption_text(named) or kind_text(named) or figure_text(named):
        print(text)
        return 0
    others = (*ASSUMPTIONS, *kinds(), *ORDER)
    near = suggest(topic, [*estimators.plugins(), *checks.plugins(), *codes.names(), *others]).nearest
    print(f"nothing is called `{topic}`", file=sys.stderr)
    hint = (
        f"did you mean `{near}`?"
        if near
        else "Give a code such as E310, an estimator, a check, an assumption, a kind of metric or a figure."
    )
    print(f"  {hint}", file=sys.stderr)
    return USAGE


def check_text(name: str, plugin: Any) -> str:
    """What a check asks, and of which assumption."""
    info = plugin.info
    parts = [
        f"{name}: {info.question}",
        f"Speaks to\n{wrapped(_sentence(info.assumption))}",
        f"When it fails\n{wrapped(info.breaks)}",
        f"How\n{wrapped(inspect.cleandoc(sys.modules[plugin.__module__].__doc__ or plugin.__doc__ or ''))}",
    ]
    return "\n\n".join(parts)


def assumption_text(name: str) -> str:
    """What an assumption means, what breaks it, whether it can be checked, and which checks do; empty for another name."""
    from causal_eval.design.assumptions import ASSUMPTIONS

    known = ASSUMPTIONS.get(name)
    if known is None:
        return ""
    registry = Registry(CHECKS)
    with silent_libraries():
        infos = {check: registry.get(check).info for check in registry.plugins()}
    mine = [check for check, info in infos.items() if name in (info.assumption, *info.also)]
    parts = [
        f"{name}: {known.title}\n\n{wrapped(known.meaning)}",
        f"What would break it\n{wrapped(known.breaks)}",
        f"Can it be checked?\n{wrapped(known.testable)}",
    ]
    return "\n\n".join([*parts, f"Checks\n  {', '.join(mine)}"] if mine else parts)


def kinds() -> tuple[str, ...]:
    """The kinds of metric that can be analysed: the modules of causal_eval.metrics."""
    import pkgutil

    from causal_eval import metrics

    return tuple(m.name for m in pkgutil.iter_modules(metrics.__path__) if not m.name.startswith("_"))


def kind_text(name: str) -> str:
    """What a kind of metric is, in the words of its module; empty for another name."""
    from importlib import import_module

    if name not in kinds():
        return ""
    said = inspect.cleandoc(import_module(f"causal_eval.metrics.{name}").__doc__ or "")
    return f'kind = "{name}"\n\n{wrapped(said)}'


def _options(plugin: Any) -> Iterable[str]:
    from causal_eval.estimators._base import Options

    for key, field in sorted(plugin.model_fields.items(), key=lambda item: item[0] in Options.model_fields):
        shown = "(required)" if field.is_required() else _toml(field.get_default(call_default_factory=True))
        described = f"  {field.description}" if field.description else ""
        yield f"  {key} = {shown}{described}"


def _toml(value: object) -> str:
    """A default as it would be written in study.toml."""
    import json

    if value is None:
        return "(not set)"
    if isinstance(value, tuple | list):
        return f"[{', '.join(_toml(v) for v in value)}]"
    return json.dumps(value, default=str)


def _words(value: Iterable[str]) -> str:
    return ", ".join(sorted(value))


def _sentence(assumption: str) -> str:
    """An assumption in words; a foreign estimator may name one that is not in the catalogue."""
    from causal_eval.design.assumptions import ASSUMPTIONS

    known = ASSUMPTIONS.get(assumption)
    return f"{known.title}: {known.meaning}" if known else assumption


def figure_text(name: str) -> str:
    """What a figure shows, and how to get it; empty for another name."""
    from causal_eval.plots.figures import families

    family = next((f for f in families() if f.name == name), None)
    if family is None:
        return ""
    return (
        f"{name}: a figure\n\n{wrapped(family.about)}\n\nHow to get it, where the result holds its numbers\n"
        f"  causal-eval figures RUN --which {name} --size slide\n  result.plot.{name}()  # in a notebook"
    )
