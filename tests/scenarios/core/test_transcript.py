"""What was said: each message once, by number, with the call that it quotes."""

from __future__ import annotations

from palaestra.agents.calls import Reply
from palaestra.scenarios.core.transcript import Transcript
from support.scripted_debates import debate, play_out


def test_messages_are_numbered_in_the_order_in_which_they_are_made() -> None:
    episode = debate()
    play_out(episode)
    assert [message.number for message in episode.messages] == list(range(len(episode.messages)))


def test_a_message_is_made_once_for_each_role_label_and_text() -> None:
    transcript = Transcript(lambda: ())
    first = transcript.message("user", "Hello.")
    assert transcript.message("user", "Hello.") is first
    assert transcript.message("system", "Hello.") is not first
    assert transcript.message("user", "Hello.", label="Ann") is not first
    assert transcript.message("user", "Hello!") is not first
    assert len(transcript.messages) == 4


def test_the_same_words_said_twice_are_two_messages() -> None:
    transcript = Transcript(lambda: ())
    one = transcript.say("Ann", Reply("Yes.", call=1), [])
    two = transcript.say("Ann", Reply("Yes.", call=2), [])
    assert one is not two
    assert transcript.say("Ann", Reply("Yes.", call=1), []) is one


def test_what_is_said_is_heard_by_those_it_is_said_to_and_nobody_else() -> None:
    episode = debate()
    episode.begin()
    ann, bo = episode.debaters
    said = episode.transcript.say("Bo", Reply("Yes.", call=0), [ann])
    assert (ann.heard, bo.heard) == ([said], [])


def test_no_two_messages_of_an_episode_are_alike() -> None:
    episode = debate(rounds=3, judges=[{"name": "Kim"}, {"name": "Lund"}])
    play_out(episode)
    alike = [(m.role, m.label, m.text if m.source is None else m.source) for m in episode.messages]
    assert len(set(alike)) == len(alike)


def test_a_message_that_quotes_a_reply_refers_to_its_call() -> None:
    episode = debate()
    made = play_out(episode)
    quoting = [message for message in episode.messages if message.label]
    assert {message.source for message in quoting} == {call.index for call in made["argue"]}
    for message in quoting:
        assert message.text == f"speech-{message.source}"


def test_a_message_that_quotes_nothing_refers_to_no_call() -> None:
    episode = debate()
    play_out(episode)
    assert {message.source for message in episode.messages if not message.label} == {None}
