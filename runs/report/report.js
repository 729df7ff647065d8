"use strict";
// Shows the data that stands in the page (see runs/report/transcripts.py). Texts come from language models:
// they only ever become text nodes, and nothing is loaded from anywhere.
(() => {
  const PAGE = 200; // rows of a list that are drawn at a time
  const byId = (id) => document.getElementById(id);
  const runs = []; // parsed when first shown
  const filters = { query: "", agent: -1, purpose: -1, failed: false, prompts: false, first: -Infinity, last: Infinity };
  let run = null; // the run that is shown
  let place = {}; // where the address points: run, view, episode, call
  let results = []; // [call row, message row or -1] of each hit
  let current = -1; // which of them is open
  let marks = null; // what is highlighted
  let order = { by: -1, down: false }; // column of the episodes' list
  let drawn = ""; // which episode the reading side shows, with which filters

  function el(tag, attributes, ...children) {
    const made = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes || {})) {
      if (name === "click") made.addEventListener("click", value);
      else if (value !== null && value !== false) made.setAttribute(name, value);
    }
    made.append(...children);
    return made;
  }

  function shown(value) {
    if (value === null) return "";
    if (typeof value === "boolean") return value ? "yes" : "no";
    if (typeof value === "number") return String(Math.abs(value) >= 0.01 ? Number(value.toFixed(3)) : Number(value.toPrecision(2)));
    return value;
  }

  const percent = (thousandths) => `${(thousandths / 10).toFixed(thousandths < 10 && thousandths > 0 ? 1 : 0)} %`;

  // --- data ---

  function load(number) {
    if (!runs[number]) {
      const data = JSON.parse(byId(`data-${number}`).textContent);
      data.failed = new Set(data.calls.failed);
      data.varying = data.episodes.outcome.filter((column) => column.values.some((v) => v !== column.values[0]));
      runs[number] = data;
    }
    return runs[number];
  }

  // The last i with starts[i] <= row.
  function holder(starts, row) {
    let low = 0, high = starts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (starts[middle] <= row) low = middle; else high = middle - 1;
    }
    return low;
  }

  const episodeOf = (row) => holder(run.calls.start, row);
  const agentOf = (row) => run.strings[run.calls.agent[row]];
  const headingOf = (row) => run.strings[run.headings.text[holder(run.headings.row, row)]];

  // The messages of a prompt by row, from their numbers, "0 3-6 9".
  function promptRows(row) {
    const start = run.messages.start[episodeOf(row)];
    const rows = [];
    for (const part of run.strings[run.calls.prompt[row]].split(" ").filter(Boolean)) {
      const [first, last] = part.split("-").map(Number);
      for (let i = first; i <= (last ?? first); i++) rows.push(start + i);
    }
    return rows;
  }

  function link(row) {
    return `#run=${place.run}&episode=${run.episodes.number[episodeOf(row)]}&call=${run.calls.number[row]}`;
  }

  // --- search and filters ---

  function passes(row) {
    return (filters.agent < 0 || run.calls.agent[row] === filters.agent)
      && (filters.purpose < 0 || run.calls.purpose[row] === filters.purpose)
      && (!filters.failed || run.failed.has(row));
  }

  const narrowed = () => filters.agent >= 0 || filters.purpose >= 0 || filters.failed;
  const inRange = (episode) => run.episodes.number[episode] >= filters.first && run.episodes.number[episode] <= filters.last;

  function search() {
    results = [];
    current = -1;
    const words = filters.query.toLowerCase();
    marks = words ? new RegExp(words.replace(/[.*+?^$\{}()|[\]\\]/g, "\\$&"), "giu") : null;
    if (!words) return;
    run.lower ??= run.strings.map((text) => text.toLowerCase());
    const hit = Uint8Array.from(run.lower, (text) => text.includes(words));
    const { start, text } = run.calls;
    for (let episode = 0; episode + 1 < start.length; episode++) {
      if (!inRange(episode)) continue;
      const waiting = filters.prompts ? askedIn(episode, hit) : new Set();
      for (let row = start[episode]; row < start[episode + 1]; row++) {
        if (!passes(row)) continue;
        if (waiting.size) {
          for (const message of promptRows(row)) if (waiting.delete(message)) results.push([row, message]);
        }
        if (hit[text[row]]) results.push([row, -1]);
      }
    }
  }

  // The messages of an episode that are hit and are nobody's reply.
  function askedIn(episode, hit) {
    const said = new Set(run.calls.text.slice(run.calls.start[episode], run.calls.start[episode + 1]));
    const found = new Set();
    for (let row = run.messages.start[episode]; row < run.messages.start[episode + 1]; row++) {
      const text = run.messages.text[row];
      if (hit[text] && !said.has(text)) found.add(row);
    }
    return found;
  }

  // The text with what was searched for marked, as nodes.
  function marked(text) {
    if (!marks) return [text];
    const nodes = [];
    let from = 0;
    for (const found of text.matchAll(marks)) {
      nodes.push(text.slice(from, found.index), el("mark", null, found[0]));
      from = found.index + found[0].length;
    }
    return [...nodes, text.slice(from)];
  }

  function excerpt(text) {
    const at = Math.max(0, text.search(marks) - 50);
    return (at ? "…" : "") + text.slice(at, at + 170) + (at + 170 < text.length ? "…" : "");
  }

  // --- the list ---

  function drawList() {
    const list = byId("list");
    list.replaceChildren();
    list.scrollTop = 0;
    byId("count").textContent = filters.query ? `${current >= 0 ? `${current + 1} of ` : ""}${results.length.toLocaleString("en")}` : "";
    byId("previous").disabled = byId("next").disabled = !results.length;
    if (filters.query) pages(list, results.length, drawResult, list, "Nothing found.");
    else drawEpisodes(list);
  }

  // Rows 0 … count − 1 into `into`, a page at a time as they are scrolled to.
  function pages(into, count, draw, list, nothing) {
    let done = 0;
    const more = el("button", { type: "button", class: "more", click: page }, "More");
    function page() {
      const rows = document.createDocumentFragment();
      for (const end = Math.min(count, done + PAGE); done < end; done++) rows.append(draw(done));
      into.append(rows);
      if (done < count) list.append(more); else { more.remove(); watch.disconnect(); }
    }
    const watch = new IntersectionObserver((seen) => { if (seen.some((s) => s.isIntersecting)) page(); }, { root: list, rootMargin: "400px" });
    page();
    if (done < count) watch.observe(more);
    if (!count) list.append(el("p", { class: "none quiet" }, nothing));
  }

  function drawResult(i) {
    const [row, message] = results[i];
    const text = run.strings[message < 0 ? run.calls.text[row] : run.messages.text[message]];
    const where = `episode ${run.episodes.number[episodeOf(row)]} · ${message < 0 ? "" : "asked of "}${agentOf(row)} · ${headingOf(row)}`;
    return el("a", { class: "result", href: link(row), "data-result": i, "aria-current": i === current ? "true" : null, click: () => { current = i; } },
      el("span", { class: "where" }, where), el("span", null, ...marked(excerpt(text))));
  }

  function drawEpisodes(list) {
    const { number } = run.episodes;
    let found = number.map((_, i) => i).filter(inRange);
    if (narrowed()) {
      found = found.filter((i) => {
        for (let row = run.calls.start[i]; row < run.calls.start[i + 1]; row++) if (passes(row)) return true;
        return false;
      });
    }
    const column = order.by < 0 ? number : run.varying[order.by].values;
    const sign = order.down ? -1 : 1;
    const size = (value) => (value === null ? Infinity * sign : value);
    found.sort((a, b) => (size(column[a]) < size(column[b]) ? -sign : size(column[a]) > size(column[b]) ? sign : a - b));
    const heads = ["#", ...run.varying.map((c) => c.name.replaceAll("_", " "))].map((name, i) => {
      const by = i - 1, sorted = order.by === by;
      const turn = () => { order = { by, down: sorted && !order.down }; drawList(); };
      return el("th", { "aria-sort": sorted ? (order.down ? "descending" : "ascending") : null },
        el("button", { type: "button", click: turn }, name + (sorted ? (order.down ? " ↓" : " ↑") : "")));
    });
    const body = el("tbody");
    list.append(el("table", null, el("thead", null, el("tr", null, ...heads)), body));
    pages(body, found.length, (i) => drawEpisodeRow(found[i]), list, "No such episode.");
  }

  function drawEpisodeRow(i) {
    const href = `#run=${place.run}&episode=${run.episodes.number[i]}`;
    const cells = run.varying.map(({ values }) => {
      const text = shown(values[i]);
      return el("td", { class: typeof values[i] === "number" ? "number" : null, title: text.length > 24 ? text : null }, text);
    });
    const mark = run.episodes.ended[i] ? [] : [" ", el("span", { class: "bad" }, "unfinished")];
    return el("tr", { "data-episode": i, "aria-selected": String(i === openEpisode()), click: (event) => { if (!event.ctrlKey && !event.metaKey) { event.preventDefault(); go(href); } } },
      el("td", null, el("a", { href }, String(run.episodes.number[i])), ...mark), ...cells);
  }

  // --- the open episode ---

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
    const first = run.calls.start[episode], end = run.calls.start[episode + 1];
    const seen = [];
    for (let row = first; row < end; row++) if (passes(row)) seen.push(row);
    if (seen.length < end - first) {
      reading.append(el("p", { class: "hidden-note" }, `${seen.length} of ${end - first} answers shown. `,
        el("button", { type: "button", click: clearFilters }, "Show all")));
    }
    const events = { at: run.lines.start[episode], end: run.lines.start[episode + 1] };
    let heading = -1, agent = -1, turn = null;
    for (const row of seen) {
      const now = holder(run.headings.row, row);
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
    const { start, row: rows, kind, text, value } = run.notes;
    const kinds = new Map();
    for (let i = start[episode]; i < start[episode + 1] && rows[i] <= row; i++) {
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
    const [prompt, cached, output] = run.calls.tokens.map((column) => column[row]);
    byId("prompt-body").replaceChildren(...messages, message(`answer of ${agentOf(row)}`, run.strings[run.calls.text[row]], "reply"), odds(row),
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

  // --- where one is ---

  // Go to an address at once: the browser's own way tells of it later, when the next key may be down.
  function go(to) {
    if (location.hash !== to) history.pushState(null, "", to);
    route();
  }

  function route() {
    const asked = new URLSearchParams(location.hash.slice(1));
    const number = (name) => (/^\d+$/.test(asked.get(name) ?? "") ? Number(asked.get(name)) : null);
    const before = place.run;
    place = { run: number("run") ?? 0, episode: number("episode"), call: number("call"), view: asked.get("view") };
    if (!byId(`data-${place.run}`)) place.run = 0;
    if (place.run !== before) changeRun();
    const reads = place.episode !== null || place.view === "transcripts";
    byId("overview").hidden = reads;
    byId("transcripts").hidden = !reads;
    byId("to-overview").setAttribute("aria-current", reads ? "false" : "page");
    byId("to-transcripts").setAttribute("aria-current", reads ? "page" : "false");
    drawReading();
    for (const row of byId("list").querySelectorAll("tr[data-episode]")) row.setAttribute("aria-selected", String(Number(row.dataset.episode) === openEpisode()));
    byId("to-transcripts").href = `#run=${place.run}&` + (place.episode === null ? "view=transcripts" : `episode=${place.episode}`);
    if (byId("prompt").open) byId("prompt").close();
    showCall();
    showResult();
  }

  function changeRun() {
    run = load(place.run);
    byId("run").value = String(place.run);
    byId("to-overview").href = `#run=${place.run}`;
    for (const section of document.querySelectorAll(".run")) section.hidden = section.dataset.run !== String(place.run);
    run.agents ??= [...new Set(run.calls.agent)];
    run.purposes ??= [...new Set(run.calls.purpose)];
    for (const [name, numbers] of [["agent", run.agents], ["purpose", run.purposes]]) {
      byId(name).replaceChildren(el("option", { value: "-1" }, "all"), ...numbers.map((n) => el("option", { value: n }, run.strings[n])));
    }
    order = { by: -1, down: false };
    clearFilters();
  }

  function showCall() {
    for (const old of document.querySelectorAll(".answer.here")) old.classList.remove("here");
    if (place.call === null) return;
    let made = byId(`call-${place.call}`);
    if (!made && narrowed() && openEpisode() >= 0) {
      clearFilters(true);
      made = byId(`call-${place.call}`);
    }
    if (!made) return;
    made.classList.add("here");
    made.focus({ preventScroll: true });
    made.scrollIntoView({ block: "center" });
    const hit = results[current];
    if (hit && hit[1] >= 0 && hit[0] === Number(made.dataset.row)) openPrompt(hit[0]);
  }

  function showResult() {
    if (!filters.query) return;
    byId("count").textContent = `${current >= 0 ? `${current + 1} of ` : ""}${results.length.toLocaleString("en")}`;
    for (const old of document.querySelectorAll(".result[aria-current]")) old.removeAttribute("aria-current");
    const made = document.querySelector(`.result[data-result="${current}"]`);
    if (made) { made.setAttribute("aria-current", "true"); made.scrollIntoView({ block: "nearest" }); }
  }

  // --- what one does ---

  function step(by) {
    if (!results.length) return;
    current = current < 0 ? (by > 0 ? 0 : results.length - 1) : (current + by + results.length) % results.length;
    go(link(results[current][0]));
  }

  function filter() {
    const range = byId("episodes").value.match(/^\s*(\d+)\s*(?:[-–]\s*(\d+)?\s*)?$/);
    const open = range && /[-–]/.test(byId("episodes").value);
    Object.assign(filters, {
      query: byId("query").value.trim(), agent: Number(byId("agent").value), purpose: Number(byId("purpose").value),
      failed: byId("failed").checked, prompts: byId("prompts").checked,
      first: range ? Number(range[1]) : -Infinity, last: range ? (open ? Number(range[2] ?? Infinity) : Number(range[1])) : Infinity,
    });
    byId("episodes").setAttribute("aria-invalid", String(!range && byId("episodes").value.trim() !== ""));
    search();
    drawList();
    drawReading();
  }

  function clearFilters(keepsQuery) {
    byId("agent").value = byId("purpose").value = "-1";
    byId("failed").checked = false;
    if (keepsQuery !== true) byId("episodes").value = "";
    const kept = current;
    filter();
    if (keepsQuery === true) current = kept;
  }

  function query() {
    filter();
    if (filters.query && byId("transcripts").hidden) go(`#run=${place.run}&view=transcripts`);
  }

  function walk(by) {
    const all = [...document.querySelectorAll("#reading .answer")];
    const at = all.findIndex((made) => made.classList.contains("here"));
    const to = all[at < 0 ? (by > 0 ? 0 : all.length - 1) : at + by];
    if (to) go(link(Number(to.dataset.row)));
  }

  function theme(to) {
    document.documentElement.dataset.theme = to;
    try { localStorage.setItem("palaestra-theme", to); } catch { /* not allowed here: it lasts as long as the page */ }
  }

  const turnTheme = () => theme(document.documentElement.dataset.theme === "dark" ? "light" : "dark");

  const keys = {
    "/": () => byId("query").focus(), n: () => step(1), p: () => step(-1), j: () => walk(1), k: () => walk(-1),
    o: () => { const here = document.querySelector(".answer.here"); if (here) openPrompt(Number(here.dataset.row)); },
    "[": () => document.querySelectorAll(".episode-head button")[0]?.click(),
    "]": () => document.querySelectorAll(".episode-head button")[1]?.click(),
    t: turnTheme, "?": () => byId("help").showModal(),
  };

  function start() {
    let kept = null;
    try { kept = localStorage.getItem("palaestra-theme"); } catch { /* see above */ }
    const dark = matchMedia("(prefers-color-scheme: dark)");
    document.documentElement.dataset.theme = kept ?? (dark.matches ? "dark" : "light");
    if (!kept) dark.addEventListener("change", () => { document.documentElement.dataset.theme = dark.matches ? "dark" : "light"; });
    document.querySelector(".run-choice").hidden = byId("run").options.length < 2;
    new ResizeObserver(([bar]) => document.documentElement.style.setProperty("--bar-height", `${bar.target.offsetHeight}px`)).observe(document.querySelector(".bar"));
    addEventListener("hashchange", route);
    byId("run").addEventListener("change", () => go(`#run=${byId("run").value}${byId("transcripts").hidden ? "" : "&view=transcripts"}`));
    byId("query").addEventListener("input", query);
    byId("search").addEventListener("submit", (event) => { event.preventDefault(); step(1); });
    for (const name of ["agent", "purpose", "failed", "prompts"]) byId(name).addEventListener("change", filter);
    byId("episodes").addEventListener("input", filter);
    byId("previous").addEventListener("click", () => step(-1));
    byId("next").addEventListener("click", () => step(1));
    byId("theme").addEventListener("click", turnTheme);
    byId("keys").addEventListener("click", keys["?"]);
    addEventListener("keydown", (event) => {
      if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input, select, dialog")) return;
      if (keys[event.key]) { event.preventDefault(); keys[event.key](); }
    });
    route();
  }

  start();
})();
