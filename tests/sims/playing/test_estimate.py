"""What a run would take, told beforehand, against what it takes when every text is as long as it may be."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cache
from itertools import groupby
from pathlib import Path

import pytest
from tokenizers import Tokenizer

from palaestra.agents.answers import Text
from palaestra.agents.calls import Call, Reply
from palaestra.agents.scripted import scripted_reply
from palaestra.runs.run import Run
from palaestra.scenarios.core.load import load
from palaestra.scenarios.core.ready_made import find
from palaestra.sims.engines import embedded_model, scripted_engine
from palaestra.sims.playing.estimate import remember_speed
from support.command_line import done, palaestra

LIMIT = 40
Count = Callable[[str], int]


def at_the_limit(call: Call, *, attempt: int = 0, garbled: float = 0.0) -> Reply:
    """A scripted reply whose text has as many words as it may have tokens."""
    reply = scripted_reply(call, attempt=attempt, garbled=garbled)
    if isinstance(call.answer, Text):
        words = call.answer.max_tokens or LIMIT
        return replace(reply, text=" ".join((reply.text.split() * words)[:words]))
    return reply


def four_characters(text: str) -> int:
    return round(len(text) / 4)


@cache
def tokenizer() -> Tokenizer:
    return Tokenizer.from_file(str(embedded_model.ensure() / "tokenizer.json"))


def tokens_of_the_model(text: str) -> int:
    return len(tokenizer().encode(text, add_special_tokens=False).ids)


def prompts(run: Run, count: Count) -> list[int]:
    """The tokens of each call's prompt: its turns, neighbours of one role being one."""
    found = []
    for episode, call in run.calls.select("episode", "call").iter_rows():
        turns = groupby(run.prompt(episode, call), key=lambda message: message[0])
        found.append(sum(count("\n\n".join(text for _, text in turn)) for _, turn in turns))
    return found


def estimated(*words: str, cwd: Path) -> dict[str, str]:
    """The numbers of an estimate by their names, and what else stands beside them."""
    said = palaestra("run", *words, "--estimate", cwd=cwd).out.splitlines()
    return {line[:18].strip(): " ".join(line[18:].split()).replace(",", "") for line in said}


def number(told: dict[str, str], name: str) -> int:
    return int(told[name].split()[0])


@pytest.mark.parametrize(
    ("engine", "count", "counter"),
    [
        ("{}", tokens_of_the_model, "tokenizer of smollm2"),
        ("{kind: scripted}", four_characters, "4 characters a token"),
    ],
)
def test_calls_and_tokens_are_those_of_a_run_whose_texts_are_at_their_limits(
    engine: str, count: Count, counter: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = ("debate", "-n", "2", *("--set", "rounds=2", "--set", f"policies.default.max_tokens={LIMIT}"))
    embedded_model.ensure()
    told = estimated(*words, "--set", f"engines.default={engine}", cwd=tmp_path)
    assert list(tmp_path.iterdir()) == []
    monkeypatch.setattr(scripted_engine, "scripted_reply", at_the_limit)
    done("run", *words, "--dry-run", "-q", "--out", "run", cwd=tmp_path)
    run = Run(tmp_path / "run")
    taken = prompts(run, count)
    assert counter in told["prompt tokens"]
    assert number(told, "episodes") == 2
    assert number(told, "calls") == run.calls.height
    assert number(told, "prompt tokens") == sum(taken)
    assert number(told, "longest prompt") == max(taken)
    choices = run.calls.drop_nulls("options").height
    assert number(told, "output tokens") <= choices + LIMIT * (run.calls.height - choices)
    assert number(told, "output tokens") >= choices + 0.9 * LIMIT * (run.calls.height - choices)


def test_a_text_that_is_weighed_counts_as_prompt_and_nothing_is_decoded_for_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    limits = [f"policies.{name}.max_tokens={LIMIT}" for name in ("plain", "bold", "careful")]
    words = (
        "likelihood",
        "--set",
        "engines.default={kind: scripted}",
        *(f"--set={limit}" for limit in limits),
    )
    told = estimated(*words, cwd=tmp_path)
    monkeypatch.setattr(scripted_engine, "scripted_reply", at_the_limit)
    done("run", *words, "-q", "--out", "run", cwd=tmp_path)
    run = Run(tmp_path / "run")
    answers = run.calls.filter(purpose="answer")
    assert number(told, "calls") == run.calls.height == 2 * answers.height
    assert number(told, "prompt tokens") == sum(prompts(run, four_characters))
    assert number(told, "output tokens") == LIMIT * answers.height


@pytest.mark.parametrize("name", ["used-car", "traitors", "stable-alignment", "sparta"])
def test_the_calls_of_other_scenarios_are_counted_too(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = estimated(name, "-n", "1", "--set", "engines.default={kind: scripted}", cwd=tmp_path)
    monkeypatch.setattr(scripted_engine, "scripted_reply", at_the_limit)
    done("run", name, "-n", "1", "--dry-run", "-q", "--out", "run", cwd=tmp_path)
    assert number(told, "calls") == Run(tmp_path / "run").calls.height


def test_thoughts_are_asked_for_before_the_answers(tmp_path: Path) -> None:
    words = ("debate", "-n", "1", "--set", "engines.default={kind: scripted}")
    quick = estimated(*words, cwd=tmp_path)
    thinking = "policies.default.think={kind: scratchpad, tokens: 50}"
    told = estimated(*words, "--set", thinking, cwd=tmp_path)
    thoughts = 50 * number(quick, "calls")
    assert number(told, "output tokens") == number(quick, "output tokens") + thoughts
    assert number(told, "prompt tokens") == 2 * number(quick, "prompt tokens") + thoughts
    assert number(told, "longest prompt") == number(quick, "longest prompt") + 50


def test_many_episodes_are_estimated_from_a_few(tmp_path: Path) -> None:
    few = estimated("debate", "-n", "4", "--set", "engines.default={kind: scripted}", cwd=tmp_path)
    many = estimated("debate", "-n", "400", "--set", "engines.default={kind: scripted}", cwd=tmp_path)
    for name in ("episodes", "calls", "prompt tokens", "output tokens"):
        assert number(many, name) == 100 * number(few, name)
    assert number(many, "longest prompt") == number(few, "longest prompt")


def test_the_time_is_told_at_the_speed_of_the_last_run_and_not_made_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PALAESTRA_CACHE", str(tmp_path / "cache"))
    assert estimated("debate", cwd=tmp_path)["time"].startswith("unknown")
    remember_speed(load(find("debate")), 50)
    told = estimated("debate", cwd=tmp_path)
    assert told["time"].split()[0] == f"{number(told, 'output tokens') / 50:.0f}s"
    assert estimated("traitors", "-n", "1", cwd=tmp_path)["time"].startswith("unknown")
    (tmp_path / "cache" / "speeds.json").write_text("{")
    assert estimated("debate", cwd=tmp_path)["time"].startswith("unknown")


def test_a_sweep_is_estimated_point_by_point(tmp_path: Path) -> None:
    words = ("debate", "-n", "1", "--set", "sweep={rounds: [1, 2]}", "--estimate")
    said = done("run", *words, cwd=tmp_path)
    # 4 debaters × (2 opinions + rounds) + 3 judges × 4 debaters × 2 criteria
    assert "rounds=1 episodes 1 calls 36 " in said
    assert "rounds=2 episodes 1 calls 40 " in said
    assert list(tmp_path.iterdir()) == []


HOSTED = (
    *("--set", "engines.default={kind: openai, model: m, url: 'http://127.0.0.1:9/v1'}"),
    *("--set", "engines.default.prices={prompt: 1.5, cached: 0.5, output: 6}"),
)


def test_what_is_spent_is_told_at_the_prices_of_the_engines(tmp_path: Path) -> None:
    assert "spend" not in estimated("debate", "--set", "engines.default={kind: scripted}", cwd=tmp_path)
    told = estimated("debate", "-n", "40", *HOSTED, cwd=tmp_path)
    spend = (1.5 * number(told, "prompt tokens") + 6 * number(told, "output tokens")) / 1e6
    assert told["spend"].split()[0] == f"{spend:.2f}"


def test_each_limit_is_told_and_the_one_that_is_reached_first(tmp_path: Path) -> None:
    words = ("debate", "-n", "40", *HOSTED)
    whole = estimated(*words, cwd=tmp_path)
    tokens = number(whole, "prompt tokens") + number(whole, "output tokens")
    limits = {
        "calls": (number(whole, "calls") // 4, "(reached at about episode 10 of 40)"),
        "tokens": (tokens // 8, "(reached first at about episode 5 of 40)"),
        "minutes": (5, "(nobody knows whether it is reached)"),
        "spend": (1000, "(not reached)"),
    }
    given = [word for name, (most, _) in limits.items() for word in ("--set", f"limits.{name}={most}")]
    told = estimated(*words, *given, cwd=tmp_path)
    assert {name: told[f"limits.{name}"] for name in limits} == {
        name: f"{most} {said}" for name, (most, said) in limits.items()
    }
    assert any(line.startswith("40 episodes are un") for line in told)
    alone = estimated(*words, *given, "--set", "live=1", cwd=tmp_path)
    assert not any("episodes are un" in line for line in alone)


@pytest.mark.parametrize(
    ("rate", "seconds"),
    [
        ("requests_per_minute", lambda told: number(told, "calls")),
        ("tokens_per_minute", lambda told: number(told, "prompt tokens") + number(told, "output tokens")),
    ],
)
def test_a_run_takes_no_less_time_than_the_rates_of_its_engines_allow(
    rate: str, seconds: Callable[[dict[str, str]], int], tmp_path: Path
) -> None:
    told = estimated("debate", *HOSTED, "--set", f"engines.default.{rate}=60", cwd=tmp_path)
    assert told["time"].split()[0] == f"{seconds(told)}s"
    told = estimated(
        "debate", *HOSTED, "--set", f"engines.default.{rate}=60", "--set", "limits.minutes=0.1", cwd=tmp_path
    )
    assert told["limits.minutes"].startswith("0.1 (reached first")


def test_long_prompts_are_counted_by_those_before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    words = ("debate", "-n", "2", "--set", "rounds=8")
    embedded_model.ensure()
    every = number(estimated(*words, cwd=tmp_path), "prompt tokens")
    monkeypatch.setattr("palaestra.sims.playing.estimate.MOST_COUNTED", 20_000)
    assert number(estimated(*words, cwd=tmp_path), "prompt tokens") == pytest.approx(every, rel=0.1)
