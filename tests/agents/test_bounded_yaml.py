"""YAML that a file must not hold is refused at its place, however little text it takes."""

from __future__ import annotations

from itertools import repeat

import pytest
import yaml

from palaestra.agents.bounded_yaml import NotYaml, read
from palaestra.agents.limits import MOST_DEPTH, MOST_DIGITS, MOST_INTEGER, MOST_NODES
from palaestra.scenarios.core.ready_made import files

BOMB = "\n".join(
    [f"a0: &a0 [{', '.join(repeat('1', 10))}]"]
    + [f"a{n}: &a{n} [{', '.join(repeat(f'*a{n - 1}', 10))}]" for n in range(1, 10)]
)
SEVEN = {"a": "yes", "b": "2024-99-99", "c": "12:30", "d": "1", "e": ".", "f": "_", "g": "0x_"}


@pytest.mark.parametrize(
    ("text", "line", "column", "said"),
    [
        ("a: " + "[" * 600 + "]" * 600, 1, 53, f"more than {MOST_DEPTH} mappings or lists"),
        ("\n".join(" " * depth + "a:" for depth in range(400)), 50, 50, f"more than {MOST_DEPTH}"),
        (BOMB, 6, 10, f"more than {MOST_NODES:,} values"),
        ("x: &x {<<: *x}", 1, 12, r"the alias \*x stands for what it is in"),
        ("x: &x [1, *x]", 1, 11, r"the alias \*x stands for what it is in"),
        ("a: 1\nb: !!bool x", 2, 4, "the tag !!bool isn't taken"),
        ("b: !!int x", 1, 4, "the tag !!int isn't taken"),
        ("b: !!omap x", 1, 4, "the tag !!omap isn't taken"),
        ("b: !!python/object/apply:os.system [ls]", 1, 4, "the tag !!python"),
        ("b: !mine x", 1, 4, "the tag !mine isn't taken"),
        ("b: !!str 5", 1, 4, "the tag !!str isn't taken"),
        ("b: ! 5", 1, 4, "the tag ! isn't taken"),
        ("a: 1e400", 1, 4, "1e400 is no number"),
        ("a: -.inf", 1, 4, "-.inf is no number"),
        ("a: .nan", 1, 4, ".nan is no number"),
        ("a: " + "9" * 5000, 1, 4, f"a number of 5,000 characters; at most {MOST_DIGITS} are read"),
        ("a: 0x" + "f" * 5000, 1, 4, "a number of 5,002 characters"),
        (f"a: {MOST_INTEGER + 1}", 1, 4, f"beyond {MOST_INTEGER:,}"),
        ('a: "\\ud800"', 1, 7, "half a surrogate pair"),
        ("a: \ud800", 1, 4, "the character U\\+D800"),
        ("a: x\n  \x00", 2, 3, "the character U\\+0000"),
        ("a: 1\na: 2", 2, 1, "duplicate key"),
        ("a: 1\n---\na: 2", 2, 1, "another document"),
        ("a: 1\nb: {<<: 3}", 2, 5, "`<<` takes a mapping"),
        ("a: 1\nb: *no", 2, 4, "no &no is before the alias \\*no"),
        ("? [a]\n: b", 1, 3, "a mapping or list as a key"),
        ("a: [1", 2, 1, "this is not YAML"),
        ('a: "\\U00110000"', 1, 7, "this is not YAML"),
    ],
)
def test_what_goes_beyond_is_refused_where_it_does(text: str, line: int, column: int, said: str) -> None:
    with pytest.raises(NotYaml, match=said) as refused:
        read(text)
    assert (refused.value.line, refused.value.column) == (line, column)


def test_refusing_a_bomb_takes_no_more_than_reading_its_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    composed = []
    monkeypatch.setattr("palaestra.agents.bounded_yaml._check", lambda event, depth: composed.append(event))
    with pytest.raises(NotYaml):
        read(BOMB)
    assert len(composed) < 200


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("a: &a {x: 1}\nb: {<<: *a, y: 2}\nc: [*a, *a]", {"a": {"x": 1}, "b": {"x": 1, "y": 2}}),
        ("a: '1e400'", {"a": "1e400"}),
        ("a: infinity", {"a": "infinity"}),
        ("a: 1_000\nb: 1e3\nc: 0x1f\nd: -0.5", {"a": 1000, "b": 1000.0, "c": 31, "d": -0.5}),
        (f"a: {MOST_INTEGER}\nb: -{MOST_INTEGER}", {"a": MOST_INTEGER, "b": -MOST_INTEGER}),
        ("\ufeffa: 1\r\nb: x\r\n", {"a": 1, "b": "x"}),
        ("a: " + "[" * 40 + "]" * 40, {}),
        (
            "a: yes\nb: 2024-99-99\nc: 12:30\nd: '1'\ne: .\nf: _\ng: 0x_",
            SEVEN,
        ),
        ("%YAML 1.1\n---\na: on", {"a": "on"}),
        ("a: ~\nb: TRUE\nc:\nd: ''", {"a": None, "b": True, "c": None, "d": ""}),
        ("a: 007\nb: 0o17\nc: +1.\nd: .5e-1\ne: 0b11", {"a": 7, "b": 15, "c": 1.0, "d": 0.05, "e": 3}),
        ("a: &a {x: 1, y: 1}\nb: &b {y: 2, z: 2}\nc: {z: 3, <<: [*a, *b]}", {"c": {"x": 1, "y": 1, "z": 3}}),
        ("a: {b: is it?, c: [what?, d:e]}", {"a": {"b": "is it?", "c": ["what?", "d:e"]}}),
        ("", None),
    ],
)
def test_what_files_may_hold_is_read_as_it_was(text: str, value: dict[str, object] | None) -> None:
    found = read(text)
    assert found == value if value is None else value.items() <= found.items()


def test_thousands_of_values_are_read() -> None:
    limit = MOST_NODES // 40
    told = ", ".join(map(str, range(limit)))
    assert read(f"a: [{told}]")["a"][-1] == limit - 1


@pytest.mark.parametrize("form", ["a: {}\nb: 1", "a: '{}'\nb: 1", 'a: "{}"\nb: 1', "a: |-\n  {}\nb: 1"])
def test_ends_of_lines_that_only_old_yaml_has_are_characters_like_others(form: str) -> None:
    said = "one \x85 two\u2028three \u2029 four\U000f0000"
    found = read(form.format(said))
    assert found == {"a": said, "b": 1}
    assert found.places == {"a": (1, 1), "b": (form.format("").count("\n") + 1, 1)}


def test_each_value_has_its_place() -> None:
    found = read("a:\n- x\n-  {b: 1,\n    c: 2}\nd: {<<: {e: 1}}")
    assert found.places == {"a": (1, 1), "d": (5, 1)}
    assert found["a"].places == [(2, 3), (3, 4)]
    assert found["a"][1].places == {"b": (3, 5), "c": (4, 5)}
    assert found["d"].places == {"e": (5, 5)}


def test_without_libyaml_the_same_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    told = {name: path.read_text(encoding="utf-8") for name, path in files().items()}
    fast = {name: read(text) for name, text in told.items()}
    monkeypatch.setattr("palaestra.agents.bounded_yaml.LOADER", yaml.SafeLoader)
    assert {name: read(text) for name, text in told.items()} == fast


def test_digits_that_are_no_number_are_a_text_however_many() -> None:
    """Where each could be read in two ways, this would take hours."""
    said = "1" * 300_000 + "x"
    assert read(f"a: {said}") == {"a": said}
