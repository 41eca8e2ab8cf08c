// The joint record of a line as a ladder: ours on one side, theirs on the other, between them the
// way from writing to the other side's receipt. Messages that crossed are seen to cross.
import { html, useEffect, useLayoutEffect, useRef, useState } from "/lib/preact.js";
import { DRILL, PAGE, condition, entriesOf } from "/model.js";
import { lang, t } from "/words.js";
import { dtg, local } from "/time.js";
import { SIGN } from "/wall.js";
import { Compose, CallForm } from "/compose.js";
import { Fault, useAct } from "/call.js";
import { Proof } from "/proof.js";

const STAGES = ["queued", "sent", "stored", "seen", "answered"];
const GAP = 132; // of a page that is not there yet: so high is an entry taken to be

// ---- what an entry says, in a line ----

export function statusOf(e) {
  return e.message?.status ?? e.call?.status ?? e.ring?.status ?? e.close?.status ?? e.reply?.status ?? e.act?.status ?? e.order?.status ?? null;
}
const precedenceOf = (e) => e.message?.precedence ?? e.call?.precedence ?? null;
const isPeople = (e) => ["message", "call", "reply", "act", "order", "officer", "handover"].includes(e.kind);

function Said({ entry: e }) {
  if (e.kind === "message") {
    const m = e.message;
    return html`<div class="said">
      ${m.subject && html`<b class="subject" dir="auto">${m.subject}</b>`}
      ${m.sort && m.sort !== "traffic" && html`<span class="chip">${t(`sort-${m.sort}`)}</span>`}
      <p class="text" dir="auto" lang=${m.lang ?? null}>${m.text ?? t("unreadable", { why: m.unreadable ?? "" })}</p>
      ${m.ref && html`<a class="ref" href=${`#/line/@/${m.ref}`}>${t("about", { entry: m.ref })}</a>`}
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
  if (e.kind === "unreadable") return html`<div class="said quiet-text">${t("unreadable", { why: e.unreadable })}</div>`;
  return html`<div class="said quiet-text">${e.kind}</div>`;
}

function Stages({ entry: e }) {
  const states = Object.entries(e.states ?? {});
  if (states.length === 0) return null;
  return html`<ul class="stages">${states.map(([party, s]) => {
    const reached = STAGES.indexOf(s.state);
    const time = s.answered?.wall ?? s.seen?.wall ?? s.time;
    return html`<li data-party=${party} data-state=${s.state}><span class="steps" aria-hidden="true">${STAGES.slice(1).map((x, i) => html`<i class=${i + 1 <= reached ? "on" : ""}></i>`)}</span>
      <b>${party}</b> ${t(`stage-${s.state}`)} ${time ? html`<time title=${local(time, lang)}>${dtg(time)}</time>` : ""}
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

function Entry({ entry: e, model, talk, line, chosen, onChoose, onReply }) {
  const ours = e.author === model.state.party, status = statusOf(e), drill = DRILL(status), people = isPeople(e);
  const precedence = precedenceOf(e), row = useRef(null), cancelled = e.cancelled?.length > 0;
  useEffect(() => { if (chosen) row.current?.scrollIntoView({ block: "center" }); }, [chosen]);
  return html`<li ref=${row} class=${`entry ${ours ? "ours" : "theirs"} ${people ? "people" : "machine"} ${drill ? "drill" : ""} ${chosen ? "chosen" : ""} ${cancelled ? "cancelled" : ""}`}
      data-entry=${e.entry} data-at=${e.at}>
    <article tabindex="0" aria-label=${`${e.author} ${e.serial ?? e.entry}`} onKeyDown=${(k) => k.key === "Enter" && k.target === k.currentTarget && onChoose(e)} onClick=${(c) => !c.target.closest("button, a, input, summary") && onChoose(e)}>
      <header>
        ${drill && html`<span class="chip drill">${t(status)}</span>`}
        ${precedence && html`<span class=${`chip ${precedence}`}>${t(precedence)}</span>`}
        <b class="author">${e.author}</b> ${e.serial && html`<span class="serial">${e.serial}</span>`}
        <time title=${local(e.wall, lang)}>${dtg(e.wall)}</time>
        <span class="id">${e.entry}</span>
      </header>
      <${Said} entry=${e} />
      ${e.crossed?.length > 0 && html`<p class="crossed">⤫ ${t("crossed", { entries: e.crossed.map((c) => c.entry ?? c).join(", ") })}</p>`}
      ${(e.translations ?? []).map((x) => html`<p class="translation" dir="auto"><span class="chip">${t(`grade-${x.grade}`)}</span> <a href=${`#/line/${line.name}/${x.entry}`}>${x.entry}</a></p>`)}
      ${cancelled && html`<p class="chip">${t("act-cancel")}</p>`}
      ${people && html`<${Stages} entry=${e} />`}
      ${(e.signed ?? []).map((s) => html`<p class="sign-of">${s.valid ? `${s.title ? s.title + " " : ""}${s.name ?? s.officer}` : t("sign-bad", { why: s.why ?? "" })}</p>`)}
      ${chosen && html`<${Acts} entry=${e} model=${model} talk=${talk} line=${line} onReply=${onReply} />`}
    </article>
  </li>`;
}

// ---- the arrows between the two sides ----

// Where each goes: from its own row to the row below which the other side had it. What crossed had
// not arrived when the other was written, so its arrow ends below that one: the two lines cross.
function Arrows({ list, party, box, version }) {
  const [paths, setPaths] = useState([]);
  useLayoutEffect(() => {
    const rows = new Map(), top = box.current?.getBoundingClientRect().top ?? 0;
    for (const row of box.current?.querySelectorAll("li.entry") ?? []) {
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
  }, [list, version, party]);
  return html`<svg class="arrows" aria-hidden="true" width="100%" height="100%">
    <defs>${["", "crossed", "drill", "open"].map((k) => html`<marker id=${`head-${k}`} class=${k} viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto"><path d="M0 0 8 4 0 8z" /></marker>`)}</defs>
    ${paths.map((p) => {
      const rtl = document.documentElement.dir === "rtl", left = p.ours !== rtl;
      const kind = p.crossed ? "crossed" : p.drill ? "drill" : p.has ? "" : "open";
      return html`<line key=${p.id} data-from=${p.id} class=${kind} x1=${left ? "4%" : "96%"} x2=${left ? "96%" : "4%"} y1=${p.y1} y2=${p.has ? p.y2 : p.y1 + 10} marker-end=${`url(#head-${kind})`} />`;
    })}
  </svg>`;
}

// ---- pages of it, those that are looked at ----

function usePages(line, model, scroller) {
  const [first, setFirst] = useState(null), heights = useRef(new Map());
  const pages = Math.ceil(line.total / PAGE), last = Math.max(0, pages - 1);
  const at = first === null ? last : Math.min(first, last);
  const wanted = [at - 1, at, at + 1].filter((p) => p >= 0 && p <= last);
  useEffect(() => { model.want(line.name, wanted); }, [line.name, wanted.join()]);
  const onScroll = () => {
    let found = null;
    for (const block of scroller.current.querySelectorAll("[data-page]")) {
      const page = Number(block.dataset.page), r = block.getBoundingClientRect(), s = scroller.current.getBoundingClientRect();
      if (block.dataset.here) heights.current.set(page, r.height);
      if (found === null && r.bottom > s.top) found = page;
    }
    const atEnd = scroller.current.scrollTop + scroller.current.clientHeight > scroller.current.scrollHeight - 80;
    setFirst(atEnd ? null : found);
  };
  return { pages, wanted, heights: heights.current, onScroll, follows: first === null, end: () => setFirst(null), go: setFirst };
}

const FILTERS = { precedence: ["", "flash", "immediate", "priority", "routine"], status: ["", "operational", "exercise", "test"] };

export function Line({ model, talk, line }) {
  const { state } = model, scroller = useRef(null), box = useRef(null);
  const view = usePages(line, model, scroller), all = entriesOf(line);
  const [chosen, setChosen] = useState(location.hash.split("/").slice(3).join("/")), [replyTo, setReplyTo] = useState(null), [form, setForm] = useState(null);
  const [filter, setFilter] = useState({ text: "", precedence: "", status: "", machine: false });
  const how = condition(line);
  const shows = (e) => (filter.machine || isPeople(e) || e.kind === "ring" || e.kind === "close") &&
    (!filter.precedence || precedenceOf(e) === filter.precedence) && (!filter.status || statusOf(e) === filter.status) &&
    (!filter.text || JSON.stringify([e.message, e.call, e.reply, e.act, e.entry]).toLowerCase().includes(filter.text.toLowerCase()));
  useLayoutEffect(() => { if (view.follows && scroller.current) scroller.current.scrollTop = scroller.current.scrollHeight; });
  const unread = all.find((e) => e.author !== state.party && e.kind === "message" && !["seen", "answered"].includes(e.states?.[state.party]?.state));
  const jump = () => { if (unread) { setChosen(unread.entry); view.go(Math.floor(unread.at / PAGE)); } };
  const list = all.filter(shows), version = `${line.total} ${line.position} ${chosen} ${list.length}`;

  return html`<section class="line" data-line=${line.name} data-state=${how}>
    <header class="line-head">
      <h1>${line.name}</h1>
      <p class=${`state ${how.replaceAll(" ", "-")}`}><span class="sign" aria-hidden="true">${SIGN[how] ?? "●"}</span> ${t(`state-${how.replaceAll(" ", "-")}`)}</p>
      <div class="filters">
        <input type="search" placeholder=${t("search")} aria-label=${t("search")} onInput=${(e) => setFilter({ ...filter, text: e.target.value })} />
        ${Object.entries(FILTERS).map(([key, values]) => html`<select aria-label=${t(`filter-${key}`)} onChange=${(e) => setFilter({ ...filter, [key]: e.target.value })}>
          ${values.map((v) => html`<option value=${v}>${v ? t(v) : t(`filter-${key}`)}</option>`)}</select>`)}
        <label><input type="checkbox" checked=${filter.machine} onChange=${(e) => setFilter({ ...filter, machine: e.target.checked })} /> ${t("with-checks")}</label>
        <button onClick=${jump} disabled=${!unread}>${t("to-unread")}</button>
      </div>
    </header>
    <div class="sides" aria-hidden="true"><b>${t("ours", { party: state.party })}</b><b>${t("theirs", { party: (line.status?.parties ?? []).filter((p) => p !== state.party).join(", ") })}</b></div>
    <div class="scroller" ref=${scroller} onScroll=${view.onScroll} tabindex="0" role="region" aria-label=${t("record")}>
      <div class="record" ref=${box}>
        <div class="gutter"><${Arrows} list=${list} party=${state.party} box=${box} version=${version} /></div>
        ${Array.from({ length: view.pages }, (_, p) => {
          const here = view.wanted.includes(p) && line.pages.get(p);
          return html`<ol key=${p} data-page=${p} data-here=${here ? "1" : null} style=${here ? null : { height: `${view.heights.get(p) ?? Math.min(PAGE, line.total - p * PAGE) * GAP}px` }}>
            ${here && here.filter(shows).map((e) => html`<${Entry} key=${e.entry} entry=${e} model=${model} talk=${talk} line=${line}
              chosen=${chosen === e.entry} onChoose=${(x) => setChosen(chosen === x.entry ? "" : x.entry)} onReply=${(x) => { setReplyTo(x); setForm("message"); }} />`)}
          </ol>`;
        })}
        ${line.total === 0 && html`<p class="empty">${t("no-entries")}</p>`}
      </div>
    </div>
    ${!view.follows && html`<button class="newest" onClick=${view.end}>${t("newest")} ↓</button>`}
    ${state.acts && html`<footer class="write">
      ${form === null && html`<div class="row"><button class="primary" onClick=${() => setForm("message")}>${t("write")}</button>
        <button class="call" onClick=${() => setForm("call")}>☎ ${t("place-call")}</button></div>`}
      ${form === "message" && html`<${Compose} model=${model} talk=${talk} line=${line} replyTo=${replyTo} onDone=${() => { setForm(null); setReplyTo(null); view.end(); }} />`}
      ${form === "call" && html`<${CallForm} model=${model} talk=${talk} line=${line} onDone=${(entry) => { setForm(null); if (entry) location.hash = `#/call/${line.name}/${entry}`; }} />`}
    </footer>`}
  </section>`;
}

