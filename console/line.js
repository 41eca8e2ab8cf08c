// The joint record of a line as a ladder: ours on one side, theirs on the other, between them the
// way from writing to the other side's receipt. Messages that crossed are seen to cross.
import { html, useEffect, useRef, useState } from "/lib/preact.js";
import { condition, nameOf } from "/model.js";
import { lang, t } from "/words.js";
import { SIGN } from "/wall.js";
import { Compose, CallForm } from "/compose.js";
import { Arrows, Entry } from "/entry.js";
import { EVERYTHING } from "/rows.js";
import { Scroll } from "/scroll.js";
import { Drafts } from "/drafts.js";

const CHOICES = { precedence: ["flash", "immediate", "priority", "routine"], status: ["operational", "exercise", "test"] };
const TYPED = 250; // ms after the last key a search begins

function Filters({ rows, line, choose, jump }) {
  const { filter } = rows, typed = useRef(0), [text, setText] = useState(filter.text);
  useEffect(() => { if (!filter.text) setText(""); }, [filter.text]);
  const type = (said) => {
    setText(said);
    clearTimeout(typed.current);
    typed.current = setTimeout(() => choose({ text: said }), TYPED);
  };
  const Choice = (key, values, name) => html`<select aria-label=${t(`filter-${key}`)} value=${filter[key]} onChange=${(e) => choose({ [key]: e.target.value })}>
    <option value="">${t(`filter-${key}`)}</option>${values.map((v) => html`<option value=${v}>${name(v)}</option>`)}</select>`;
  return html`<div class="filters">
    <input type="search" placeholder=${t("search")} aria-label=${t("search")} value=${text} onInput=${(e) => type(e.target.value)} />
    ${Object.entries(CHOICES).map(([key, values]) => Choice(key, values, t))}
    ${Choice("author", line.status?.parties ?? [], (p) => nameOf(line, p))}
    <label><input type="checkbox" checked=${filter.machine} onChange=${(e) => choose({ machine: e.target.checked })} /> ${t("with-checks")}</label>
    <button class="to-unread" onClick=${jump} disabled=${!rows.unread}>${t("to-unread")}${rows.unread ? html` <b class="count">${rows.unread}</b>` : ""}</button>
  </div>`;
}

// What is shown of how much, while something is left out.
function Found({ rows, line, clear }) {
  const { filter } = rows;
  if (!filter.text && !filter.precedence && !filter.status && !filter.author) return null;
  const { progress } = rows;
  return html`<p class="found" role="status">${rows.count === null ? t("reading") : t(rows.cut ? "found-cut" : "found", { count: rows.count, total: line.total })}
    ${progress !== null && html`<progress max="1" value=${progress} aria-label=${t("searching")}></progress>`}
    <button onClick=${clear}>${t("show-all")}</button></p>`;
}

export function Line({ model, talk, line, entry }) {
  const { state } = model, { rows } = line, scroll = useRef(null);
  const [chosen, setChosen] = useState(""), [replyTo, setReplyTo] = useState(null), [form, setForm] = useState(null), [follows, setFollows] = useState(true);
  const how = condition(line);
  useEffect(() => { rows.open(); return () => rows.close(); }, []);
  const choose = (more) => { rows.choose({ ...rows.filter, ...more }); scroll.current?.anew(); setFollows(true); };
  const clear = () => choose({ text: "", precedence: "", status: "", author: "" });
  // To an entry wherever it is; a filter that hides it is taken away.
  const find = async (name) => {
    try {
      let at = await rows.place(name);
      if (at === null) { clear(); at = await rows.place(name); }
      if (at === null) { choose({ machine: true }); at = await rows.place(name); }
      await rows.known();
      setChosen(name);
      if (at !== null) scroll.current?.show(at);
    } catch (error) {
      model.notice(error.what ?? String(error));
    }
  };
  useEffect(() => { if (entry && state.station) find(entry); }, [entry, state.station]);
  const jump = async () => { const name = await rows.firstUnread(); if (name) find(name); };
  const row = (e, i) => html`<${Entry} key=${e.entry} entry=${e} number=${i} model=${model} talk=${talk} line=${line} rows=${rows} lang=${lang} acts=${state.acts} names=${line.names}
    chosen=${chosen === e.entry} onChoose=${(x) => setChosen((was) => was === x.entry ? "" : x.entry)} onReply=${(x) => { setReplyTo(x); setForm("message"); }} />`;

  return html`<section class="line" data-line=${line.name} data-state=${how}>
    <header class="line-head">
      <h1>${line.name}</h1>
      <p class=${`state ${how.replaceAll(" ", "-")}`}><span class="sign" aria-hidden="true">${SIGN[how] ?? "●"}</span> ${t(`state-${how.replaceAll(" ", "-")}`)}</p>
      <${Filters} rows=${rows} line=${line} choose=${choose} jump=${jump} />
    </header>
    <${Found} rows=${rows} line=${line} clear=${clear} />
    <div class="sides" aria-hidden="true"><b>${t("ours", { party: nameOf(line, state.party) })}</b><b>${t("theirs", { party: (line.status?.parties ?? []).filter((p) => p !== state.party).map((p) => nameOf(line, p)).join(", ") })}</b></div>
    <${Scroll} ref=${scroll} rows=${rows} row=${row} label=${t("record")} moved=${setFollows}
      between=${(list) => html`<div class="gutter"><${Arrows} list=${list} party=${state.party} /></div>`} />
    ${rows.count === 0 && rows.progress === null && html`<p class="empty">${t(JSON.stringify({ ...rows.filter, machine: false }) === JSON.stringify(EVERYTHING) ? "no-entries" : "none-found")}</p>`}
    ${!follows && html`<button class="newest" onClick=${() => scroll.current.end()}>${t("newest")} ↓</button>`}
    <${Drafts} model=${model} talk=${talk} line=${line} />
    ${state.acts && html`<footer class="write">
      ${form === null && html`<div class="row"><button class="primary" onClick=${() => setForm("message")}>${t("write")}</button>
        <button class="call" onClick=${() => setForm("call")}>☎ ${t("place-call")}</button></div>`}
      ${form === "message" && html`<${Compose} model=${model} talk=${talk} line=${line} replyTo=${replyTo} onDone=${() => { setForm(null); setReplyTo(null); scroll.current?.end(); }} />`}
      ${form === "call" && html`<${CallForm} model=${model} talk=${talk} line=${line} onDone=${(entry) => { setForm(null); if (entry) location.hash = `#/call/${line.name}/${entry}`; }} />`}
    </footer>`}
  </section>`;
}
