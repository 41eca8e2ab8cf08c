// What the console knows, and how it keeps knowing it: of each line its status, its calls, and the
// rows of its record that are looked at. Events make it ask again; nothing is believed for ever.
import { lang } from "/words.js";
import { rows } from "/rows.js";

const OF_CALLS = new Set(["call", "ring", "reply", "close"]);

export function model(talk, changed) {
  const state = {
    link: "closed", station: null, acts: false, sets: false, login: false, party: "", version: "", names: [], lines: {},
    drafts: [],
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
      name, status: null, calls: [], total: 0, rows: rows(name, talk, soon, notice), names: {},
      asking: new Set(), again: new Set(), history: remembered(name), alarms: [], rungs: [],
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

  // What waits for a second officer, at whatever console of this server it was signed.
  const readDrafts = () => state.acts && talk.ask("drafts").then((said) => { state.drafts = said.drafts; soon(); }, () => {});

  const readStatus = (l) => once(l, "status", async () => {
    l.status = await talk.ask("status", { line: l.name });
    l.read = Date.now();
    l.total = l.status.entries;
    if (JSON.stringify(l.names) !== JSON.stringify(l.status.names ?? {})) l.names = l.status.names ?? {};
    remember(l);
  });
  const readCalls = (l) => once(l, "calls", async () => {
    const said = await talk.ask("calls", { line: l.name });
    l.calls = said.calls.map((c) => ({ ...c, read: Date.now() }));
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
    try { sessionStorage.setItem(`history ${l.name}`, JSON.stringify(l.history)); } catch { /* of this page alone */ }
  }

  // What this browser saw before it read the page again.
  function remembered(name) {
    try { return JSON.parse(sessionStorage.getItem(`history ${name}`)) ?? {}; } catch { return {}; }
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
      await Promise.all(hello.lines.map(async (name) => {
        const l = line(name), { position } = await talk.ask("position", { line: name });
        await Promise.all([readStatus(l), readCalls(l), talk.ask("subscribe", { line: name, cursor: position })]);
        l.rows.news();
      }));
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
    if (event.event === "draft") {
      readDrafts();
      return;
    }
    const l = event.line && line(event.line);
    if (!l) return;
    // What rings is asked for before all else; the record, which takes longest, after it.
    if (event.event === "call" || (event.event === "entry" && OF_CALLS.has(event.kind))) readCalls(l);
    if (["entry", "receipt", "overdue", "lagged", "state"].includes(event.event)) l.rows.news();
    if (event.event === "alarm") l.alarms = [...l.alarms.slice(-19), { ...event, at: Date.now() }];
    if (event.event !== "receipt") readStatus(l);
    soon();
  }

  return {
    state, heard, notice, line,
    async linked(link) {
      state.link = link;
      if (link === "open") {
        try {
          const seat = await talk.ask("seat");
          state.acts = seat.acts;
          state.sets = seat.sets;
          state.login = seat.login === true;
          state.drafts = [];
          readDrafts();
          if (state.sets && !location.hash && !(await talk.ask("home")).result.party) location.hash = "#/setup";
        } catch (error) {
          if (error.code === "OL_EAUTH") location.reload(); // the seat has ended: the page to log in comes
        }
      } else {
        state.station = null;
      }
      soon();
    },
    tick() {
      state.now = Date.now();
      for (const l of Object.values(state.lines)) if (state.station && state.now - (l.read ?? 0) > 5000) readStatus(l);
      soon();
    },
  };
}

// ---- what follows from it ----

export const DRILL = (status) => status === "exercise" || status === "test";

// A party's name in the reader's language, where its card has one, with the short name beside it.
export function nameOf(l, party) {
  const names = l.names?.[party], name = names?.[lang] ?? Object.values(names ?? {})[0];
  return name && name.toLowerCase() !== party ? `${name} · ${party.toUpperCase()}` : party.toUpperCase();
}

// Whose name and title: in the reader's language where the roster has it, the first one beside it.
const inLang = (pairs, one) => pairs?.find(([code]) => code === lang)?.[1] ?? pairs?.[0]?.[1] ?? one;
export function officerOf(s) {
  const name = inLang(s.names, s.name) ?? `#${s.officer}`, first = s.names?.[0]?.[1] ?? s.name;
  return [inLang(s.titles, s.title), first && first !== name ? `${name} (${first})` : name].filter(Boolean).join(" ");
}

const languages = new Map();
export function languageOf(code) {
  if (!languages.has(lang)) languages.set(lang, new Intl.DisplayNames([lang], { type: "language" }));
  try { return languages.get(lang).of(code); } catch { return code; }
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
