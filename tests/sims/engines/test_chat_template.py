"""What the chat template is taken apart into, with the embedded model's own tokenizer."""

from __future__ import annotations

from typing import Any

import pytest

from palaestra.agents.calls import Message
from palaestra.sims.engines.chat_template import ChatTemplate


@pytest.fixture
def templated(tokenizer: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Makes a `ChatTemplate` of another template text."""

    def make(text: str) -> ChatTemplate:
        monkeypatch.setattr(tokenizer, "chat_template", text)
        return ChatTemplate(tokenizer)

    return make


PROMPT = (Message(0, "system", "Be brief."), Message(1, "user", "Hello."))
OTHER_END = (
    "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<file_sep>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)


def test_the_end_of_a_turn_is_the_templates_which_need_not_be_the_tokenizers(
    tokenizer: Any, templated: Any
) -> None:
    assert ChatTemplate(tokenizer).end_of_turn() == tokenizer.convert_tokens_to_ids("<|im_end|>")
    assert templated(OTHER_END).end_of_turn() == tokenizer.convert_tokens_to_ids("<file_sep>")
    assert templated("{% for m in messages %}{{ m.content }}{% endfor %}").end_of_turn() is None


def test_a_template_that_refuses_the_system_role_gets_its_text_in_the_users_turn(
    tokenizer: Any, templated: Any
) -> None:
    refusal = "{% if messages[0].role == 'system' %}{{ raise_exception('no system') }}{% endif %}"
    said = tokenizer.decode(templated(refusal + OTHER_END).encode(PROMPT))
    assert said == "<|im_start|>user\nBe brief.\n\nHello.<file_sep>\n<|im_start|>assistant\n"


def test_a_template_that_renders_nothing_is_told(templated: Any) -> None:
    from palaestra.agents.failures import EngineUnavailable

    with pytest.raises(EngineUnavailable, match="can't render the roles"):
        templated("{{ raise_exception('never') }}").encode(PROMPT)
