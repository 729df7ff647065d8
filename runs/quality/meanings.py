"""What each measure of a report means, and when it is worth a warning.

A measure is flagged when its interval excludes the harmless value and it is further from that
than what matters in practice. The intervals that decide are wider than those shown: together
they hold with 99 %, so that about one faultless export in a hundred is flagged. One measure is the other way
round, see `proven`: agreement is flagged until it is shown that chance doesn't explain it.
"""

from __future__ import annotations

from dataclasses import dataclass

from palaestra.metrics.intervals import Estimate

CONFIDENCE = 0.99
"""That nothing is flagged where nothing is wrong, over all measures of a report."""


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a measure says, in words, and when to warn.

    Attributes:
        text: what the number is.
        warning: what it means when it is far off, and what to do; "" for what only describes.
        harmless: the value that is compared with.
        matters: least distance from it that matters.
        side: −1 warn only below it, 1 only above it, 0 on either side.
        proven: whether to warn unless an interval of `CONFIDENCE` lies above the harmless value: that judges
            agree at all has to be shown, not its contrary.
    """

    text: str
    warning: str = ""
    harmless: float = 0.0
    matters: float = 0.0
    side: int = 0
    proven: bool = False

    def warns(self, estimate: Estimate, looks: int) -> bool:
        """Whether the estimate is worth the warning, as one of `looks` (Bonferroni)."""
        interval = estimate.interval(1 - (1 - CONFIDENCE) / looks)
        if not self.warning or interval is None:
            return False
        if self.proven:
            own = estimate.interval(CONFIDENCE)
            return own is not None and own[0] <= self.harmless
        above = interval[0] > self.harmless and estimate.value >= self.harmless + self.matters
        below = interval[1] < self.harmless and estimate.value <= self.harmless - self.matters
        return (above and self.side >= 0) or (below and self.side <= 0)


# What matters: 0.02 of the rows where a faultless export has none; 0.1 for a bias, which then
# moves one verdict in ten; an area of 0.7, the usual line of an acceptable classifier, for one
# that never reads the prompt. Judges that agree in 6 of 10 cases say hardly more than a coin:
# 0.03 bits a verdict.
MEANINGS: dict[str, Meaning] = {
    "label_agreement": Meaning(
        "labels that the panel's verdicts support",
        "labels contradict the verdicts they rest on; filter label_agrees, or clean with llm_judge_f",
        1,
        0.02,
        -1,
    ),
    "truth_agreement": Meaning(
        "labels that a program's check supports", "labels are hardly better than a coin", 0.6, side=-1
    ),
    "judge_agreement": Meaning(
        "two judges prefer the same answer (chance: see agreement_excess)",
        "judges hardly agree on what is better",
        0.6,
        side=-1,
    ),
    "agreement_excess": Meaning(
        "how much more often judges prefer the same than independent ones would in pairs selected so",
        "judges can't be told from ones that know nothing (99 %): see palaestra audit-judges",
        proven=True,
    ),
    "judge_alpha": Meaning(
        "Krippendorff's α of the judges' scores (chance: 0)",
        "the judges' scores are mostly noise",
        0.1,
        side=-1,
    ),
    "one_judge": Meaning(
        "names of judges that say the same throughout",
        "these judges are one: their agreement and weights say nothing; give each another model, adapter, "
        "persona or rubric",
    ),
    "label_cosine": Meaning("cosine of this judge's scores with the labels"),
    "swap_consistency": Meaning(
        "the same answer is preferred in both orders; where judges abstain, those left always do",
        "judges follow the order they read in",
        0.6,
        side=-1,
    ),
    "swap_ties": Meaning("verdicts in both orders that cancel"),
    "position_bias": Meaning(
        "accuracy with the chosen read first minus second", "favours an answer by its position", 0, 0.1
    ),
    "length_bias": Meaning(
        "accuracy with the better answer longer minus shorter", "favours an answer by its length", 0, 0.1
    ),
    "longer_chosen": Meaning(
        "the chosen answer is the longer one", "length tells chosen from rejected: see length_bias", 0.5, 0.15
    ),
    "self_preference": Meaning(
        "its judges like its answers more than others' judges do", "judges favour their own policy", 0, 0.1, 1
    ),
    "signed_answers": Meaning(
        "how much more often an answer names its author than the other one does",
        "answers say who wrote them, so judges are not blind",
        0,
        0.02,
        1,
    ),
    "ties": Meaning("pairs without a margin", "ties teach nothing; filter ties", 0, 0.02, 1),
    "near_ties": Meaning(
        "margins within their standard error, or a tenth of the median",
        "most margins are noise; filter margin>=…",
        0.5,
        side=1,
    ),
    "margin": Meaning("quantile of the margins"),
    "cut_answers": Meaning(
        "pairs with an answer that was cut at its limit",
        "judges read half an answer; play with a higher max_tokens, or filter whole",
        0,
        0.1,
        1,
    ),
    "cut_side": Meaning("answers of this side that were cut at their limit"),
    "duplicated_prompts": Meaning(
        "prompts that repeat an earlier one", "prompts repeat under other ids; filter duplicates", 0, 0.02, 1
    ),
    "split_leak": Meaning(
        "test prompts that repeat a training prompt",
        "test prompts were trained on; filter duplicates",
        0,
        0.02,
        1,
    ),
    "repeated_pairs": Meaning(
        "rows that repeat an earlier row", "rows repeat; filter duplicates", 0, 0.02, 1
    ),
    "alike_answers": Meaning(
        "chosen and rejected nearly the same", "answers hardly differ; filter alike", 0, 0.05, 1
    ),
    "canned_answers": Meaning(
        "pairs with an answer that also answers another prompt", "answers ignore their prompts", 0, 0.1, 1
    ),
    "map": Meaning("prompts in this region of the data map (mean-variance of the scores)"),
    "text_auc": Meaning(
        "chosen told from rejected without the prompt (AUC)", "style tells chosen from rejected", 0.5, 0.2, 1
    ),
    "shuffled_auc": Meaning("the same with shuffled labels: what chance looks like"),
    "length_auc": Meaning("the same by length only", "length tells chosen from rejected", 0.5, 0.2, 1),
    "source_auc": Meaning(
        "the same by policy only", "the author tells chosen from rejected; filter same_model", 0.5, 0.2, 1
    ),
    "cross_model": Meaning("pairs of two policies' answers"),
}
