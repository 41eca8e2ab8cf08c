// Cards, charters and shares, recognised by what is in them and read strictly (docs/PROTOCOL.md 2.1 to
// 2.5), so that they can be shown. What decides is always the command that takes them.
import { bytesOf, sha256, signed } from "/proof.js";

export const FILE_MAX = 45056; // bytes; what a request may bring (docs/CONSOLE.md 3)
const KINDS = { "openline card v1": "card", "openline charter v1": "charter", "openline contribution v1": "share" };
const utf8 = new TextEncoder();
const ODD = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u2028\u2029\ufeff\u202a-\u202e\u2066-\u2069]/;

export const base64 = (text) => btoa(Array.from(utf8.encode(text), (b) => String.fromCharCode(b)).join(""));
export const textOf = (b64) => new TextDecoder("utf-8", { fatal: true }).decode(bytesOf(b64));

// What is signed, and the signature lines after it.
function cut(text) {
  const found = /^([\s\S]*\n)\n((?:— \S+ [A-Za-z0-9+/]+=*\n)+)$/.exec(text);
  return found ? { body: found[1], lines: found[2].split("\n").filter(Boolean) } : { body: text, lines: [] };
}

function fields(body) {
  const out = Object.create(null);
  let section = "";
  if (!body.endsWith("\n") || ODD.test(body)) throw new Error("set-bad-form");
  for (const line of body.slice(0, -1).split("\n").slice(1)) {
    if (line === "" || line.startsWith("#")) continue;
    const head = /^\[([a-z0-9._-]+(?: [a-z0-9._-]+)*)\]$/.exec(line), pair = /^([a-z0-9._-]+) = (\S(?:.*\S)?)$/.exec(line);
    if (!head && !pair) throw new Error("set-bad-form");
    if (head) section = head[1];
    const here = head && section in out ? null : (out[section] ??= Object.create(null));
    if (here === null || (pair && pair[1] in here)) throw new Error("set-bad-form");
    if (pair) here[pair[1]] = pair[2];
  }
  return out;
}

const namesOf = (f) => Object.fromEntries(Object.entries(f).filter(([k]) => k.startsWith("name.")).map(([k, v]) => [k.slice(5), v]));

// True: signed by this identity; false: not at all. A signature that does not fit is an error.
async function isSigned(body, lines, party, identity) {
  const signatures = lines.map((line) => {
    const [, name, b64] = line.split(" "), blob = bytesOf(b64);
    return { name, id: blob.slice(0, 4), blob: blob.slice(4) };
  });
  try {
    return Boolean(await signed({ text: body, signatures }, `${party}/identity`, 0x01, bytesOf(identity)));
  } catch {
    throw new Error("set-bad-signature");
  }
}

async function cardOf(text) {
  const { body, lines } = cut(text), f = fields(body);
  if (!f.party?.name || !f.keys?.identity) throw new Error("set-bad-form");
  if (!(await isSigned(body, lines, f.party.name, f.keys.identity))) throw new Error("set-bad-signature");
  return { kind: "card", text, party: f.party.name, serial: Number(f.party.serial), names: namesOf(f.party), identity: f.keys.identity };
}

async function charterOf(text) {
  const { body, lines } = cut(text), f = fields(body), top = f[""] ?? {}, parties = [];
  for (const [section, p] of Object.entries(f))
    if (section.startsWith("party ") && p.identity) parties.push({ name: section.slice(6), identity: p.identity, names: namesOf(p) });
  if (!top.line || !top.rungs || parties.length < 2) throw new Error("set-bad-form");
  const by = [];
  for (const p of parties) if (await isSigned(body, lines, p.name, p.identity)) by.push(p.name);
  const id = [...(await sha256(utf8.encode(body))).slice(0, 16)].map((b) => b.toString(16).padStart(2, "0")).join("");
  return { kind: "charter", text, body, id, line: top.line, generation: Number(top.generation), rungs: top.rungs.split(" "), settings: { ...top }, parties, signed: by };
}

function shareOf(text) {
  const f = fields(cut(text).body)[""] ?? {};
  if (!f.line || !f.party || !f.secret) throw new Error("set-bad-form");
  return { kind: "share", text, party: f.party, id: f.line, generation: Number(f.generation) };
}

export async function read(text) {
  const kind = KINDS[text.split("\n", 1)[0]];
  if (!kind) throw new Error("set-bad-kind");
  return kind === "card" ? cardOf(text) : kind === "charter" ? charterOf(text) : shareOf(text);
}

// Two copies of one charter: the signatures of both. Null: they are two texts.
export function merge(a, b) {
  const x = cut(a), y = cut(b), lines = [...new Set([...x.lines, ...y.lines])];
  if (x.body !== y.body) return null;
  return lines.length === 0 ? x.body : `${x.body}\n${lines.join("\n")}\n`;
}

// An identity key as people read it to each other: as the card has it, in groups of four.
export const spelled = (identity) => identity.match(/.{1,4}/g) ?? [];
