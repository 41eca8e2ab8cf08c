// How far the founding of a line has come: what the home says, what was brought into this page, and
// what can be done next. Cards and charter outlive a reload; shares and passphrases never.
import { FILE_MAX, base64, merge, read, textOf } from "/notes.js";
import { save } from "/proof.js";

const KEY = "openline-setup";
const EMPTY = { cards: [], compared: [], charter: "", another: false, restart: false };

function recall() {
  try { return { ...EMPTY, ...JSON.parse(sessionStorage.getItem(KEY)) }; } catch { return { ...EMPTY }; }
}

export function flow(talk, changed) {
  const f = {
    home: null, cards: [], charter: null, joined: null, shares: {}, pass: null,
    busy: null, faults: {}, told: [], tests: {}, kept: recall(),
  };

  function keep(more) {
    f.kept = { ...f.kept, ...more };
    try { sessionStorage.setItem(KEY, JSON.stringify(f.kept)); } catch { /* it is gone with the page */ }
  }

  async function look() {
    const cards = [], said = await talk.ask("home");
    f.home = said.result;
    for (const text of f.kept.cards) try { cards.push(await read(text)); } catch { /* it was one once */ }
    f.cards = cards;
    const lines = f.home.lines ?? [], under = lines.filter((l) => !l.joined && l.generation === 0);
    if (!f.kept.charter && under.length > 0 && under[0].charter) keep({ charter: under[0].charter });
    for (const l of under) if (l.charter && f.kept.charter) keep({ charter: merge(f.kept.charter, l.charter) ?? f.kept.charter });
    try { f.charter = f.kept.charter ? await read(f.kept.charter) : null; } catch { f.charter = null; }
    const ours = lines.filter((l) => l.joined);
    f.joined = (f.charter ? ours.find((l) => l.line === f.charter.line && l.id === f.charter.id) : f.kept.another ? null : ours.at(-1)) ?? null;
    f.under = f.charter ? under.find((l) => l.id === f.charter.id) ?? null : null;
    changed();
  }

  // One act at a time; its error stays beside the step that it belongs to.
  async function act(step, what, keys = {}, { pass = false } = {}) {
    f.busy = what;
    f.faults = { ...f.faults, [step]: null };
    changed();
    try {
      return await talk.ask(what, { ...keys, ...(pass && f.pass ? { passphrase: f.pass } : {}) });
    } catch (error) {
      f.faults = { ...f.faults, [step]: error };
      return null;
    } finally {
      f.busy = null;
      await look().catch(() => {});
      changed();
    }
  }

  const fault = (step, what) => { f.faults = { ...f.faults, [step]: { what } }; changed(); };
  const tell = (key, values = {}, bad = false) => { f.told = [{ key, values, bad }, ...f.told].slice(0, 6); };

  async function takeCard(card) {
    if (card.party === f.home?.party) { tell("set-took-own-card"); return; }
    const others = f.cards.filter((c) => c.party !== card.party);
    keep({ cards: [...others.map((c) => c.text), card.text].sort() });
    tell("set-took-card", { party: card.party });
  }

  async function takeCharter(charter) {
    const both = f.kept.charter ? merge(f.kept.charter, charter.text) : null;
    keep({ charter: both ?? charter.text, another: true });
    if (both === null) f.shares = {};
    tell("set-took-charter", { line: charter.line });
    const now = await read(f.kept.charter);
    if (f.home?.party && now.signed.includes(f.home.party)) // the home keeps the others' signatures, too
      await talk.ask("charter-sign", { charter: base64(f.kept.charter) }).catch(() => {});
  }

  function takeShare(share) {
    if (share.party === f.home?.party) { tell("set-took-own-share"); return; }
    if (!f.charter || share.id !== f.charter.id) { tell("set-share-elsewhere", { party: share.party }, true); return; }
    f.shares = { ...f.shares, [share.party]: share.text };
    tell("set-took-share", { party: share.party });
  }

  async function take(files) {
    f.told = [];
    for (const file of files) {
      try {
        if (file.size > FILE_MAX) throw new Error("set-bad-long");
        const it = await read(new TextDecoder("utf-8", { fatal: true }).decode(await file.arrayBuffer()));
        if (it.kind === "card") await takeCard(it);
        else if (it.kind === "charter") await takeCharter(it);
        else takeShare(it);
      } catch (error) {
        tell("set-bad-file", { file: file.name, why: error.message.startsWith("set-") ? error.message : "set-bad-kind" }, true);
      }
    }
    await look();
  }

  return {
    f, look, act, take, keep, fault,
    async make(keys, pass) {
      f.pass = pass || null;
      return act("keys", "init", keys, { pass: true });
    },
    async draft(line, set) {
      const cards = [f.home.card, ...f.cards.map((c) => c.text)].map((text) => [/^name = (.*)$/m.exec(text)[1], text]).sort();
      const said = await act("charter", "charter-draft", { line, cards: cards.map(([, text]) => base64(text)), set });
      if (said) { keep({ charter: said.result.charter, another: true }); f.shares = {}; await look(); }
    },
    async sign(replace) {
      const said = await act("charter", "charter-sign", { charter: base64(f.kept.charter), ...(replace ? { replace: true } : {}) }, { pass: true });
      if (said) { keep({ charter: textOf(said.files.charter) }); await look(); }
    },
    async contribute(again) {
      const said = await act("secret", "contribute", { line: f.charter.line, ...(again ? { again: true } : {}) }, { pass: true });
      if (again && said) f.shares = {};
      if (said) save(`${f.charter.line}.${f.home.party}.share`, textOf(said.files.out), "application/octet-stream");
    },
    async combine() {
      const shares = f.charter.parties.filter((p) => p.name !== f.home.party).map((p) => base64(f.shares[p.name]));
      if (await act("secret", "combine", { line: f.charter.line, shares })) { f.shares = {}; changed(); }
    },
    async join(digits) {
      const names = f.charter.parties.map((p) => p.name), cards = f.cards.filter((c) => names.includes(c.party));
      const said = await act("secret", "join", { charter: base64(f.kept.charter), cards: cards.map((c) => base64(c.text)), digits });
      if (said) keep({ restart: said.result.restart || f.kept.restart });
    },
    async way(what, keys) {
      const said = await act("ways", what, keys);
      if (said?.result.restart) { keep({ restart: true }); changed(); }
      return said;
    },
    async test(line) {
      const said = await act("ways", "bearer-test", { line });
      if (said) for (const p of said.result.paths) f.tests[`${line} ${p.party} ${p.url}`] = p;
      changed();
    },
    async station(what) {
      if (await act("station", what, {}, { pass: true })) { keep({ restart: false }); f.tests = {}; await look(); }
    },
    another() {
      keep({ charter: "", another: true });
      f.shares = {};
      f.faults = {};
      return look();
    },
    back() { // to what is there without this charter
      keep({ charter: "", another: false });
      f.shares = {};
      f.faults = {};
      return look();
    },
    leave() { f.pass = null; f.shares = {}; },
  };
}
