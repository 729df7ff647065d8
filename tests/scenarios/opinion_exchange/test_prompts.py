"""Who reads what in pairs that talk, simulated or on record."""

from __future__ import annotations

import re

from palaestra.agents.calls import Call, Reply
from palaestra.scenarios.opinion_exchange.events import Pairing, Tweet, Utterance
from palaestra.scenarios.opinion_exchange.rules import OpinionExchange
from palaestra.scenarios.parts.opinion_scale import OPINION
from support.episodes.opinion_exchange import MEETINGS, NAMES, SIMULATED, exchange, partners, recorded
from support.scripted_debates import events, plain_reply, play_out, reply


def bodies(call: Call) -> list[str]:
    return [message.body for message in call.prompt]


def text(episode: OpinionExchange, number: int | None) -> str | None:
    return None if number is None else episode.messages[number].text


# Who reads what, when everything is simulated


def test_the_two_of_a_pair_take_turns_and_hear_each_other() -> None:
    episode = exchange(SIMULATED)
    made = play_out(episode)
    met = partners(episode)
    for number in (1, 2, 3):
        for pairing in [event for event in events(episode, Pairing) if event.round == number]:
            pair = (pairing.first, pairing.second)
            calls = [call for call in made["chat"] if call.about["round"] == number and call.agent in pair]
            assert [call.agent for call in calls] == [pair[0], pair[1], pair[0]]
            for place, call in enumerate(calls):
                assert bodies(call)[-1] == f"CHAT[{met[number, call.agent]}]"
                assert (call.about["position"], call.about["dyad"]) == (place + 1, " & ".join(pair))
                said = [f"{earlier.agent}: speech-{earlier.index}" for earlier in calls[:place]]
                start = bodies(call).index(f"MEETING[{number}|{pair[0]}|{pair[1]}]")
                heard = bodies(call)[
                    start + 1 : bodies(call).index(f"PERSONA[{call.agent}|Persona of {call.agent}.]")
                ]
                tweets = {c.agent: c.index for c in made["tweet"] if c.about["round"] == number}
                assert heard == [f"TWEET of {name}: speech-{tweets[name]}" for name in pair] + said


def test_a_tweet_is_written_before_those_of_the_round_are_read() -> None:
    made = play_out(exchange(SIMULATED))
    for call in made["tweet"]:
        heard = [body for body in bodies(call) if body.startswith("TWEET of")]
        assert len(heard) == 2 * (int(str(call.about["round"])) - 1)


def test_first_opinions_and_reasons_are_remembered_by_those_who_told_them_only() -> None:
    degrees = dict(zip(NAMES, OPINION.options, strict=False))

    def answer(call: Call) -> Reply:
        if call.purpose == "opinion":
            return reply(degrees[call.agent])
        return reply(f"because-{call.agent}") if call.purpose == "reason" else plain_reply(call)

    for call in play_out(exchange(SIMULATED), answer)["chat"]:
        shown = "\n".join(bodies(call))
        assert re.findall(r"MEMORY\[(.*)\]", shown) == [degrees[call.agent]]
        assert re.findall(r"MY REASON: (.*)", shown) == [f"because-{call.agent}"]


def test_a_reason_is_asked_for_the_opinion_that_was_told() -> None:
    made = play_out(exchange(SIMULATED))
    assert {bodies(call)[-1] for call in made["reason"]} == {"REASON[certainly disagree]"}
    assert [call.about["when"] for call in made["reason"]] == ["before"] * 4 + ["after"] * 4


def test_opinions_and_reasons_from_the_file_are_remembered_and_last_ones_are_not() -> None:
    for mode in ("simulate_talk", "next_message", "simulate_all"):
        call = play_out(exchange(recorded(mode)))["chat"][0]
        shown = "\n".join(bodies(call))
        assert "MEMORY[certainly agree]" in shown
        assert "MY REASON: initial-Ann" in shown
        assert "final-" not in shown


# The modes that play a record


def test_simulated_chats_follow_the_tweets_on_record() -> None:
    episode = exchange(recorded("simulate_talk"))
    made = play_out(episode)
    call = next(c for c in made["chat"] if c.agent == "Bo" and c.about["round"] == 1)
    assert bodies(call)[1:5] == [
        "MEETING[1|Ann|Bo]",
        "TWEET of Ann: t1-Ann",
        "TWEET of Bo: t1-Bo",
        "Ann: speech-0",
    ]
    assert not any("u1-" in body for calls in made.values() for c in calls for body in bodies(c))


def test_beside_the_simulated_chats_stands_what_the_record_has() -> None:
    episode = exchange(recorded("simulate_talk"))
    play_out(episode)
    own = [event for event in events(episode, Utterance) if event.human is None]
    true = [event for event in events(episode, Utterance) if event.human is not None]
    assert len(own) == 18
    assert {event.message for event in true} == {None}
    assert [(e.speaker, e.partner, e.position, text(episode, e.human)) for e in true[:4]] == [
        ("Ann", "Bo", 1, "u1-Ann-1"),
        ("Bo", "Ann", 2, "u1-Ann-2"),
        ("Bo", "Ann", 3, "u1-Ann-3"),
        ("Ann", "Bo", 4, "u1-Ann-4"),
    ]
    tweets = [
        (event.agent, event.round, event.message, text(episode, event.human))
        for event in events(episode, Tweet)
    ]
    assert tweets == [(name, n, None, f"t{n}-{name}") for n in (1, 2, 3) for name in NAMES]


def test_a_message_is_predicted_from_what_was_said_before_it_and_from_no_prediction() -> None:
    made = play_out(exchange(recorded("next_message")))
    heard: dict[str, list[str]] = {name: [] for name in NAMES}
    tweets, chats = iter(made["tweet"]), {call.index: call for call in made["chat"]}
    order = iter(sorted(chats))
    for number, pairs in enumerate(MEETINGS, 1):
        for name in NAMES:
            call = next(tweets)
            assert call.agent == name
            assert bodies(call)[1:-4] == heard[name]
        for pair in pairs:
            meeting = [f"MEETING[{number}|{pair[0]}|{pair[1]}]"]
            meeting += [f"TWEET of {name}: t{number}-{name}" for name in pair]
            for name in pair:
                heard[name] += meeting
        for pair in pairs:
            for place, speaker in enumerate((pair[0], pair[1], pair[1], pair[0]), 1):
                call = chats[next(order)]
                assert call.agent == speaker
                assert bodies(call)[1:-4] == heard[speaker]
                for name in pair:
                    heard[name].append(f"{speaker}: u{number}-{pair[0]}-{place}")
    for call in made["opinion"]:
        assert bodies(call)[1:-4] == heard[call.agent]


def test_each_prediction_stands_beside_the_truth() -> None:
    episode = exchange(recorded("next_message"))
    made = play_out(episode)
    said = [f"speech-{call.index}" for call in sorted(made["tweet"] + made["chat"], key=lambda c: c.index)]
    told = [event for _, event in episode.events if isinstance(event, Tweet | Utterance)]
    assert [text(episode, event.message) for event in told] == said
    first = [f"t1-{name}" for name in NAMES] + [
        f"u1-{name}-{n}" for name in ("Ann", "Cem") for n in (1, 2, 3, 4)
    ]
    assert [text(episode, event.human) for event in told[:12]] == first
