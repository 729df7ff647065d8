"""What a command tells of a run that just ended: an excerpt, a summary, and where it is."""

from __future__ import annotations

from pathlib import Path
from shlex import quote

from palaestra.sims.terminal import say, table

EXCERPT_LINES = 24
SHORT = {"prompt_tokens": "prompt", "output_tokens": "output"}
"""How columns are headed that stand beside `cached`: tokens a call."""


def print_result(folder: Path) -> None:
    """An excerpt, a summary and the folder of a run that just ended."""
    from itertools import islice

    from palaestra.agents.budget import money
    from palaestra.metrics.outcomes import calls_by_purpose, outcome_summary
    from palaestra.runs.audits.standing import standing
    from palaestra.runs.run import Run
    from palaestra.runs.transcript import transcript

    finished = Run(folder)
    finished.write_tables()
    excerpt = list(islice(transcript(finished, 0), EXCERPT_LINES + 1))
    for line in excerpt[:EXCERPT_LINES]:
        say(line)
    say("…\n" if len(excerpt) > EXCERPT_LINES else "")
    for title, frame in (
        ("outcomes", outcome_summary(finished.episodes)),
        ("calls, with tokens of each", calls_by_purpose(finished.calls).rename(SHORT)),
    ):
        table(frame.columns, [[_cell(value) for value in row] for row in frame.iter_rows()], title)
        say()
    for engine, faults in finished.state.faults.items():
        told = ", ".join(f"{number} × {kind}" for kind, number in faults.items())
        say(f"engine {engine!r} met and got over, or recorded as failed: {told}")
    if finished.spend is not None:
        say(f"spent:       {money(finished.spend)}")
    for words in (words for sitting in finished.state.sittings for words in sitting.changed):
        say(f"beware: {words}")
    for words in standing(folder, finished.state, finished.tables):
        say(f"judges:      {words}")
    say(f"read it all: palaestra show {quote(str(folder))} --episode 0")
    say(f"run folder:  {folder}")


def _cell(value: object) -> str:
    if isinstance(value, float):
        return f"{value:.2f}" if value == 0 or value >= 0.1 else f"{value:.1g}"
    return "" if value is None else str(value)
