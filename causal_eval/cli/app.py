"""The command `causal-eval`. Every command imports what it needs in its body: `--help` loads no heavy library."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Annotated, Any, Literal, ParamSpec

import typer

from causal_eval.cli.outcome import settle

P = ParamSpec("P")

app = typer.Typer(
    name="causal-eval",
    help="Evaluate a launch that could not be randomised: one study.toml in, a decision-ready write-up out.",
    epilog="Start with: causal-eval init my-study && causal-eval run my-study/study.toml",
    no_args_is_help=True,
    rich_markup_mode=None,
    add_completion=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

Study = Annotated[Path, typer.Argument(metavar="STUDY", help="The study.toml.")]
Run = Annotated[Path, typer.Argument(metavar="RUN", help="The folder of a run, or its results.json.")]
Formats = Annotated[str, typer.Option(metavar="html,md", help="html, md, pdf, docx, pptx; default: as the study says.")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object on stdout.")]


def command(function: Callable[P, int]) -> Callable[P, None]:
    """Register a command that returns its exit code; its errors become messages and codes."""

    @app.command()
    @wraps(function)
    def registered(*args: P.args, **kwargs: P.kwargs) -> None:
        raise typer.Exit(settle(lambda: function(*args, **kwargs)))

    return registered


def _version(asked: bool) -> None:
    if asked:
        from importlib.metadata import version

        typer.echo(f"causal-eval {version('causal-eval')}")
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[
        bool, typer.Option("--version", help="Print the version.", is_eager=True, callback=_version)
    ] = False,
    traceback: Annotated[bool, typer.Option("--traceback", help="Show the trace of an internal error.")] = False,
) -> None:
    """Evaluate a launch that could not be randomised: one study.toml in, a decision-ready write-up out."""


@command
def run(
    study: Study,
    out: Annotated[Path | None, typer.Option(metavar="DIR", help="The run's folder; default: in runs/<id>/.")] = None,
    only: Annotated[str | None, typer.Option(metavar="NAME", help="Only the analysis of that name.")] = None,
    seed: Annotated[int | None, typer.Option(min=0, help="Instead of the study's seed.")] = None,
    jobs: Annotated[int, typer.Option(min=1, help="Processes; the result does not depend on it.")] = 1,
    formats: Formats = "",
    fail_on: Annotated[
        Literal["hold", "warn"] | None,
        typer.Option(help="Exit 6 unless the decision is to ship; `warn`: and no check warns."),
    ] = None,
    quiet: Annotated[bool, typer.Option("-q", "--quiet", help="No progress; print the run's folder only.")] = False,
    json: Json = False,
) -> int:
    """Do a study: one folder with its report and numbers."""
    from causal_eval.cli.commands.run import run

    return run(study, out=out, only=only, seed=seed, jobs=jobs, formats=formats, fail_on=fail_on, quiet=quiet,
               as_json=json)  # fmt: skip


@command
def check(
    study: Study,
    resolved: Annotated[bool, typer.Option("--resolved", help="Print every value and where it is from.")] = False,
    json: Json = False,
    no_data: Annotated[bool, typer.Option("--no-data", help="Check the file and the plan, read no data.")] = False,
) -> int:
    """Check a study and its data; nothing is estimated."""
    from causal_eval.cli.commands.check import check

    return check(study, resolved=resolved, as_json=json, data=not no_data)


@command
def init(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Where to write.")] = Path("."),
    template: Annotated[Literal["panel", "optin", "staggered"], typer.Option(help="The kind of launch.")] = "panel",
) -> int:
    """Write a study and simulated data that run as they are."""
    from causal_eval.cli.commands.init import init

    return init(folder, template)


@command
def schema() -> int:
    """Print the JSON Schema of study.toml, for editors."""
    from causal_eval.spec.schema import schema_text

    sys.stdout.write(schema_text())
    return 0


@command
def estimators(
    name: Annotated[str | None, typer.Argument(metavar="NAME", help="One estimator, in full.")] = None,
) -> int:
    """List the estimators, or describe one."""
    from causal_eval.cli.commands.catalogue import estimators

    return estimators(name)


@command
def lock(
    study: Study,
    note: Annotated[str, typer.Option(metavar="TEXT", help="Why; an amendment needs one.")] = "",
    no_data: Annotated[bool, typer.Option("--no-data", help="Do not read the data for their fingerprint.")] = False,
    json: Json = False,
) -> int:
    """Lock the plan: later changes are shown in the report."""
    from causal_eval.cli.commands.lock import lock

    return lock(study, note=note, data=not no_data, as_json=json)


@command
def design(
    study: Study,
    duration: Annotated[str, typer.Option(metavar="4,8", help="Periods after the launch; default: a quarter.")] = "",
    effect: Annotated[str, typer.Option(metavar="5%,10%", help="Effects to tell the power of.")] = "",
    treat: Annotated[str, typer.Option(metavar="A,B", help="Units to treat; default: as planned, else try all.")] = "",
    candidates: Annotated[int | None, typer.Option(min=1, help="Sets of units to try at most; default: 50.")] = None,
    size: Annotated[int, typer.Option(min=1, help="Units in the largest set.")] = 2,
    fits: Annotated[int, typer.Option(min=2, help="Placebo launches to estimate at most, by duration.")] = 600,
    only: Annotated[str | None, typer.Option(metavar="NAME", help="That analysis; default: the primary.")] = None,
    out: Annotated[Path | None, typer.Option(metavar="DIR", help="Where to; default: in runs/<id>/.")] = None,
    seed: Annotated[int | None, typer.Option(min=0, help="Instead of the study's seed.")] = None,
    jobs: Annotated[int, typer.Option(min=1, help="Processes; the result does not depend on it.")] = 1,
    quiet: Annotated[bool, typer.Option("-q", "--quiet", help="No progress; print the folder only.")] = False,
    json: Json = False,
) -> int:
    """Before the launch: what effect it could show, in which units."""
    from causal_eval.cli.commands.design import design

    return design(study, duration=duration, effect=effect, treat=treat, candidates=candidates, size=size, fits=fits,
                  only=only, out=out, seed=seed, jobs=jobs, quiet=quiet, as_json=json)  # fmt: skip


@command
def report(
    run: Run,
    formats: Formats = "",
    audience: Annotated[
        Literal["launch-review", "exec", "technical", "policy"] | None,
        typer.Option(help="Who it is for; default: as the study says."),
    ] = None,
    template: Annotated[
        list[Path] | None, typer.Option(metavar="FILE", help="A .docx or .pptx to take the style of; once for each.")
    ] = None,
    out: Annotated[Path | None, typer.Option(metavar="DIR", help="Where to; default: the run's folder.")] = None,
) -> int:
    """Write the report again from a saved run."""
    from causal_eval.cli.commands.render import report

    return report(run, formats=formats, audience=audience, template=template or (), out=out)


@command
def figures(
    run: Run,
    which: Annotated[str, typer.Option(metavar="a,b", help="Names of figures; default: all.")] = "",
    size: Annotated[Literal["page", "slide", "phone"], typer.Option(help="What they are for.")] = "page",
    out: Annotated[Path | None, typer.Option(metavar="DIR", help="Where to; default: figures/ of the run.")] = None,
) -> int:
    """Draw the figures again from a saved run."""
    from causal_eval.cli.commands.render import figures

    return figures(run, which=which, size=size, out=out)


@command
def compare(
    runs: Annotated[list[Path], typer.Argument(metavar="RUN RUN...", help="Folders of runs, or their results.json.")],
    json: Json = False,
) -> int:
    """Set runs side by side: effects, decisions, and what differs."""
    from causal_eval.cli.commands.compare import compare

    return compare(runs, as_json=json)


@command
def explain(
    topic: Annotated[str, typer.Argument(metavar="CODE|TOPIC", help="E310, an estimator, a check, a figure.")],
) -> int:
    """Explain an error code, an estimator, a check or a figure."""
    from causal_eval.cli.commands.catalogue import explain

    return explain(topic)


@command
def doctor() -> int:
    """Tell whether this installation can work."""
    from causal_eval.cli.commands.doctor import doctor

    return doctor()


def main(argv: list[str] | None = None) -> Any:
    """Entry point of the console script."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    if "--traceback" in arguments:  # accepted anywhere: it is typed at the end of the line that just failed
        arguments = [a for a in arguments if a != "--traceback"]
        os.environ["CAUSAL_EVAL_TRACEBACK"] = "1"
    return app(arguments, prog_name="causal-eval")


if __name__ == "__main__":
    main()
