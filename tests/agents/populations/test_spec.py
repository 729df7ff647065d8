"""A population file that can't be drawn from is refused with file, place and reason."""

from __future__ import annotations

from pathlib import Path

import pytest

from palaestra.agents.failures import BadInput
from palaestra.agents.populations.files import READY, read_population
from palaestra.agents.populations.spec import Population
from support.towns import TOWN, town, write

HEAD = "population: town\nnames: [Ada]\npersona: Somebody.\nattributes:\n"
JOB = "  job: {shares: {nurse: 0.5, cook: 0.5}}\n"
AGE = "  age: {whole: true, uniform: {low: 18, high: 90}}\n"
TRAITS = "".join(f"  {name}: {{uniform: {{low: 0, high: 1}}}}\n" for name in ("open", "warm", "kind"))


@pytest.mark.parametrize(
    ("attributes", "said"),
    [
        ("  job: {shares: {nurse: 0.5, cook: 0.4}}", ":5:9: shares sum to 1; these sum to 0.9"),
        ("  job:\n    shares:\n      nurse: 1.2\n      cook: -0.2", ":8:7: `attributes.job.shares.cook`"),
        ("  job: {shares: {}}", ":5:9: there is no value"),
        ("  job: {whole: true}", ":5:3: a distribution has one of shares, degrees, bins"),
        ("  job: {shares: {a: 1}, uniform: {low: 0, high: 1}}", "here is shares and uniform"),
        ("  job: {share: {a: 1}}", ":5:9: unknown field `share`; did you mean `shares`?"),
        ("  age: {bins: {edges: [0, 5, 3], shares: [0.5, 0.5]}}", "edges ascend; 3 comes after 5"),
        ("  age: {bins: {edges: [0, 5, 9], shares: [1]}}", "2 intervals need 2 shares; there are 1"),
        ("  age: {bins: {edges: [0, 5, 9], shares: [0.5, 0.6]}}", ":5:34: shares sum to 1; these sum to 1.1"),
        ("  age: {uniform: {low: 5, high: 5}}", "it ends at 5, which is not above 5"),
        ("  age: {normal: {mean: 0, sd: 1, low: 9, high: 8}}", "it ends at 8, which is not above 9"),
        ("  age: {normal: {mean: 0, sd: 1, low: 8, high: 9}}", "8 to 9 is too far from the mean 0"),
        ("  age: {whole: true, uniform: {low: 0.5, high: 3}}", "bounds and edges that are whole"),
        ("  age: {whole: true, uniform: {low: 0, high: 200000}}", "more than 100,000 whole numbers"),
        ("  age: {uniform: {low: 0, high: 1}, words: {b: 0.5}}", "no word for 0; the first begins at 0.5"),
        ("  age: {uniform: {low: 0, high: 1}, words: {a: 0, b: 0}}", "the numbers of `words` ascend"),
        ("  job: {shares: {a: 1}, words: {b: 0}}", "`words` is for numbers"),
        ("  cars: {degrees: [1, 0, 0, 0, 0, 0]}", "`degrees` and `topic` go together"),
        ("  cars: {topic: Cars., shares: {a: 1}}", "`degrees` and `topic` go together"),
        ("  cars: {topic: Cars., degrees: [0.5, 0.5]}", "at least 6 items"),
        ("  Age: {shares: {a: 1}}", "`attributes.Age"),
        ("  name: {shares: {a: 1}}", "'name' is a column of every table of people"),
        (JOB + "  pay: {given: {jobs: {else: {shares: {a: 1}}}}}", ":6:17: there is no attribute 'jobs'"),
        (JOB + "  pay: {given: {job: {nurse: {shares: {a: 1}}}}}", "no case for cook; add it, or `else`"),
        (
            JOB + "  pay: {given: {job: {baker: {shares: {a: 1}}}}}",
            "job is never 'baker'; it is one of: nurse, cook",
        ),
        (
            JOB + "  pay: {given: {job: {nurse: {shares: {a: 0.9}}, else: {shares: {a: 1}}}}}",
            ":6:31: shares sum to 1; these sum to 0.9",
        ),
        (
            JOB + "  pay: {given: {job: {nurse: {shares: {a: 1}}, else: {uniform: {low: 0, high: 1}}}}}",
            "all texts, all stances or all numbers",
        ),
        (
            JOB + AGE + "  pay: {given: {job: {else: {shares: {a: 1}}}, age: {else: {shares: {a: 1}}}}}",
            "one attribute a `given`, not 2",
        ),
        (AGE + "  pay: {given: {age: {young: {shares: {a: 1}}}}}", "age is a number: write a range"),
        (AGE + "  pay: {given: {age: {30..20: {shares: {a: 1}}}}}", "age is a number: write a range"),
        (
            AGE + "  pay: {given: {age: {..40: {shares: {a: 1}}}}}",
            "no case for age from 40; add it, or `else`",
        ),
        (AGE + "  pay: {given: {age: {18..90: {shares: {a: 1}}}}}", "no case for age from 90"),
        (
            AGE + "  pay: {given: {age: {..40: {shares: {a: 1}}, 30..: {shares: {a: 1}}}}}",
            "the ranges of age overlap",
        ),
        (
            "  a: {given: {b: {else: {shares: {x: 1}}}}}\n  b: {given: {a: {else: {shares: {x: 1}}}}}",
            "attributes are conditional on each other: ",
        ),
        ("  a: {given: {a: {else: {shares: {x: 1}}}}}", "conditional on each other: a → a"),
        (TRAITS + "correlations: [{of: [open, heat], rho: 0.1}]", "there is no attribute 'heat'"),
        (TRAITS + "correlations: [{of: [open, open], rho: 0.1}]", "of two different attributes"),
        (TRAITS + "correlations: [{of: [open, warm], rho: 1.5}]", ":8:35: `correlations.0.rho`"),
        (TRAITS + JOB + "correlations: [{of: [open, job], rho: 0.1}]", "'job' can't be correlated"),
        (
            TRAITS + "correlations: [{of: [open, warm], rho: 0.9}, {of: [warm, kind], rho: 0.9}, "
            "{of: [open, kind], rho: -0.9}]",
            "not positive definite",
        ),
    ],
)
def test_what_can_not_be_drawn_is_refused_with_its_place(tmp_path: Path, attributes: str, said: str) -> None:
    path = write(tmp_path, HEAD + attributes + "\n")
    with pytest.raises(BadInput) as refused:
        read_population(path)
    assert f"{path}:" in str(refused.value)
    assert said in str(refused.value)
    assert refused.value.exit_code == 2


@pytest.mark.parametrize(
    ("persona", "said"),
    [
        ("{nam} is here", "there is no attribute 'nam' for the text"),
        ("{job:>9}", "without : or !"),
        ("{{job}}", "no braces but those of attributes"),
        ("{job", "this is no template"),
    ],
)
def test_a_text_that_is_no_template_of_the_attributes_is_refused(
    tmp_path: Path, persona: str, said: str
) -> None:
    path = write(tmp_path, HEAD.replace("Somebody.", f'"{persona}"') + JOB)
    with pytest.raises(BadInput, match=f"{path}:3:1: .*{said}"):
        read_population(path)


def test_a_name_in_the_text_needs_names(tmp_path: Path) -> None:
    path = write(tmp_path, (HEAD + JOB).replace("names: [Ada]\n", "").replace("Somebody.", '"{name}"'))
    with pytest.raises(BadInput, match="there are no `names`"):
        read_population(path)


@pytest.mark.parametrize("text", ["", "- a list\n", "population: [\n"])
def test_a_file_that_is_no_mapping_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(BadInput, match=r"town\.yaml:\d+:\d+: "):
        read_population(write(tmp_path, text))


def test_a_file_that_is_not_there_is_refused_with_the_command_that_lists_some(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="population list"):
        read_population(tmp_path / "none.yaml")


def test_shares_may_miss_1_by_rounding_only() -> None:
    assert town(coin={"shares": {"a": 1 / 3, "b": 1 / 3, "c": 0.3333333}}).attributes["coin"]


def test_a_population_written_as_json_is_the_same_again() -> None:
    for path in READY.glob("*.yaml"):
        population = read_population(path)
        assert Population.model_validate(population.model_dump(mode="json")) == population
    assert Population.model_validate(TOWN) == town()


def test_options_are_all_that_a_text_may_say() -> None:
    declared = town().attributes
    assert declared["job"].options == ["nurse", "cook", "retired"]
    assert declared["openness"].options == ["shy", "bold"]
    assert declared["cars"].options[0] == "certainly disagree"
    assert declared["height"].options == []
    assert [declared["openness"].said(value) for value in (0.0, 0.59, 0.6, 1.0)] == [
        "shy",
        "shy",
        "bold",
        "bold",
    ]
    assert declared["height"].said(171.234) == "171.23"
    assert declared["age"].said(40) == "40"
