// Where one is (the address is a permalink) and what one does: keys, buttons, theme.

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
  if (!made && narrowed() && openEpisode() >= 0 && chapterOf(openEpisode()).taken) {
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
