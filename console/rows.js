// The entries of a line that are looked at: a list by number, under a filter, of which only what is
// on the screen and near it is held. The station filters; texts, which it does not open, are
// searched here, a page at a time.
const FIRST = 40; // the last ones, when a line is opened
const AT_ONCE = 100; // asked for in one request; a reply has room for some of them
const MOST = 2000; // found by a search: more are not shown
const REST = 4; // after a reply the station is left alone so many times as long as it took

export const EVERYTHING = { text: "", precedence: "", status: "", author: "", machine: false };

const keysOf = (filter) => ({
  brief: filter.machine ? 0 : 1, ...(filter.precedence ? { precedence: filter.precedence } : {}),
  ...(filter.status ? { status: filter.status } : {}), ...(filter.author ? { author: filter.author } : {}),
});
const saysOf = (e) => [e.message?.text, e.message?.subject, e.call?.text, e.reply?.text, e.act?.text, e.order?.text, e.serial, e.entry]
  .filter(Boolean).join("\n").toLowerCase();
const wait = (ms) => new Promise((done) => setTimeout(done, ms));

export function rows(name, talk, changed, failed) {
  let filter = EVERYTHING, held = new Map(), count = null, from = 0, to = 0, open = false;
  let busy = false, again = false, whole = false, rest = 0, epoch = 0; // epoch: what was asked before it is of another list
  let search = null; // { text, found: [entries], names, walked, total, done }
  const texts = new Map(); // name → promise of an entry: what a row shows of another place

  const ask = (keys) => talk.ask("log", { line: name, ...keys });
  // The same object where nothing of it changed, so that its row stays as it is.
  const kept = (old, e) => old?.entry === e.entry && JSON.stringify(old) === JSON.stringify(e) ? old : e;

  const lacks = (i) => !held.has(i);
  const missing = () => { for (let i = from; i < Math.min(to, count ?? 0); i++) if (lacks(i)) return true; return false; };

  // The last of it, where nothing is known yet; else what is looked at, all of it or what is missing.
  async function range(of, all) {
    const first = count === null, was = count, fresh = new Map();
    const grows = all && !first && to >= count; // the end is looked at: so is what comes
    let at = from, end = first ? 0 : grows ? Infinity : Math.min(to, count);
    if (!all && !first) {
      while (at < end && !lacks(at)) at++;
      while (end > at && !lacks(end - 1)) end--;
    }
    do {
      const said = await ask({ ...keysOf(filter), ...(first ? { last: FIRST } : { from: at, limit: Math.max(1, Math.min(AT_ONCE, end - at)) }) });
      if (of !== epoch) return;
      count = said.found;
      at = said.number;
      for (const e of said.entries) { fresh.set(at, kept(held.get(at), e)); at++; }
      if (said.entries.length === 0) break;
    } while (at < Math.min(end, count));
    if (first) from = Math.max(0, count - FIRST);
    if (first || grows) to = count;
    // What grew meanwhile may have moved what was held before.
    if (!all && was === count) for (const [i, e] of held) if (!fresh.has(i) && i >= from - AT_ONCE && i < to + AT_ONCE) fresh.set(i, e);
    held = fresh;
  }

  // Through the whole record, oldest first; with news from where the last walk ended.
  async function walk(of) {
    const s = search;
    for (;;) {
      const began = performance.now();
      const said = await ask({ ...keysOf(filter), from: s.walked, limit: AT_ONCE });
      if (of !== epoch || s !== search) return;
      s.total = said.found;
      for (const e of said.entries) if (!s.names.has(e.entry) && s.found.length < MOST && saysOf(e).includes(s.text)) { s.names.add(e.entry); s.found.push(e); }
      s.walked += said.entries.length;
      s.done = said.next === null || said.entries.length === 0 || s.found.length === MOST;
      count = s.found.length;
      changed();
      if (s.done) break;
      await wait(performance.now() - began);
      if (of !== epoch || s !== search) return;
    }
    for (let i = from; i < Math.min(to, count); i++) { // what is on the screen, as it is now
      const old = s.found[i], said = old && await ask({ entry: old.entry });
      if (of !== epoch || s !== search) return;
      if (said) s.found[i] = kept(old, said.entries[0]);
    }
  }

  async function read(all) {
    if (!open) return;
    if (busy) { again = true; whole ||= all; return; }
    busy = true;
    const of = epoch, began = performance.now(), seen = [from, to].join();
    try {
      await (search ? walk(of) : range(of, all));
      if (of === epoch && all) self.unread = (await ask({ unread: 1, limit: 1 })).found;
    } catch (error) {
      if (error.code && error.code !== "OL_EAGAIN") failed(error.what);
    }
    rest = performance.now() + (performance.now() - began) * REST;
    busy = false;
    changed();
    const next = again || of !== epoch || (!search && seen !== [from, to].join() && missing()), every = whole || of !== epoch;
    again = whole = false;
    if (next) read(every);
  }

  const anew = () => { epoch++; held = new Map(); count = null; from = to = 0; };
  let due = null;

  const self = {
    unread: 0,
    get count() { return count; },
    get filter() { return filter; },
    get progress() { return search && !search.done ? search.walked / Math.max(1, search.total ?? 1) : null; },
    get cut() { return search?.found.length === MOST; },
    at: (i) => search ? search.found[i] : held.get(i),
    open() { open = true; if (count === null) read(true); },
    close() { open = false; texts.clear(); filter = EVERYTHING; search = null; anew(); },
    choose(next) {
      if (JSON.stringify(next) === JSON.stringify(filter)) return;
      filter = next;
      anew();
      const text = next.text.trim().toLowerCase();
      search = text ? { text, found: [], names: new Set(), walked: 0, total: null, done: false } : null;
      if (search) count = 0;
      read(true);
    },
    // What is on the screen and near it.
    want(a, b) {
      if (a === from && b === to) return;
      from = a, to = b;
      if (!search && missing()) read(false);
    },
    // Something was stored: soon, and not so often that the station has nothing else to do.
    news() {
      if (!open || due !== null) return;
      due = setTimeout(() => {
        due = null;
        if (search) { search.walked = Math.max(0, search.walked - AT_ONCE); search.done = false; }
        read(true);
      }, Math.max(40, rest - performance.now()));
    },
    // Where an entry stands under the filter, or null: it does not pass.
    async place(entry) {
      if (search) { const i = search.found.findIndex((e) => e.entry === entry); return i < 0 ? null : i; }
      const { number } = await ask({ ...keysOf(filter), entry }), said = await ask({ ...keysOf(filter), from: number, limit: 1 });
      return said.entries[0]?.entry === entry ? number : null;
    },
    firstUnread: async () => (await ask({ unread: 1, limit: 1 })).entries[0]?.entry ?? null,
    // When it is known how long the list is.
    async known() { while (open && count === null) await wait(20); },
    // Another entry, for what a row says of it: what people wrote does not change.
    other(entry) {
      if (!texts.has(entry)) {
        const asked = ask({ entry }).then((said) => said.entries[0]);
        asked.catch(() => texts.delete(entry));
        texts.set(entry, asked);
        if (texts.size > 500) texts.delete(texts.keys().next().value);
      }
      return texts.get(entry);
    },
  };
  return self;
}
