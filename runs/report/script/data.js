// What the page shows, read from the data that stands in it (see runs/report/transcripts.py), or beside it.
// Texts come from language models: they only ever become text nodes, and nothing else is loaded from anywhere.

const PAGE = 200; // rows of a list that are drawn at a time
const AT_A_TIME = 4; // chapters that are loaded
const CALL_TEXTS = ["agent", "purpose", "policy", "prompt", "text", "own"], MESSAGE_TEXTS = ["role", "label", "text"];
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
    const told = JSON.parse(byId(`data-${number}`).textContent);
    runs[number] = contents(told);
    if (!told.chapters) take(runs[number], 0, told);
  }
  return runs[number];
}

// A run whose chapters are still to be taken.
function contents(told) {
  const { outcome } = told.episodes;
  for (const column of outcome) if (column.texts) column.values = column.values.map((n) => (n === null ? null : column.texts[n]));
  const columns = (names) => Object.fromEntries(names.map((name) => [name, []]));
  const made = {
    name: told.name, episodes: told.episodes, strings: [], numbers: new Map(), folder: told.folder, failed: new Set(),
    varying: outcome.filter((column) => column.values.some((v) => v !== column.values[0])),
    chapters: (told.chapters ?? [[0, ""]]).map(([first, file]) => ({ first, file, taken: false, missing: false, waiting: null })),
    calls: { start: told.calls.start, ...columns([...CALL_TEXTS, "number", "probabilities", "choice", "options", "heading"]), tokens: [[], [], []], attempts: {}, thought: {}, finish: {} },
    messages: { start: told.messages.start, ...columns(MESSAGE_TEXTS) },
    headings: columns(["step", "text"]), notes: columns(["span", "row", "kind", "text", "value"]), lines: columns(["span", "step", "kind", "text"]),
  };
  made.agents = told.agents.map((text) => numbered(made, text));
  made.purposes = told.purposes.map((text) => numbered(made, text));
  return made;
}

function numbered(into, text) {
  const known = into.numbers.get(text);
  if (known !== undefined) return known;
  into.numbers.set(text, into.strings.length);
  return into.strings.push(text) - 1;
}

// Put what a chapter tells where it belongs among all rows and texts of its run.
function take(into, index, told) {
  const { first } = into.chapters[index], row = into.calls.start[first], message = into.messages.start[first];
  const strings = told.strings.map((text) => numbered(into, text));
  const text = (number) => strings[number], same = (value) => value;
  const put = (to, from, at, of) => from.forEach((value, i) => { to[at + i] = of(value); });
  const { calls } = into;
  for (const name of CALL_TEXTS) put(calls[name], told.calls[name], row, text);
  for (const name of ["number", "probabilities"]) put(calls[name], told.calls[name], row, same);
  told.calls.tokens.forEach((column, i) => put(calls.tokens[i], column, row, same));
  const options = calls.options.length;
  put(calls.options, told.calls.options, options, same);
  put(calls.choice, told.calls.choice, row, (number) => (number === null ? null : options + number));
  for (const [name, of] of [["attempts", same], ["finish", same], ["thought", text]]) {
    for (const [place, value] of Object.entries(told.calls[name])) calls[name][row + Number(place)] = of(value);
  }
  for (const place of told.calls.failed) into.failed.add(row + place);
  for (const name of MESSAGE_TEXTS) put(into.messages[name], told.messages[name], message, text);
  const heading = into.headings.step.length, ends = [...told.headings.row.slice(1), told.calls.number.length];
  put(into.headings.step, told.headings.step, heading, same);
  put(into.headings.text, told.headings.text, heading, text);
  told.headings.row.forEach((start, i) => { for (let r = start; r < ends[i]; r++) calls.heading[row + r] = heading + i; });
  for (const [to, from, plain] of [[into.notes, told.notes, "value"], [into.lines, told.lines, "step"]]) {
    const at = to.kind.length;
    for (let i = 0; i + 1 < from.start.length; i++) to.span[first + i] = [at + from.start[i], at + from.start[i + 1]];
    put(to.kind, from.kind, at, text);
    put(to.text, from.text, at, text);
    put(to[plain], from[plain], at, same);
    if (from.row) put(to.row, from.row, at, (place) => row + place);
  }
  into.chapters[index].taken = true;
}

// --- what stands beside the page ---

window.palaestraChapter = (number, index, json) => take(load(number), index, JSON.parse(json));

const chapterOf = (episode) => run.chapters[holder(run.chapters.map((chapter) => chapter.first), episode)];

// Load a chapter of the run that is shown, then do something; also where it turns out to be missing.
function fetchChapter(chapter, then) {
  if (chapter.taken || chapter.missing) { then(); return; }
  if (chapter.waiting) { chapter.waiting.push(then); return; }
  chapter.waiting = [then];
  const script = el("script", { src: `${run.folder}/${chapter.file}` });
  const over = () => {
    script.remove();
    chapter.missing = !chapter.taken;
    const waiting = chapter.waiting;
    chapter.waiting = null;
    for (const each of waiting) each();
  };
  script.addEventListener("load", over);
  script.addEventListener("error", over);
  document.head.append(script);
}

const known = () => run.chapters.every((chapter) => chapter.taken || chapter.missing);

// Load all chapters of the run that is shown, some at a time; tell how many there are after each.
function fetchAll(tell) {
  const asked = run, rest = run.chapters.filter((chapter) => !chapter.taken && !chapter.missing);
  let done = run.chapters.length - rest.length;
  const next = () => {
    const chapter = run === asked ? rest.shift() : undefined;
    if (chapter) fetchChapter(chapter, () => { tell(++done, asked); next(); });
  };
  for (let i = 0; i < AT_A_TIME; i++) next();
}

const missing = (chapter) => `The file ${decodeURI(run.folder)}/${chapter.file} is missing beside this page: keep both together, or make the report again.`;

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
const headingOf = (row) => run.strings[run.headings.text[run.calls.heading[row]]];

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
