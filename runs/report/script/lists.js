// Search, filters, and the lists of episodes and results.

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
  if (!words || !known()) return;
  run.lower ??= [];
  for (let n = run.lower.length; n < run.strings.length; n++) run.lower.push(run.strings[n].toLowerCase());
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
  if ((filters.query || narrowed()) && !known()) readAll(list);
  else if (filters.query) pages(list, results.length, drawResult, list, "Nothing found.");
  else drawEpisodes(list);
  const gone = run.chapters.find((chapter) => chapter.missing);
  if (gone) list.prepend(el("p", { class: "bad" }, missing(gone)));
}

// What is searched or narrowed is looked for in all chapters, so these come first.
function readAll(list) {
  const told = el("p", { class: "none quiet" }, "Reading all episodes …");
  list.append(told);
  fetchAll((done, of) => {
    told.textContent = `Reading all episodes: ${done} of ${of.chapters.length} parts …`;
    if (told.isConnected && run === of && known()) filter();
  });
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
