"""The parts that rows of several formats have: their columns, each with what fills them."""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl

from palaestra.runs.exports.format import Column, Columns, Job, Row
from palaestra.runs.exports.pairing import ScoredPair
from palaestra.runs.exports.samples import ChatMessages, Response, Sample
from palaestra.scenarios.core.trajectory import Turn

MESSAGES = pl.List(pl.Struct({"role": pl.String, "content": pl.String}))
WITH_THOUGHTS = pl.List(
    pl.Struct(
        {"role": pl.String, "reasoning_content": pl.String, "thinking": pl.String, "content": pl.String}
    )
)
TEXTS, NUMBERS, INTEGERS = pl.List(pl.String), pl.List(pl.Float64), pl.List(pl.Int64)
SCORES = pl.List(pl.Struct({"play": pl.Int64, "call": pl.Int64, "score": pl.Float64}))
VERDICTS = pl.List(
    pl.Struct(
        {
            "judge": pl.String,
            "judge_policy": pl.String,
            "criterion": pl.String,
            "repeat": pl.Int64,
            "weight": pl.Float64,
            "of": pl.String,
            "beside": pl.Boolean,
            "value": pl.Float64,
        }
    )
)

THOUGHTS = "what authors thought (--thoughts keep has it)"
PROMPT: Columns = {"prompt": Column(MESSAGES, "the question, without what only some were shown (a persona)")}
UNIT = Column(pl.String, 'of the scores, such as "points 1–10"')
BASIS = Column(pl.String, 'what scores rest on: "panel", "outcome" or "truth"')
PURPOSE = Column(pl.String, "what was asked for, the name of the prompt template")
PROVENANCE: Columns = {
    "run": Column(pl.String, "name of the run's folder"),
    "scenario": Column(pl.String, "what was played"),
    "episode": Column(pl.Int64, "where the row was played; in branched runs the episode that was branched"),
    "round": Column(pl.Int64, "of the episode; null in scenarios without"),
    "prompt_id": Column(
        pl.String, "stands for the question, without what only some were shown; splits are made by it"
    ),
}
FINISH = '"stop", or "length" for an answer that was cut at its limit'
FINISHES = Column(pl.List(pl.String), FINISH)
AUTHOR: Columns = {
    "agent": Column(pl.String, "whose answer it is"),
    "policy": Column(pl.String, "the policy that answered for the agent"),
    "play": Column(pl.Int64, "the episode whose log has the call; in branched runs not the branched one"),
    "call": Column(pl.Int64, "the answer's call in that log"),
    "finish": Column(pl.String, FINISH),
}
SCORED: Columns = {
    "score": Column(pl.Float64, "of the answer, in `unit`; null where nobody could tell"),
    "unit": UNIT,
    "basis": BASIS,
    "truth": Column(pl.Float64, "what a program says of the answer, 0–1; null where none can"),
}
PAIR: Columns = {
    "score_chosen": Column(pl.Float64, "of the better answer in this comparison, in `unit`"),
    "score_rejected": Column(pl.Float64, "of the worse one"),
    "margin": Column(pl.Float64, "how much better the chosen one is, ≥ 0, in `unit`"),
    "margin_se": Column(pl.Float64, "standard error of the margin over replays; null for one play"),
    "unit": UNIT,
    "basis": BASIS,
    "truth_chosen": Column(pl.Float64, "what a program says of the better answer, 0–1; null where none can"),
    "truth_rejected": Column(pl.Float64, "likewise of the worse one"),
    **{
        f"{side}_{name}": Column(column.kind, f"{column.meaning} ({side})")
        for side in ("chosen", "rejected")
        for name, column in AUTHOR.items()
    },
    "agreement_by_chance": Column(
        pl.Float64,
        "how often two judges would prefer the same if they were independent, in pairs selected as this one; "
        "null with fewer than two judges",
    ),
    "scored": Column(
        SCORES,
        "all answers to the question that were scored, also those in no pair: `play` and `call` as above, "
        "and the score of the answer among all, in `unit`",
    ),
    "verdicts": Column(
        VERDICTS,
        "every judge's every score: `of` which answer, and `beside` whether both were read, `of` first; "
        "judges who abstained (`abstain: flips`) have none",
    ),
}


def answer_column(meaning: str) -> Column:
    """A column of messages the last of which is an answer."""
    return Column(MESSAGES, meaning, WITH_THOUGHTS)


def said(turn: Turn, job: Job) -> ChatMessages:
    """A turn's answer as a message.

    What its author thought is left out and counted; where thoughts are kept, it stands in the message as
    `reasoning_content` and as `thinking`: chat templates read one or the other (Qwen's, GLM's and Gemma 4's
    the first, gpt-oss' and LFM's the second).
    """
    message = {"role": "assistant", "content": turn.text}
    if not turn.thought:
        return [message]
    if job.options.thoughts == "keep":
        return [message | dict.fromkeys(("reasoning_content", "thinking"), turn.thought)]
    job.left_out[THOUGHTS] += 1
    return [message]


def provenance(sample: Sample) -> Row:
    """Where a row was played: the columns `PROVENANCE`."""
    return {
        "run": sample.run,
        "scenario": sample.scenario,
        "episode": sample.episode,
        "round": sample.round,
        "prompt_id": sample.question,
    }


def author(response: Response) -> Row:
    """Whose answer it is, and where it stands: the columns `AUTHOR`."""
    turn = response.turn
    return {
        "agent": turn.agent,
        "policy": turn.policy,
        "play": response.episode,
        "call": turn.call,
        "finish": turn.finish,
    }


def scored(sample: Sample, response: Response) -> Row:
    """What an answer is worth: the columns `SCORED`."""
    return {
        "score": response.score,
        "unit": sample.unit,
        "basis": sample.basis,
        "truth": response.truth,
    }


def pair_facts(sample: Sample, pair: ScoredPair, chance: float | None) -> Row:
    """How two answers compare, and whose they are: the columns `PAIR`; `chance` is their agreement's."""
    sides = {"chosen": pair.chosen, "rejected": pair.rejected}
    facts: Row = {
        "score_chosen": pair.chosen.score,
        "score_rejected": pair.rejected.score,
        "margin": pair.margin,
        "margin_se": pair.error,
        "unit": sample.unit,
        "basis": sample.basis,
        "truth_chosen": pair.chosen.truth,
        "truth_rejected": pair.rejected.truth,
        "agreement_by_chance": chance,
        "scored": [{"play": r.episode, "call": r.turn.call, "score": r.score} for r in sample.scored()],
        "verdicts": list(_verdicts(sample, pair)),
    }
    for side, response in sides.items():
        facts |= {f"{side}_{name}": value for name, value in author(response).items()}
    return facts


def _verdicts(sample: Sample, pair: ScoredPair) -> Iterator[Row]:
    """What those who judged both answers of a pair said."""
    sides = {pair.chosen.turn.call: "chosen", pair.rejected.turn.call: "rejected"}
    policies = {turn.agent: turn.policy for turn in sample.turns.values()}
    for score in pair.scores:
        yield {
            "judge": score.judge,
            "judge_policy": policies.get(score.judge, ""),
            "criterion": score.criterion,
            "repeat": score.repeat,
            "weight": score.weight,
            "of": sides[score.call],
            "beside": score.against is not None,
            "value": score.value,
        }
