"""Other answers at recorded calls, each played to its end: the difference in outcome is the answer's."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from shutil import copytree, rmtree
from typing import Any

import pytest

import palaestra.sims.engines.scripted_engine
from palaestra.agents.answers import Choice
from palaestra.agents.calls import Call, Reply, derive_seed, turns
from palaestra.agents.failures import BadInput, EngineUnavailable, RunUnreadable
from palaestra.agents.scripted import scripted_reply
from palaestra.runs.branches import branched, outcome_margin
from palaestra.runs.record import log as run_log
from palaestra.runs.record.plan import Plan
from palaestra.runs.record.records import Record
from palaestra.runs.record.state import RunState
from palaestra.runs.run import Run
from palaestra.runs.transcript import transcript
from palaestra.scenarios.core.load import load
from palaestra.scenarios.core.ready_made import find
from palaestra.scenarios.core.registry import SCENARIOS
from palaestra.scenarios.debate.rules import Debate
from palaestra.sims.engines.fleet import Fleet
from palaestra.sims.playing import play
from palaestra.sims.playing.branch import Selection, branch, selection
from support.logs import kill_after
from support.scripted_debates import recorded, scenario

SMALL = {
    "debate": ("debate", ["rounds=2", "speaking=sequential"], "purpose=argue"),
    "negotiation": ("used-car", ["rounds=2"], "all"),
    "social_deduction": (
        "werewolf",
        ["players=[{name: A}, {name: B}, {name: C}, {name: D}]", "minority.size=1"],
        "purpose=vote",
    ),
}


def prompted(call: Call, *, attempt: int = 0, garbled: float = 0.0) -> Reply:
    """A scripted reply that depends on the prompt too, as a model's does."""
    seed = derive_seed(call.seed, repr(turns(call.prompt)))
    return scripted_reply(replace(call, seed=seed), attempt=attempt, garbled=garbled)


@pytest.fixture(autouse=True)
def _engine_that_reads(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(palaestra.sims.engines.scripted_engine, "scripted_reply", prompted)


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[Call]:
    """Every call that reaches the engines."""
    calls: list[Call] = []
    ask = Fleet.ask

    async def counted(fleet: Fleet, call: Call) -> Reply:
        calls.append(call)
        return await ask(fleet, call)

    monkeypatch.setattr(Fleet, "ask", counted)
    return calls


def played(kind: str, folder: Path, episodes: int = 2, *settings: str) -> Path:
    """A finished run of a ready-made scenario on the scripted engine."""
    name, fields, _ = SMALL[kind]
    engine = "engines={default: {kind: scripted}}"
    loaded = load(find(name), [engine, f"episodes={episodes}", *fields, *settings])
    return play.start(loaded, folder, quiet=True)


def debates(folder: Path, **fields: Any) -> Path:
    """A finished run of small debates."""
    return play.start(scenario(episodes=2, speaking="sequential", **fields), folder, quiet=True)


def calls_of(folder: Path) -> dict[tuple[int, int], Record]:
    """The call records of a run by episode and index."""
    records = (record for record in run_log.read(folder) if record["record"] == "call")
    return {(record["episode"], record["call"]): record for record in records}


def plan_of(folder: Path) -> Plan:
    plan = RunState.read(folder).branch
    assert plan is not None
    return plan


# The same by hand: an episode, recorded replies up to a call, a forced answer, then the engine.


class ByHand:
    """An origin's episodes, walked again with an answer forced at one call."""

    def __init__(self, folder: Path) -> None:
        self.state = RunState.read(folder).settings
        self.rules = SCENARIOS[self.state["scenario"]]
        self.config = self.rules.config_type.model_validate(self.state)
        self.calls = calls_of(folder)

    def reward(self, episode: int, call: int, answer: str, repeat: int) -> float:
        """What the author of the call ends with."""
        walked = self.rules(self.config, index=episode)
        author, branched_at = self.calls[episode, call]["agent"], self.calls[episode, call]["step"]
        step = 0
        while walked.pending:
            step += 1
            replies = []
            for one in walked.pending:
                past = self.calls.get((episode, one.index))
                if step <= branched_at:
                    assert past is not None
                    text = answer if one.index == call else past["text"]
                    known = tuple(past["probabilities"]) if "probabilities" in past else None
                    replies.append(Reply(text, one.answer.parse(text), known))
                else:
                    replies.append(self._engine(episode, one, repeat))
            walked.advance(replies)
        return self._worth(walked, author)

    def _engine(self, episode: int, call: Call, repeat: int) -> Reply:
        parts: tuple[Any, ...] = (self.config.seed, episode, call.index)
        seed = derive_seed(*parts, "repeat", repeat) if repeat else derive_seed(*parts)
        reply = prompted(replace(call, seed=seed))
        known = reply.probabilities and tuple(round(p, 6) for p in reply.probabilities)
        return replace(reply, value=call.answer.parse(reply.text), probabilities=known)

    def _worth(self, over: Any, author: str) -> float:
        told = [(type(event).__name__, event) for _, event in over.events]
        match self.rules.kind:
            case "debate":
                points: list[float] = [e.score for name, e in told if name == "Verdict" and e.agent == author]
                return (points[0] - 1) / 9
            case "negotiation":
                surplus: float = next(
                    e.surplus for name, e in told if name == "BargainingUtility" and e.party == author
                )
                return surplus
            case _:
                team = next(e.team for name, e in told if name == "Role" and e.player == author)
                winner = over.outcome["winner"]
                return 0.5 if winner == "undecided" else float(winner == team)


@pytest.mark.parametrize("kind", SMALL)
@pytest.mark.parametrize("repeats", [1, 3])
def test_margins_are_those_of_playing_each_answer_to_its_end_by_hand(
    kind: str, repeats: int, tmp_path: Path
) -> None:
    origin = played(kind, tmp_path / "origin", 3)
    chosen = selection([SMALL[kind][2]], most=4)
    folder = branch(origin, tmp_path / "branch", chosen, answers=2, repeats=repeats, quiet=True)
    by_hand = ByHand(origin)
    found = list(branched(folder))
    assert found
    margins = []
    for call in found:
        for answer in call.answers:
            worth = [by_hand.reward(call.episode, call.call, answer.text, r) for r in range(repeats)]
            assert answer.rewards == pytest.approx(worth)
        first, *others = call.answers
        for other in others:
            pairs = zip(first.rewards, other.rewards, strict=True)
            mean, _ = outcome_margin(first.rewards, other.rewards)
            assert mean == pytest.approx(sum(a - b for a, b in pairs) / repeats)
            margins.append(mean)
    assert any(margins), "answers that change nothing prove nothing"


@pytest.mark.parametrize("kind", SMALL)
def test_the_answers_to_a_call_differ_and_their_prompts_do_not(kind: str, tmp_path: Path) -> None:
    origin = played(kind, tmp_path / "origin")
    folder = branch(origin, tmp_path / "branch", selection([SMALL[kind][2]], most=5), 2, 2, quiet=True)
    before, after, recorded_calls = Run(origin), Run(folder), calls_of(origin)
    calls = list(branched(folder))
    assert len(calls) == 5
    for call in calls:
        texts = [answer.text for answer in call.answers]
        assert len(set(texts)) == len(texts)
        assert texts[0] == recorded_calls[call.episode, call.call]["text"]
        origin_prompt = before.prompt(call.episode, call.call)
        for answer in call.answers:
            for number in answer.episodes:
                assert after.prompt(number, call.call) == origin_prompt
            assert [(m.role, m.body) for m in answer.turn.prompt] == origin_prompt


# Nothing is asked twice.


def test_no_recorded_call_is_asked_again_and_all_others_once(tmp_path: Path, asked: list[Call]) -> None:
    origin = debates(tmp_path / "origin")
    asked.clear()
    folder = branch(origin, tmp_path / "branch", selection(["purpose=argue"]), 2, 2, quiet=True)
    before, after, plan = calls_of(origin), calls_of(folder), plan_of(folder)
    expected = Counter[int]()
    for number, play_ in enumerate(plan.branches()):
        step = before[play_.episode, play_.call]["step"]
        for (episode, index), record in after.items():
            if episode != number or (play_.answer, play_.repeat) == (0, 0):
                continue
            if record["step"] > step or (index == play_.call and play_.answer and not play_.repeat):
                expected[record["seed"]] += 1
    assert Counter(call.seed for call in asked) == expected
    assert sum(expected.values()) < len(after)


def test_the_recorded_answer_played_for_the_first_time_is_the_recorded_episode(tmp_path: Path) -> None:
    origin = debates(tmp_path / "origin")
    folder = branch(origin, tmp_path / "branch", selection(["purpose=argue"], most=3), quiet=True)
    for number, play_ in enumerate(plan_of(folder).branches()):
        if play_.answer == play_.repeat == 0:
            assert told(folder, number) == told(origin, play_.episode)


def told(folder: Path, episode: int) -> list[Record]:
    """All that is recorded of an episode but its number and what it cost."""
    own = [record for record in recorded(folder) if record["episode"] == episode]
    return [{k: v for k, v in record.items() if k not in ("episode", "tokens")} for record in own]


def test_what_is_taken_over_costs_nothing_and_the_run_counts_what_it_asked(
    tmp_path: Path, asked: list[Call]
) -> None:
    origin = debates(tmp_path / "origin")
    asked.clear()
    folder = branch(origin, tmp_path / "branch", selection(["purpose=argue"], most=3), 2, 2, quiet=True)
    paid = [record for record in calls_of(folder).values() if record["tokens"][2]]
    assert len(paid) == len(asked)
    assert {record["seed"] for record in paid} == {call.seed for call in asked}
    assert RunState.read(folder).counts.output_tokens == sum(record["tokens"][2] for record in paid)


# Drawing other answers.


def test_other_options_of_a_choice_are_drawn_without_asking_and_none_twice(
    tmp_path: Path, asked: list[Call]
) -> None:
    origin = played("social_deduction", tmp_path / "origin", 1)
    asked.clear()
    folder = branch(origin, tmp_path / "branch", selection(["purpose=vote"], most=2), 99, quiet=True)
    calls = list(branched(folder))
    assert len(calls) == 2
    for call in calls:
        options = call.answers[0].turn.answer["options"]
        assert Counter(answer.text for answer in call.answers) == Counter(options)
    made = calls_of(folder)
    others = {
        made[n, play_.call]["seed"] for n, play_ in enumerate(plan_of(folder).branches()) if play_.answer
    }
    assert not others & {call.seed for call in asked}


def saying(said: Callable[[Call], str]) -> Callable[..., Reply]:
    """A scripted engine whose texts are `said`."""

    def answer(call: Call, *, attempt: int = 0, garbled: float = 0.0) -> Reply:
        if isinstance(call.answer, Choice):
            return prompted(call, attempt=attempt)
        return Reply(said(call), output_tokens=1)

    return answer


def test_an_answer_that_was_given_already_is_asked_again_with_other_seeds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each other answer is the first of four draws that is new, or the last one."""
    three = ("Yes.", "No.", "Perhaps.")
    words = saying(lambda call: three[call.seed % 3])
    monkeypatch.setattr(palaestra.sims.engines.scripted_engine, "scripted_reply", words)
    origin = debates(tmp_path / "origin")
    folder = branch(origin, tmp_path / "branch", selection(["purpose=argue"]), 2, quiet=True)
    made = calls_of(folder)
    attempts = []
    for number, play_ in enumerate(plan_of(folder).branches()):
        told_ = made[number, play_.call]
        if play_.answer == 0:
            taken = {told_["text"]}
            continue
        first = derive_seed(0, play_.episode, play_.call, "answer", play_.answer)
        seeds = [first, *(derive_seed(first, "again", i) for i in (1, 2, 3))]
        drawn = [three[seed % 3] for seed in seeds]
        at = next((i for i, text in enumerate(drawn) if text not in taken), 3)
        assert (told_["text"], told_.get("attempts", 1), told_["tokens"][2]) == (drawn[at], at + 1, at + 1)
        taken.add(told_["text"])
        attempts.append(at + 1)
    assert min(attempts) == 1
    assert max(attempts) > 2


def test_what_can_only_be_said_in_one_way_makes_no_pair(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        palaestra.sims.engines.scripted_engine, "scripted_reply", saying(lambda _call: "Same.")
    )
    origin = debates(tmp_path / "origin")
    folder = branch(origin, tmp_path / "branch", selection(["purpose=argue"]), quiet=True)
    assert RunState.read(folder).status == "finished"
    assert list(branched(folder)) == []


def moody() -> Callable[..., Reply]:
    """An engine that never says the same twice, whatever the seed."""
    moods: list[int] = []

    def said(_call: Call) -> str:
        moods.append(0)
        return f"Mood {len(moods)}."

    return saying(said)


def test_all_repeats_of_an_answer_play_that_answer_though_the_engine_would_not_repeat_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(palaestra.sims.engines.scripted_engine, "scripted_reply", moody())
    origin = debates(tmp_path / "origin")
    folder = branch(origin, tmp_path / "branch", selection(["purpose=argue"]), 2, 3, quiet=True)
    assert len(all_answers(folder)) == 8
    for texts in all_answers(folder).values():
        assert all(len(repeats) == 1 for repeats in texts.values())
        assert len(set.union(*texts.values())) == 3


def all_answers(folder: Path) -> dict[tuple[int, int], dict[int, set[str]]]:
    """The texts of each answer at each point, over its plays."""
    found: dict[tuple[int, int], dict[int, set[str]]] = {}
    calls = calls_of(folder)
    for number, play_ in enumerate(plan_of(folder).branches()):
        texts = found.setdefault((play_.episode, play_.call), {})
        texts.setdefault(play_.answer, set()).add(calls[number, play_.call]["text"])
    return found


# A branch run is a run: it resumes, and does not depend on how it was played.


@pytest.mark.parametrize("live", [1, 2, 64])
def test_the_log_does_not_depend_on_the_number_of_live_episodes(live: int, tmp_path: Path) -> None:
    origin = debates(tmp_path / "origin")
    chosen = selection(["purpose=argue"], most=3)
    few = branch(origin, tmp_path / "few", chosen, 3, 2, [f"live={live}"], quiet=True)
    assert recorded(few) == recorded(branch(origin, tmp_path / "all", chosen, 3, 2, quiet=True))


@pytest.mark.parametrize("deaths", [1, 2, 7, 20, 45])
def test_a_branch_run_whose_engine_died_is_resumed_to_the_same_end(deaths: int, tmp_path: Path) -> None:
    origin, chosen = debates(tmp_path / "origin"), selection(["purpose=argue"], most=3)
    whole = branch(origin, tmp_path / "whole", chosen, 2, 2, quiet=True)
    dying = [f"engines.default.die_every={deaths}", "engines.default.max_restarts=0", "live=3"]
    folder = tmp_path / "branch"
    with pytest.raises(EngineUnavailable):
        branch(origin, folder, chosen, 2, 2, dying, quiet=True)
    assert RunState.read(folder).status == "failed"
    play.resume(folder, ["engines.default.die_every=null"], quiet=True)
    assert recorded(folder) == recorded(whole)
    assert RunState.read(folder).status == "finished"


def cuts(folder: Path, number: int) -> Iterator[int]:
    lines = len((folder / run_log.NAME).read_bytes().splitlines())
    return (1 + i * (lines - 2) // number for i in range(number))


def test_a_branch_run_killed_at_any_moment_resumes_to_the_same_content_and_asks_nothing_again(
    tmp_path: Path, asked: list[Call]
) -> None:
    origin = debates(tmp_path / "origin", rounds=1)
    whole = branch(origin, tmp_path / "whole", selection(["purpose=argue"], most=2), 2, 2, quiet=True)
    for lines in cuts(whole, 12):
        copytree(whole, tmp_path / "killed")
        kill_after(tmp_path / "killed", lines)
        asked.clear()
        play.resume(tmp_path / "killed", quiet=True)
        assert recorded(tmp_path / "killed") == recorded(whole)
        assert len(asked) == paid(whole) - paid(whole, lines)
        rmtree(tmp_path / "killed")


def paid(folder: Path, lines: int | None = None) -> int:
    """How many of the calls among the first lines of a log were asked of an engine."""
    records = list(run_log.read(folder))[:lines]
    return sum(record["record"] == "call" and record["tokens"][2] > 0 for record in records)


def draws(folder: Path) -> list[int]:
    """After how many lines of a log each other answer is there for the first time."""
    firsts = {(n, b.call) for n, b in enumerate(plan_of(folder).branches()) if b.answer and not b.repeat}
    records = enumerate(run_log.read(folder), start=1)
    return [line for line, r in records if r["record"] == "call" and (r["episode"], r["call"]) in firsts]


def test_an_answer_drawn_before_a_kill_is_kept_though_the_engine_would_not_repeat_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(palaestra.sims.engines.scripted_engine, "scripted_reply", moody())
    origin = debates(tmp_path / "origin", rounds=1)
    whole = branch(origin, tmp_path / "whole", selection(["purpose=argue"], most=2), 2, 3, quiet=True)
    before = all_answers(whole)
    for drawn, lines in enumerate(draws(whole), start=1):
        copytree(whole, tmp_path / "killed")
        kill_after(tmp_path / "killed", lines)
        play.resume(tmp_path / "killed", quiet=True)
        kept = 0
        for point, texts in all_answers(tmp_path / "killed").items():
            assert all(len(repeats) == 1 for repeats in texts.values())
            assert len(set.union(*texts.values())) == 3
            kept += sum(texts[answer] == before[point][answer] for answer in (1, 2))
        assert kept == drawn
        rmtree(tmp_path / "killed")


def test_a_finished_branch_run_can_be_read_like_any_other(tmp_path: Path) -> None:
    origin = debates(tmp_path / "origin")
    run = Run(branch(origin, tmp_path / "branch", selection(["purpose=argue"], most=1), quiet=True))
    assert run.episodes.height == 2
    assert run.episodes["ended"].all()
    assert any("argue" in line for line in transcript(run, 1))


def test_the_plan_of_a_branch_run_stays_as_it_is(tmp_path: Path) -> None:
    origin = debates(tmp_path / "origin")
    folder = branch(origin, tmp_path / "branch", selection(["purpose=argue"], most=1), quiet=True)
    with pytest.raises(BadInput, match="can't change that"):
        play.resume(folder, ["episodes=100"], quiet=True)


def test_without_the_run_that_it_branches_an_unfinished_one_is_not_resumed_and_left_as_it_is(
    tmp_path: Path,
) -> None:
    origin = debates(tmp_path / "origin")
    folder = branch(origin, tmp_path / "branch", selection(["purpose=argue"], most=1), quiet=True)
    kill_after(folder, 40)
    before = (folder / "run.json").read_text()
    origin.rename(tmp_path / "elsewhere")
    with pytest.raises(BadInput, match="can't be read"):
        play.resume(folder, quiet=True)
    assert (folder / "run.json").read_text() == before
    (tmp_path / "elsewhere").rename(origin)
    (origin / run_log.NAME).unlink()
    with pytest.raises(BadInput, match="can't be read"):
        play.resume(folder, quiet=True)


def test_a_run_that_was_recorded_otherwise_is_told_and_not_mixed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As another version of the rules would, opinions are asked in another order."""
    origin = debates(tmp_path / "origin")
    monkeypatch.setattr(Debate, "_ask_opinions", lambda _episode, _moment: iter(()))
    with pytest.raises(RunUnreadable, match="doesn't fit this scenario any more"):
        branch(origin, tmp_path / "branch", selection(["purpose=argue"]), quiet=True)


# Which calls.


def branched_at(origin: Path, chosen: Selection, **options: Any) -> list[Record]:
    """The recorded calls that a selection takes."""
    folder = origin.with_name("branch")
    branch(origin, folder, chosen, quiet=True, **options)
    calls = calls_of(origin)
    found = [calls[point.episode, point.call] for point in plan_of(folder).points]
    rmtree(folder)
    return found


def test_calls_are_chosen_by_purpose_by_agent_and_by_episode(tmp_path: Path) -> None:
    origin = debates(tmp_path / "origin")
    argued = branched_at(origin, selection(["purpose=argue"]))
    assert {(r["episode"], r["agent"], r["purpose"]) for r in argued} == {
        (episode, agent, "argue") for episode in (0, 1) for agent in ("Ann", "Bo")
    }
    both = branched_at(origin, selection(["purpose=argue", "purpose=opinion"]))
    assert {record["purpose"] for record in both} == {"argue", "opinion"}
    assert branched_at(origin, selection(["all"])) == both
    anns = branched_at(origin, selection(["purpose=argue", "agent=Ann"]))
    assert anns == [record for record in argued if record["agent"] == "Ann"]
    second = branched_at(origin, selection(["purpose=argue"], "1-3"))
    assert second == [record for record in argued if record["episode"] == 1]


def test_judges_to_whom_the_verdict_is_worth_nothing_are_not_branched(tmp_path: Path) -> None:
    origin = debates(tmp_path / "origin")
    assert {record["agent"] for record in branched_at(origin, selection(["all"]))} == {"Ann", "Bo"}


def test_the_most_uncertain_choices_come_first(tmp_path: Path) -> None:
    origin = debates(tmp_path / "origin")
    everything = branched_at(origin, selection(["uncertain"]))
    assert {record["purpose"] for record in everything} == {"opinion"}
    surest = {id(record): max(record["probabilities"]) for record in everything}
    two = branched_at(origin, selection(["uncertain"], most=2))
    assert len(two) == 2
    rest = [record for record in everything if record not in two]
    assert max(surest[id(r)] for r in everything if r in two) < max(surest[id(r)] for r in rest)


def test_at_most_so_many_are_drawn_evenly_over_the_episodes(tmp_path: Path) -> None:
    origin = play.start(scenario(episodes=4), tmp_path / "origin", quiet=True)
    chosen = branched_at(origin, selection(["purpose=argue"], most=6))
    counts = Counter(record["episode"] for record in chosen)
    assert sorted(counts.values()) == [1, 1, 2, 2]


def test_where_the_temperature_is_0_only_choices_can_come_out_otherwise(tmp_path: Path) -> None:
    origin = debates(tmp_path / "origin", policies={"default": {"temperature": 0}})
    assert {record["purpose"] for record in branched_at(origin, selection(["all"]))} == {"opinion"}


def test_an_answer_that_failed_is_not_branched(tmp_path: Path) -> None:
    origin = debates(tmp_path / "origin", engine={"garbled": 0.4}, retries=0)
    failed = [r for r in calls_of(origin).values() if r.get("failed") and r["purpose"] == "argue"]
    assert failed
    chosen = branched_at(origin, selection(["purpose=argue"]))
    assert chosen
    assert not [record for record in chosen if record.get("failed")]


# What can't be done.


def refused(origin: Path, *words: str, answers: int = 1, repeats: int = 1, episodes: str = "") -> BadInput:
    """The refusal of a branch; nothing was written."""
    out = origin.with_name("refused")
    with pytest.raises(BadInput) as told_:
        branch(origin, out, selection(words, episodes), answers, repeats, quiet=True)
    assert not out.exists()
    return told_.value


def test_a_scenario_without_rewards_is_refused_with_those_that_have_them(tmp_path: Path) -> None:
    file = find("debate-talk")
    origin = play.start(load(file, ["engines={default: {kind: scripted}}", "episodes=1"]), tmp_path / "run")
    error = refused(origin, "all")
    assert "no outcome to compare" in str(error)
    assert {"debate", "negotiation", "social_deduction"} <= set(
        error.remedy.strip(".").replace(",", "").split()
    )


def test_where_no_call_fits_the_purposes_are_told(tmp_path: Path) -> None:
    error = refused(debates(tmp_path / "origin"), "purpose=argu")
    assert "none of the calls" in str(error)
    assert "argue, opinion" in error.remedy
    without = debates(tmp_path / "without", judges=[])
    assert "In none of its episodes" in refused(without, "all").remedy
    assert "none of the calls" in str(refused(debates(tmp_path / "few"), "all", episodes="7"))


def test_a_run_without_a_finished_episode_is_refused(tmp_path: Path) -> None:
    origin = debates(tmp_path / "origin")
    kill_after(origin, 5)
    assert "no episode" in str(refused(origin, "all"))


def test_branches_are_not_branched(tmp_path: Path) -> None:
    origin = debates(tmp_path / "origin")
    folder = branch(origin, tmp_path / "branch", selection(["purpose=argue"], most=1), quiet=True)
    assert str(origin) in refused(folder, "all").remedy


@pytest.mark.parametrize(("answers", "repeats"), [(0, 1), (1, 0)])
def test_at_least_one_other_answer_is_played_at_least_once(
    answers: int, repeats: int, tmp_path: Path
) -> None:
    error = refused(debates(tmp_path / "origin"), "all", answers=answers, repeats=repeats)
    assert "at least 1" in str(error)


@pytest.mark.parametrize(
    ("calls", "episodes", "most"),
    [
        (["purpos=argue"], "", None),
        (["purpose="], "", None),
        (["argue"], "", None),
        (["all"], "a-b", None),
        (["all"], "3-", None),
        (["all"], "", 0),
    ],
)
def test_a_selection_that_means_nothing_is_refused(calls: list[str], episodes: str, most: int | None) -> None:
    with pytest.raises(BadInput):
        selection(calls, episodes, most)


def test_a_selection_is_read_from_words() -> None:
    found = selection(["uncertain", "purpose=vote", "agent=Ann=Bo"], "0-2,5", 20)
    assert found == Selection(frozenset({"vote"}), frozenset({"Ann=Bo"}), True, frozenset({0, 1, 2, 5}), 20)


def test_only_engines_live_and_retries_may_be_set(tmp_path: Path) -> None:
    origin = debates(tmp_path / "origin")
    with pytest.raises(BadInput, match="can't change that"):
        branch(origin, tmp_path / "branch", selection(["all"]), settings=["rounds=5"], quiet=True)
    assert not (tmp_path / "branch").exists()
