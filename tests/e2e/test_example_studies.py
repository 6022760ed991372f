"""The shipped studies run as they are and give their published numbers, or cover the truth they were simulated with."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from causal_eval.worlds import assistant_teams, optin_help_page, pilot_queues, staggered_sites, support_queues

Process = Callable[..., Any]
Row = dict[str, str]

STUDIES = (
    "organ_donations",
    "incinerator",
    "smart_routing",
    "texas_prisons",
    "job_training",
    "lalonde_cps",
    "inconclusive",
)
ALL_STUDIES = (*STUDIES, "castle_doctrine", "support_launch")
"""With two that take longer: one whose estimators' published numbers are tested beside them, one that runs whole in a slow test."""


@pytest.fixture(scope="module")
def runs(root: Path, tmp_path_factory: pytest.TempPathFactory, process: Process) -> dict[str, Path]:
    """Every shipped study, run once through the command, from a folder that is not the repository."""
    base = tmp_path_factory.mktemp("runs")
    done = {}
    for name in STUDIES:
        called = process("run", root / "configs" / f"{name}.toml", "--out", base / name, cwd=base)
        assert called.returncode in (0, 5), called.stderr
        done[name] = base / name
    return done


@pytest.mark.parametrize("name", STUDIES)
def test_a_shipped_study_passes_its_own_gates(runs: dict[str, Path], name: str) -> None:
    assert json.loads((runs[name] / "run.json").read_text())["exit_code"] == 0
    assert not [r for r in rows(runs[name], "diagnostics") if r["verdict"] == "fail"]


def rows(run: Path, name: str = "estimates") -> list[Row]:
    with open(run / f"{name}.csv", encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def headline(run: Path, metric: str, analysis: str = "did") -> Row:
    """The overall absolute effect."""
    return next(
        r for r in rows(run)
        if (r["metric"], r["analysis"], r["aggregation"], r["scale"]) == (metric, analysis, "overall", "absolute")
    )  # fmt: skip


def test_texas_prisons_gives_the_exact_optimum_and_every_placebo(runs: dict[str, Path]) -> None:
    """Cunningham, The Mixtape, section 10.1.4, on the outcome path alone; rank 6 of 51, whose interval holds zero."""
    row = headline(runs["texas_prisons"], "bmprison", "synthetic_control")
    assert float(row["value"]) == pytest.approx(23807.73, abs=0.01)
    assert float(row["p_value"]) == pytest.approx(6 / 51)
    weights = {
        r["unit"]: float(r["weight"])
        for r in rows(runs["texas_prisons"], "weights")
        if r["analysis"] == "synthetic_control"
    }
    assert max(weights, key=lambda u: weights[u]) == "Florida" and sum(weights.values()) == pytest.approx(1)


def test_job_training_stays_near_the_lot(runs: dict[str, Path]) -> None:
    """Imbens & Xu (2024): 1,794.34 by lot; what adjusts for covariates comes near it, and balances them."""
    assert float(headline(runs["job_training"], "earnings", "naive")["value"]) == pytest.approx(1794.34, abs=0.01)
    for analysis in ("weighting", "propensity_matching", "aipw", "double_ml"):
        row = headline(runs["job_training"], "earnings", analysis)
        assert abs(float(row["value"]) - 1794.34) < float(row["std_error"]), analysis
    after = [abs(float(r["smd"])) for r in rows(runs["job_training"], "balance") if r["analysis"] == "weighting"][1::2]
    assert max(after) < 1e-6


def test_a_survey_in_place_of_the_lot_shows_poor_overlap_and_is_called_weak(runs: dict[str, Path]) -> None:
    """LaLonde's lesson: -8,497.52 (581.92) unadjusted (Imbens & Xu 2024), above zero once adjusted, and no ground to decide on."""
    run = runs["lalonde_cps"]
    plain = headline(run, "earnings", "naive")
    assert float(plain["value"]) == pytest.approx(-8497.52, abs=0.01)
    assert float(plain["std_error"]) == pytest.approx(581.92, abs=0.01)
    for analysis in ("weighting", "propensity_matching", "aipw"):
        assert abs(float(headline(run, "earnings", analysis)["value"]) - 1794.34) < 1000, analysis
    overlap = next(r for r in rows(run, "diagnostics") if r["check"] == "overlap" and r["analysis"] == "weighting")
    assert overlap["verdict"] == "warn" and float(overlap["statistic"]) > 0.95
    decision = json.loads((run / "decision.json").read_text())
    assert (decision["robustness"], decision["recommendation"]) == ("weak", "hold")
    said = (run / "report.md").read_text(encoding="utf-8")
    assert (
        "Robustness: weak, the comparison is in doubt (overlap)" in said
        and "look for other evidence before acting on it" in said
    )


def test_organ_donations_gives_the_published_estimate_and_clustered_error(runs: dict[str, Path]) -> None:
    """Kessler & Roth (2014), NBER w20378; Huntington-Klein, The Effect, section 18.2: -0.022 (0.006)."""
    row = headline(runs["organ_donations"], "Rate")
    assert round(float(row["value"]), 4) == -0.0225
    assert round(float(row["std_error"]), 4) == 0.0061
    assert (row["n_rows"], row["n_units"], row["n_treated"]) == ("162", "27", "1")


def test_organ_donations_does_not_rest_its_p_value_on_one_treated_cluster(runs: dict[str, Path]) -> None:
    """With 27 states and one treated, permuting the treated state can give no p-value below 1/27."""
    assert float(headline(runs["organ_donations"], "Rate")["p_value"]) >= 1 / 27
    assert "randomisation inference" in (runs["organ_donations"] / "report.md").read_text(encoding="utf-8")


def test_incinerator_gives_the_published_estimate_and_error(runs: dict[str, Path]) -> None:
    """Wooldridge, Introductory Econometrics, table 13.2, column 1: -11,863.90 (7,456.65)."""
    row = headline(runs["incinerator"], "rprice")
    assert round(float(row["value"]), 2) == -11863.90
    assert round(float(row["std_error"]), 2) == 7456.65
    assert round(float(row["p_value"]), 3) == 0.113
    assert row["n_rows"] == "321"


def test_smart_routing_covers_its_true_effects_and_says_ship(runs: dict[str, Path]) -> None:
    run = runs["smart_routing"]
    truth = support_queues().truth
    for metric, true in (("resolved_7d", "resolved_7d"), ("csat", "csat"), ("handle_time", "handle_minutes"),
                         ("opened_on_phone", "opened_on_phone")):  # fmt: skip
        row = headline(run, metric)
        assert float(row["ci_low"]) < truth[true] < float(row["ci_high"]), metric
    assert json.loads((run / "decision.json").read_text())["recommendation"] == "ship"


def test_a_pilot_too_small_to_tell_says_so_and_covers_the_truth(runs: dict[str, Path]) -> None:
    """The interval of 3 queues among 10 holds zero, the truth, and effects that would matter in both directions."""
    run = runs["inconclusive"]
    truth = pilot_queues().truth["resolved_7d"]
    for analysis in ("did", "synthetic_did"):
        row = headline(run, "resolved_7d", analysis)
        assert float(row["ci_low"]) < -truth and truth < float(row["ci_high"]), analysis
    decision = json.loads((run / "decision.json").read_text())
    assert decision["recommendation"] == "cannot tell"
    assert decision["clauses"][0]["outcome"] == "inconclusive"
    said = (run / "report.md").read_text(encoding="utf-8")
    assert "Cannot tell" in said and "we cannot rule out" in said and "no effect" not in said
    row = headline(run, "resolved_7d")
    half = (float(row["ci_high"]) - float(row["ci_low"])) / 2
    found = half * (1.959964 + 0.841621) / 1.959964  # Bloom (1995): 80% power at the level of the interval
    told = f"finds an effect of {100 * found:.1f} percentage points in 80% of cases"
    assert f"{told}; the smallest that would matter is 1 percentage point." in said
    times = (found / 0.01) ** 2
    assert 42 < times < 44, "3 queues and 4 weeks times 43, up to two digits"
    assert (
        "about 130 treated queues instead of 3" in said and "at least 180 weeks after the launch instead of 4" in said
    )
    assert "causal-eval design" in said


SUPPORT_TRUTH = {
    "resolved_24h": "resolved_24h",
    "reopened": "reopened",
    "csat": "csat",
    "opened_on_phone": "opened_on_phone",
}
FAMILIES = ("did", "synthetic_did", "propensity_matching", "double_ml")


def test_four_families_on_one_panel_agree_where_the_world_lets_them_and_say_why_not_where_it_does_not(
    root: Path,
) -> None:
    """Resolution moves in parallel but for the launch; handling time falls where agents are new, launch or not."""
    import tomllib

    import causal_eval as ce
    from causal_eval.plots.agreement import agreement, reasons

    study = tomllib.loads((root / "configs" / "support_launch.toml").read_text(encoding="utf-8"))
    study["metrics"] = [m for m in study["metrics"] if m["name"] in ("resolved_24h", "handle_time", "reopened")]
    study["data"]["source"] = str(root / "configs" / "data" / "support_launch.csv")
    study["diagnostics"] = {"skip": ["sensitivity"]}
    result = ce.run(study)
    truth = assistant_teams().truth
    for metric, true in (("resolved_24h", truth["resolved_24h"]), ("reopened", truth["reopened"])):
        for analysis in FAMILIES:
            interval = result.find(metric, analysis).estimate.headline.interval
            assert interval.low < true < interval.high, (metric, analysis)
        assert not agreement(result, metric).apart
    for analysis, right in zip(FAMILIES, (False, False, True, True), strict=True):
        interval = result.find("handle_time", analysis).estimate.headline.interval
        assert (interval.low < truth["handle_minutes"] < interval.high) is right, analysis
    found = agreement(result, "handle_time")
    assert {v.family for v in found.voices} == {"did", "synthetic", "adjustment"} and found.apart
    assert any("difference-in-differences, both groups would have moved alike" in r for r in reasons(found, "team"))
    assert result.decision.recommendation == "roll back" and "Tickets reopened" in result.decision.reason


@pytest.mark.slow
def test_the_support_launch_reports_its_breach_and_covers_every_truth(
    root: Path, tmp_path: Path, process: Process
) -> None:
    run = tmp_path / "run"
    called = process("run", root / "configs" / "support_launch.toml", "--out", run, cwd=tmp_path)
    assert called.returncode == 0, called.stderr
    truth = assistant_teams().truth
    for metric, true in SUPPORT_TRUTH.items():
        for analysis in FAMILIES:
            row = headline(run, metric, analysis)
            assert float(row["ci_low"]) < truth[true] < float(row["ci_high"]), (metric, analysis)
    decision = json.loads((run / "decision.json").read_text())
    assert decision["recommendation"] == "roll back"
    assert {c["metric"]: c["outcome"] for c in decision["clauses"]}["reopened"] == "breached"
    failed = [(r["metric"], r["check"]) for r in rows(run, "diagnostics") if r["verdict"] == "fail"]
    assert failed == [("handle_time", "placebo_in_time")]
    said = (run / "report.md").read_text(encoding="utf-8")
    assert "Tickets reopened breached" in said and "Login incident" in said
    assert "families agree within their noise" in said


def test_every_number_of_the_tables_is_in_results_json(runs: dict[str, Path]) -> None:
    from causal_eval.results import tables
    from causal_eval.results.io import read_result

    for run in runs.values():
        result = read_result(run)
        written = (run / "estimates.csv").read_text(encoding="utf-8")
        assert written == tables.csv_text(tables.result_rows(result), tables.ESTIMATES)


ONE_A_FAMILY = ("smart_routing", "job_training", "texas_prisons")


@pytest.mark.parametrize(
    "name", [name if name in ONE_A_FAMILY else pytest.param(name, marks=pytest.mark.slow) for name in STUDIES]
)
def test_a_study_gives_the_same_bytes_from_any_folder_under_any_hash_seed_and_zone(
    root: Path, runs: dict[str, Path], tmp_path: Path, process: Process, name: str
) -> None:
    """But for run.json and log.jsonl, which hold the clock."""
    (tmp_path / "elsewhere").mkdir()
    study = os.path.relpath(root / "configs" / f"{name}.toml", tmp_path / "elsewhere")
    env = {"PYTHONHASHSEED": "4711", "TZ": "Pacific/Auckland", "LC_ALL": "C"}
    called = process("run", study, "--out", tmp_path / "again", cwd=tmp_path / "elsewhere", env=env)
    assert called.returncode in (0, 5), called.stderr
    one, two = ({str(p.relative_to(f)): p.read_bytes() for p in f.rglob("*") if p.is_file()}
                for f in (runs[name], tmp_path / "again"))  # fmt: skip
    assert one.keys() == two.keys()
    assert {k for k in one if one[k] != two[k]} <= {"run.json", "log.jsonl"}


def test_the_bottom_line_of_every_shipped_study_keeps_to_ninety_words(runs: dict[str, Path]) -> None:
    """Recommendation, reason and all sentences, from the saved result."""
    from causal_eval.report.wording import MOST_WORDS, bottom_line, word_count
    from causal_eval.results.io import read_result

    assert MOST_WORDS == 90
    for name, run in runs.items():
        result = read_result(run)
        reason, sentences = bottom_line(result)
        said = " ".join((result.decision.recommendation, reason, *sentences))
        assert 10 < word_count(said) <= MOST_WORDS, name


def test_no_run_holds_a_row_of_its_data(runs: dict[str, Path]) -> None:
    """Unit names of the simulated queues appear nowhere in the outputs but in what the author wrote."""
    for path in runs["smart_routing"].rglob("*"):
        if path.is_file() and path.suffix != ".png":
            assert "queue-17" not in path.read_text(encoding="utf-8"), path.name


def test_only_runs_one_analysis_and_seed_reaches_the_result(root: Path, tmp_path: Path, process: Process) -> None:
    study = root / "configs" / "incinerator.toml"
    done = process("run", study, "--only", "robust-errors", "--seed", "5", "--formats", "md", "--out", tmp_path / "o")
    assert done.returncode == 0, done.stderr
    assert {r["analysis"] for r in rows(tmp_path / "o")} == {"robust-errors"}
    assert json.loads((tmp_path / "o" / "run.json").read_text())["seed"] == 5
    assert not (tmp_path / "o" / "report.html").exists()


TRUTHS = {
    "panel": ("resolved_7d", support_queues().truth["resolved_7d"]),
    "optin": ("contacts", optin_help_page().truth["contacts"]),
    "staggered": ("issues_per_hour", staggered_sites().truth["issues_per_hour"]),
}


@pytest.mark.parametrize("template", TRUTHS)
def test_a_template_runs_as_it_is_and_its_interval_covers_the_truth(
    tmp_path: Path, process: Process, template: str
) -> None:
    assert process("init", "s", "--template", template, cwd=tmp_path).returncode == 0
    done = process("run", "s/study.toml", "--out", "out", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    metric, truth = TRUTHS[template]
    row = next(r for r in rows(tmp_path / "out") if r["metric"] == metric and r["aggregation"] == "overall")
    assert float(row["ci_low"]) < truth < float(row["ci_high"])


def test_the_example_studies_are_valid_for_editors(root: Path) -> None:
    """`tombi lint` reads the `#:schema` line of each file; support-defaults.toml is a fragment, merged by others."""
    tombi = pytest.importorskip("tombi")
    assert tombi
    files = [str(root / "configs" / f"{n}.toml") for n in ALL_STUDIES]
    for file in files:
        assert Path(file).read_text(encoding="utf-8").startswith("#:schema ./study.schema.json\n")
    from shutil import which

    command = which("tombi", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    assert command is not None
    done = subprocess.run([command, "lint", "--offline", *files], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
