"""The log holds whole lines, one writer at a time, and says what is wrong with a disk."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from zlib import crc32

import pytest

from palaestra.agents.failures import RunLocked, RunUnreadable, RunUnwritable
from palaestra.runs.record.chain import sealed
from palaestra.runs.record.disk import replace
from palaestra.runs.record.log import NAME, Log, read
from palaestra.runs.record.records import Record

OPEN_AND_DIE = """
import os, sys
from pathlib import Path
from palaestra.runs.record.log import Log

Log(Path(sys.argv[1]))
os._exit(9)
"""
WRITE_UNTIL_FULL = """
import resource, signal, sys
from pathlib import Path
from palaestra.agents.failures import RunUnwritable
from palaestra.runs.record.chain import Chain
from palaestra.runs.record.log import Log

signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, resource.RLIM_INFINITY))
log, chain = Log(Path(sys.argv[1])), Chain({})
written = 0
try:
    while True:
        heads = dict(chain.heads)
        log.append(b"".join(chain.sealed({"episode": 0, "text": "twelve words"}) for _ in range(3)))
        written += 3
except RunUnwritable as error:
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    log.append(Chain(heads).sealed({"episode": 0, "text": "after"}))
    print(written, error)
"""


RECORDS: list[Record] = [{"episode": 0, "a": 1}, {"episode": 0, "b": "é"}, {"episode": 7, "c": None}]
ONE, TWO, THREE = sealed(RECORDS)


def log_with(folder: Path, text: bytes) -> Path:
    """Write a log's file as another sitting, or a bad disk, left it."""
    (folder / NAME).write_bytes(text)
    return folder


def test_what_is_appended_is_read_in_order(tmp_path: Path) -> None:
    log = Log(tmp_path)
    log.append(ONE + TWO)
    log.append(THREE)
    log.close()
    assert list(read(tmp_path)) == RECORDS


def test_an_append_is_in_the_file_when_it_returns(tmp_path: Path) -> None:
    log = Log(tmp_path)
    log.append(b'{"a":1}\n')
    assert (tmp_path / NAME).read_bytes() == b'{"a":1}\n'
    log.close()


def test_what_is_appended_is_on_the_disk_and_not_only_in_the_machine_s_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    on_disk: list[int] = []
    sync = os.fdatasync

    def counted(file: int) -> None:
        sync(file)
        on_disk.append(os.fstat(file).st_size)

    monkeypatch.setattr(os, "fdatasync", counted)
    log = Log(tmp_path)
    log.append(b"{}\n")
    log.append(b"{}\n{}\n")
    log.close()
    assert on_disk == [3, 9]


def test_a_log_that_is_opened_again_goes_on_at_its_end(tmp_path: Path) -> None:
    for line in (ONE, TWO, THREE):
        log = Log(tmp_path)
        log.append(line)
        log.close()
    assert list(read(tmp_path)) == RECORDS


def test_a_torn_last_line_is_not_read(tmp_path: Path) -> None:
    assert list(read(log_with(tmp_path, ONE + TWO[:-1]))) == RECORDS[:1]


@pytest.mark.parametrize("torn", [b"{", b'{"b":2}', b'{"b":"' + b"x" * 200_000, b"\0" * 300])
def test_a_torn_last_line_is_cut_off_before_the_next_is_written(torn: bytes, tmp_path: Path) -> None:
    log = Log(log_with(tmp_path, b'{"a":1}\n' + torn))
    assert (tmp_path / NAME).read_bytes() == b'{"a":1}\n' + torn
    log.append(b'{"c":3}\n')
    log.close()
    assert (tmp_path / NAME).read_bytes() == b'{"a":1}\n{"c":3}\n'


def test_a_log_that_is_only_a_torn_line_begins_anew(tmp_path: Path) -> None:
    log = Log(log_with(tmp_path, b"{" * 70_000))
    log.append(ONE)
    log.close()
    assert (tmp_path / NAME).read_bytes() == ONE


@pytest.mark.parametrize(
    "damage", [b"{oops}\n", b"\n", b"\xff\xfe\n", b"\0\0\0\n", b"[]\n", b"{}\n", b'{"episode":0}\n', ONE]
)
def test_a_damaged_line_in_the_middle_is_unreadable_and_named(damage: bytes, tmp_path: Path) -> None:
    log_with(tmp_path, ONE + damage + TWO)
    with pytest.raises(RunUnreadable, match=f"{NAME} is damaged at byte {len(ONE)}: ") as unreadable:
        list(read(tmp_path))
    assert f"palaestra repair {tmp_path}" in unreadable.value.remedy


@pytest.mark.parametrize("body", [b'{"episode":"0"', b'{"a":1', b"[1"])
def test_a_line_with_a_check_that_is_no_record_is_unreadable(body: bytes, tmp_path: Path) -> None:
    log_with(tmp_path, body + b',"check":"0-%08x"}\n' % crc32(body))
    with pytest.raises(RunUnreadable, match=f"{NAME} is damaged at byte 0: a line that is no record"):
        list(read(tmp_path))


def test_a_folder_without_log_is_no_run(tmp_path: Path) -> None:
    with pytest.raises(RunUnreadable, match=f"holds no {NAME}"):
        list(read(tmp_path))


def test_a_second_writer_is_locked_out_until_the_first_closes(tmp_path: Path) -> None:
    first = Log(tmp_path)
    with pytest.raises(RunLocked, match="another process is writing"):
        Log(tmp_path)
    first.close()
    Log(tmp_path).close()


def test_a_second_writer_changes_nothing(tmp_path: Path) -> None:
    first = Log(tmp_path)
    first.append(b'{"a":1}\n')
    with (tmp_path / NAME).open("ab") as file:
        file.write(b"{torn")
    with pytest.raises(RunLocked):
        Log(tmp_path)
    assert (tmp_path / NAME).read_bytes() == b'{"a":1}\n{torn'
    first.close()


def test_the_lock_of_a_process_that_is_gone_is_gone(tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-c", OPEN_AND_DIE, str(tmp_path)], check=False)
    Log(tmp_path).close()


def test_a_log_may_be_read_while_it_is_written(tmp_path: Path) -> None:
    log = Log(tmp_path)
    log.append(ONE)
    assert list(read(tmp_path)) == RECORDS[:1]
    log.close()


def test_a_disk_that_is_full_is_unwritable_and_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / NAME).symlink_to("/dev/full")
    log = Log(tmp_path)
    with pytest.raises(RunUnwritable, match="No space left") as unwritable:
        log.append(b'{"a":1}\n')
    log.close()
    assert "Free some space" in unwritable.value.remedy


def test_a_link_in_a_strangers_folder_is_not_written_through(tmp_path: Path) -> None:
    precious = tmp_path / "precious.txt"
    precious.write_text("precious")
    run = tmp_path / "run"
    run.mkdir()
    for name, target in (
        ("log.jsonl", precious),
        ("log.jsonl", tmp_path / "none"),
        ("run.json.new", precious),
    ):
        (run / name).symlink_to(target)
        with pytest.raises(RunUnwritable, match="can't be written: it is a link") as refused:
            Log(run) if name == NAME else replace(run / "run.json", b"{}")
        assert "put the file itself there" in refused.value.remedy
        (run / name).unlink(missing_ok=True)
    assert precious.read_text() == "precious"
    assert not (tmp_path / "none").exists()


def test_when_no_more_fits_the_log_keeps_whole_lines_and_can_go_on_later(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", WRITE_UNTIL_FULL, str(tmp_path)], capture_output=True, text=True, check=True
    )
    written, message = done.stdout.split(maxsplit=1)
    assert "can't be written" in message
    records = list(read(tmp_path))
    assert len(records) == int(written) + 1
    assert records[-1] == {"episode": 0, "text": "after"}


def test_a_folder_that_is_a_file_is_unwritable(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(RunUnwritable, match="can't be written") as unwritable:
        Log(tmp_path / "file")
    assert "--out" in unwritable.value.remedy


def test_a_folder_that_is_gone_is_unwritable(tmp_path: Path) -> None:
    with pytest.raises(RunUnwritable):
        Log(tmp_path / "gone")


def test_a_log_that_is_a_folder_is_unwritable(tmp_path: Path) -> None:
    (tmp_path / NAME).mkdir()
    with pytest.raises(RunUnwritable):
        Log(tmp_path)


def test_a_log_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    (tmp_path / NAME).symlink_to("/proc/self/mem")  # whose first bytes no process can read
    with pytest.raises(RunUnreadable, match=rf"{NAME} can't be read: Input/output error"):
        list(read(tmp_path))
