// One entry of the record as a row: what it says, how far it came, what can be done with it; and the
// arrows between the two sides.
import { Component, html, useEffect, useLayoutEffect, useRef, useState } from "/lib/preact.js";
import { DRILL, languageOf, nameOf, officerOf } from "/model.js";
import { lang, t } from "/words.js";
import { dtg, local } from "/time.js";
import { Fault, useAct } from "/call.js";
import { Proof } from "/proof.js";

const STAGES = ["queued", "sent", "stored", "seen", "answered"];

// ---- what an entry says, in a line ----

export function statusOf(e) {
  return e.message?.status ?? e.call?.status ?? e.ring?.status ?? e.close?.status ?? e.reply?.status ?? e.act?.status ?? e.order?.status ?? null;
}
export const precedenceOf = (e) => e.message?.precedence ?? e.call?.precedence ?? null;
const isPeople = (e) => ["message", "call", "reply", "act", "order", "officer", "watch"].includes(e.kind);

// A translation stands under its original wherever in the record it is: its text is fetched.
function Translation({ of: x, rows, line }) {
  const [e, setEntry] = useState(null);
  useEffect(() => { let on = true; rows.other(x.entry).then((found) => on && setEntry(found), () => {}); return () => { on = false; }; }, [x.entry]);
  const by = e?.signed?.find((s) => s.valid);
  return html`<div class="translation" data-translation=${x.entry}>
    <p class="by"><span class="chip">${t(`grade-${x.grade}`)}</span> ${e?.message?.lang ? html`<span class="chip">${languageOf(e.message.lang)}</span> ` : ""}
      ${t("translated-by", { who: by ? `${nameOf(line, x.party)}, ${officerOf(by)}` : nameOf(line, x.party) })} <a href=${`#/line/${line.name}/${x.entry}`}>${x.entry}</a></p>
    ${e && html`<p class="text" dir="auto" lang=${e.message?.lang ?? null}>${e.message?.text ?? t("unreadable", { why: e.message?.unreadable ?? e.unreadable ?? "" })}</p>`}
  </div>`;
}

function Roster({ officer: o }) {
  const titles = o.titles.map(([, text]) => text).join(" / "), names = o.names.map(([, text]) => text).join(" / ");
  return html`<div class="said"><p class="text"><b>${t(o.left ? "officer-left" : "officer-on", { number: o.number })}</b> <span dir="auto">${titles} ${names}</span></p></div>`;
}

function Said({ entry: e, line }) {
  if (e.kind === "message") {
    const m = e.message;
    return html`<div class="said">
      ${((m.to && m.to !== "watch") || m.action) && html`<p class="addressee">${t("draft-to", { whom: [...(m.action ?? []), m.to].join(" · ") })}</p>`}
      ${m.subject && html`<b class="subject" dir="auto">${m.subject}</b>`}
      ${m.sort && m.sort !== "traffic" && html`<span class="chip">${t(`sort-${m.sort}`)}</span>`}
      <p class="text" dir="auto" lang=${m.lang ?? null}>${m.text ?? t("unreadable", { why: m.unreadable ?? "" })}</p>
      ${m.ref && html`<a class="ref" href=${`#/line/${line.name}/${m.ref}`}>${t(m.sort === "translation" ? "translation-of" : "about", { entry: m.ref })}</a>`}
    </div>`;
  }
  if (e.kind === "call")
    return html`<div class="said"><p class="text"><b>${t("call")}</b> ${t("rung", { rung: e.call.rung })}</p>
      ${e.call.text && html`<p dir="auto">${e.call.text}</p>`}</div>`;
  if (e.kind === "reply")
    return html`<div class="said"><p class="text"><b>${t(`did-${e.reply.verb}`)}</b> ${e.reply.call}</p>
      ${e.reply.text && html`<p dir="auto">${e.reply.text}</p>`}</div>`;
  if (e.kind === "ring")
    return html`<div class="said quiet-text">${e.ring.state === "rings" ? t("rings-rung", { rung: e.ring.rung }) : t("called-silent")} · ${e.ring.call}</div>`;
  if (e.kind === "close")
    return html`<div class="said quiet-text">${t(`closed-${e.close.why}`)} · ${e.close.call}</div>`;
  if (e.kind === "check")
    return html`<div class="said quiet-text">${t("check", { number: e.check.number, time: "" })}</div>`;
  if (e.kind === "act")
    return html`<div class="said"><p class="text"><b>${t(`act-${e.act.verb}`)}</b> ${e.act.ref ?? ""}</p>
      ${e.act.text && html`<p dir="auto">${e.act.text}</p>`}</div>`;
  if (e.kind === "order")
    return html`<div class="said"><p class="text"><b>${t(`order-${e.order.verb}`)}</b></p>${e.order.text && html`<p dir="auto">${e.order.text}</p>`}</div>`;
  if (e.kind === "officer" && e.officer) return html`<${Roster} officer=${e.officer} />`;
  if (e.kind === "watch" && e.watch)
    return html`<div class="said"><p class="text"><b>${t(e.watch.officer ? "watch-taken" : "watch-left", { number: e.watch.officer, from: e.watch.from })}</b></p>${e.watch.text && html`<p dir="auto">${e.watch.text}</p>`}</div>`;
  if (e.kind === "unreadable") return html`<div class="said quiet-text">${t("unreadable", { why: e.unreadable })}</div>`;
  return html`<div class="said quiet-text">${e.kind}</div>`;
}

function Stages({ entry: e, line }) {
  const states = Object.entries(e.states ?? {});
  if (states.length === 0) return null;
  return html`<ul class="stages">${states.map(([party, s]) => {
    const reached = STAGES.indexOf(s.state);
    const time = s.answered?.wall ?? s.seen?.wall ?? s.time;
    return html`<li data-party=${party} data-state=${s.state}><span class="steps" aria-hidden="true">${STAGES.slice(1).map((x, i) => html`<i class=${i + 1 <= reached ? "on" : ""}></i>`)}</span>
      <b title=${nameOf(line, party)}>${party}</b> ${t(`stage-${s.state}`)} ${time ? html`<time title=${local(time, lang)}>${dtg(time)}</time>` : ""}
      ${s.interim?.until && html`<span class="chip">${t("interim-until", { time: dtg(s.interim.until) })}</span>`}</li>`;
  })}</ul>`;
}

function Acts({ entry: e, model, talk, line, onReply }) {
  const { act, error, busy } = useAct(talk), ours = e.author === model.state.party;
  const keys = { line: line.name, entry: e.entry };
  const [proof, setProof] = useState(false);
  const seen = e.states?.[model.state.party], can = model.state.acts;
  return html`<div class="acts">
    ${can && !ours && e.kind === "message" && html`
      ${!["seen", "answered"].includes(seen?.state) && html`<button disabled=${busy} onClick=${() => act("ack", keys)}>${t("ack")}</button>`}
      <button onClick=${() => onReply(e)}>${t("reply")}</button>
      <button disabled=${busy} onClick=${() => act("interim", { ...keys, in: "30m" })}>${t("interim")}</button>`}
    ${e.kind === "call" && html`<a class="button" href=${`#/call/${line.name}/${e.entry}`}>${t("show-call")}</a>`}
    <button aria-expanded=${proof} onClick=${() => setProof(!proof)}>${t("proof")}</button>
    <${Fault} error=${error} />
    ${proof && html`<${Proof} entry=${e} line=${line} talk=${talk} />`}
  </div>`;
}

// A row is drawn anew only when something of it changed.
export class Entry extends Component {
  shouldComponentUpdate(next) { return ["entry", "number", "chosen", "acts", "lang", "names"].some((key) => next[key] !== this.props[key]); }
  render() { return html`<${Row} ...${this.props} />`; }
}

function Row({ entry: e, number, model, talk, line, rows, chosen, onChoose, onReply }) {
  const ours = e.author === model.state.party, status = statusOf(e), drill = DRILL(status), people = isPeople(e);
  const precedence = precedenceOf(e), cancelled = e.cancelled?.length > 0 || e.cancelled?.entry;
  return html`<li class=${`entry ${ours ? "ours" : "theirs"} ${people ? "people" : "machine"} ${drill ? "drill" : ""} ${chosen ? "chosen" : ""} ${cancelled ? "cancelled" : ""}`}
      data-entry=${e.entry} data-number=${number}>
    <article tabindex="0" aria-label=${`${e.author} ${e.serial ?? e.entry}`} onKeyDown=${(k) => k.key === "Enter" && k.target === k.currentTarget && onChoose(e)} onClick=${(c) => !c.target.closest("button, a, input, summary") && onChoose(e)}>
      <header>
        ${drill && html`<span class="chip drill">${t(status)}</span>`}
        ${precedence && html`<span class=${`chip ${precedence}`}>${t(precedence)}</span>`}
        <b class="author">${ours ? e.author : nameOf(line, e.author)}</b> ${e.serial && html`<span class="serial">${e.serial}</span>`}
        <time title=${local(e.wall, lang)}>${dtg(e.wall)}</time>
        <span class="id">${e.entry}</span>
      </header>
      <${Said} entry=${e} line=${line} />
      ${e.crossed?.length > 0 && html`<p class="crossed">⤫ ${t("crossed", { entries: e.crossed.map((c) => c.entry ?? c).join(", ") })}</p>`}
      ${(e.translations ?? []).map((x) => html`<${Translation} key=${x.entry} of=${x} rows=${rows} line=${line} />`)}
      ${cancelled && html`<p class="chip">${t("act-cancel")}</p>`}
      ${people && html`<${Stages} entry=${e} line=${line} />`}
      ${(e.signed ?? []).map((s) => html`<p class="sign-of">${s.valid ? officerOf(s) : t("sign-bad", { why: s.why ?? "" })}</p>`)}
      ${chosen && html`<${Acts} entry=${e} model=${model} talk=${talk} line=${line} onReply=${onReply} />`}
    </article>
  </li>`;
}

// ---- the arrows between the two sides ----

// Where each goes: from its own row to the row below which the other side had it. What crossed had
// not arrived when the other was written, so its arrow ends below that one: the two lines cross.
export function Arrows({ list, party }) {
  const [paths, setPaths] = useState([]), svg = useRef(null);
  useLayoutEffect(() => { // whenever the rows are drawn: any of them may have grown
    const rows = new Map(), box = svg.current.closest(".record"), top = box.getBoundingClientRect().top;
    for (const row of box.querySelectorAll("li.entry[data-entry]")) {
      const r = row.firstElementChild.getBoundingClientRect();
      rows.set(row.dataset.entry, { top: r.top - top, mid: r.top - top + 22, bottom: r.bottom - top });
    }
    const made = [];
    for (const e of list) {
      const row = rows.get(e.entry);
      if (!row || !isPeople(e)) continue;
      let end = Math.max(row.mid + 18, Math.min(row.bottom - 6, row.mid + 46));
      for (const c of e.crossed ?? []) {
        const other = rows.get(c.entry ?? c);
        if (other) end = Math.max(end, other.mid + 30);
      }
      const states = Object.values(e.states ?? {}), has = states.some((s) => STAGES.indexOf(s.state) >= 2);
      made.push({ id: e.entry, ours: e.author === party, y1: row.mid, y2: end, has, crossed: e.crossed?.length > 0, drill: DRILL(statusOf(e)) });
    }
    setPaths((old) => JSON.stringify(old) === JSON.stringify(made) ? old : made);
  });
  return html`<svg ref=${svg} class="arrows" aria-hidden="true" width="100%" height="100%">
    <defs>${["", "crossed", "drill", "open"].map((k) => html`<marker id=${`head-${k}`} class=${k} viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto"><path d="M0 0 8 4 0 8z" /></marker>`)}</defs>
    ${paths.map((p) => {
      const rtl = document.documentElement.dir === "rtl", left = p.ours !== rtl;
      const kind = p.crossed ? "crossed" : p.drill ? "drill" : p.has ? "" : "open";
      return html`<line key=${p.id} data-from=${p.id} class=${kind} x1=${left ? "4%" : "96%"} x2=${left ? "96%" : "4%"} y1=${p.y1} y2=${p.has ? p.y2 : p.y1 + 10} marker-end=${`url(#head-${kind})`} />`;
    })}
  </svg>`;
}

