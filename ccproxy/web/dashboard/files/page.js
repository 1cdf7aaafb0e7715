// Keeps the page up to date. Without it the page shows the same tables, as they were when it was loaded.
"use strict";

const ROWS = 50; // As many as the page came with.
const DRAW_EVERY = 300; // Milliseconds: however much happens, so often is drawn.
const ASK_EVERY = 5000; // For what is rendered by ccproxy alone.

// --- The theme, before anything is drawn.

const THEMES = ["auto", "light", "dark"];

function theme() {
  try {
    return localStorage.getItem("theme") || "auto";
  } catch {
    return "auto";
  }
}

function wear(name) {
  if (name === "auto") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = name;
  const button = document.getElementById("theme");
  if (button) button.textContent = { auto: "Theme: system", light: "Theme: light", dark: "Theme: dark" }[name];
}

wear(theme());

// --- Numbers as ccproxy writes them.

const tokens = (count) => {
  if (count === null) return "-";
  for (const [size, unit, per] of [[1e9, "G", 1e9], [1e6, "M", 1e6], [1e4, "k", 1e3]])
    if (count >= size) return (count / per).toFixed(count / per >= 100 ? 0 : 1) + unit;
  return count.toLocaleString("en-US");
};
const seconds = (value) =>
  value === null ? "-" : value < 1 ? `${Math.round(value * 1000)} ms` : `${value.toFixed(value < 100 ? 1 : 0)} s`;
const money = (value) =>
  value === null ? "unknown" : `$${value && value < 0.1 ? value.toFixed(4) : value.toFixed(2)}`;
const size = (bytes) =>
  bytes >= 1048576 ? `${(bytes / 1048576).toFixed(1)} MiB` : bytes >= 1024 ? `${(bytes / 1024).toFixed(1)} KiB` : `${Math.round(bytes)} B`;
const known = (...values) => values.filter((value) => value !== null);

// --- Rows. One that is there already is filled anew, so that the keyboard's place in it is not lost.

const FIGURES = new Set(["Age", "First word", "Tokens in", "Tokens out", "Rate", "Took", "Cost"]);

function row(one, cells) {
  const made = document.createElement("tr");
  made.dataset.id = one.id;
  for (const head of cells) {
    const cell = document.createElement("td");
    cell.dataset.head = head;
    if (FIGURES.has(head)) cell.className = "figure";
    if (head === "Model") {
      const link = document.createElement("a");
      link.className = "trace";
      link.href = `/dashboard/exchanges/${encodeURIComponent(one.id)}`;
      cell.append(link);
    } else if (head === "Outcome") cell.append(document.createElement("span"));
    made.append(cell);
  }
  return made;
}

function fill(made, values) {
  for (const cell of made.cells) {
    const place = cell.firstElementChild || cell;
    const text = values[cell.dataset.head];
    if (text !== undefined && place.textContent !== text) place.textContent = text;
  }
}

function running(made, one) {
  const age = one.age + (performance.now() - one.at) / 1000;
  fill(made, {
    Model: one.asked || "(no model)",
    Target: one.target || "choosing…",
    Client: one.client,
    Age: seconds(age),
    "First word": seconds(one.first_content),
    "Tokens in": tokens(one.tokens_in),
    "Tokens out": tokens(one.tokens_out),
    Rate: one.tokens_out > 1 ? `${Math.round(one.tokens_out / age)}/s` : one.rate ? `${size(one.rate)}/s` : "-",
  });
}

function ended(made, one) {
  const began = new Date(one.began * 1000);
  const today = began.toDateString() === new Date().toDateString();
  fill(made, {
    Began: today
      ? began.toLocaleTimeString("en-GB")
      : began.toLocaleString("en-US", { month: "short", day: "2-digit", hour: "2-digit", minute: "2-digit", hour12: false }),
    Model: one.asked || "(no model)",
    Target: one.target || "nowhere",
    Client: one.client,
    Outcome: one.error || one.outcome,
    "First word": seconds(one.first_content),
    Took: seconds(one.total),
    "Tokens in": tokens(
      known(one.tokens_in, one.cache_read, one.cache_written).length
        ? known(one.tokens_in, one.cache_read, one.cache_written).reduce((sum, each) => sum + each)
        : null,
    ),
    "Tokens out": tokens(one.tokens_out),
    Cost: one.cost !== null || one.tokens_out ? money(one.cost) : "-",
  });
  made.querySelector('[data-head="Outcome"] span').className = `mood ${one.outcome}`;
}

class Table {
  constructor(name, write) {
    const place = document.getElementById(name);
    this.body = place.querySelector("tbody");
    this.empty = place.querySelector(".empty");
    this.heads = [...place.querySelectorAll("th")].map((head) => head.textContent);
    this.write = write;
    this.rows = new Map([...this.body.rows].map((each) => [each.dataset.id, each]));
    this.fresh = true;
  }

  show(found) {
    const rows = new Map();
    let next = this.body.firstElementChild;
    for (const one of found.slice(0, ROWS)) {
      let made = this.rows.get(one.id);
      if (!made) {
        made = row(one, this.heads);
        if (!this.fresh) made.classList.add("new");
      }
      this.write(made, one);
      rows.set(one.id, made);
      if (made === next) next = next.nextElementSibling;
      else this.body.insertBefore(made, next);
    }
    for (const [id, made] of this.rows) if (!rows.has(id)) made.remove();
    this.rows = rows;
    this.empty.hidden = rows.size > 0;
    this.fresh = false;
  }
}

// --- What is known, and when it is drawn.

function follow() {
  const tables = { running: new Table("running", running), recent: new Table("recent", ended) };
  const caption = document.querySelector("#running caption");
  const sign = document.getElementById("live");
  let runs = new Map();
  let over = [];
  let count = 0;
  let missed = 0;
  let drawn = null;
  let source = null;
  let stale = false;

  const say = (text, css) => {
    sign.textContent = text;
    sign.className = `live ${css}`;
  };

  function draw() {
    drawn = null;
    tables.running.show([...runs.values()]);
    tables.recent.show(over);
    caption.textContent = count > ROWS ? `Running now: ${count.toLocaleString("en-US")}, the oldest ${ROWS} of them` : "Running now";
    say(missed ? `live, ${missed.toLocaleString("en-US")} more not listed` : "live", "on");
  }

  const soon = () => {
    drawn ??= setTimeout(draw, DRAW_EVERY);
  };

  function take(one) {
    const now = performance.now();
    const before = runs.get(one.id);
    const passed = before && (now - before.at) / 1000;
    runs.set(one.id, { ...one, at: now, rate: before && passed > 0 ? (one.response_bytes - before.response_bytes) / passed : 0 });
  }

  function open() {
    source = new EventSource("/dashboard/live");
    source.addEventListener("snapshot", (event) => {
      const all = JSON.parse(event.data);
      runs = new Map();
      all.running.forEach(take);
      over = all.recent.slice(0, ROWS);
      count = runs.size;
      soon();
    });
    source.addEventListener("look", (event) => {
      const look = JSON.parse(event.data);
      look.began.concat(look.changed).forEach(take);
      for (const one of look.ended) runs.delete(one.id);
      if (look.missed) for (const id of [...runs.keys()].slice(0, Math.max(runs.size - look.running, 0))) runs.delete(id);
      over = look.ended.reverse().concat(over).slice(0, ROWS);
      count = look.running;
      missed += look.missed;
      stale = true;
      soon();
    });
    source.onerror = () => {
      say(source.readyState === EventSource.CLOSED ? "not connected: reload the page" : "connecting again", "off");
    };
  }

  function close() {
    if (source) source.close();
    source = null;
  }

  async function refresh() {
    if (document.hidden || !stale) return;
    stale = false;
    const answer = await fetch("/dashboard/overview").catch(() => null);
    if (answer?.status === 401) location.reload();
    if (!answer?.ok) return;
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
    for (const name of ["day", "standing"]) {
      const place = document.getElementById(name);
      // Whoever works in it keeps what is there until the next time.
      if (place.contains(document.activeElement)) stale = true;
      else place.replaceChildren(...fresh.getElementById(name).childNodes);
    }
  }

  sign.hidden = false;
  open();
  setInterval(refresh, ASK_EVERY);
  setInterval(() => {
    if (!document.hidden && runs.size) soon();
  }, 1000);
  // A page that nobody sees costs nothing.
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) close();
    else if (!source) {
      stale = true;
      open();
      refresh();
    }
  });
}

// --- The trace of an exchange, over the page. A link is a link where somebody wants another tab.

async function trace(address) {
  const answer = await fetch(`${address}?part=1`).catch(() => null);
  if (!answer || !answer.ok) return location.assign(address);
  document.getElementById("traced").innerHTML = await answer.text();
  return document.getElementById("trace").showModal();
}

document.addEventListener("DOMContentLoaded", () => {
  const button = document.getElementById("theme");
  button.hidden = false;
  wear(theme());
  button.addEventListener("click", () => {
    const next = THEMES[(THEMES.indexOf(theme()) + 1) % THEMES.length];
    try {
      localStorage.setItem("theme", next);
    } catch {
      // Then it lasts as long as the page.
    }
    wear(next);
  });

  document.addEventListener("click", (event) => {
    const over = event.target.closest("tr[data-id]");
    if (!over || event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
    event.preventDefault();
    trace(over.querySelector("a.trace").getAttribute("href"));
  });
  const dialog = document.getElementById("trace");
  dialog.addEventListener("click", (event) => {
    if (event.target === dialog) dialog.close();
  });

  if (document.getElementById("running")) follow();
});
