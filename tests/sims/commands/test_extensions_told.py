"""What extensions there are, as commands and their help tell it: formats, methods, others' packages."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from palaestra.agents.failures import BadInput
from palaestra.runs.exports.format import FORMATS, formats
from palaestra.sims.commands.app import app
from palaestra.sims.commands.doctor import examine
from palaestra.sims.training.methods import trainable
from support.packages import installed, register


def said(*words: str) -> str:
    """What a command says in a wide terminal, its words with one space between them."""
    done = CliRunner().invoke(app, words, env={"COLUMNS": "400"}, catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return " ".join(done.output.split())


def test_the_formats_are_listed_with_what_their_rows_are_and_what_loads_them() -> None:
    listed = said("formats")
    for name, form in formats().items():
        assert f"{name} {form.help}" in listed


@pytest.mark.parametrize("name", [*FORMATS])
def test_a_format_s_columns_are_told_with_types_and_meanings(name: str) -> None:
    told = said("formats", name)
    for column, about in FORMATS[name].columns.items():
        assert f"{column} {about.type} {about.meaning}" in told


def test_a_format_that_there_is_not_is_told_with_the_nearest() -> None:
    with pytest.raises(BadInput, match="Did you mean 'rollouts'"):
        said("formats", "rolouts")


def test_help_lists_formats_and_methods_above_its_examples_each_time() -> None:
    for _ in range(2):
        listed, _, examples = said("export", "--help").rpartition("Examples: ")
        assert all(f"{name}: {form.help}" in listed for name, form in formats().items())
        assert "palaestra export" in examples
        assert listed.count("Formats: ") == 1
    for command in ("train", "evolve"):
        assert f"Methods: {', '.join(trainable())}. Examples: " in said(command, "--help")


def test_the_doctor_tells_which_packages_of_others_load_and_why_one_doesn_t(tmp_path: Path) -> None:
    register(tmp_path, "broken", formats={"bad": "broken:FORMAT"}).write_text("import nowhere\n")
    good = register(tmp_path, "working", formats={"good": "working:FORMAT"})
    good.write_text(
        "from palaestra.runs.exports.format import Format\n"
        "from palaestra.runs.exports.parts import PROVENANCE\n"
        "FORMAT = Format('good', 'a row', 'me', PROVENANCE, of_sample=lambda sample, job: iter(()))\n"
    )
    with installed(tmp_path, FORMATS):
        found = {finding.subject: finding for finding in examine()}
    assert (found["format good"].state, found["format good"].found) == ("ok", "working:FORMAT, of working")
    assert found["format bad"].state == "note"
    assert f"failed at {tmp_path / 'broken.py'}:1: ModuleNotFoundError" in found["format bad"].found
    assert "pip uninstall broken" in found["format bad"].remedy
