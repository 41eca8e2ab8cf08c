// Writing: precedence with its meaning and limit, the count of words and of seconds on the thinnest
// live path, and what has arrived since the writer began.
import { html, useEffect, useRef, useState } from "/lib/preact.js";
import { DRILL, nameOf } from "/model.js";
import { t } from "/words.js";
import { span } from "/time.js";
import { Fault, useAct } from "/call.js";
import { TwoOfficers, needsTwo } from "/drafts.js";

const LIMIT = { flash: 200, immediate: 200 };

// Words as operators count them: runs between spaces; two characters of scripts without spaces are one.
export function countWords(text) {
  const dense = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}]/gu;
  const n = (text.match(dense) ?? []).length;
  const runs = text.split(/[ \u3000\n]+/).filter((run) => run && run.replace(dense, "") === run).length;
  return runs + Math.ceil(n / 2);
}

const WEIGH = 400; // ms after the last key

// How long it takes on the thinnest live path of a known rate until its receipt is here: by the
// command, which knows what it is when it is compressed, and what goes with it.
function useWeight(talk, line, keys) {
  const [found, setFound] = useState(null), thin = (line.status?.paths ?? []).some((p) => p.live && p.rate);
  const asked = JSON.stringify(keys);
  useEffect(() => {
    if (!thin || !keys.text.trim()) { setFound(null); return undefined; }
    let on = true;
    const timer = setTimeout(() => talk.ask("weigh", { line: line.name, ...keys })
      .then(({ result }) => on && setFound(result.paths[0] ?? null), () => on && setFound(null)), WEIGH);
    return () => { on = false; clearTimeout(timer); };
  }, [asked, thin]);
  return found;
}

const pathName = (p) => p.port && p.port !== "main" ? p.port : (p.url ?? "").split(":")[0];

function Choice({ name, values, value, set, label }) {
  return html`<fieldset class="choice"><legend>${label}</legend>${values.map((v) => html`<label class=${`${v} ${value === v ? "on" : ""}`}>
    <input type="radio" name=${name} value=${v} checked=${value === v} onChange=${() => set(v)} />${t(v)}</label>`)}</fieldset>`;
}

const rungsOf = (line) => [...new Set(["watch", ...(line.status?.rungs ?? [])])];

export function Compose({ model, talk, line, replyTo, onDone }) {
  const { act, error, busy, clear } = useAct(talk);
  const [text, setText] = useState(""), [subject, setSubject] = useState(""), [precedence, setPrecedence] = useState(replyTo?.message?.precedence ?? "routine");
  const [status, setStatus] = useState("operational"), [begun, setBegun] = useState(null), [fresh, setFresh] = useState([]), [sure, setSure] = useState(false);
  const others = (line.status?.parties ?? []).filter((p) => p !== model.state.party), rungs = rungsOf(line);
  const [to, setTo] = useState("watch"), [spared, setSpared] = useState([]); // spared: need not act
  const [two, setTwo] = useState(false), area = useRef(null), fixed = replyTo ? replyTo.message?.status ?? "operational" : null, drill = DRILL(fixed ?? status);
  useEffect(() => {
    area.current?.focus();
    talk.ask("position", { line: line.name }).then((said) => setBegun(said.position), () => {});
  }, []);
  useEffect(() => {
    if (begun === null) return;
    talk.ask("unread", { line: line.name, read: begun }).then((said) => setFresh(said.entries), () => {});
  }, [begun, line.total]);
  const asked = needsTwo(line, precedence, fixed ?? status), drafts = asked || two;
  const words = countWords(text), limit = LIMIT[precedence], weight = useWeight(talk, line, { text, precedence, ...(subject ? { subject } : {}), ...(replyTo ? { ref: replyTo.entry } : {}) }), long = limit && words > limit;
  const send = async (anyway) => {
    if ((precedence === "flash" || precedence === "immediate") && !drill && !sure && !drafts) { setSure(true); return; }
    const said = await act(drafts ? "draft-send" : "send", {
      line: line.name, text, precedence, to, ...(spared.length ? { action: others.filter((p) => !spared.includes(p)).join(",") } : {}), ...(subject ? { subject } : {}), ...(fixed ? {} : { status }),
      ...(replyTo ? { ref: replyTo.entry } : {}), ...(begun === null ? {} : { read: String(begun) }), ...(anyway ? { anyway: true } : {}),
    });
    setSure(false);
    if (said && drafts) model.notice(t("draft-waits"));
    if (said) onDone();
  };
  return html`<form class=${`compose ${drill ? "drill" : ""}`} onSubmit=${(e) => { e.preventDefault(); send(false); }}
      onKeyDown=${(e) => { if (e.key === "Escape") onDone(); if (e.key === "Enter" && (e.ctrlKey || e.metaKey)) { e.preventDefault(); send(false); } }}>
    ${drill && html`<p class="drill-band">${t(fixed ?? status)} — ${t("drill-band")}</p>`}
    ${replyTo && html`<p class="about">${t("about", { entry: replyTo.entry })}</p>`}
    <div class="row">
      <${Choice} name="precedence" label=${t("filter-precedence")} values=${["routine", "priority", "immediate", "flash"]} value=${precedence} set=${(v) => { setPrecedence(v); setSure(false); }} />
      ${!fixed && html`<${Choice} name="status" label=${t("filter-status")} values=${["operational", "exercise", "test"]} value=${status} set=${setStatus} />`}
      <label class="field">${t("addressee")}<select name="to" value=${to} onChange=${(e) => setTo(e.target.value)}>${rungs.map((r) => html`<option value=${r}>${r}</option>`)}</select></label>
      ${others.length > 1 && html`<fieldset class="choice"><legend>${t("who-acts")}</legend>${others.map((p) => html`<label class=${spared.includes(p) ? "" : "on"}>
        <input type="checkbox" checked=${!spared.includes(p)} disabled=${!spared.includes(p) && spared.length === others.length - 1} onChange=${(e) => setSpared(e.target.checked ? spared.filter((x) => x !== p) : [...spared, p])} />${nameOf(line, p)}</label>`)}</fieldset>`}
    </div>
    <p class="meaning">${t(`means-${precedence}`)}</p>
    <input type="text" class="subject" maxlength="200" placeholder=${t("subject")} aria-label=${t("subject")} value=${subject} onInput=${(e) => setSubject(e.target.value)} />
    <textarea ref=${area} rows="4" dir="auto" required placeholder=${t("text")} aria-label=${t("text")} value=${text} onInput=${(e) => { setText(e.target.value); clear(); setSure(false); }}></textarea>
    ${fresh.length > 0 && html`<div class="fresh" role="status"><b>${t("arrived-since", { count: fresh.length })}</b>
      ${fresh.map((e) => html`<p dir="auto"><b>${e.author}</b> ${e.message?.text ?? e.kind}</p>`)}
      <button type="button" onClick=${() => talk.ask("position", { line: line.name }).then((said) => { setFresh([]); setBegun(said.position); })}>${t("have-read")}</button></div>`}
    <div class="row end">
      <output class=${long ? "late" : ""}>${limit ? t("words-of", { count: words, limit }) : t("words", { count: words })}${weight ? ` · ${t("takes", { span: span(Math.ceil(weight.seconds)), path: pathName(weight), party: weight.party.toUpperCase() })}` : ""}</output>
      <${TwoOfficers} asked=${asked} two=${two} set=${setTwo} />
      <button type="button" onClick=${onDone}>${t("cancel")}</button>
      ${fresh.length > 0 && html`<button type="button" disabled=${busy || long || !text} onClick=${() => send(true)}>${t("send-anyway")}</button>`}
      <button class=${`primary ${precedence}`} disabled=${busy || long || !text}>${drafts ? t("draft-sign") : sure ? t("send-sure", { precedence: t(precedence) }) : t("send")}</button>
    </div>
    <${Fault} error=${error} />
  </form>`;
}

export function CallForm({ model, talk, line, onDone }) {
  const { act, error, busy } = useAct(talk);
  const rungs = rungsOf(line);
  const [precedence, setPrecedence] = useState("immediate"), [status, setStatus] = useState("operational"), [rung, setRung] = useState("watch"), [reason, setReason] = useState(""), [two, setTwo] = useState(false);
  const asked = needsTwo(line, precedence, status), drafts = asked || two;
  const place = async (e) => {
    e.preventDefault();
    const said = await act(drafts ? "draft-call" : "call", { line: line.name, rung, precedence, status, ...(reason ? { reason } : {}) });
    if (said && drafts) model.notice(t("draft-waits"));
    if (said) onDone(said.result.entry);
  };
  return html`<form class=${`compose ${DRILL(status) ? "drill" : ""}`} onSubmit=${place} onKeyDown=${(e) => e.key === "Escape" && onDone()}>
    ${DRILL(status) && html`<p class="drill-band">${t(status)} — ${t("drill-band")}</p>`}
    <div class="row">
      <${Choice} name="call-precedence" label=${t("filter-precedence")} values=${["routine", "priority", "immediate", "flash"]} value=${precedence} set=${setPrecedence} />
      <${Choice} name="call-status" label=${t("filter-status")} values=${["operational", "exercise", "test"]} value=${status} set=${setStatus} />
      <label class="field">${t("whom")}<select value=${rung} onChange=${(e) => setRung(e.target.value)}>${rungs.map((r) => html`<option value=${r}>${r}</option>`)}</select></label>
    </div>
    <input type="text" maxlength="200" dir="auto" placeholder=${t("reason")} aria-label=${t("reason")} value=${reason} onInput=${(e) => setReason(e.target.value)} />
    <div class="row end"><${TwoOfficers} asked=${asked} two=${two} set=${setTwo} />
      <button type="button" onClick=${() => onDone()}>${t("cancel")}</button>
      <button class=${`primary call ${precedence}`} disabled=${busy}>☎ ${t(drafts ? "draft-sign" : "place-call")}</button></div>
    <${Fault} error=${error} />
  </form>`;
}
