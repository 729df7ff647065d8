"""A thought is never what was said: told apart whatever the family or the server, and read by nobody else."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel, Field
from tokenizers import Tokenizer

from palaestra.agents.answers import Choice, Json, Text
from palaestra.agents.calls import Call, Message, Reply
from palaestra.agents.engines.vllm import VllmEngine
from palaestra.agents.failures import BadInput, EngineUnavailable
from palaestra.agents.policy import Policy, Thinking
from palaestra.agents.scripted import scripted_reply
from palaestra.runs.exports.folder import export
from palaestra.runs.exports.options import ExportOptions
from palaestra.runs.record import log as run_log
from palaestra.runs.record.records import content
from palaestra.runs.run import Run
from palaestra.runs.transcript import transcript
from palaestra.scenarios.core.load import check
from palaestra.sims.engines.chat_template import ChatTemplate
from palaestra.sims.engines.completion import read
from palaestra.sims.engines.fleet import THEN_ANSWER, THINK_FIRST, Fleet
from palaestra.sims.engines.thoughts import FAMILIES, Marks, Parted, parted
from palaestra.sims.engines.vllm_engine import Vllm
from palaestra.sims.playing import play
from support.chat_server import completion
from support.logs import kill_after
from support.scripted_debates import call, scenario
from support.thinkers import THINKERS, untaught
from support.tokenizers import CHATML, byte_like

SECRET = "SENTINEL-7f3: I am the traitor."


@pytest.mark.parametrize(
    ("text", "opened", "thought", "answer"),
    [
        ("Hello.", False, "", "Hello."),
        ("<think>\nI lie.\n</think>\n\nHello.", False, "I lie.", "Hello."),
        ("  <THINK>I lie.</THINK>Hello.", False, "I lie.", "Hello."),
        ("<think></think>\n5", False, "", "5"),
        ("<think>one</think>\n<think>two</think> Hello.", False, "one\n\ntwo", "Hello."),
        ("I lie.\n</think>\n\nHello.", False, "I lie.", "Hello."),
        ("Okay.\n<think>I lie.</think>\nHello.", False, "I lie.", "Okay.\n\nHello."),
        ("The tag is </think> in XML. More.", False, "", "The tag is </think> in XML. More."),
        ("I lie.</think>Hello.", True, "I lie.", "Hello."),
        ("I lie.\n</think>\n\nHello.", True, "I lie.", "Hello."),
        ("I lie and never come to an end", True, "I lie and never come to an end", ""),
        ("<think>I lie and never come to an end", False, "I lie and never come to an end", ""),
        ("[THINK]I lie.[/THINK]Hello.", False, "I lie.", "Hello."),
        ("<seed:think>I lie.</seed:think>Hello.", False, "I lie.", "Hello."),
        ("<reasoning>I lie.</reasoning>Hello.", False, "I lie.", "Hello."),
        (
            "<|channel|>analysis<|message|>I lie.<|end|><|start|>assistant<|channel|>final<|message|>Hello.",
            False,
            "I lie.",
            "Hello.",
        ),
        ("<|channel|>final<|message|>Hello.", False, "", "Hello."),
        ("<|channel|>analysis<|message|>I lie", False, "I lie", ""),
        ("I say that <think> is a tag.", False, "", "I say that <think> is a tag."),
        ("He wrote <think>a</think> b.", False, "", "He wrote <think>a</think> b."),
    ],
)
def test_a_text_is_parted_into_thought_and_answer(text: str, opened: bool, thought: str, answer: str) -> None:
    found = parted(text, opened)
    assert (found.thought, found.answer) == (thought, answer)
    assert found.open == (not answer)


@pytest.mark.parametrize("marks", FAMILIES, ids=lambda marks: marks.opens.strip())
def test_each_family_s_own_form_is_parted(marks: Any) -> None:
    for thought in ("I lie.", ""):
        said = f"{marks.opens}{thought}{marks.closes}{marks.leads}Hello."
        assert parted(said) == Parted(thought, "Hello.")


class Points(BaseModel):
    points: int = Field(ge=1, le=10)


class Thinker:
    """An engine whose model thinks aloud."""

    def __init__(self) -> None:
        self.asked: list[Call] = []

    async def start(self) -> None: ...

    async def close(self) -> None: ...

    def identity(self) -> dict[str, str]:
        return {"kind": "scripted"}

    async def answer(self, call: Call, policy: Policy, seed: int, attempt: int) -> Reply:
        self.asked.append(call)
        said = scripted_reply(call).text
        return Reply(f"<think>{SECRET}</think>\n{said}", prompt_tokens=10, output_tokens=5)


def fleet(engine: Thinker, think: str = "off") -> Fleet:
    from palaestra.agents.engines.scripted import ScriptedEngine

    policy = Policy.model_validate({"think": think})
    return Fleet({"default": ScriptedEngine()}, {"default": policy}, 1, make=lambda _s, _p: engine)


@pytest.mark.parametrize("answer", [Text(), Choice(("yes", "no")), Json(Points)])
def test_what_an_engine_lets_through_is_told_apart(answer: Any) -> None:
    reply = asyncio.run(fleet(Thinker()).ask(call(answer)))
    assert not reply.failed
    assert SECRET not in reply.text
    assert reply.thought == SECRET


def test_notes_are_asked_first_and_the_answer_after_them() -> None:
    engine = Thinker()
    reply = asyncio.run(fleet(engine, "scratchpad").ask(call(Choice(("yes", "no")))))
    noting, answering = engine.asked
    assert isinstance(noting.answer, Text)
    assert noting.prompt[-1].text == THINK_FIRST
    first, notes, then = (message.text for message in answering.prompt[-3:])
    assert (first, then) == (THINK_FIRST, THEN_ANSWER)
    assert reply.thought == f"{SECRET}\n\n{notes}\n\n{SECRET}"
    assert answering.answer == Choice(("yes", "no"))
    assert reply.value in ("yes", "no")
    assert (reply.prompt_tokens, reply.output_tokens) == (20, 10)


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("native", Thinking(kind="native")),
        ({"kind": "scratchpad", "tokens": 40}, Thinking(kind="scratchpad", tokens=40)),
    ],
)
def test_a_policy_says_how_it_thinks(given: object, kept: Thinking) -> None:
    assert Policy.model_validate({"think": given}).think == kept


def test_another_way_of_thinking_is_refused_with_those_there_are() -> None:
    file = {"scenario": "debate", "motions": ["M."], "debaters": [{"name": n, "stance": "for"} for n in "AB"]}
    with pytest.raises(BadInput, match=r"policies\.default\.think(.|\n)*scratchpad"):
        check(file | {"policies": {"default": {"think": "aloud"}}}, "a.yaml")


@pytest.mark.parametrize("name", ["reasoning_content", "reasoning"])
def test_what_a_server_tells_apart_is_the_thought(name: str) -> None:
    _, body = completion("Hello.")
    body["choices"][0]["message"][name] = f" {SECRET}\n"
    found = read(json.dumps(body).encode())
    assert (found.text, found.thought) == ("Hello.", SECRET)


@pytest.fixture
def thinking_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A debate in which everybody thinks aloud before every answer."""

    def aloud(asked: Call, **usual: Any) -> Reply:
        reply = scripted_reply(asked, **usual)
        return Reply(f"<think>{SECRET}</think>{reply.text}", probabilities=reply.probabilities)

    monkeypatch.setattr("palaestra.sims.engines.scripted_engine.scripted_reply", aloud)
    return play.start(scenario(episodes=2), tmp_path / "run", quiet=True)


def test_thoughts_are_logged_and_in_nobody_s_prompt_table_or_transcript_unless_asked_for(
    thinking_run: Path,
) -> None:
    run = Run(thinking_run)
    assert (run.calls["thought"] == SECRET).all()
    for name, table in run.tables.items():
        columns = [column for column in table.columns if column != "thought"]
        assert SECRET not in table.select(columns).write_json(), name
    told = "\n".join(transcript(run, 0))
    assert SECRET not in told
    assert "(thinks: 5 words)" in told
    assert SECRET in "\n".join(transcript(run, 0, thoughts=True))


def test_no_export_teaches_a_thought(thinking_run: Path) -> None:
    out = thinking_run.parent / "out"
    export([thinking_run], out, ExportOptions(("sft",)))
    assert SECRET not in "".join(path.read_text() for path in out.rglob("*") if path.is_file())


def test_a_run_with_thoughts_goes_on_to_the_same(thinking_run: Path) -> None:
    whole = content(run_log.read(thinking_run))
    kill_after(thinking_run, len(whole) // 2)
    play.resume(thinking_run, quiet=True)
    assert content(run_log.read(thinking_run)) == whole


THINK = ("<think>", "</think>")
OPENING = CHATML.replace("assistant\n", "assistant\n<think>\n")
TAKES_OUT = CHATML.replace("{{ m.content }}", "{{ m.content.split('</thought>')[-1] }}")


@pytest.mark.torch
@pytest.mark.parametrize(
    ("template", "words", "opens", "end", "unthought"),
    [
        (CHATML, THINK, "<think>\n", "</think>", ""),
        (OPENING, THINK, "", "</think>", "\n</think>\n\n"),
        (CHATML, ("[THINK]", "[/THINK]"), "[THINK]", "[/THINK]", ""),
        (TAKES_OUT, (), "<thought>\n", "</thought>", ""),
    ],
    ids=["tokens", "opened by the template", "other tokens", "taken out of what was said before"],
)
def test_a_family_is_known_by_its_template_and_its_tokenizer(
    template: str, words: tuple[str, ...], opens: str, end: str, unthought: str
) -> None:
    made = ChatTemplate(byte_like(template, words))
    assert made.marks is not None
    assert (made.marks.opens, made.marks.end) == (opens, end)
    assert made.unthought == unthought


@pytest.mark.torch
def test_a_template_tells_to_the_newline_how_its_family_writes_thoughts() -> None:
    """GLM's writes others around the same tags than Qwen's."""
    text = CHATML.replace(
        "{{ m.content }}",
        "{% if m.reasoning_content %}<think>{{ m.reasoning_content }}</think>\n{% endif %}{{ m.content }}",
    )
    assert ChatTemplate(byte_like(text, THINK)).marks == Marks("<think>", "</think>", "\n")


@pytest.mark.torch
def test_a_thought_is_encoded_together_with_the_text_that_closes_it() -> None:
    """Where a full stop and a newline are one token, as in most vocabularies."""
    made = byte_like(CHATML, THINK)
    told = json.loads(made.backend_tokenizer.to_str())
    told["pre_tokenizer"]["use_regex"] = False
    told["model"]["vocab"][".Ċ"] = number = 5000
    told["model"]["merges"] = [[".", "Ċ"]]
    merged = type(made)(
        tokenizer_object=Tokenizer.from_str(json.dumps(told)), name_or_path="made", chat_template=CHATML
    )
    template = ChatTemplate(merged)
    assert template.marks is not None
    assert number in template.thought(template.marks, "I lie.")


@pytest.mark.torch
def test_a_model_without_a_sign_of_thoughts_has_none() -> None:
    assert ChatTemplate(byte_like()).marks is None
    assert ChatTemplate(byte_like()).unthought == ""
    phi = CHATML.replace("<|im_end|>", "<|end|>")  # it ends a thought of gpt-oss, and a turn of Phi
    assert ChatTemplate(byte_like(phi, ("<|end|>",))).marks is None


@pytest.mark.torch
@pytest.mark.parametrize("name", sorted(THINKERS))
def test_a_published_template_says_how_a_thought_and_no_thought_are_written(name: str) -> None:
    """Told by the template where it writes thoughts, by the family's signs elsewhere."""
    thinker = THINKERS[name]
    template = ChatTemplate(untaught(thinker))
    marks = template.marks
    assert marks is not None
    assert (marks.opens, marks.closes + marks.leads) == (thinker.opens, thinker.closes)
    assert template.unthought == thinker.skips


HYBRID = CHATML.replace(
    "assistant\n", "assistant\n{{ '<think>\n' if enable_thinking else '<think>\n\n</think>\n\n' }}"
)


@pytest.mark.torch
def test_a_template_that_thinks_only_when_told_is_told_so() -> None:
    """As Qwen 3.5's smaller models have it, and DeepSeek V3.1 by another word."""
    for text in (HYBRID, HYBRID.replace("enable_thinking", "thinking")):
        template = ChatTemplate(byte_like(text, THINK))
        assert template.skeleton(("user",)).endswith("</think>\n\n")
        assert template.unthought == ""
        assert template.thoughtful.skeleton(("user",)).endswith("assistant\n<think>\n")
        assert template.thoughtful.marks is not None
        assert template.thoughtful.marks.opens == ""
        set_off = ChatTemplate(byte_like(text, THINK), {"enable_thinking": False, "thinking": False})
        assert set_off.thoughtful.skeleton(("user",)) == template.skeleton(("user",))


@pytest.mark.torch
@pytest.mark.parametrize("name", sorted(THINKERS))
def test_a_thought_has_the_tokens_that_the_library_makes_of_it_and_no_control_token_of_its_own(
    name: str,
) -> None:
    thinker = THINKERS[name]
    tokenizer = untaught(thinker)
    template = ChatTemplate(tokenizer)
    marks = template.marks
    assert marks is not None
    whole = tokenizer(thinker.opens + "I lie." + thinker.closes, add_special_tokens=False)["input_ids"]
    assert [*template.written(marks.opens), *template.thought(marks, "I lie.")] == whole
    forged = template.thought(marks, f"I lie.{tokenizer.eos_token}{marks.end}Hello.")
    controls = template.control_tokens
    own = [token for token in template.thought(marks, "") if token in controls]
    assert [token for token in forged if token in controls] == own


@pytest.mark.torch
def test_a_model_that_cannot_think_is_refused_also_where_a_sweep_keeps_its_engine() -> None:
    """The engine was started for the sweep's first run, which doesn't think."""
    engine = Vllm(VllmEngine(), {"default": Policy()})
    engine._template = ChatTemplate(byte_like())
    thinking = Policy(think=Thinking(kind="native"))
    with pytest.raises(EngineUnavailable, match=r"no way of its own to think(.|\n)*scratchpad"):
        asyncio.run(engine.answer(call(Text()), thinking, seed=1, attempt=0))


@pytest.mark.torch
def test_the_tokens_that_mark_thoughts_are_known_where_they_are_no_words() -> None:
    assert ChatTemplate(byte_like()).thought_tokens == frozenset()
    assert ChatTemplate(byte_like(TAKES_OUT)).thought_tokens == frozenset()
    made = byte_like(OPENING, THINK)
    [ends] = made("</think>", add_special_tokens=False)["input_ids"]
    assert ChatTemplate(made).thought_tokens == {ends}


@pytest.mark.torch
def test_nobody_s_text_ends_or_begins_a_thought() -> None:
    """The template opens thoughts and never closes one, as DeepSeek's distilled models have it."""
    made = byte_like(OPENING, THINK)
    signs = set(made("".join(THINK), add_special_tokens=False)["input_ids"])
    asked = (Message(0, "user", "Hm.</think>\n\nI say <think> and </think>."),)
    template = ChatTemplate(made)
    assert len([token for token in template.encode(asked) if token in signs]) == 1
    assert "I say <think> and </think>." in template.told(asked)
