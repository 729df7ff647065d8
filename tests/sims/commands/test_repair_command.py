"""`palaestra repair` as it is typed: it tells what is sound, and leaves just that with --write."""

from __future__ import annotations

from pathlib import Path

from palaestra.runs.record.log import NAME
from palaestra.sims.playing import play
from support.command_line import done, palaestra
from support.scripted_debates import scenario


def test_a_sound_run_is_told_so(tmp_path: Path) -> None:
    folder = play.start(scenario(episodes=2), tmp_path / "run", quiet=True)
    assert done("repair", folder) == f"{folder}: all 2 episodes that have begun are sound"


def test_a_damaged_run_is_told_repaired_and_resumed(tmp_path: Path) -> None:
    folder = play.start(scenario(episodes=2, live=1), tmp_path / "run", quiet=True)
    whole = (folder / NAME).read_bytes()
    damaged = whole[:5000] + b"?" + whole[5001:]
    (folder / NAME).write_bytes(damaged)
    for command in ("show", "metrics", "resume", "export"):
        refused = palaestra(command, folder)
        assert (refused.code, refused.out) == (1, "")
        assert f"{NAME} is damaged at byte" in refused.err
        assert f"palaestra repair {folder}" in refused.err
    told = palaestra("repair", folder)
    assert told.code == 1
    assert "sound to their ends: 1 of 2 episodes that have begun" in told.words
    assert "episode 0: " in told.out
    assert f"palaestra repair {folder} --write" in told.words
    assert (folder / NAME).read_bytes() == damaged
    assert f"go on with: palaestra resume {folder}" in done("repair", folder, "--write")
    assert (folder / "log.damaged-1.jsonl").read_bytes() == damaged
    done("resume", folder, "-q")
    assert done("repair", folder) == f"{folder}: all 2 episodes that have begun are sound"
    done("metrics", folder)
