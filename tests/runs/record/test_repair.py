"""Damage to a log: each is noticed and named, and what is sound of it is kept."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from random import Random

import pytest

from palaestra.agents.failures import RunLocked, RunUnreadable
from palaestra.runs.record import log as run_log
from palaestra.runs.record.chain import opened
from palaestra.runs.record.records import content
from palaestra.runs.record.repair import Loss, Survey, repair, survey
from palaestra.runs.record.state import RunState
from palaestra.sims.playing import play
from support.logs import unstamp
from support.scripted_debates import scenario

EPISODES = 3
Lines = list[bytes]
Damage = Callable[[Lines, Random], Lines]


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run whose episodes alternate in its log."""
    return play.start(
        scenario(episodes=EPISODES, live=2), tmp_path_factory.mktemp("runs") / "whole", quiet=True
    )


@pytest.fixture
def folder(whole: Path, tmp_path: Path) -> Path:
    """A copy of it, to be damaged."""
    return Path(shutil.copytree(whole, tmp_path / "run"))


def lines(folder: Path) -> Lines:
    return (folder / run_log.NAME).read_bytes().splitlines(keepends=True)


def write(folder: Path, damaged: Lines) -> None:
    (folder / run_log.NAME).write_bytes(b"".join(damaged))


def refused(folder: Path) -> str:
    with pytest.raises(RunUnreadable) as raised:
        list(run_log.read(folder))
    assert f"palaestra repair {folder}" in raised.value.remedy
    return str(raised.value)


def flipped(there: Lines, chance: Random) -> Lines:
    text = bytearray(b"".join(there))
    text[chance.randrange(len(text))] ^= 1 << chance.randrange(8)
    return [bytes(text)]


def lost(there: Lines, chance: Random) -> Lines:
    del there[chance.randrange(len(there))]
    return there


def doubled(there: Lines, chance: Random) -> Lines:
    place = chance.randrange(len(there))
    return [*there[: chance.randrange(place, len(there)) + 1], there[place], *there[place + 1 :]]


def repeated(there: Lines, chance: Random) -> Lines:
    place = chance.randrange(len(there))
    return [*there[: place + 1], *there[place:]]


def swapped(there: Lines, chance: Random) -> Lines:
    """Two records of one episode change places."""
    episode = chance.randrange(EPISODES)
    own = [place for place, line in enumerate(there) if opened(line).record()["episode"] == episode]
    one, other = chance.sample(own, 2)
    there[one], there[other] = there[other], there[one]
    return there


def cut(there: Lines, chance: Random) -> Lines:
    return [b"".join(there)[: chance.randrange(sum(map(len, there)))]]


def gone(there: Lines, chance: Random) -> Lines:
    """A whole episode is gone."""
    episode = chance.randrange(EPISODES)
    return [line for line in there if opened(line).record()["episode"] != episode]


def torn(there: Lines, chance: Random) -> Lines:
    place = chance.randrange(len(there))
    there[place : place + 1] = [there[place][:9] + b"\n", there[place][9:]]
    return there


def zeroed(there: Lines, chance: Random) -> Lines:
    """A block that never reached the disk."""
    text = bytearray(b"".join(there))
    start = chance.randrange(len(text) - 64)
    text[start : start + 64] = bytes(64)
    return [bytes(text)]


DAMAGES: list[Damage] = [flipped, lost, doubled, repeated, swapped, cut, gone, torn, zeroed]


@pytest.mark.parametrize("damage", DAMAGES, ids=lambda damage: damage.__name__)
@pytest.mark.parametrize("seed", range(4))
def test_damage_is_named_repaired_without_losing_a_sound_episode_and_played_on_to_the_same_end(
    damage: Damage, seed: int, whole: Path, folder: Path
) -> None:
    before = lines(folder)
    write(folder, damage(list(before), Random(seed)))
    damaged = (folder / run_log.NAME).read_bytes()
    assert damaged != b"".join(before)
    assert str(folder / run_log.NAME) in refused(folder)
    told = survey(folder)
    assert (folder / run_log.NAME).read_bytes() == damaged
    assert repair(folder) == told
    assert not told.well
    assert survey(folder).well
    assert (folder / run_log.NAME).read_bytes() == damaged or [
        path.read_bytes() for path in folder.glob("log.damaged-*")
    ] == [damaged]
    unsound = {loss.episode for loss in told.losses}
    kept = [line for line in lines(folder) if opened(line).record()["episode"] not in unsound]
    assert set(kept) == {line for line in before if opened(line).record()["episode"] not in unsound}
    assert len(unsound) <= (EPISODES if damage in (cut, zeroed) else 2)
    play.resume(folder, quiet=True)
    assert content(run_log.read(folder)) == content(run_log.read(whole))
    assert RunState.read(folder).status == "finished"


def test_a_sound_log_is_well_and_stays_as_it_is(folder: Path) -> None:
    before = (folder / run_log.NAME).read_bytes(), (folder / "run.json").read_bytes()
    assert survey(folder) == repair(folder) == Survey(EPISODES, (), (), 0, ())
    assert ((folder / run_log.NAME).read_bytes(), (folder / "run.json").read_bytes()) == before


def test_the_place_and_the_record_are_told(folder: Path) -> None:
    there = lines(folder)
    place = next(n for n, line in enumerate(there) if opened(line).number == 12)
    record = opened(there[place]).record()
    write(folder, [*there[:place], *there[place + 1 :]])
    following = next(
        sum(map(len, there[:n])) - len(there[place])
        for n in range(place + 1, len(there))
        if opened(there[n]).record()["episode"] == record["episode"]
    )
    said = refused(folder)
    assert f"byte {following}: record 13 in place of record 12 of episode {record['episode']}" in said
    assert survey(folder).losses == (Loss(record["episode"], 12, stamped(folder, record["episode"]) - 12),)


def stamped(folder: Path, episode: int) -> int:
    return int(RunState.read(folder).heads[episode].split("-")[0])


def test_a_number_that_is_not_the_next_is_damage_though_the_checksum_fits(folder: Path) -> None:
    first, *others = lines(folder)
    write(folder, [first.replace(b'"check":"0-', b'"check":"1-'), *others])
    assert "byte 0: record 1 in place of record 0" in refused(folder)


def test_what_was_lost_after_the_last_stamp_is_no_damage_and_is_played_again(
    whole: Path, folder: Path
) -> None:
    unstamp(folder)
    write(folder, lines(folder)[:-9])
    assert survey(folder).well
    play.resume(folder, quiet=True)
    assert content(run_log.read(folder)) == content(run_log.read(whole))


def test_the_log_of_another_run_is_noticed_and_can_be_taken(folder: Path, tmp_path: Path) -> None:
    other = play.start(scenario(episodes=EPISODES, seed=5), tmp_path / "other", quiet=True)
    write(folder, lines(other))
    assert "is another than in run.json" in refused(folder)
    assert survey(folder).others
    repair(folder)
    assert content(run_log.read(folder)) == content(run_log.read(other))


@pytest.mark.parametrize(
    ("line", "found"),
    [
        (b'{"record":"episode","episode":0,"seed":1}\n', 1),
        (b'{"record":"episode","episode":0,"seed":1,"format":3}\n', 3),
    ],
)
def test_a_log_of_another_format_is_refused_by_name(line: bytes, found: int, folder: Path) -> None:
    write(folder, [line])
    unstamp(folder)
    for reading in (lambda folder: list(run_log.read(folder)), survey, repair):
        with pytest.raises(RunUnreadable, match=f"is a log of format {found}; this version .* format 2"):
            reading(folder)
    assert lines(folder) == [line]


def test_a_log_in_which_nothing_is_a_record_is_not_emptied(folder: Path) -> None:
    write(folder, [b"noise\n", b"more\n"])
    unstamp(folder)
    with pytest.raises(RunUnreadable, match=r"nothing in .* is a record"):
        repair(folder)
    assert lines(folder) == [b"noise\n", b"more\n"]


def test_a_damaged_log_without_run_json_is_left_as_it_is(folder: Path) -> None:
    write(folder, [*lines(folder)[:5], *lines(folder)[6:]])
    damaged = lines(folder)
    (folder / "run.json").unlink()
    with pytest.raises(RunUnreadable):
        repair(folder)
    assert lines(folder) == damaged
    assert sorted(path.name for path in folder.iterdir()) == ["log.jsonl"]


def test_a_run_that_is_being_played_is_not_repaired(folder: Path) -> None:
    log = run_log.Log(folder)
    with pytest.raises(RunLocked):
        repair(folder)
    log.close()


@pytest.mark.parametrize("missing", ["log.jsonl", "run.json"])
def test_a_folder_without_log_or_state_is_no_run(missing: str, folder: Path) -> None:
    (folder / missing).unlink()
    if missing == "log.jsonl":
        with pytest.raises(RunUnreadable, match="holds no log"):
            survey(folder)
    else:
        assert survey(folder).well
