// What the page shows, read from the data that stands in it (see runs/report/transcripts.py).
// Texts come from language models: they only ever become text nodes, and nothing is loaded from anywhere.

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
