// A check of one entry, in this page, by the browser's own cryptography and nothing of the station's:
// cards and charter (Ed25519), the author's head (C2SP tlog-checkpoint), the entry's place under it
// (RFC 6962), and the receipts of the others (C2SP cosignature/v1). Formats: docs/PROTOCOL.md 2, 3, 7.
import { html, useEffect, useState } from "/lib/preact.js";
import { t } from "/words.js";
import { dtg } from "/time.js";

const utf8 = new TextEncoder();
export const bytesOf = (b64) => Uint8Array.from(atob(b64), (c) => c.charCodeAt(0));
const textOf = (bytes) => new TextDecoder("utf-8", { fatal: true }).decode(bytes);
const same = (a, b) => a.length === b.length && a.every((x, i) => x === b[i]);
export const sha256 = async (...parts) => {
  const all = new Uint8Array(parts.reduce((n, p) => n + p.length, 0));
  parts.reduce((at, p) => { all.set(p, at); return at + p.length; }, 0);
  return new Uint8Array(await crypto.subtle.digest("SHA-256", all));
};

async function verifies(key, signature, message) {
  const k = await crypto.subtle.importKey("raw", key, "Ed25519", false, ["verify"]);
  return crypto.subtle.verify("Ed25519", k, signature, message);
}

// A signed note: its text, and its signature lines by name.
export function note(bytes) {
  const text = textOf(bytes), at = text.lastIndexOf("\n\n");
  if (at < 0) throw new Error("no signed note");
  const signatures = text.slice(at + 2).split("\n").filter(Boolean).map((line) => {
    const found = /^— (\S+) ([A-Za-z0-9+/]+=*)$/.exec(line);
    if (!found) throw new Error("a signature line that is none");
    const blob = bytesOf(found[2]);
    return { name: found[1], id: blob.slice(0, 4), blob: blob.slice(4) };
  });
  return { text: text.slice(0, at + 1), signatures };
}

export async function signed(n, name, type, key) {
  const id = (await sha256(utf8.encode(`${name}\n`), Uint8Array.of(type), key)).slice(0, 4);
  for (const s of n.signatures) {
    if (s.name !== name || !same(s.id, id)) continue;
    if (type === 0x01) {
      if (await verifies(key, s.blob, utf8.encode(n.text))) return { time: null };
    } else {
      const time = new DataView(s.blob.buffer, s.blob.byteOffset, 8).getBigUint64(0);
      if (await verifies(key, s.blob.slice(8), utf8.encode(`cosignature/v1\ntime ${time}\n${n.text}`))) return { time: Number(time) };
    }
    throw new Error(`the signature of ${name} does not verify`);
  }
  return null;
}

// What a card or charter says: [section] and key = value.
function fields(text) {
  const out = Object.create(null);
  let section = "";
  for (const line of text.split("\n").slice(1)) {
    const head = /^\[(.+)\]$/.exec(line), pair = /^(\S+) = (.*)$/.exec(line);
    if (head) section = head[1];
    else if (pair) (out[section] ??= Object.create(null))[pair[1]] = pair[2];
  }
  return out;
}

// The root over which a leaf has this place (RFC 9162 2.1.3.2).
async function rootOf(leaf, index, size, path) {
  let hash = await sha256(Uint8Array.of(0), leaf), fn = index, sn = size - 1, at = 0;
  while (sn > 0) {
    if (fn % 2 === 1 || fn === sn) {
      if (at >= path.length) throw new Error("the inclusion path is too short");
      hash = await sha256(Uint8Array.of(1), path[at++], hash);
      while (fn % 2 === 0 && fn !== 0) { fn = Math.floor(fn / 2); sn = Math.floor(sn / 2); }
    } else {
      if (at >= path.length) throw new Error("the inclusion path is too short");
      hash = await sha256(Uint8Array.of(1), hash, path[at++]);
    }
    fn = Math.floor(fn / 2);
    sn = Math.floor(sn / 2);
  }
  if (at !== path.length) throw new Error("the inclusion path is too long");
  return hash;
}

// files: { path: Uint8Array } of one proof; shown: the entry that it is to be of, by log and index.
// Says what holds, a sentence each; throws at the first that does not.
export async function check(files, say, shown = null) {
  const cards = Object.create(null), one = (end) => Object.keys(files).find((path) => path.endsWith(end));
  for (const path of Object.keys(files).filter((p) => p.startsWith("cards/")).sort()) {
    const n = note(files[path]), f = fields(n.text);
    const name = f.party.name, identity = bytesOf(f.keys.identity);
    if (!(await signed(n, `${name}/identity`, 0x01, identity))) throw new Error(`the card of ${name} is not signed`);
    if (cards[name] && !same(cards[name].identity, identity)) throw new Error(`two identities of ${name}`);
    (cards[name] ??= { identity, log: [], receipt: [] }).log.push(bytesOf(f.keys.log));
    cards[name].receipt.push(bytesOf(f.keys.receipt));
    say("proof-card", { party: name });
  }
  const charter = note(files.charter), says = fields(charter.text), parties = [];
  for (const [section, f] of Object.entries(says)) {
    if (!section.startsWith("party ")) continue;
    const name = section.slice(6), identity = bytesOf(f.identity);
    if (!cards[name] || !same(cards[name].identity, identity)) throw new Error(`the card of ${name} is not that of the charter`);
    if (!(await signed(charter, `${name}/identity`, 0x01, identity))) throw new Error(`${name} has not signed the charter`);
    parties.push(name);
  }
  say("proof-charter", { parties: parties.join(", ") });

  const leafPath = one(".leaf"), proofText = textOf(files[one(".tlog-proof")]);
  const [, head] = /^([\s\S]*?)\n\n([\s\S]*)$/.exec(proofText) ?? [];
  const lines = head.split("\n");
  if (lines[0] !== "c2sp.org/tlog-proof@v1") throw new Error("no proof of the known form");
  const index = Number(/^index (\d+)$/.exec(lines[1])[1]), path = lines.slice(2).map(bytesOf);
  const checkpoint = note(utf8.encode(proofText.slice(head.length + 2)));
  const [origin, sizeText, root] = checkpoint.text.split("\n"), size = Number(sizeText);
  const [lineName, author] = origin.split("/"), log = origin.split("/").slice(1).join("/");
  if (!parties.includes(author)) throw new Error(`${author} is no party of the charter`);
  if (lineName !== says[""]?.line) throw new Error("the proof is of another line");
  if (!leafPath.startsWith(`${log}/`) || !(index < size)) throw new Error("the proof is of another log");
  if (shown && (shown.log !== log || shown.index !== index)) throw new Error("the proof is of another entry");
  let isSigned = false;
  for (const key of cards[author].log) isSigned ||= Boolean(await signed(checkpoint, origin, 0x01, key).catch(() => null));
  if (!isSigned) throw new Error(`${author} has not signed this head`);
  say("proof-head", { party: author, size });
  if (!same(await rootOf(files[leafPath], index, size, path), bytesOf(root))) throw new Error("the entry is not under this head");
  say("proof-leaf", { index });
  for (const name of parties) {
    if (name === author) continue;
    for (const key of cards[name].receipt) {
      const found = await signed(checkpoint, `${lineName}/${name}/mirror`, 0x04, key).catch(() => null);
      if (found) { say("proof-receipt", { party: name, time: dtg(found.time) }); break; }
    }
  }
}

export function save(name, text, type = "application/json") {
  const a = document.createElement("a");
  a.href = URL.createObjectURL(new Blob([text], { type }));
  a.download = name;
  a.click();
  URL.revokeObjectURL(a.href);
}

export function Proof({ entry, line, talk }) {
  const [said, setSaid] = useState([]), [fault, setFault] = useState(null), [files, setFiles] = useState(null), [done, setDone] = useState(false);
  useEffect(() => {
    const found = [];
    (async () => {
      const reply = await talk.ask("proof", { line: line.name, entry: entry.entry });
      setFiles(reply.files);
      const bytes = Object.fromEntries(Object.entries(reply.files).map(([path, b64]) => [path, bytesOf(b64)]));
      await check(bytes, (key, values) => { found.push([key, values]); setSaid([...found]); }, entry);
      setDone(true);
    })().catch((e) => setFault(e.what ?? e.message));
  }, [entry.entry]);
  return html`<div class="proof" data-proof=${done ? "holds" : fault ? "fails" : "checking"} onClick=${(e) => e.stopPropagation()}>
    <b>${t("checking")}</b>
    ${said.map(([key, values]) => html`<p class="ok">${t(key, values)}</p>`)}
    ${fault && html`<p class="no">${t("proof-bad", { why: fault })}</p>`}
    <code>${entry.log} #${entry.index}</code>
    ${files && html`<button onClick=${() => save(`${entry.entry.replaceAll("/", "-")}.proof.json`, JSON.stringify(files, null, 1))}>${t("download")}</button>`}
  </div>`;
}
