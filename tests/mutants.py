"""Breaks the program in one place at a time, and tells whether the tests named beside that place notice.

    make mutants                                        all of them
    python tests/mutants.py export 'fleet*' --jobs 2    those of these names
    python tests/mutants.py --check                     only whether each still finds its place

Each mutant is made in a copy of the files that git tracks, where the same tests pass without it.
A mutant is one line of `MUTANTS`: a name, a file, a text that stands in it once, what is put in its
place (`RAISES`: the body of the function whose `def` the text is), and words for pytest: the files of
the tests, with `-k` where one of them is enough and the others take long.

Exit codes: 0 every mutant was noticed, 1 some survived, 2 one has lost its place, or tests don't run.
"""

from __future__ import annotations

import argparse
import ast
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path
from queue import SimpleQueue
from tempfile import TemporaryDirectory
from time import perf_counter

CHECKOUT = Path(__file__).parents[1]
RAISES = "<raises>"
SECONDS = 600
"""After which tests that a mutant makes wait for ever are stopped; that counts as noticed."""


class Stale(Exception):
    """A mutant whose text is not in its file, or more than once."""


@dataclass(frozen=True, slots=True)
class Mutant:
    """One change that a test must notice."""

    name: str
    file: str
    text: str
    instead: str
    tests: str

    def files(self) -> list[str]:
        """The files of its tests."""
        return [word for word in self.tests.split() if word.endswith(".py")]

    def source(self, root: Path) -> str:
        """The changed file; raises `Stale`."""
        path = root / self.file
        found = path.read_text(encoding="utf-8") if path.is_file() else ""
        if found.count(self.text) != 1:
            raise Stale(f"{self.name}: {self.text!r} stands {found.count(self.text)} times in {self.file}")
        for test in self.files():
            if not (root / test).is_file():
                raise Stale(f"{self.name}: there is no {test}")
        return (
            _raising(found, self.text) if self.instead == RAISES else found.replace(self.text, self.instead)
        )


@dataclass(frozen=True, slots=True)
class Result:
    """What became of a mutant: "noticed", "SURVIVED" or "hung"; after how long; which test said so first."""

    mutant: Mutant
    state: str
    seconds: float
    by: str


def _raising(source: str, definition: str) -> str:
    """The source with the function whose definition begins so raising at once."""
    line = source[: source.index(definition)].count("\n") + 1
    (function,) = (
        node
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.FunctionDef) and node.lineno == line
    )
    first = function.body[1 if ast.get_docstring(function) else 0]
    lines = source.splitlines(keepends=True)
    lines.insert(first.lineno - 1, " " * first.col_offset + 'raise RuntimeError("mutant")\n')
    return "".join(lines)


def run(mutants: Sequence[Mutant], jobs: int = 1) -> Iterator[Result]:
    """Make each mutant and run its tests, `jobs` at a time; results come in the order of `mutants`."""
    with TemporaryDirectory(prefix="palaestra-mutants-") as folder:
        copies: SimpleQueue[Path] = SimpleQueue()
        for number in range(min(jobs, len(mutants))):
            copies.put(copy(Path(folder) / str(number)))

        def result(mutant: Mutant) -> Result:
            root = copies.get()
            try:
                return _tried(mutant, root)
            finally:
                copies.put(root)

        with ThreadPoolExecutor(jobs) as pool:
            yield from pool.map(result, mutants)


def copy(folder: Path) -> Path:
    """A copy of the files that git tracks, links as links."""
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=CHECKOUT, capture_output=True, check=True, text=True
    )
    for name in listed.stdout.split("\0"):
        if name and (CHECKOUT / name).exists():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(CHECKOUT / name, folder / name, follow_symlinks=False)
    return folder


def _tried(mutant: Mutant, root: Path) -> Result:
    began = perf_counter()
    path = root / mutant.file
    unchanged = path.read_bytes()
    path.write_text(mutant.source(root), encoding="utf-8")
    try:
        code, said = tested(root, mutant.tests, SECONDS)
    finally:
        path.write_bytes(unchanged)
    seconds = perf_counter() - began
    if code is None:
        return Result(mutant, "hung", seconds, "")
    if code not in (0, 1):
        raise Stale(f"{mutant.name}: its tests don't run (pytest: exit code {code})\n{said}")
    first = re.search(r"^(?:FAILED|ERROR) \S+::([^\s\[]+)", said, re.MULTILINE)
    return Result(mutant, "noticed" if code else "SURVIVED", seconds, first[1] if first else "")


def tested(root: Path, tests: str, seconds: float | None) -> tuple[int | None, str]:
    """Pytest's exit code for these tests of the copy in `root`, until the first fails.

    None if they take longer than `seconds`, where there is a limit.
    """
    words = ["-x", "-q", "-n", "0", "-m", "not engine", "-p", "no:cacheprovider", *tests.split()]
    process = subprocess.Popen(
        [sys.executable, "-m", "pytest", *words],
        cwd=root,
        env=os.environ | {"PYTHONPATH": str(root / "src")},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    try:
        said, _ = process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        return None, ""
    return process.returncode, said


APP, DATA, STUDY = (f"sims/commands/{name}.py" for name in ("app", "data", "study"))
T_APP, T_LOOKING, T_STUDY, T_DOCTOR, T_POPULATION, T_EXPORT, T_BRANCH, T_TRAIN = (
    f"tests/sims/commands/test_{name}.py"
    for name in (
        *("app", "looking", "study", "doctor", "population"),
        *("export_command", "branch_and_quality", "train_and_evolve"),
    )
)
T_ESTIMATE = "tests/sims/playing/test_estimate.py"
T_PLAY = "tests/sims/playing/test_play.py"
T_SCHEDULER = "tests/sims/playing/test_scheduler.py"
T_FLEET = "tests/sims/engines/test_fleet.py"
SERVER, CONNECTION = "sims/engines/openai_engine.py", "sims/engines/server_connection.py"
DIALECT = "sims/engines/dialect.py"
T_ASKED, T_WAITS, T_ENDS, T_REFUSALS, T_KEY = (
    f"tests/sims/engines/test_openai_engine{part}.py" for part in ("", "_waits", "_ends", "_refusals", "_key")
)
T_DIALECT = "tests/sims/engines/test_dialect.py"
T_LOG = "tests/runs/record/test_log.py"
T_THOUGHTS = "tests/sims/engines/test_thoughts.py"
T_REPAIR = "tests/runs/record/test_repair.py"
T_BORDER = "tests/sims/commands/test_border.py"
T_KILLED = "tests/sims/commands/test_killed.py"
T_LIMITS = "tests/sims/commands/test_limits.py"
T_TERMINAL = "tests/sims/test_terminal.py"
T_YAML = "tests/agents/test_bounded_yaml.py"
T_THOUGHTS_OUT = "tests/runs/exports/test_thoughts_exported.py"
T_PAIRS, T_ROWS, T_EXPORTED = (f"tests/runs/exports/test_{name}.py" for name in ("pairs", "rows", "folder"))
T_JUDGING = "tests/scenarios/parts/test_judging.py"
T_CONTRACT = "tests/scenarios/core/test_contract.py"
T_LIKELIHOOD = "tests/scenarios/duel/test_likelihood.py"
T_RATINGS = "tests/metrics/ratings/test_ratings.py"
FLEET, SCHEDULER, RECORDER, LOG, CHAIN = (
    "sims/engines/fleet.py",
    "sims/playing/scheduler.py",
    "runs/record/recorder.py",
    "runs/record/log.py",
    "runs/record/chain.py",
)
FOLDER = "runs/exports/folder.py"
FORESEEN = "sims/engines/foreseen.py"
METER, PACE, BUDGET, SITTING = (
    "sims/playing/meter.py",
    "sims/engines/pace.py",
    "agents/budget.py",
    "sims/playing/sitting.py",
)
T_METER, T_RUN_LIMITS = "tests/sims/playing/test_meter.py", "tests/sims/playing/test_run_limits.py"
T_PACE, T_SPENDING = "tests/sims/engines/test_pace.py", "tests/sims/commands/test_spending.py"
TRUST, T_TRUST = "agents/trust.py", "tests/agents/test_trust.py"
T_FILES, T_FOLDERS = (f"tests/sims/commands/allowing/test_{name}.py" for name in ("files", "folders"))
JUDGING, CONTRACT = "scenarios/parts/judging.py", "scenarios/core/contract.py"

# fmt: off
MUTANTS = [Mutant(*fields) for fields in (
    # Every command.
    ("run", APP, "def run(", RAISES, f"{T_APP} -k settings_reach"),
    ("resume", APP, "def resume(", RAISES, f"{T_APP} -k played_on_by_more"),
    ("validate", APP, "def validate(", RAISES, T_LOOKING),
    ("scenarios", APP, "def scenarios(", RAISES, f"{T_LOOKING} -k every_scenario"),
    ("schema", APP, "def schema(", RAISES, f"{T_LOOKING} -k a_schema_has"),
    ("show", APP, "def show(", RAISES, f"{T_LOOKING} -k transcript"),
    ("doctor", APP, "def doctor(", RAISES, T_DOCTOR),
    ("export", DATA, "def export(", RAISES, f"{T_EXPORT} -k best_and_the_worst"),
    ("formats", DATA, "def list_formats(", RAISES, "tests/sims/commands/test_extensions_told.py"),
    ("branch", DATA, "def branch(", RAISES, f"{T_BRANCH} -k offers"),
    ("quality", DATA, "def quality(", RAISES, f"{T_BRANCH} -k pairs_are_measured"),
    ("train", "sims/commands/training.py", "def train(", RAISES, f"{T_TRAIN} -k be_trained"),
    ("evolve", "sims/commands/training.py", "def evolve(", RAISES, f"{T_TRAIN} -k tribe_that_has_nothing"),
    ("metrics", STUDY, "def list_metrics(", RAISES, f"{T_STUDY} -k what_is_told_follows"),
    ("compare", STUDY, "def compare(", RAISES, f"{T_STUDY} -k what_is_told_follows"),
    ("plots", STUDY, "def plots(", RAISES, f"{T_STUDY} -k plots_are_written"),
    ("report", STUDY, "def report(", RAISES, f"{T_STUDY} -k report_of_a_sweep"),
    ("population draw", "sims/commands/population.py", "def draw(", RAISES, T_POPULATION),
    ("population check", "sims/commands/population.py", "def check(", RAISES, T_POPULATION),
    ("population list", "sims/commands/population.py", "def list_populations(", RAISES, T_POPULATION),
    ("repair", "sims/commands/repair.py", "def repair(", RAISES, "tests/sims/commands/test_repair_command.py"),
    ("new", "sims/commands/new.py", "def write_new(", RAISES, "tests/sims/commands/test_new.py"),
    ("exit code", "sims/commands/border.py", "return failure.exit_code", "return 0", f"{T_APP} -k used_folder"),
    ("doctor: gpu", "sims/commands/doctor.py", '"missing", found, "Its engine', '"ok", found, "Its engine', T_DOCTOR),
    ("doctor: builds", "sims/commands/doctor.py", '"missing", "both builds', '"ok", "both builds', T_DOCTOR),
    ("doctor: exit code", APP, 'finding.state == "missing"', 'finding.state == "note"', T_DOCTOR),
    ("estimate: prompts", FORESEEN, "if thought else prompt", "if thought else 7 * prompt", T_ESTIMATE),
    ("estimate: calls", "sims/playing/estimate.py", "found.calls += 1", "found.calls += 2", T_ESTIMATE),
    ("estimate: answers", "sims/playing/estimate.py", "(text.split() * most)[:most]", "text.split()[:most]", T_ESTIMATE),
    ("show: episode", APP, "transcript(opened, episode, events, thoughts)", "transcript(opened, 0, events, thoughts)", f"{T_LOOKING} -k transcript"),
    ("quality: keep", DATA, "apply(read_pairs(folder), filters)", "apply(read_pairs(folder), filters[1:])", f"{T_BRANCH} -k filters_keep"),
    ("branch: repeats", DATA, "chosen, answers, repeats,", "chosen, answers, 1,", f"{T_BRANCH} -k offers"),
    ("evolve: policies", "sims/training/evolve.py", "generation - 1),\n            fighters", "0),\n            fighters",
     "tests/sims/training/test_evolve.py"),

    # What is played, and what is kept of it.
    ("scheduler: live", SCHEDULER, "len(self._live) < self._limit", "len(self._live) <= self._limit", T_SCHEDULER),
    ("scheduler: disk first", SCHEDULER, "await self._recorder.flush()\n        return answered", "return answered", T_SCHEDULER),
    ("scheduler: order", SCHEDULER, "replies[item.position] = item.reply", "replies[-1 - item.position] = item.reply", T_SCHEDULER),
    ("scheduler: last words", SCHEDULER, "for _ in range(self._answered.qsize())", "for _ in range(0)", T_SCHEDULER),
    ("recorder: another call", RECORDER, "and answered.seed == call.seed", "", f"{T_PLAY} -k would_be_others"),
    ("recorder: events twice", RECORDER, "past.answers, past.events)", "past.answers, 0)", f"{T_PLAY} -k resumed_to_the_same"),
    ("log: disk", LOG, "os.fdatasync(self._file)", "pass", T_LOG),
    ("log: lock", LOG, "fcntl.LOCK_EX", "fcntl.LOCK_SH", T_LOG),
    ("log: torn line", LOG, "if self._torn:", "if False:", T_LOG),
    ("log: chain", CHAIN, "crc32(self.body, head.checksum) == self.checksum", "True", T_REPAIR),
    ("log: number", CHAIN, "self.number == head.records and", "", T_REPAIR),
    ("log: stamps", LOG, "if head.records < stamp.records:", "if False:", T_REPAIR),
    ("log: another run", LOG, "and stamp != head:", "and False:", T_REPAIR),
    ("log: format", LOG, "if found != FORMAT:", "if False:", T_REPAIR),
    ("repair: keep the damaged", "runs/record/repair.py", "os.link(self.path", "print(self.path", T_REPAIR),
    ("repair: order", "runs/record/repair.py", "places = sorted(line.place for line in episode.lines)",
     "places = [line.place for line in episode.lines]", T_REPAIR),
    ("log: read torn line", LOG, 'if not line.endswith(b"\\n")', "if not line", T_LOG),
    ("fleet: half a character", FLEET, 'words.encode(errors="replace").decode() for', "words for", T_FLEET),
    ("fleet: seed of a retry", FLEET, "derive_seed(call.seed, attempt) if attempt else call.seed", "call.seed", T_FLEET),
    ("fleet: retries", FLEET, "if attempt < self._retries", "if attempt <= self._retries", T_FLEET),
    ("fleet: restarts", FLEET, "while berth.spent < berth", "while berth.spent <= berth", T_FLEET),
    ("fleet: one restart for all", FLEET, "and berth.restarts == restarts", "", T_FLEET),
    ("fleet: deaths in a row", FLEET, "                    berth.spent = 0", "                    pass", T_FLEET),
    ("fleet: begun meanwhile", FLEET, "if berth.lock.locked():", "if False:", T_FLEET),
    ("fleet: refused", FLEET, "None, reply.finish == REFUSED", "None, False", T_FLEET),
    ("conformance", "sims/commands/conformance.py", "def conformance(", RAISES, "tests/sims/commands/test_conformance.py"),
    ("audit-judges", "sims/commands/auditing.py", "def audit_judges(", RAISES, "tests/sims/commands/test_audit_judges.py -k damaged"),
    ("audit: fingerprint", "runs/audits/fingerprint.py", "        policy.think.model_dump(mode=\"json\"),\n", "", "tests/sims/playing/test_audit.py -k audit_is_of"),
    ("audit: both orders", "sims/playing/audit.py", "None if second is None else 1 - second", "second", "tests/sims/playing/test_audit.py -k 'sound_judge and pairwise'"),
    ("audit: chance", "runs/audits/verdict.py", "if low > 0.5:", "if low > 0.0:", "tests/sims/playing/test_audit.py -k planted_fault"),
    ("audit: worth", "metrics/judge_audit.py", "values.sum() ** 2 / (values**2).sum()", "len(values)", "tests/sims/playing/test_audit.py -k thrice"),
    ("audit: one judge", "scenarios/parts/one_judge.py", "if len(same) > 1:", "if len(same) > 9:", "tests/sims/commands/test_audit_judges.py -k refused_where"),
    ("audit: repeats", "scenarios/duel/config.py", 'if self.judgements > 1 and self.score_basis != "sample":', "if False:", "tests/sims/commands/test_audit_judges.py -k repeats"),
    ("quality: one judge", "metrics/pairs/same_judges.py", "return all(abs(first - second) < TIE", "return any(abs(first - second) < TIE", "tests/metrics/pairs/test_same_judges.py"),
    ("quality: signed answers", "metrics/pairs/signed_answers.py", "found[0][0] - found[0][1]", "found[0][1] - found[0][0]", "tests/metrics/pairs/test_same_judges.py"),
    ("agreement: shuffled", "runs/exports/chance.py", "random.sample(judged, len(judged))", "judged", "tests/runs/exports/test_chance.py -k say_anything"),
    ("agreement: proven", "runs/quality/meanings.py", "own[0] <= self.harmless", "own[1] <= self.harmless", "tests/runs/exports/test_chance.py -k say_anything"),
    ("conformance: bound", "sims/engines/battery.py", "\"no\" if plain == len(replies) or not kept", "\"no\" if not kept", "tests/sims/commands/test_conformance.py"),
    ("conformance: noise", "sims/engines/battery.py", "apart = [one - other for", "apart = [one - one for", "tests/sims/engines/test_battery.py"),
    ("server: mass", SERVER, "return found if mass >= LEAST_MASS else {}", "return found", T_ASKED),
    ("server: no option", SERVER, "if asked.text not in (option[begun:].strip() for option in group.options):", "if False:", T_ASKED),
    ("server: aligned", SERVER, "at = of_answer(positions, asked.text)", "at = positions", T_ASKED),
    ("server: thought's room", SERVER, "if asked.cut and not asked.text and (", "if asked.thought is None and (", T_ASKED),
    ("server: filtered answer", SERVER, 'if completion.finish == "content_filter":', "if False:", T_REFUSALS),
    ("server: all refused", SERVER, "if self._refused > MOST_REFUSED or", "if", T_ENDS),
    ("server: plain", SERVER, "mass=min(mass, 1.0), plain=asked[0].form == PLAIN", "mass=min(mass, 1.0)", T_DIALECT),
    ("server: total", "sims/engines/completion.py", "if total <= MOST_TOTAL else None", "", T_ASKED),
    ("server: in parts", "sims/engines/completion.py", "    if isinstance(content, list):\n        return", "    if False:\n        return", "tests/sims/engines/test_servers_at_odds.py -k in_parts"),
    ("server: words", "sims/engines/completion.py", "return [words for item in told[:5]", "return [words for item in told[:0]", T_REFUSALS),
    ("server: spread", CONNECTION, "random.uniform(0.5, 1.5)", "1.0", T_WAITS),
    ("server: pause", CONNECTION, "hiccup.after or 0.0", "0.0", T_WAITS),
    ("server: patience", CONNECTION, "if waited + wait > self._settings.patience:", "if waited + wait > 0:", f"{T_WAITS} -k loading"),
    ("server: key", CONNECTION, 'response.content.replace(self._key.encode(), b"[key]") if self._key else response.content', "response.content", T_KEY),
    ("server: unpaid", CONNECTION, "if answered.unpaid and", "if False and", "tests/sims/engines/test_servers_at_odds.py tests/sims/engines/test_openai_engine_ends.py -k money"),
    ("dialect: learns", DIALECT, "self.dropped.add(name)\n            self.say(f\"the server takes", "self.say(f\"the server takes", T_DIALECT),
    ("dialect: taken", DIALECT, "left_off - self.taken - self.dropped", "left_off - self.dropped", T_DIALECT),
    ("dialect: passed over", DIALECT, "LEAST_BROKEN <= self.broken[name] > self.kept[name]", "LEAST_BROKEN <= self.broken[name]", T_DIALECT),
    ("dialect: milder", DIALECT, "return found - {MILDER", "return found or {MILDER", T_DIALECT),
    ("dialect: a slip", "sims/engines/server_request.py", "self._again = False", "pass", f"{T_DIALECT} -k first_words"),
    ("dialect: retry", SERVER, "forms[min(attempt, len(forms) - 1) :]", "forms", T_DIALECT),
    ("dialect: worn", "sims/engines/server_request.py", "if first.worn and connection.answers == answers:", "if False:", T_ENDS),
    ("dialect: dropped", "agents/engines/openai.py", "for field in self.drop for name in", "for field in () for name in", T_DIALECT),
    ("fleet: tokens of retries", FLEET, "tokens[2] += reply", "tokens[2] = reply", T_FLEET),
    ("branch: same answer again", "sims/playing/alternatives.py", "and reply.text not in taken", "", "tests/sims/playing/branch/test_draws.py"),
    ("tables: changed", "runs/table_files.py", "!= said.tables", "is None", "tests/runs/test_table_files.py"),
    ("tables: stale", "runs/table_files.py", "!= made_from(folder)", "!= said", "tests/runs/test_table_files.py"),
    ("tables: half written", "runs/table_files.py", "write_parquet(new /", "write_parquet(target /", "tests/runs/test_table_files.py"),

    # What a run may take.
    ("spend: calls", METER, "then[limit] > most * (1 + ROUNDING)", "then[limit] > most + 1", f"{T_METER} -k no_more_calls"),
    ("spend: wait", METER, "if not self._reserved.calls:", "if True:", T_METER),
    ("spend: under way", METER, "self._used + self._reserved + more", "self._used + more", T_METER),
    ("spend: time", METER, "then[limit] >= most if limit", "False if limit", f"{T_METER} -k after_the_time"),
    ("spend: earlier sittings", METER, "for policy, usage in used.items())", "for policy, usage in ())", f"{T_METER} -k earlier"),
    ("spend: longer prompts", METER, 'seen["tokens"] / seen["characters"] if', "0.0 if", f"{T_METER} -k from_then_on"),
    ("spend: longest answers", FORESEEN, "with_thought(round(characters(call) * tokens_a_character) + 1, output, policy, call.answer)",
     "with_thought(round(characters(call) * tokens_a_character) + 1, 0, policy, call.answer)", f"{T_RUN_LIMITS} -k same_end"),
    ("spend: cached", BUDGET, "self.cached * cached", "self.cached * prices.prompt", T_METER),
    ("spend: of a run", "runs/run.py", 'row["cached_tokens"], row["output_tokens"])', '0, row["output_tokens"])', f"{T_RUN_LIMITS} -k hosted"),
    ("spend: told at once", SITTING, "if (reached := self._reached_before(meter)) is not None:", "if (reached := None) is not None:",
     f"{T_RUN_LIMITS} -k at_once"),
    ("spend: who has all replies", SCHEDULER, "if not isinstance(failure, LimitReached):", "if True:", f"{T_SCHEDULER} -k end_of_a_limit"),
    ("spend: killed", SITTING, 'if self._state.status == "running":', "if False:", f"{T_RUN_LIMITS} -k killed"),
    ("spend: taken over", "runs/record/entries.py", "Usage(int(asked), ", "Usage(1, ", f"{T_RUN_LIMITS} -k branch"),
    ("spend: a sweep", "sims/playing/sweep.py", "resume(folder, settings, ", "resume(folder, (), ", f"{T_RUN_LIMITS} -k sweep"),
    ("spend: no prices", "scenarios/core/config.py", "if engine.prices is None and not engine.free:", "if False:", f"{T_RUN_LIMITS} -k needs_the_prices"),
    ("spend: exit code", "agents/failures.py", "exit_code = 3", "exit_code = 1", T_SPENDING),
    ("spend: foretold", "sims/playing/estimate.py", "scale * sum(usage.cost", "sum(usage.cost", f"{T_ESTIMATE} -k prices"),
    ("spend: limit foretold", "sims/playing/estimate.py", "most / takes if takes", "takes / most if takes", f"{T_ESTIMATE} -k first"),
    ("pace: requests", PACE, '("requests", 1)', '("requests", 0)', T_PACE),
    ("pace: answers", PACE, "self._pace.correct(", "str(", T_PACE),
    ("pace: sooner", PACE, "self._sooner.set()", "pass", T_PACE),
    ("pace: foretold", "sims/playing/estimate.py", "usage.calls / engine.requests_per_minute", "0", f"{T_ESTIMATE} -k rates"),
    ("pace: of every engine", FLEET, "return paced(made, settings)", "return made", T_PACE),

    # Trust: what a stranger's file or folder can't do.
    ("trust: own host", TRUST, "if address.host not in own:", "if False:", T_TRUST),
    ("trust: clear text", TRUST, "if not address.encrypted:", "if False:", T_TRUST),
    ("trust: another variable", TRUST, "(self.variable, address.host) in allowed.keys", "address.host in dict(allowed.keys).values()",
     T_TRUST),
    ("trust: loopback", TRUST, 'return self.host == "localhost"', 'return self.host.startswith("localhost")', T_TRUST),
    ("trust: case", TRUST, "return name.lower()", "return name", T_TRUST),
    ("trust: last dot", TRUST, 'name = host.removesuffix(".")', "name = host", T_TRUST),
    ("trust: password", TRUST, 'if "@" in url:', "if False:", f"{T_TRUST} {T_FILES}"),
    ("trust: password told", "agents/failures.py", '_CREDENTIALS.sub("…@", told)', "told", f"{T_FILES} -k password"),
    ("trust: remote code", TRUST, "if allowed.remote_code:", "if True:", T_TRUST),
    ("trust: options", "agents/vllm_options.py", "name in HARMLESS or", "name not in _RISKS or", T_TRUST),
    ("trust: values of options", "agents/vllm_options.py", "value in HARMLESS_VALUES.get(name, ())", "name in HARMLESS_VALUES", T_TRUST),
    ("trust: run", "sims/playing/play.py", "    scenario.require_allowed(allowed)\n    alternatives = None if plan", "    alternatives = None if plan",
     f"{T_FILES} -k no_key_elsewhere"),
    ("trust: resume", "sims/playing/play.py", "    scenario.require_allowed(allowed)\n    alternatives = None if state", "    alternatives = None if state",
     f"{T_FOLDERS} -k resumed"),
    ("trust: sweep", "sims/playing/sweep.py", "        point.scenario.require_allowed(allowed)\n", "        pass\n", f"{T_FOLDERS} -k a_sweep_sends"),
    ("trust: resumed sweep", "sims/playing/sweep.py", "        played.require_allowed(allowed)\n", "", f"{T_FOLDERS} -k a_sweep_sends"),
    ("trust: evolve", "sims/training/evolve.py", "        scenario.require_allowed(allowed)\n", "", f"{T_FOLDERS} -k evolution"),
    ("trust: validate", APP, "        each.require_allowed(", "        str(", f"{T_FILES} -k file_sends"),
    ("trust: fleet", FLEET, "for name in engines if name in used}", "for name in ()}", T_FLEET),
    ("trust: redirects", CONNECTION, "follow_redirects=False", "follow_redirects=True", f"{T_FILES} -k redirect"),
    ("trust: headers", CONNECTION, "if Address.of(self._url).host in OPENAI_HOSTS:", "if True:", f"{T_KEY} -k no_other_host"),
    ("trust: graphs", "scenarios/parts/hearing.py", ' or not str(generator.__module__).startswith("networkx.generators.")', "",
     "tests/scenarios/parts/test_hearing.py"),
    ("trust: charter", "agents/declared.py", "if not path.resolve().is_relative_to", "if not path.is_relative_to", "tests/scenarios/council/test_files.py -k elsewhere"),
    ("trust: links", "runs/record/disk.py", "if path.is_symlink() and", "if False and", T_LOG),
    ("trust: point's folder", "sims/playing/sweep.py", '^[0-9]+-[\\w=.,+-]+$', ".*", f"{T_FOLDERS} -k point"),

    # The rules: who hears whom, who judges whom.
    ("hearing: deaf to none", "scenarios/parts/hearing.py", "if v == u or graph.has_edge(u, v)", "", "tests/scenarios/parts/test_hearing.py"),
    ("hearing: one way", "scenarios/parts/hearing.py", "if self.directed else nx.Graph()", "if False else nx.Graph()",
     "tests/scenarios/parts/test_hearing.py"),
    ("privacy: all hear", "scenarios/opinion_exchange/rules.py", "to=[self.people[name] for name in pair]", "to=self.people.values()",
     "tests/scenarios/opinion_exchange/test_prompts.py"),
    ("judging: weights", JUDGING, "append((weight * score.score, weight))", "append((score.score, 1.0))", T_JUDGING),
    ("judging: least rating", JUDGING, "max(LEAST_RATING, rating)", "rating", T_JUDGING),
    ("judging: both orders", JUDGING, "(better + 1 - crossed) / 2", "better", T_JUDGING),
    ("judging: failed answers", JUDGING, "if score.score is not None and weight > 0", "if weight > 0", T_JUDGING),
    ("judging: expectation", JUDGING, "fsum(p * v for", "max(p * v for", T_JUDGING),
    ("likelihood: reference", JUDGING, "return means[0] - fsum(means[1:])", "return means[0]", T_LIKELIHOOD),
    ("likelihood: one model", "scenarios/duel/config.py", "own.adapter == base.adapter", "False", T_LIKELIHOOD),
    ("likelihood: who can", "scenarios/core/config.py", "engine is not None and not engine.weighs_texts:", "False:", T_LIKELIHOOD),
    ("likelihood: as the author", "scenarios/duel/rules.py", "rules if in_the_author_s_place else", "", T_LIKELIHOOD),
    ("likelihood: at once", FLEET, ' == "scratchpad" and not call.weighed:', ' == "scratchpad":', "tests/agents/test_likelihood.py"),
    ("likelihood: counted", FORESEEN, " + len(call.weighed)", "", "tests/agents/test_likelihood.py"),
    ("duel: ties", "scenarios/duel/rules.py", "if abs(one - other) >= self.config.ties_below", "if one != other", "tests/scenarios/duel/test_ties.py"),
    ("contract: privacy", CONTRACT, "    check_privacy(file, may_read, secrets or {}, episodes)\n", "", T_CONTRACT),
    ("contract: replay", CONTRACT, "        _check_replay(scenario, index)\n", "", T_CONTRACT),
    ("contract: faults", CONTRACT, "        _check_faults(scenario, index)\n", "", T_CONTRACT),
    ("contract: lockstep", CONTRACT, "        _check_lockstep(scenario, index)\n", "", T_CONTRACT),
    ("contract: refusal", CONTRACT, 'raise ContractBroken(f"refusal: {changes} is taken")', "pass", T_CONTRACT),
    ("memory: half", "agents/memory.py", "// 2\n        del left[0]", "// 1\n        del left[0]", "tests/agents/test_memory.py"),
    ("choice: whole answers", "sims/engines/option_tree.py", "        if self._whole:\n", "        if False:\n", "tests/sims/engines/test_option_tree.py"),
    ("choice: probabilities", "sims/engines/option_tree.py", "product *= share", "product = share", "tests/sims/engines/test_option_tree.py"),
    ("forged control token", "sims/engines/chat_template.py", 'if token["content"] not in controls]', "]", "tests/sims/engines/test_chat_template.py"),

    ("thoughts: of a text", "sims/engines/fleet.py", "return replace(reply, text=found.answer,", "return replace(reply, text=reply.text,", T_THOUGHTS),
    ("thoughts: notes", "sims/engines/fleet.py", "_joined(notes.thought, notes.text, reply.thought)", "reply.thought", T_THOUGHTS),
    ("speakers: quoted", "agents/calls.py", "as_shown(self.text, self.quoted)", "self.text", "tests/agents/test_speakers.py"),
    ("thoughts: forged", "sims/engines/chat_template.py", "            or content in SIGNS\n", "", T_THOUGHTS),
    ("thoughts: told", "sims/engines/thoughts.py", "not before.startswith(asked)", "before.startswith(asked)", T_THOUGHTS),
    ("thoughts: at once", "sims/engines/chat_template.py", "told.startswith(asked) and told[len(asked) :].strip()", "told.startswith(asked)", T_THOUGHTS),
    ("thoughts: seam", "sims/engines/chat_template.py", "return self._tokens([text + after[0], *after[1:]])", "return self._tokens([text, *after])", T_THOUGHTS),
    ("thoughts: when told", "sims/engines/chat_template.py", "options = dict.fromkeys(THOUGHT_OPTIONS, True)", "options = dict.fromkeys(THOUGHT_OPTIONS, False)", T_THOUGHTS),
    ("thoughts: scripted", "scenarios/core/config.py", 'policy.think.kind == "native" and', "False and", "tests/scenarios/core/test_load_refused.py"),
    ("thoughts: dry sweep", "scenarios/core/sweep.py", "    if not dry_run:\n", "    if True:\n", "tests/scenarios/core/test_sweep.py"),
    ("thoughts: exported", "runs/exports/parts.py", 'job.options.thoughts == "keep"', "True", T_THOUGHTS_OUT),
    ("thoughts: counted", "runs/exports/parts.py", "job.left_out[THOUGHTS] += 1", "pass", T_THOUGHTS_OUT),
    ("thoughts: rollouts", "runs/exports/formats/rollouts.py", "if turn.thought and", "if False and", T_THOUGHTS_OUT),
    ("thoughts: trained", "sims/training/datasets.py", "[*opened, *template.thought(marks, thought), ", "[", "tests/sims/training/test_training_tokens.py"),
    ("thoughts: contract", "scenarios/core/privacy.py", "known[thought] = ()", "pass", "tests/scenarios/core/test_contract.py"),
    ("template: words", "sims/engines/chat_template.py", 'if token["special"]\n', "if True\n", "tests/sims/engines/test_chat_template.py"),
    ("template: day", "sims/engines/chat_template.py", "strftime_now=day.strftime", "strftime_now=date.today().strftime", "tests/sims/engines/test_chat_template.py"),

    # Training data.
    ("export: swapped", "runs/exports/formats/dpo.py", '"chosen": said(pair.chosen.turn, job)', '"chosen": said(pair.rejected.turn, job)', T_PAIRS),
    ("export: cut text", "runs/exports/parts.py", '"content": turn.text}', '"content": turn.text[:40]}', T_PAIRS),
    ("export: leak", FOLDER, 'int(row["prompt_id"][:4], 16)', "int(str(abs(hash(str(row))))[:4])", T_EXPORTED),
    ("export: labels", "runs/exports/formats/kto.py", "score_of(response) > job", "score_of(response) < job", T_ROWS),
    ("export: ranking", "runs/exports/formats/ranked.py", "key=score_of, reverse=True", "key=score_of", T_ROWS),
    ("export: judges of both", "runs/exports/pairing.py", "alone.get(score.judge) == pair", "True", T_PAIRS),
    ("export: margin", "runs/exports/pairing.py", "pair.margin < margin - TIE", "pair.margin < 0", T_PAIRS),
    ("export: truth", "runs/exports/source.py", 'answer.truth if basis == "truth" else', "", T_PAIRS),
    ("export: panel's floor", "runs/exports/pairing.py", "floor = sample.floor if rule.floor is None else rule.floor", "floor = rule.floor", T_PAIRS),
    ("export: whole", "runs/exports/options.py", "self.whole and turn.finish == CUT", "False", f"{T_ROWS} -k cut"),
    ("quality: cut", "metrics/pairs/truncation.py", "return chosen | rejected", "return chosen & rejected", "tests/runs/quality/test_quality.py -k cut"),
    ("quality: map", "metrics/pairs/data_map.py", 'then("scored")', "then(pl.concat_list(both))", "tests/metrics/pairs/test_data_map.py"),
    ("fidelity: handicaps", "scenarios/duel/matchmaking.py", "[: len(counted) - 1]", "[: len(counted)]", "tests/scenarios/duel/test_rules.py -k handicap"),
    ("fidelity: most wrong", "scenarios/knights_knaves/scoring.py", "sum(vote != role for vote in given) > len", "sum(vote != role for vote in given) >= len",
     "tests/scenarios/knights_knaves/test_scoring.py"),
    ("fidelity: memory", "scenarios/peer_feedback/config.py", "        0.6,\n", "        0.0,\n", "tests/scenarios/peer_feedback/test_files.py -k recalls"),
    ("fidelity: opinion", "scenarios/debate/prompts.yaml", "In this debate you speak for the motion.", "You agree with the motion.",
     "tests/scenarios/debate/test_prompts.py -k may_have_left"),
    ("utterances: topic", "metrics/families/utterances.py", 'on=["episode", "message"], how="anti"', 'on=["episode", "message"], how="left"',
     "tests/metrics/families/test_utterances.py"),
    ("loss: cut", "sims/training/losses.py", "weight * unlikely, plain)", "weight * plain, plain)", "tests/sims/training/test_losses.py -k cut"),
    ("loss: pro", "sims/training/losses.py", "temperatures.max()", "temperatures.min()", "tests/sims/training/test_losses.py -k pro"),
    ("training: cut answer ends", "sims/training/datasets.py", 'finish == "length"', "False", "tests/sims/training/test_training_tokens.py"),

    # Numbers.
    ("elo", "metrics/ratings/elo.py", "other - change", "other + change", T_RATINGS),
    ("border: traceback in a file", "sims/commands/border.py", "failure = unforeseen(error)", "raise", f"{T_BORDER} -k foresaw"),
    ("border: reader gone", "sims/commands/border.py", "        _forget_output()\n", "        raise\n", f"{T_BORDER} -k reader"),
    ("border: memory", "agents/extensions.py", "except (PalaestraError, MemoryError):", "except PalaestraError:", f"{T_BORDER} -k full_memory"),
    ("border: run told", "sims/playing/sitting.py", "told = _told(problem, self._where)", "raise problem", f"{T_BORDER} -k ends_by_a_fault"),
    ("border: hangup", "sims/playing/sitting.py", "(signal.SIGTERM, signal.SIGHUP)", "(signal.SIGTERM,)", f"{T_BORDER} -k closed_terminal"),
    ("border: nohup", "sims/playing/sitting.py", " if signal.getsignal(n) != signal.SIG_IGN]", "]", f"{T_BORDER} -k outlive"),
    ("terminal: encoding", "sims/terminal.py", 'stream.reconfigure(errors="replace")', "pass", T_TERMINAL),
    ("terminal: say", "sims/terminal.py", "text = visible(str(words))", "text = str(words)", T_TERMINAL),
    ("terminal: C1", "sims/terminal.py", "\\x7f-\\x9f", "\\x7f", T_TERMINAL),
    ("terminal: overrides", "sims/terminal.py", "\\u2066-\\u2069", "", T_TERMINAL),
    ("terminal: markup", "sims/terminal.py", "first, *rest = map(shown, row)", "first, *rest = map(Text.from_markup, row)", T_TERMINAL),
    ("killed: unnamed", "runs/record/documents.py", "return cls.model_validate_json(unnamed(path).read_bytes())", "pass", f"{T_KILLED} -k whole_run_json"),
    ("killed: leftovers", "runs/record/folder.py", "path.name in BEGINNINGS or ", "", f"{T_KILLED} -k test_a_run_goes"),
    ("limits: folder", "agents/limits.py", "if not stat.S_ISREG(found.st_mode):", "if stat.S_ISFIFO(found.st_mode):", f"{T_LIMITS} -k unread"),
    ("limits: size", "agents/limits.py", "if found.st_size > most:", "if found.st_size > most + 1:", f"{T_LIMITS} -k unread"),
    ("limits: sweep", "scenarios/core/config.py", "prod(map(len, self.sweep.values()))", "len(self.sweep)", f"{T_LIMITS} -k beyond"),
    ("limits: agents", "scenarios/core/config.py", "if number > MOST_AGENTS:", "if False:", f"{T_LIMITS} -k cast"),
    ("limits: estimate", "sims/playing/estimate.py", "found.at_least = True", "pass", f"{T_LIMITS} -k estimate"),
    ("yaml: line ends", "agents/bounded_yaml.py", "self._breaks else event.value", "False else event.value", T_YAML),
    ("yaml: duplicates", "agents/bounded_yaml.py", "if key in made:", "if False:", T_YAML),
    ("export: left behind", "runs/exports/unfinished.py", "        _clean(out.parent)", "        pass", "tests/runs/exports/test_unfinished.py"),
    ("export: locked", "runs/exports/unfinished.py", "fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)", "pass", "tests/runs/exports/test_unfinished.py"),
    ("served: told", "sims/playing/sitting.py", "changed=changed,", "changed=(),", "tests/sims/playing/test_play.py -k told"),
    ("served: samples", "sims/engines/checkpoint.py", "number * max(size - BLOCK, 0) // (BLOCKS - 1)", "number", "tests/sims/engines/test_checkpoint.py"),
    ("training: day", "sims/training/train.py", "start.author.day or began or date.today()", "date.today()", "tests/sims/training/test_training_data.py -k day"),
    ("yaml: depth", "agents/bounded_yaml.py", "if depth >= MOST_DEPTH:", "if depth >= MOST_DEPTH * 9:", T_YAML),
    ("yaml: aliases", "agents/bounded_yaml.py", "self._made += size", "pass", T_YAML),
    ("yaml: tags", "agents/bounded_yaml.py", "if tag is not None:", "if False:", T_YAML),
    ("yaml: whole numbers", "agents/bounded_yaml.py", "if abs(whole) > MOST_INTEGER:", "if False:", T_YAML),
    ("bargaining: no deal", "metrics/families/bargaining.py", '(_number("share_first") - _number("share_second"))', '(pl.col("share_first") - pl.col("share_second"))', "tests/runs/test_measures.py -k little_happened"),
    ("elo: scale", "metrics/ratings/elo.py", "10 ** ((other - own)", "10 ** ((own - other)", T_RATINGS),
    ("sparta", "metrics/ratings/sparta.py", "tanh(own.deviation)", "own.deviation", T_RATINGS),
    ("sparta: decay", "metrics/ratings/sparta.py", "max(constants.least_k, decayed)", "decayed", T_RATINGS),
    ("bradley-terry: ties", "metrics/ratings/bradley_terry.py", "prior / 2 *", "prior *", T_RATINGS),
    ("interval: quantile", "metrics/intervals.py", "inv_cdf((1 + confidence) / 2)", "inv_cdf(confidence)", "tests/metrics/test_intervals.py"),
    ("interval: wilson", "metrics/intervals.py", "p * (1 - p) / n + z * z / (4 * n * n)", "p * (1 - p) / n",
     "tests/metrics/test_intervals.py"),
    ("interval: clusters", "metrics/intervals.py", "np.bincount(numbers, weights=influence)", "influence", "tests/metrics/test_intervals.py"),
    ("interval: BCa", "metrics/resampling.py", 'method="BCa"', 'method="basic"', "tests/metrics/families/test_games.py"),
    ("interval: one more at each bound", "metrics/bounds.py", "np.append(observations, (low, high))", "observations", "tests/metrics/test_bounds.py"),
    ("interval: joined", "metrics/bounds.py", "min(one[0], low if isfinite(low) else inf)", "one[0]", "tests/metrics/test_bounds.py tests/metrics/test_comparison.py"),
    ("interval: items", "metrics/observations.py", "np.add.at(sums, place, parts.sums)", "sums[place] = parts.sums", "tests/metrics/test_observations.py"),
    ("strengths: contests", "metrics/ratings/strength_intervals.py", "variances = np.maximum(variances, np.var(fits, axis=0))", "pass", "tests/metrics/ratings"),
    ("plan", "metrics/planning.py", "sqrt(2 / n)", "sqrt(1 / n)", "tests/metrics/test_planning.py tests/sims/commands/test_planning.py"),
    ("engine: orphan", "sims/engines/orphan.py", "os.kill(os.getpid(), signal.SIGKILL)", "pass", "tests/sims/engines/test_orphan.py"),
    ("comparison: pairs", "metrics/matching.py", "by_row = True", "by_row = False", "tests/metrics/test_comparison.py"),
    ("comparison: holm", "metrics/comparison.py", "p * (len(known) - rank)", "p * len(known)", "tests/metrics/test_comparison.py"),
)]
# fmt: on


def _chosen(patterns: Sequence[str]) -> list[Mutant]:
    chosen = [m for m in MUTANTS if not patterns or any(fnmatch(m.name, pattern) for pattern in patterns)]
    if not chosen:
        raise Stale(
            f"there is no mutant {', '.join(patterns)}; they are: {', '.join(m.name for m in MUTANTS)}"
        )
    return chosen


def _require_places(mutants: Sequence[Mutant]) -> None:
    """Raise `Stale` that tells of every mutant that has lost its place."""
    problems = []
    for mutant in mutants:
        try:
            mutant.source(CHECKOUT)
        except Stale as problem:
            problems.append(str(problem))
    if problems:
        raise Stale("\n".join(problems))


def _require_passing(mutants: Sequence[Mutant]) -> None:
    """Raise `Stale` where the tests don't pass without a mutant: all would be noticed then."""
    tests = " ".join(sorted({file for mutant in mutants for file in mutant.files()}))
    with TemporaryDirectory(prefix="palaestra-mutants-") as folder:
        code, said = tested(copy(Path(folder)), tests, seconds=None)
    if code != 0:
        raise Stale(f"without a mutant these tests fail: {tests}\n{said}")


def main() -> int:
    """The script; returns its exit code."""
    told = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    told.add_argument("names", nargs="*", help="of mutants, or patterns such as 'fleet*'; all by default")
    told.add_argument("--jobs", type=int, default=1, help="how many at a time")
    told.add_argument("--check", action="store_true", help="only see whether each still finds its place")
    told.add_argument("--trusting", action="store_true", help="don't run the tests without a mutant first")
    asked = told.parse_args()
    survived = 0
    try:
        chosen = _chosen(asked.names)
        _require_places(chosen)
        if asked.check:
            print(f"{len(chosen)} mutants find their places")
            return 0
        if not asked.trusting:
            _require_passing(chosen)
        wide = max(len(mutant.name) for mutant in chosen)
        for result in run(chosen, asked.jobs):
            survived += result.state == "SURVIVED"
            place = result.by or f"by none of {result.mutant.tests}"
            print(
                f"{result.mutant.name:<{wide}}  {result.state:<8}  {result.seconds:5.0f} s  {place}",
                flush=True,
            )
    except Stale as problem:
        print(f"error: {problem}", file=sys.stderr)
        return 2
    print(f"{len(chosen) - survived} of {len(chosen)} mutants were noticed")
    return 1 if survived else 0


if __name__ == "__main__":
    sys.exit(main())
