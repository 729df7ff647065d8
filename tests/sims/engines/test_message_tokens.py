"""Messages are encoded once, and joined they have the very tokens of the whole prompt."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from palaestra.agents.calls import Message, Prompt
from palaestra.sims.engines import message_tokens
from palaestra.sims.engines.chat_template import ChatTemplate
from palaestra.sims.engines.message_tokens import MessageTokens, Passage
from palaestra.sims.engines.seams import Seam
from support import tokenizers as like
from support.hostile_prompts import hostile_prompts

pytestmark = pytest.mark.torch

FAMILIES: dict[str, Callable[..., Any]] = {
    "gemma": like.gemma_like,
    "bytes": like.byte_like,
    "first": like.first_like,
    "always": like.always_like,
    "gpt2": partial(like.merged_like, like.GPT2),
    "cl100k": partial(like.merged_like, like.CL100K),
    "o200k": partial(like.merged_like, like.O200K),
}
TEMPLATES = {"chatml": like.CHATML, "glm": like.GLM, "alpaca": like.ALPACA, "mistral": like.MISTRAL}


def prompt(*heard: str, label: str = "Ann") -> Prompt:
    said = [Message(n, "user", text, label) for n, text in enumerate(heard, 1)]
    return (Message(0, "system", "Rules."), *said, Message(99, "user", "Speak."))


def whole(template: ChatTemplate) -> ChatTemplate:
    """The same, that encodes prompts whole."""
    template.messages.seam = None
    return template


@pytest.mark.parametrize("template", TEMPLATES)
@pytest.mark.parametrize("family", FAMILIES)
def test_the_tokens_are_those_of_the_whole(family: str, template: str) -> None:
    tokenizer = FAMILIES[family](TEMPLATES[template])
    made, reference = ChatTemplate(tokenizer), whole(ChatTemplate(tokenizer))
    for asked in hostile_prompts(300):
        assert made.encode(asked) == reference.encode(asked), [message.body for message in asked]
    assert made.messages.ways["joined"] > 0 < made.messages.ways["cut"]
    assert made.messages.ways["whole"] == 0
    assert reference.messages.ways.keys() == {"whole"}


def test_those_of_the_embedded_model_too(tokenizer: Any) -> None:
    made, reference = ChatTemplate(tokenizer), whole(ChatTemplate(tokenizer))
    for asked in hostile_prompts(300):
        assert made.encode(asked) == reference.encode(asked)


def test_a_message_is_encoded_once(monkeypatch: pytest.MonkeyPatch) -> None:
    template = ChatTemplate(like.byte_like())
    asked = prompt(*(f"Speech {n}." for n in range(20)))
    template.encode(asked)
    encoded: list[str] = []
    harmless = template._texts.harmless

    def spy(text: str, first: bool = False) -> list[int] | None:
        encoded.append(text)
        return harmless(text, first)

    monkeypatch.setattr(template._texts, "harmless", spy)
    longer = (*asked[:-1], Message(50, "user", "More.", "Bo"), asked[-1])
    assert template.messages.unseen(longer) == len("More.")
    template.encode(longer)
    assert encoded == ["\n\nBo: More."]
    assert template.messages.unseen(longer) == 0


@pytest.mark.parametrize(
    ("heard", "way"),
    [
        (("One.", "Two."), "joined"),
        ((" One.", "Two."), "joined"),  # a turn's own edges are stripped
        (("One.\n", "Two."), "cut"),
        (("One.", "\tTwo.", "Three."), "cut"),
        (("One.", "", "Two."), "cut"),
        (("One.", "Two.", " \n", "Three."), "joined"),  # up to there
        (("One.", *"abcdefghijklmno", "p\n", "Two."), "joined"),
        (("One.", *"abcdefghijklmnop", "\tq", "Two."), "joined"),
        (("One.", *"abcdefghijklmnopqrstuvwxyz" * 2), "joined"),
    ],
)
def test_a_message_with_white_space_at_an_edge_is_not_cut_there(heard: tuple[str, ...], way: str) -> None:
    tokenizer = like.merged_like(like.GPT2)
    template = ChatTemplate(tokenizer)
    asked = prompt(*heard, label="")
    assert template.encode(asked) == whole(ChatTemplate(tokenizer)).encode(asked)
    assert template.messages.ways == ({"joined": 2} if way == "joined" else {"joined": 1, "cut": 1})


def test_a_text_that_spells_a_control_token_of_the_vocabulary_is_encoded_whole() -> None:
    tokenizer = like.gemma_like("<b>" + like.CHATML)
    template = ChatTemplate(tokenizer)
    asked = prompt("One.", "Two <b> three.", "[INST] Four.")
    assert template.encode(asked) == whole(ChatTemplate(tokenizer)).encode(asked)
    assert template.messages.ways == {"joined": 1, "whole": 1}


def test_what_is_kept_is_bounded_and_nothing_changes_for_it() -> None:
    template, tokenizer = ChatTemplate(like.byte_like()), like.byte_like()
    template.messages = MessageTokens(template._texts, most_tokens=200)
    reference = whole(ChatTemplate(tokenizer))
    for n in range(60):
        asked = prompt(*(f"Speech {n}, {k}." for k in range(5)))
        assert template.encode(asked) == reference.encode(asked)
        kept = template.messages._kept
        assert sum(map(len, (*kept.new.values(), *kept._old.values()))) < 2 * 200 + 100


def test_a_tokenizer_without_a_seam_encodes_whole_and_says_why() -> None:
    template = ChatTemplate(like.merged_like(like.LOOKBEHIND))
    assert template.messages.seam is None
    assert "isn't understood" in template.messages.why
    template.encode(prompt("One."))
    assert template.messages.ways == {"whole": 2}
    assert template.messages.unseen(prompt("One.")) == len("Rules.One.Speak.")


def test_a_seam_that_does_not_hold_when_tried_is_not_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(message_tokens, "seam", lambda _description: Seam(before=False))
    made = MessageTokens(ChatTemplate(like.merged_like(like.GPT2))._texts)
    assert made.seam is None
    assert "a trial of cutting after blank lines gave other tokens" in made.why


def test_turns_of_one_passage_are_told_apart_by_the_template_s_words() -> None:
    texts = ChatTemplate(like.byte_like())._texts
    made, tokens = MessageTokens(texts), [0]
    turns = [[Message(0, "system", "Rules.")], list(prompt("One.", "Two."))[1:]]
    made.encode(Passage((0, 1), ("<", "|", ">")), turns, tokens)
    assert tokens[1:] == texts.encode("<Rules.|Ann: One.\n\nAnn: Two.\n\nSpeak.>")
