"""What every format declares of itself, and what happens with a stranger's."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import typer
from typer.core import TyperGroup

from palaestra.agents.failures import BadInput, ExtensionFault
from palaestra.runs.exports.card import card
from palaestra.runs.exports.described import Described
from palaestra.runs.exports.folder import export
from palaestra.runs.exports.format import FORMATS, Column, Format, formats
from palaestra.runs.exports.options import ExportOptions
from palaestra.runs.exports.parts import PROVENANCE
from palaestra.scenarios.core.load import check
from palaestra.sims.commands.app import app
from palaestra.sims.playing import play
from support.packages import installed, register

README = Path(__file__).parents[3] / "README.md"
PLAIN = """\
import polars as pl
from palaestra.runs.exports.format import Column, Format
from palaestra.runs.exports.parts import PROVENANCE, provenance

def rows(sample, job):
    for answer in sample.scored():
        if len(answer.turn.text) < 3:
            job.left_out["too short"] += 1
            continue
        row = {"text": answer.turn.text, "good": answer.score > job.threshold, **provenance(sample)}
        yield row  # all that there is

FORMAT = Format(
    "plain",
    row="one answer as text",
    loader="anything that reads JSON",
    columns={"text": Column(pl.String, "the answer"), "good": Column(pl.Boolean, "how good"), **PROVENANCE},
    of_sample=rows,
    options=("--threshold",),
)
"""
DUEL = {
    "scenario": "duel",
    "fighters": [{"name": "Ann"}, {"name": "Bo"}, {"name": "Cem"}],
    "instructions": ["How are you?", "What is new?"],
    "engines": {"default": {"kind": "scripted"}},
}


@pytest.mark.parametrize("name", [*FORMATS])
def test_a_format_says_what_its_rows_and_columns_are_and_what_loads_them(name: str) -> None:
    form = FORMATS[name]
    assert form.name == name
    assert form.row
    assert form.loader
    assert form.remedy.endswith(".")
    assert all(column.meaning and column.type for column in form.columns.values())
    pl.DataFrame(schema=form.schema())
    pl.DataFrame(schema=form.schema("keep"))


@pytest.mark.parametrize("name", [*FORMATS])
def test_a_card_tells_the_type_of_every_column(name: str) -> None:
    told = card(Described(formats={name: {"train": 1}}, policies={}, file_type="jsonl"), "")
    for column in FORMATS[name].columns:
        assert f"\n  - name: {column}\n" in told
    assert f"| `{name}` | 1 | 0 | – | {FORMATS[name].loader} |" in told


@pytest.mark.parametrize("name", [*FORMATS])
def test_the_options_that_a_format_heeds_are_options_of_the_command(name: str) -> None:
    command = typer.main.get_command(app)
    assert isinstance(command, TyperGroup)
    known = {word for option in command.commands["export"].params for word in option.opts}
    assert set(FORMATS[name].options) <= known


def test_the_readme_lists_the_formats_as_they_declare_themselves() -> None:
    listed = [f"| `{name}` | {form.row} | {form.loader} |" for name, form in formats().items()]
    assert "\n".join(listed) in README.read_text(encoding="utf-8")


def test_pairs_for_dpo_come_first_and_strangers_last() -> None:
    assert next(iter(formats())) == "dpo"
    others = Format("mine", "", "", PROVENANCE, of_sample=nothing)
    assert all(form.order < others.order for form in formats().values())


def nothing(*_: object) -> Iterator[dict[str, Any]]:
    return iter(())


def test_a_format_without_prompt_id_or_rows_is_none() -> None:
    with pytest.raises(TypeError, match="no column `prompt_id`"):
        Format("mine", "", "", {"text": Column(pl.String, "")}, of_sample=nothing)
    with pytest.raises(TypeError, match="makes rows neither"):
        Format("mine", "", "", PROVENANCE)


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Path]:
    """A package with a format is installed in this process; its module."""
    module = register(tmp_path / "site", "plainly", formats={"plain": "plainly:FORMAT"})
    module.write_text(PLAIN, encoding="utf-8")
    with installed(module.parent, FORMATS):
        yield module


@pytest.fixture
def run(tmp_path: Path) -> Path:
    return play.start(check(DUEL, "duel.yaml"), tmp_path / "run", quiet=True)


def test_a_stranger_s_format_is_exported_beside_ours(site: Path, run: Path) -> None:
    out = run.parent / "both"
    described = export([run], out, ExportOptions(("plain", "kto"), test_share=0))
    assert described.formats["plain"] == described.formats["kto"]
    rows = [json.loads(line) for line in (out / "plain" / "train.jsonl").read_text().splitlines()]
    labels = [json.loads(line)["label"] for line in (out / "kto" / "train.jsonl").read_text().splitlines()]
    assert [row["good"] for row in rows] == labels
    assert "anything that reads JSON" in (out / "README.md").read_text()
    export([run], run.parent / "parquet", ExportOptions(("plain",), file_type="parquet", test_share=0))
    assert pl.read_parquet(run.parent / "parquet" / "plain" / "train.parquet")["text"].to_list() == [
        row["text"] for row in rows
    ]


def test_a_stranger_s_format_without_rows_says_why(site: Path, run: Path) -> None:
    site.write_text(PLAIN.replace("< 3", "< 3000"), encoding="utf-8")
    with pytest.raises(
        BadInput, match=r"no rows for 'plain' \(left out: too short: \d+\)\n  Take more of the"
    ):
        export([run], run.parent / "out", ExportOptions(("plain",)))


@pytest.mark.parametrize(
    ("wrong", "right", "said"),
    [
        ("answer.turn.text, ", "answer.turn.txt, ", "plainly.py:10: AttributeError: "),
        ('"text": answer.turn.text, ', "", "TypeError: a row and the declared columns differ in: text"),
        (
            '"text": answer.turn.text, ',
            '"text": object(), ',
            "TypeError: Type is not JSON serializable: object",
        ),
        ("yield row", 'yield row | {"prompt_id": "mine"}', "ValueError: invalid literal for int()"),
        ('    "plain",', '    "plan",', "it is registered as 'plain', but its name is 'plan'"),
        ('"good": answer.score > job.threshold', '"good": [1]', "failed in its columns' types: "),
        ("FORMAT = Format", "FORM = Format", "AttributeError: module 'plainly' has no attribute 'FORMAT'"),
    ],
)
def test_the_fault_of_a_stranger_s_format_names_it_and_nothing_is_left_behind(
    site: Path, run: Path, wrong: str, right: str, said: str
) -> None:
    assert wrong in PLAIN
    site.write_text(PLAIN.replace(wrong, right), encoding="utf-8")
    before = sorted(run.parent.iterdir())
    with pytest.raises(ExtensionFault) as fault:
        export([run], run.parent / "out", ExportOptions(("plain",), file_type="parquet"))
    assert str(fault.value).startswith("the format 'plain' (plainly:FORMAT) failed")
    assert said in str(fault.value)
    assert "pip uninstall plainly" in fault.value.remedy
    assert sorted(run.parent.iterdir()) == before


def test_a_stranger_s_format_that_doesn_t_load_leaves_ours_alone(site: Path, run: Path) -> None:
    site.write_text("import nowhere", encoding="utf-8")
    with pytest.warns(UserWarning, match=r"left out: the format 'plain' .*plainly\.py:1.*nowhere"):
        assert "plain" not in formats()
    with pytest.warns(UserWarning, match="left out"):
        export([run], run.parent / "out", ExportOptions(("dpo",), test_share=0))
