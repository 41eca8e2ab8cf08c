// What the console knows, and how it keeps knowing it: of each line its status, its calls, and the
// pages of its record that are looked at. Events make it ask again; nothing is believed for ever.
export const PAGE = 50;

export function model(talk, changed) {
  const state = {
    link: "closed", station: null, acts: false, party: "", version: "", names: [], lines: {},
    notices: [], now: Date.now(),
  };
  let due = false;
  const soon = () => {
    if (due) return;
    due = true;
    requestAnimationFrame(() => { due = false; changed(); });
  };

  function line(name) {
    return state.lines[name] ??= {
      name, status: null, calls: [], total: 0, pages: new Map(), wanted: new Set(), position: 0,
      asking: new Set(), again: new Set(), history: {}, alarms: [], rungs: [],
    };
  }

  // One question of a kind at a time; what changes meanwhile is asked once more afterwards.
  async function once(l, key, ask) {
    if (l.asking.has(key)) { l.again.add(key); return; }
    l.asking.add(key);
    try {
      await ask();
    } catch (error) {
      if (error.code && error.code !== "OL_EAGAIN") notice(error.what);
    }
    l.asking.delete(key);
    soon();
    if (l.again.delete(key)) once(l, key, ask);
  }

  const readStatus = (l) => once(l, "status", async () => {
    l.status = await talk.ask("status", { line: l.name });
    l.read = Date.now();
    remember(l);
  });
  const readCalls = (l) => once(l, "calls", async () => {
    const said = await talk.ask("calls", { line: l.name });
    l.calls = said.calls.map((c) => ({ ...c, read: Date.now() }));
  });
  const readPage = (l, page) => once(l, `page ${page}`, async () => {
    const said = await talk.ask("log", { line: l.name, from: page * PAGE, limit: PAGE });
    l.total = said.total;
    l.position = said.position;
    l.pages.set(page, said.entries);
    for (const old of [...l.pages.keys()]) if (!l.wanted.has(old) && old < lastPage(l) - 1) l.pages.delete(old);
  });
  const lastPage = (l) => Math.max(0, Math.ceil(l.total / PAGE) - 1);
  const readTail = (l) => once(l, "tail", async () => {
    const said = await talk.ask("log", { line: l.name, last: 1 });
    l.total = said.total;
    for (const page of new Set([...l.wanted, Math.max(0, lastPage(l) - 1), lastPage(l)])) readPage(l, page);
  });

  // A strip of the last quarter of an hour for each path: alive or not, by what the station says.
  function remember(l) {
    for (const path of l.status.paths ?? []) {
      const strip = l.history[path.party + path.path] ??= [];
      const now = Math.floor(Date.now() / 15000);
      const last = strip.at(-1);
      if (last && last.at === now) last.live = last.live && path.live;
      else strip.push({ at: now, live: path.live });
      while (strip.length > 60) strip.shift();
    }
  }

  function notice(text) {
    state.notices = [...state.notices.slice(-4), { text, at: Date.now() }];
    soon();
  }

  async function begin() {
    try {
      const hello = await talk.ask("hello");
      state.party = hello.party;
      state.version = hello.version;
      state.names = hello.lines;
      for (const name of hello.lines) {
        const l = line(name);
        await Promise.all([readStatus(l), readCalls(l), readTail(l)]);
        await talk.ask("subscribe", { line: name, cursor: l.position });
      }
    } catch (error) {
      notice(error.what);
    }
    soon();
  }

  function heard(event) {
    if (event.event === "station") {
      state.station = event.up;
      if (event.up) begin();
      soon();
      return;
    }
    const l = event.line && line(event.line);
    if (!l) return;
    if (["entry", "receipt", "overdue", "lagged"].includes(event.event)) readTail(l);
    if (["call", "entry"].includes(event.event)) readCalls(l);
    if (event.event === "alarm") l.alarms = [...l.alarms.slice(-19), { ...event, at: Date.now() }];
    if (event.event !== "receipt") readStatus(l);
    soon();
  }

  return {
    state, heard, notice, line,
    async linked(link) {
      state.link = link;
      if (link === "open") {
        try { state.acts = (await talk.ask("seat")).acts; } catch { /* it comes back by itself */ }
      } else {
        state.station = null;
      }
      soon();
    },
    want(name, pages) {
      const l = line(name);
      l.wanted = new Set(pages);
      for (const page of pages) if (!l.pages.has(page)) readPage(l, page);
    },
    tick() {
      state.now = Date.now();
      for (const l of Object.values(state.lines)) if (state.station && state.now - (l.read ?? 0) > 5000) readStatus(l);
      soon();
    },
    readTail: (name) => readTail(line(name)),
  };
}

// ---- what follows from it ----

export const DRILL = (status) => status === "exercise" || status === "test";

export function entriesOf(l) {
  return [...l.pages.entries()].sort((a, b) => a[0] - b[0]).flatMap(([, entries]) => entries);
}

// Calls to us that ring or wait for a reply.
export function ringing(state) {
  const found = [];
  for (const l of Object.values(state.lines))
    for (const c of l.calls)
      if (c.caller !== state.party && ["rings", "silent", "new"].includes(c.state)) found.push({ line: l, call: c });
  const rank = { flash: 0, immediate: 1, priority: 2, routine: 3 };
  return found.sort((a, b) => DRILL(a.call.status) - DRILL(b.call.status) || rank[a.call.precedence] - rank[b.call.precedence]);
}

// How a line is: the station's own word.
export const condition = (l) => l.status?.state ?? "unknown";
