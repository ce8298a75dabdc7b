// The live page: a stream of states from the engine, drawn anew when one comes. Text
// from the engine enters the page as text only, never as markup.
"use strict";

const main = document.getElementById("rollouts"), link = document.getElementById("link"), login = document.getElementById("login");

// el makes an element with classes, text and children.
function el(tag, cls, ...children) {
  const e = document.createElement(tag);
  if (cls) e.className = cls;
  e.append(...children.filter(c => c !== null && c !== undefined && c !== ""));
  return e;
}

const compact = new Intl.NumberFormat("en", { notation: "compact", maximumSignificantDigits: 4 });

function number(x) {
  if (x === null || x === undefined) return "–";
  return Math.abs(x) < 1e5 ? Number(x.toPrecision(4)).toString() : compact.format(x);
}

function span(seconds) {
  const h = Math.floor(seconds / 3600), m = Math.floor(seconds % 3600 / 60), s = seconds % 60;
  return h ? `${h} h ${m} min` : m ? `${m} min` : `${s} s`;
}

function clock(time) {
  const t = new Date(time);
  return isNaN(t) ? "–" : t.toISOString().slice(11, 19);
}

const moods = { running: "good", promoted: "good", completed: "good", held: "wait", paused: "wait", rolled_back: "bad", aborted: "bad" };
const verdictMoods = { advance: "good", promote: "good", hold: "wait", rollback: "bad" };

function notes(r) {
  const all = [];
  if (r.stale) all.push(`The engine made no cut since ${clock(r.wall)}: what stands here is old.`);
  if (!r.linked) all.push("The engine does not reach NATS: verdicts wait.");
  if (r.catching_up) all.push("The engine catches up with the stream: only a rollback is signed meanwhile.");
  if (r.fenced) all.push("Another engine writes the verdicts of this rollout.");
  if (r.dry_run) all.push("Dry run: routers do not follow.");
  if (r.gate === "manual") all.push(r.approvals > 1 ? `The stage has a manual gate: it waits for the promote of ${r.approvals} people, ${(r.approvers || []).length} spoke${(r.approvers || []).map((who, i) => (i ? ", " : ": ") + (who === "nats/" ? "somebody by NATS" : who)).join("")}.` : "The stage has a manual gate: it waits for a promote.");
  return all.map(text => el("p", "note", text));
}

function stages(r) {
  const list = el("ol", "stages"), lost = r.phase === "rolled_back" || r.phase === "aborted";
  (r.stages || []).forEach((weight, i) => {
    const cls = r.phase === "completed" || i < r.stage ? "done" : i > r.stage ? "" : lost ? "lost" : "now";
    list.append(el("li", cls, `${weight} %`));
  });
  return list;
}

function split(r) {
  const bar = el("div", "split"), part = el("i");
  part.style.width = `${r.canary_weight_bps / 100}%`;
  bar.append(part);
  bar.setAttribute("role", "img");
  bar.setAttribute("aria-label", `canary ${r.canary_weight_bps / 100} percent`);
  return [bar, el("div", "legend", el("span", "", "canary ", el("bdi", "", r.canary), `: ${r.canary_weight_bps / 100} %`),
    el("span", "", "stable ", el("bdi", "", r.stable), `: ${(10000 - r.canary_weight_bps) / 100} %`))];
}

// evidence is a bar of log E; the mark at four fifths is the threshold.
function evidence(c) {
  const bar = el("div", "bar" + (c.result === "unknown" ? "" : ` ${c.result}`)), part = el("i");
  const log = c.result === "harm" ? c.log_e_max : c.log_e;
  part.style.width = `${Math.max(0, Math.min(1, (log || 0) / c.threshold * 0.8)) * 100}%`;
  bar.append(part, el("b"));
  bar.title = `e^${number(log)} against “${c.null}”; e^${number(c.threshold)} is needed`;
  return bar;
}

// value is what an arm has; a distance belongs to both.
function value(c, arm) {
  return c.n[arm] && c.kind !== "drift" ? number(c.value[arm]) : "–";
}

// effect is the estimate, with the interval that holds at every look.
function effect(c) {
  const e = c.effect;
  if (!c.blocks || !e || !e.ci_level && c.kind !== "drift") return "–";
  const estimate = e.scale === "ratio" ? `×${number(e.estimate)}` : e.scale === "difference" ? (e.estimate > 0 ? "+" : "") + number(e.estimate) : `${e.scale} ${number(e.estimate)}`;
  if (!e.ci_level) return estimate;
  const cell = el("span", "", estimate, el("small", "", ` ${number(e.ci_low)} to ${number(e.ci_high)}`));
  cell.title = `${e.scale}, with its interval at ${e.ci_level * 100} % (${e.ci_method})`;
  return cell;
}

function row(tag, cells) {
  const tr = el("tr");
  for (const [cls, child] of cells) tr.append(el(tag, cls, child));
  return tr;
}

function checks(r) {
  if (!r.checks || !r.checks.length) return [];
  const t = el("table", "", row("th", [["", "check"], ["", "role"], ["", "result"], ["n", "stable"], ["n", "canary"], ["n", "effect"], ["e", "evidence"], ["n", "log E"], ["n", "needed"], ["n", "n stable"], ["n", "n canary"]]));
  for (const c of r.checks) {
    const mood = c.result === "harm" ? "bad" : c.result === "safe" ? "good" : "calm";
    t.append(row("td", [["w", c.name], ["calm", c.role], [mood, c.result === "unknown" ? "not shown" : c.result],
      ["n", value(c, 0)], ["n", value(c, 1)], ["n", effect(c)], ["e", evidence(c)],
      ["n", number(c.log_e)], ["n", number(c.threshold)], ["n", String(c.n[0])], ["n", String(c.n[1])]]));
  }
  return [el("h3", "", "Checks"), el("div", "table", t)];
}

function missing(r) {
  if (!r.missing || !r.missing.length) return [];
  const list = el("ul", "missing", ...r.missing.map(m => el("li", "", m)));
  const when = r.eta_seconds ? `Missing for the next step, about ${span(r.eta_seconds)} if all goes on as now` : "Missing for the next step";
  return [el("h3", "", when), list];
}

function verdicts(r) {
  if (!r.recent || !r.recent.length) return [];
  const t = el("table", "", row("th", [["", "time"], ["n", "no."], ["", "verdict"], ["n", "canary"], ["", "reason"], ["", "by"]]));
  for (const v of r.recent.slice(0, 12)) {
    t.append(row("td", [["w", clock(v.time)], ["n", `${v.generation}.${v.sequence}`], [verdictMoods[v.verdict] || "calm", v.verdict],
      ["n", `${v.canary_weight_bps / 100} %`], ["t", `${v.reason}: ${v.message}`], ["t", v.actor]]));
  }
  return [el("h3", "", "Verdicts"), el("div", "table", t)];
}

function card(r) {
  const phase = r.held && r.held !== r.phase ? `${r.phase}: ${r.held}` : r.phase;
  return el("article", "",
    el("div", "head", el("h2", "", `${r.namespace}/${r.rollout}`), el("span", `pill ${moods[r.phase] || "calm"}`, phase.replace("_", " ")),
      el("small", "", `generation ${r.generation}, cut ${r.cut} at ${clock(r.wall)} UTC, engine ${r.engine || "–"}`)),
    r.head ? el("p", "why", r.head.reason.message) : null, ...notes(r), stages(r), ...split(r), ...checks(r), ...missing(r), ...verdicts(r));
}

function draw(state) {
  const cards = (state.rollouts || []).map(card);
  main.replaceChildren(...(cards.length ? cards : [el("p", "empty", "No rollout runs here.")]));
}

function say(text, away) {
  link.textContent = text;
  link.classList.toggle("away", Boolean(away));
}

// follow reads the stream until it ends. fetch, and not EventSource: it can state who asks.
async function follow() {
  const token = sessionStorage.getItem("token"), headers = token ? { Authorization: `Bearer ${token}` } : {};
  const response = await fetch("/api/v1/events", { headers, cache: "no-store" });
  login.hidden = response.status !== 401;
  if (!response.ok) throw new Error(response.status === 401 ? "who are you?" : `the engine answers ${response.status}`);
  say("live");
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  for (let text = ""; ;) {
    const { value, done } = await reader.read();
    if (done) throw new Error("the engine hung up");
    text += value;
    for (let end; (end = text.indexOf("\n\n")) >= 0; text = text.slice(end + 2)) {
      const data = text.slice(0, end).split("\n").filter(l => l.startsWith("data: ")).map(l => l.slice(6)).join("\n");
      if (data) draw(JSON.parse(data));
    }
  }
}

async function run() {
  for (; ;) {
    try {
      await follow();
    } catch (e) {
      say(`not connected: ${e.message}`, true);
    }
    await new Promise(again => setTimeout(again, login.hidden ? 2000 : 60000));
  }
}

login.addEventListener("submit", e => {
  e.preventDefault();
  sessionStorage.setItem("token", document.getElementById("token").value.trim());
  location.reload();
});

run();
