"""What an author reads when a study is wrong: each folder of ``errors/`` is a study with ``expected.txt`` beside it."""

from __future__ import annotations

from pathlib import Path

import pytest

from causal_eval.errors import Problem, SpecError
from causal_eval.spec.read import check_document, fail, from_mapping, read_document, render, unknown_key

CASES = Path(__file__).parent / "errors"
DID = ("event_study", "base_period", "vcov", "fixed_effects", "variant", "seed", "level", "jobs", "name", "role")
GOOD = """\
schema_version = 1
[study]
id = "a"
title = "A"
question = "?"
[data]
source = "q.csv"
[roles]
treatment = "on"
[[metrics]]
name = "y"
[[estimators]]
method = "naive"
"""


def said(study: str) -> str:
    """Everything that is said about the study in the working folder."""
    with pytest.raises(SpecError) as caught:
        document = read_document(study)
        _, problems = check_document(document)
        for i, table in enumerate(document.raw.get("estimators", [])):
            problems += [unknown_key(document, ("estimators", i, k), DID) for k in table if k == "varant"]
        fail(document, problems)
    return str(caught.value)


@pytest.mark.parametrize("case", sorted(p.name for p in CASES.iterdir()))
def test_every_error_of_a_study_is_shown_in_its_place(case: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The text is the one that was read and agreed to."""
    monkeypatch.chdir(CASES / case)
    assert said("study.toml") + "\n" == (CASES / case / "expected.txt").read_text(encoding="utf-8")


def test_five_mistakes_are_five_errors_in_the_order_of_their_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing hides behind the first error, an estimator's unknown option and a ratio without denominator included."""
    monkeypatch.chdir(CASES / "five_mistakes")
    heads = [line.split(" ")[:2] for line in said("study.toml").splitlines() if line.startswith("study.toml:")]
    assert heads == [
        ["study.toml:5:1", "E204"],
        ["study.toml:10:23", "E202"],
        ["study.toml:16:14", "E203"],
        ["study.toml:18:1", "E206"],
        ["study.toml:25:1", "E204"],
    ]


def test_no_secret_of_the_file_is_repeated(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither in messages nor in the lines shown."""
    monkeypatch.chdir(CASES / "secrets")
    text = said("study.toml")
    assert [s for s in ("hunter2", "s3cr3t", "correct horse") if s in text] == []
    assert "region" in text


@pytest.mark.parametrize(
    ("text", "hidden"),
    [
        ('password = "hunter2\n[x', "hunter2"),
        ("api_token = '''\nhunter2\nmore", "hunter2"),
        ('dsn = "host=db password=hunter2"\n[x', "hunter2"),
        ("url = https://ana:hunter2@db/\n", "hunter2"),
    ],
)
def test_secrets_stay_hidden_in_a_file_that_does_not_parse(text: str, hidden: str, tmp_path: Path) -> None:
    """A syntax error shows the lines around it, and may show no secret."""
    (tmp_path / "study.toml").write_text(text)
    with pytest.raises(SpecError) as caught:
        read_document(tmp_path / "study.toml")
    assert caught.value.code == "E101"
    assert hidden not in str(caught.value) and "***" in str(caught.value)


@pytest.mark.parametrize(
    ("text", "place", "message", "hint"),
    [
        ("a = \n", (1, 5), "invalid value", "default"),
        ("a = True\n", (1, 5), "invalid value", "small letters"),
        ("a = 1\n  a = 2\n", (2, 3), "cannot overwrite a value", "only once"),
        ("[a]\n[a]\n", (2, 3), "cannot declare ('a',) twice", "only once"),
        ("a = 'x", (1, 7), "expected \"'\"", "not closed"),
        ("a = [1,\nb = 2\n", (2, 1), "invalid value", "quotes"),
        ("a b = 1\n", (1, 3), "expected '=' after a key in a key/value pair", "key = value"),
        ('a = """\nx\n', (2, 2), "unterminated string", "not closed"),
        ("a = 2026-02-30\n", (1, 5), "invalid date or datetime", ""),
        ("a = 1 b\n", (1, 7), "expected newline or end of document after a statement", "on a line"),
        ("a = " + "[" * 5000, (1, 1), "nested too deeply", ""),
        ("a = " + "9" * 5000, (1, 1), "exceeds the limit (4300 digits) for integer string conversion: value has 5000 "
                                      "digits", ""),
    ],
)  # fmt: skip
def test_a_syntax_error_has_its_place_and_a_hint(
    text: str, place: tuple[int, int], message: str, hint: str, tmp_path: Path
) -> None:
    """tomllib's words and place, and the usual remedy."""
    (tmp_path / "study.toml").write_text(text)
    with pytest.raises(SpecError) as caught:
        read_document(tmp_path / "study.toml")
    (problem,) = caught.value.problems
    assert (problem.code, problem.line, problem.col) == ("E101", *place)
    assert problem.message == f"not valid TOML: {message}"
    assert hint in problem.hint and bool(hint) == bool(problem.hint)


@pytest.mark.parametrize(
    ("data", "place", "message"),
    [
        ("a = 'ä'\nb = 'é".encode() + b"\xe9'", (2, 7), "not UTF-8: byte 0xe9"),
        ("a = 1".encode("utf-16"), (1, 1), "not UTF-8: this is UTF-16"),
    ],
)
def test_a_file_in_another_encoding_is_refused_at_its_first_wrong_byte(
    data: bytes, place: tuple[int, int], message: str, tmp_path: Path
) -> None:
    """Columns count characters, not bytes."""
    (tmp_path / "study.toml").write_bytes(data)
    with pytest.raises(SpecError) as caught:
        read_document(tmp_path / "study.toml")
    (problem,) = caught.value.problems
    assert (problem.code, problem.line, problem.col, problem.message) == ("E103", *place, message)


@pytest.mark.parametrize(("name", "reason"), [("absent.toml", "not found"), ("", "is a folder")])
def test_a_study_that_cannot_be_read_is_named(name: str, reason: str, tmp_path: Path) -> None:
    """E100 says which file, why, and how to get one."""
    with pytest.raises(SpecError) as caught:
        read_document(tmp_path / name)
    assert caught.value.code == "E100" and caught.value.exit_code == 3
    assert reason in str(caught.value) and "causal-eval init" in str(caught.value)


def test_a_byte_order_mark_and_windows_line_ends_do_not_shift_places(tmp_path: Path) -> None:
    """A file saved by Notepad is read as any other."""
    text = GOOD.replace('name = "y"', 'nmae = "y"').replace("\n", "\r\n")
    (tmp_path / "study.toml").write_bytes(b"\xef\xbb\xbf" + text.encode())
    _, (problem,) = check_document(read_document(tmp_path / "study.toml"))
    assert (problem.code, problem.line, problem.col, problem.suggestion) == ("E204", 11, 1, "name")


def test_a_misspelt_required_key_is_one_error_not_two(tmp_path: Path) -> None:
    """`tilte` is not also a missing `title`."""
    (tmp_path / "study.toml").write_text(GOOD.replace("title =", "tilte ="))
    _, problems = check_document(read_document(tmp_path / "study.toml"))
    assert [(p.code, p.suggestion) for p in problems] == [("E204", "title")]


def test_a_wrong_value_raises_no_contradiction_that_is_its_mere_consequence(tmp_path: Path) -> None:
    """A treatment of the wrong type is still a treatment, and an unknown kind needs no columns of another."""
    wrong = GOOD.replace('treatment = "on"', "treatment = 1")
    wrong = wrong.replace('name = "y"', 'name = "y"\nkind = "zzz"\nstart = "s"')
    (tmp_path / "study.toml").write_text(wrong)
    _, problems = check_document(read_document(tmp_path / "study.toml"))
    assert [p.code for p in problems] == ["E202", "E203"]


def test_a_long_line_is_shown_around_its_mistake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No line of the output is wider than the text it stands in, and the caret stands under the value."""
    monkeypatch.chdir(tmp_path)
    names = ", ".join(f'"column_{i}"' for i in range(60))
    text = GOOD.replace('treatment = "on"', f'treatment = "on"\ncovariates = [{names}, 7]')
    Path("study.toml").write_text(text)
    document = read_document(Path("study.toml"))
    lines = render(document, check_document(document)[1]).splitlines()
    caret = next(i for i, line in enumerate(lines) if "^" in line)
    assert lines[caret - 1][lines[caret].index("^")] == "7"
    assert max(len(line) for line in lines[1:]) <= 120


def test_a_problem_of_a_mapping_is_rendered_without_places() -> None:
    """`ce.run(dict)` says the same, without a line."""
    document = from_mapping({"schema_version": 1, "study": {"id": "a", "title": "A", "question": "?", "ownr": "me"}})
    _, problems = check_document(document)
    text = render(document, [p for p in problems if p.code == "E204"])
    assert text == (
        'E204 unknown key "ownr" in [study]\n'
        "  did you mean `owner`?\n"
        "  allowed: id, title, question, owner, context, hypothesis, reviewers, seed\n"
        "\n"
        "1 error. Fix it."
    )


def test_problems_found_later_are_located_and_sorted_with_the_others(tmp_path: Path) -> None:
    """Whoever knows only the key path gets line, column and suggestion filled in; repetitions are dropped."""
    (tmp_path / "study.toml").write_text(GOOD + 'varant = "x"\n')
    document = read_document(tmp_path / "study.toml")
    later = Problem("E204", "later", ("estimators", 0, "varant"), allowed=("variant",), on_key=True)
    earlier = Problem("E310", "earlier", ("roles", "treatment"))
    with pytest.raises(SpecError) as caught:
        fail(document, [later, earlier, later], command="causal-eval run study.toml")
    found = [(p.message, p.line, p.col, p.suggestion) for p in caught.value.problems]
    assert found == [("earlier", 9, 13, ""), ("later", 14, 1, "variant")]
    assert str(caught.value).endswith("2 errors. Fix them, then: causal-eval run study.toml")
