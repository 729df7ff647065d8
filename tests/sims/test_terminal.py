"""What a terminal is sent: all text is seen, and none is obeyed."""

from __future__ import annotations

from io import BytesIO, StringIO, TextIOWrapper

import pytest
from hypothesis import given
from hypothesis import strategies as st

from palaestra.sims.terminal import BOLD, say, shown, table, visible


class Terminal(StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("\x1b[2J", r"\x1b[2J"),
        ("\x1b]52;c;cm0=\x07", r"\x1b]52;c;cm0=\x07"),
        ("\x9b31m", r"\x9b31m"),
        ("good\rbad", r"good\rbad"),
        ("a\b\x00\x7f", r"a\x08\x00\x7f"),
        ("\u202egnp.exe\u202c", r"\u202egnp.exe\u202c"),
        ("\u2066x\u2069", r"\u2066x\u2069"),
        ("one\u2028two", r"one\u2028two"),
        ("\udcff", r"\udcff"),
    ],
)
def test_what_a_terminal_would_obey_is_spelt_out(text: str, seen: str) -> None:
    assert visible(text) == seen


@pytest.mark.parametrize("text", ["Zoë sagt:\n\tÀ bientôt …", "👩‍👩‍👧 שלום 你好", r"C:\x1b", "[red]x[/]"])
def test_all_other_text_is_left_as_it_is(text: str) -> None:
    assert visible(text) == text


@given(st.text())
def test_nothing_that_is_said_moves_a_cursor(text: str) -> None:
    terminal = Terminal()
    say(text, to=terminal)
    said = terminal.getvalue()
    assert all(char.isprintable() or char in "\n\t" or ord(char) > 0x9F for char in said)
    assert said.endswith("\n")


def test_a_terminal_alone_is_sent_a_style_and_never_one_of_the_text(
    capsys: pytest.CaptureFixture[str],
) -> None:
    terminal = Terminal()
    say("\x1b[31mname", BOLD, to=terminal)
    assert terminal.getvalue() == "\x1b[1m\\x1b[31mname\x1b[0m\n"
    say("name", BOLD)
    assert capsys.readouterr().out == "name\n"


@pytest.mark.parametrize("text", ["[/]", "[red]x[/red]", "run[1]x", "[link=file:///etc]x[/link]", r"\[b]"])
def test_a_table_takes_no_markup_from_its_cells_heads_or_title(
    text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    table((text, "n"), [(text, "1")], text, whole=(text,))
    title, head, row, *_ = capsys.readouterr().out.splitlines()
    assert title.strip() == text
    assert head.split() == [text, "n"]
    assert row.split() == [text, "1"]
    assert shown(text).plain == text


def test_what_an_encoding_lacks_is_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    from palaestra.sims.terminal import take_any_text

    sent = BytesIO()
    monkeypatch.setattr("sys.stdout", TextIOWrapper(sent, encoding="latin-1"))
    take_any_text()
    say("Zoë … 你好")
    assert sent.getvalue() == "Zoë ? ??\n".encode("latin-1")


def test_a_closed_output_is_no_reason_to_fail(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdout", None)
    say("nobody listens")
