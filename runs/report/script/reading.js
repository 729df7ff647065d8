// The open episode, with scores beside the texts they judge, and the prompt of a call.

const openEpisode = () => (place.episode === null ? -1 : run.episodes.number.indexOf(place.episode));

function drawReading() {
  const reading = byId("reading");
  const episode = openEpisode();
  const state = JSON.stringify([place.run, episode, filters]);
  if (state === drawn) return;
  drawn = state;
  reading.replaceChildren();
  reading.scrollTop = 0;
  if (episode < 0) {
    const missing = place.episode !== null ? `There is no episode ${place.episode} in this run.` : "Choose an episode.";
    reading.append(el("p", { class: "quiet" }, missing));
    return;
  }
  reading.append(episodeHead(episode), outcome(episode));
  const chapter = chapterOf(episode);
  if (!chapter.taken) {
    reading.append(el("p", { class: "quiet" }, chapter.missing ? missing(chapter) : "Loading …"));
    if (!chapter.missing) fetchChapter(chapter, () => { drawn = ""; route(); });
    return;
  }
  const first = run.calls.start[episode], end = run.calls.start[episode + 1];
  const seen = [];
  for (let row = first; row < end; row++) if (passes(row)) seen.push(row);
  if (seen.length < end - first) {
    reading.append(el("p", { class: "hidden-note" }, `${seen.length} of ${end - first} answers shown. `,
      el("button", { type: "button", click: clearFilters }, "Show all")));
  }
  const [at, last] = run.lines.span[episode], events = { at, end: last };
  let heading = -1, agent = -1, turn = null;
  for (const row of seen) {
    const now = run.calls.heading[row];
    if (now !== heading) {
      happened(reading, events, run.headings.step[now]);
      reading.append(el("h3", { class: "exchange" }, run.strings[run.headings.text[now]]));
      heading = now;
      agent = -1;
    }
    if (run.calls.agent[row] !== agent) {
      agent = run.calls.agent[row];
      turn = el("div", { class: "answers" });
      const made = el("div", { class: "turn" }, el("b", null, run.strings[agent]), turn);
      made.style.setProperty("--agent", `var(--a${run.agents.indexOf(agent) % 8})`);
      reading.append(made);
    }
    turn.append(drawAnswer(row, episode));
  }
  happened(reading, events, Infinity);
}

function episodeHead(episode) {
  const step = (by, label, name) => {
    const to = run.episodes.number[episode + by];
    return el("button", { type: "button", "aria-label": name, title: name, disabled: to === undefined ? "" : null, click: () => go(`#run=${place.run}&episode=${to}`) }, label);
  };
  return el("div", { class: "episode-head" }, el("h2", null, `Episode ${run.episodes.number[episode]}`),
    step(-1, "←", "Previous episode ([)"), step(1, "→", "Next episode (])"));
}

function outcome(episode) {
  const told = el("dl", { class: "outcome" });
  const facts = run.episodes.outcome.map(({ name, values }) => [name.replaceAll("_", " "), values[episode]]);
  if (!run.episodes.ended[episode]) facts.push(["status", "not over yet"]);
  facts.push(["seed", run.episodes.seed[episode]]);
  for (const [name, value] of facts) if (value !== null) told.append(el("div", null, el("dt", null, name), el("dd", null, shown(value))));
  return told;
}

// The events of the steps before `step` that are not told yet: few as lines, many of a kind folded.
function happened(into, events, step) {
  const kinds = new Map();
  for (; events.at < events.end && run.lines.step[events.at] < step; events.at++) {
    const kind = run.strings[run.lines.kind[events.at]];
    kinds.set(kind, [...(kinds.get(kind) || []), run.strings[run.lines.text[events.at]]]);
  }
  for (const [kind, texts] of kinds) {
    if (texts.length < 3) for (const text of texts) into.append(el("p", { class: "happened" }, el("b", null, kind), ` · ${text}`));
    else into.append(el("details", { class: "happened" }, el("summary", null, el("b", null, kind), ` · ${texts.length}`), items(texts)));
  }
}

const items = (texts) => el("ul", null, ...texts.map((text) => el("li", null, text)));

function drawAnswer(row, episode) {
  const failed = run.failed.has(row), choice = run.calls.choice[row] !== null && !failed;
  const number = run.calls.number[row];
  const own = run.strings[run.calls.own[row]];
  const tools = el("span", { class: "tools" },
    el("button", { type: "button", class: "show-prompt", title: "Exact prompt (o)", click: () => openPrompt(row) }, "prompt"),
    el("a", { href: link(row), title: "Link to this answer" }, `#${number}`));
  const made = el("div", { class: `answer${choice ? " choice" : ""}${failed ? " failed" : ""}`, id: `call-${number}`, "data-row": row, tabindex: "-1" });
  const about = own ? [el("span", { class: "own" }, own)] : [];
  const warned = warnings(row).map((text) => el("span", { class: "bad" }, text));
  if (choice) made.append(...about, bars(row), el("span", { class: "chosen" }, ...marked(chosen(row))), ...warned, tools);
  else made.append(tools, ...about, ...warned, body(run.strings[run.calls.text[row]]));
  const told = notesOf(row, episode);
  if (told.length) made.append(el("div", { class: "notes" }, ...told));
  return made;
}

function warnings(row) {
  const attempts = run.calls.attempts[row], finish = run.calls.finish[row];
  if (run.failed.has(row)) return [`no valid answer${attempts ? ` in ${attempts} attempts` : ""}`];
  const told = attempts ? [`${attempts} attempts`] : [];
  return finish ? [...told, finish === "length" ? "cut at its limit" : finish] : told;
}

// What JSON says, in fewer lines: a line for each field, what is inside it in a row.
function plain(value, deep) {
  if (Array.isArray(value)) return value.map((item) => plain(item, true)).join(", ");
  if (value === null || typeof value !== "object") return String(value);
  return Object.entries(value).map(([name, item]) => `${name}: ${plain(item, true)}`).join(deep ? " · " : "\n");
}

// A text as a paragraph; one that is JSON, by its fields (the prompt's view has it as it is).
function body(text) {
  if (/^\s*[{[]/.test(text)) {
    try {
      return el("pre", null, ...marked(plain(JSON.parse(text), false)));
    } catch { /* it only looks like JSON */ }
  }
  return el("p", null, ...marked(text));
}

// The option taken with its probability; the expectation too where options are numbers.
function chosen(row) {
  const text = run.strings[run.calls.text[row]], odds = run.calls.probabilities[row];
  if (!odds) return text;
  const options = run.calls.options[run.calls.choice[row]];
  const taken = `${text} (${percent(odds[options.indexOf(text)] ?? 0)})`;
  if (!options.every((option) => /^-?\d+$/.test(option))) return taken;
  const mean = odds.reduce((sum, p, i) => sum + p * Number(options[i]), 0) / 1000;
  return `${mean.toFixed(1)} expected, ${taken}`;
}

function bars(row) {
  const odds = run.calls.probabilities[row];
  if (!odds) return "";
  const options = run.calls.options[run.calls.choice[row]], text = run.strings[run.calls.text[row]];
  const told = options.map((option, i) => `${option}: ${percent(odds[i])}`).join("\n");
  const most = Math.max(...odds);
  return el("span", { class: "bars", role: "img", "aria-label": told, title: told }, ...options.map((option, i) => {
    const bar = el("i", { class: option === text ? "taken" : null });
    bar.style.height = `${(100 * odds[i]) / most}%`;
    return bar;
  }));
}

// What events say of this answer: by kind, the mean of what they measure, and each one.
function notesOf(row, episode) {
  const { span, row: rows, kind, text, value } = run.notes;
  const kinds = new Map();
  for (let i = span[episode][0]; i < span[episode][1] && rows[i] <= row; i++) {
    if (rows[i] === row) kinds.set(kind[i], [...(kinds.get(kind[i]) || []), i]);
  }
  return [...kinds].map(([name, found]) => {
    const values = found.map((i) => value[i]).filter((v) => v !== null);
    const mean = values.length ? shown(values.reduce((a, b) => a + b, 0) / values.length) : "";
    const texts = found.map((i) => [run.strings[text[i]], value[i] === null ? "" : shown(value[i])].filter(Boolean).join(" "));
    const title = [run.strings[name], ...(mean ? [" ", el("b", null, mean)] : [])];
    if (found.length === 1) return el("span", null, ...title, ...(run.strings[text[found[0]]] ? [` · ${run.strings[text[found[0]]]}`] : []));
    return el("details", null, el("summary", null, ...title, ` · ${found.length}`), items(texts));
  });
}

// --- the prompt of a call ---

function openPrompt(row) {
  byId("prompt-title").textContent = `What ${agentOf(row)} was asked: ${[headingOf(row), run.strings[run.calls.own[row]]].filter(Boolean).join(", ")}`;
  const message = (role, text, kind) => el("div", { class: `message ${kind}` }, el("span", { class: "role" }, role), el("pre", null, ...marked(text)));
  const messages = promptRows(row).map((m) => {
    const role = run.strings[run.messages.role[m]], label = run.strings[run.messages.label[m]], text = run.strings[run.messages.text[m]];
    return message(role, label ? `${label}: ${text}` : text, role);
  });
  const thought = run.calls.thought[row], thoughts = thought === undefined ? [] : [el("details", { class: "message thought" },
    el("summary", null, `what ${agentOf(row)} thought, read by nobody else`), el("pre", null, ...marked(run.strings[thought])))];
  const [prompt, cached, output] = run.calls.tokens.map((column) => column[row]);
  byId("prompt-body").replaceChildren(...messages, ...thoughts, message(`answer of ${agentOf(row)}`, run.strings[run.calls.text[row]], "reply"), odds(row),
    el("p", { class: "message quiet" }, [`call ${run.calls.number[row]}`, `policy ${run.strings[run.calls.policy[row]]}`,
      `${prompt} prompt tokens (${cached} cached), ${output} output tokens`, ...warnings(row)].join(" · ")));
  if (!byId("prompt").open) byId("prompt").showModal();
  byId("prompt").scrollTop = 0;
}

function odds(row) {
  const known = run.calls.probabilities[row];
  if (!known) return "";
  const text = run.strings[run.calls.text[row]];
  const cells = run.calls.options[run.calls.choice[row]].flatMap((option, i) => {
    const taken = option === text ? "taken" : null;
    const bar = el("i", { class: taken });
    bar.style.width = `${known[i] / 10}%`;
    return [el("span", { class: taken }, option), bar, el("span", { class: taken }, percent(known[i]))];
  });
  return el("div", { class: "odds" }, ...cells);
}
