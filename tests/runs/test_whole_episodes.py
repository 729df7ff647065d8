"""What of a finished episode judges read who compare whole episodes, and who is compared with whom."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from palaestra.agents.answers import Text
from palaestra.agents.calls import Call, Reply
from palaestra.agents.failures import BadInput
from palaestra.agents.scripted import scripted_reply
from palaestra.runs.whole_episodes import FinishedEpisode, finished_episodes, grouped
from palaestra.sims.engines import scripted_engine
from palaestra.sims.playing import play
from support.metric_tables import ready_made
from support.scripted_debates import scenario

ONE = FinishedEpisode("run/0", "Talk.", 1, 5, "run", ("default",), cut=False, turns=(("Ann", "Hello."),))


def episodes_of(file: str, folder: Path, *settings: str) -> list[FinishedEpisode]:
    played = ready_made(file, "episodes=1", *settings).on_scripted_engines()
    play.start(played, folder / file, quiet=True)
    return finished_episodes([folder / file]).episodes


def test_what_was_said_stands_under_its_speakers_names_and_the_topic_is_the_task(tmp_path: Path) -> None:
    play.start(scenario(episodes=2), tmp_path / "run", quiet=True)
    found = finished_episodes([tmp_path / "run"])
    episodes, authors = found.episodes, found.authors
    assert [episode.name for episode in episodes] == ["run/0", "run/1"]
    assert [agent for agent, _ in episodes[0].turns] == ["Ann", "Bo", "Ann", "Bo"]
    assert 'about the motion: "Cities should plant more trees."' in episodes[0].task
    assert episodes[0].item != episodes[1].item
    assert authors == {"run/default": {"model": None, "revision": None, "adapter": None, "temperature": 0.8}}


def test_thoughts_notes_and_personas_are_no_part_of_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def marked(call: Call, *, attempt: int = 0, garbled: float = 0.0) -> Reply:
        reply = replace(scripted_reply(call, attempt=attempt, garbled=garbled), thought="THOUGHT")
        return replace(reply, text=f"{call.purpose.upper()}.") if isinstance(call.answer, Text) else reply

    monkeypatch.setattr(scripted_engine, "scripted_reply", marked)
    [game] = episodes_of("traitors", tmp_path, "players.0.persona=PERSONA")
    told = " ".join(text for _, text in game.turns)
    assert "DISCUSS" in told
    assert not any(hidden in told + game.task for hidden in ("THOUGHT", "PERSONA", "SUMMARISE", "NOTE"))
    assert len(game.turns) == sum(text.endswith(".") and text.isupper() for _, text in game.turns)
    [car] = episodes_of("used-car", tmp_path)
    assert {text for _, text in car.turns} == {"SAY."}
    assert not any(secret in car.task for secret in ("at least 5000", "reservation", "can pay"))


def test_last_words_that_nobody_was_shown_any_more_are_said_all_the_same(tmp_path: Path) -> None:
    play.start(
        scenario(judges=[], opinions=False, rounds=1, speaking="sequential"), tmp_path / "run", quiet=True
    )
    [episode] = finished_episodes([tmp_path / "run"]).episodes
    assert [agent for agent, _ in episode.turns] == ["Ann", "Bo"]


def test_where_nothing_was_said_there_is_nothing_to_compare(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="nothing was said in any of the 1 finished episodes"):
        episodes_of("rock-paper-scissors", tmp_path)


def test_groups_are_of_one_topic_of_nearly_equal_sizes_and_drawn_by_chance() -> None:
    episodes = [replace(ONE, name=str(number), item=number % 2) for number in range(14)]
    groups = grouped(episodes, "topic", 3, 0)
    assert sorted(map(len, groups)) == [2, 2, 2, 2, 3, 3]
    assert all(len({episode.item for episode in group}) == 1 for group in groups)
    assert sorted(int(e.name) for group in groups for e in group) == [*range(14)]
    assert grouped(episodes, "topic", 3, 0) == groups != grouped(episodes, "topic", 3, 1)


def test_who_has_nobody_to_be_compared_with_is_left_out() -> None:
    alone, others = replace(ONE, item=9), [replace(ONE, name=str(n)) for n in range(4)]
    assert sum(map(len, grouped([alone, *others], "topic", 3, 0))) == 4
    by_seed = [
        replace(ONE, name=f"{run}/{seed}", seed=seed, item=seed % 2) for run in "ab" for seed in range(4)
    ]
    assert [{e.seed for e in group} for group in grouped(by_seed, "seed", 4, 0)] == [{0}, {1}, {2}, {3}]


def test_only_episodes_of_one_task_are_compared() -> None:
    puzzles = [replace(ONE, name=str(n), item=None, task=f"Puzzle {n // 2}.") for n in range(6)]
    groups = grouped([*puzzles, replace(ONE, item=None, task="Alone.")], "topic", 4, 0)
    assert [len({episode.task for episode in group}) for group in groups] == [1, 1, 1]
    runs = [replace(ONE, name=f"{run}/5", task=f"Motion {run}.") for run in "ab"]
    assert grouped(runs, "seed", 4, 0) == []


def test_runs_are_told_apart_however_alike_their_paths_are(tmp_path: Path) -> None:
    runs = [tmp_path / where / "o" / "d" / "r" for where in "ab"]
    for run in runs:
        play.start(scenario(episodes=1), run, quiet=True)
    assert [each.name for each in finished_episodes(runs).episodes] == ["a/o/d/r/0", "b/o/d/r/0"]


def test_a_policy_may_be_named_like_two(tmp_path: Path) -> None:
    policies = {name: {"engine": "default"} for name in ("a+b", "c")}
    debaters = [{"name": "Ann", "policy": "a+b"}, {"name": "Bo", "policy": "c"}]
    played = scenario(episodes=1, policies=policies, debaters=debaters, judges=[])
    play.start(played, tmp_path / "run", quiet=True)
    found = finished_episodes([tmp_path / "run"])
    assert [episode.policies for episode in found.episodes] == [("a+b", "c")]
    assert list(found.authors) == ["run/a+b+c"]
