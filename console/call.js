// A call: impossible to miss while it rings, its ladder as it climbs, its verdict with what proves it.
import { html, useEffect, useLayoutEffect, useRef, useState } from "/lib/preact.js";
import { DRILL } from "/model.js";
import { t } from "/words.js";
import { span } from "/time.js";
import { Fault } from "/fault.js";
import { signs } from "/officer.js";

// An act with its error in words, beside the button that was pressed.
export function useAct(talk) {
  const [error, setError] = useState(null), [busy, setBusy] = useState(false);
  const act = async (what, keys, line = keys.line) => {
    setBusy(true);
    setError(null);
    try {
      return await talk.ask(what, { ...signs(line), ...keys });
    } catch (e) {
      setError(e);
      return null;
    } finally {
      setBusy(false);
    }
  };
  return { act, error, busy, clear: () => setError(null) };
}

export { Fault };

function Ladder({ call, line, state }) {
  return html`<ol class="ladder">${call.called.map((c) => {
    const left = c.seconds !== undefined && c.state === "rings" ? c.seconds - (state.now - call.read) / 1000 - (c.since_s ?? 0) : null;
    return html`<li class=${c.state}><b>${c.party}</b>
      <span class="rung">${c.rung ? t("rung", { rung: c.rung }) : ""}</span>
      <span class="does">${t(`called-${c.state}`)}</span>
      ${left !== null && html`<strong>${left > 0 ? t("left", { span: span(left) }) : ""}</strong>`}</li>`;
  })}</ol>`;
}

const DEFERRALS = [[300, "5 min"], [900, "15 min"], [1800, "30 min"], [3600, "1 h"]];

export function Reply({ call, line, model, talk }) {
  const { act, error, busy } = useAct(talk);
  const [text, setText] = useState(""), [defers, setDefers] = useState(false);
  const reply = (what, more = {}) =>
    act(what, { line: line.name, entry: call.entry, ...(text ? { text } : {}), ...more });
  if (!model.state.acts) return html`<p class="chip">${t("onlooker")}</p>`;
  return html`<div class="reply">
    <input type="text" maxlength="200" placeholder=${t("remark")} aria-label=${t("remark")} value=${text} onInput=${(e) => setText(e.target.value)} />
    <div class="row">
      <button class="answer" disabled=${busy} onClick=${() => reply("answer")}><kbd>A</kbd> ${t("answer")}</button>
      <button class="defer" disabled=${busy} aria-expanded=${defers} onClick=${() => setDefers(!defers)}><kbd>F</kbd> ${t("defer")}</button>
      <button class="decline" disabled=${busy} onClick=${() => reply("decline")}><kbd>D</kbd> ${t("decline")}</button>
    </div>
    ${defers && html`<div class="row">${DEFERRALS.map(([s, name]) => html`<button disabled=${busy}
      onClick=${() => reply("defer", { for: String(s) })}>${t("defer-for", { span: name })}</button>`)}</div>`}
    <${Fault} error=${error} />
  </div>`;
}

// Over everything, until somebody has said something.
export function Alarm({ model, talk, calls }) {
  const { line, call } = calls[0], { state } = model, box = useRef(null);
  const drill = DRILL(call.status), left = call.left_s - (state.now - call.read) / 1000;
  useLayoutEffect(() => { // before it is painted: a key pressed at the first sight of it counts
    const last = document.activeElement;
    box.current?.querySelector("button.answer")?.focus();
    const keys = (e) => {
      if (e.target.tagName === "INPUT" || e.ctrlKey || e.metaKey || e.altKey) return;
      const button = { a: "answer", d: "decline", f: "defer" }[e.key.toLowerCase()];
      if (button) { box.current?.querySelector(`button.${button}`)?.click(); e.preventDefault(); }
      if (e.key === "Tab") hold(e);
    };
    const hold = (e) => {
      const all = [...box.current.querySelectorAll("button, input, a")].filter((x) => !x.disabled);
      const at = all.indexOf(document.activeElement) + (e.shiftKey ? -1 : 1);
      all[(at + all.length) % all.length].focus();
      e.preventDefault();
    };
    addEventListener("keydown", keys);
    return () => { removeEventListener("keydown", keys); last?.focus?.(); };
  }, []);
  return html`<div class=${`alarm-screen ${drill ? "drill" : call.precedence} ${call.state}`} role="alertdialog" aria-modal="true"
      aria-labelledby="alarm-title" ref=${box} data-call=${call.entry}>
    ${drill && html`<p class="drill-band">${t(call.status)} — ${t("drill-band")} — ${t(call.status)}</p>`}
    <div class="center">
      <p class="who"><span class=${`chip ${call.precedence}`}>${t(call.precedence)}</span> ${line.name}</p>
      <h1 id="alarm-title">${t(call.state === "silent" ? "called-silent-title" : "calls-you", { party: call.caller.toUpperCase() })}</h1>
      <p class="rings">${t("rings-rung", { rung: call.rung })}${call.state === "rings" && left > 0 ? html` · <strong>${t("left", { span: span(left) })}</strong>` : ""}</p>
      ${call.text && html`<blockquote dir="auto">${call.text}</blockquote>`}
      <p class="id">${call.entry}</p>
      <${Reply} call=${call} line=${line} model=${model} talk=${talk} />
      ${calls.length > 1 && html`<p class="more">${t("more-calls", { count: calls.length - 1 })}</p>`}
    </div>
  </div>`;
}

export function Verdict({ verdict }) {
  return html`<li class=${`verdict ${verdict.verdict}`}><b>${verdict.party}</b>
    <strong>${t(`verdict-${verdict.verdict}`)}</strong> <span>${verdict.says.replace(/^[A-Z ]+(: |, )?/, "")}</span>
    <details><summary>${t("proof")}</summary><ul>${(verdict.proof ?? []).map((p) => html`<li>${p}</li>`)}</ul></details></li>`;
}

export function CallView({ model, talk, line, entry }) {
  const call = line.calls.find((c) => c.entry === entry), { act, error, busy } = useAct(talk);
  const [verdicts, setVerdicts] = useState(null), [sure, setSure] = useState(false);
  const key = call ? call.state + call.called.map((c) => c.state).join() : "none";
  useEffect(() => {
    let on = true;
    talk.ask("verdicts", { line: line.name }).then(({ result }) => {
      const found = result.calls.find((c) => c.call === entry);
      if (on) setVerdicts(found ? found.verdicts : []);
    }, () => {});
    return () => { on = false; };
  }, [key, line.total]);
  if (!call) return html`<section class="call-view"><h1>${entry}</h1><ul>${(verdicts ?? []).map((v) => html`<${Verdict} verdict=${v} />`)}</ul></section>`;
  const ours = call.caller === model.state.party, drill = DRILL(call.status);
  const withdraw = async () => { if (!sure) { setSure(true); return; } await act("close", { line: line.name, entry }); setSure(false); };
  return html`<section class=${`call-view ${drill ? "drill" : ""}`} data-call=${entry} data-state=${call.state}>
    ${drill && html`<p class="drill-band">${t(call.status)} — ${t("drill-band")}</p>`}
    <h1>${ours ? t("you-call") : t("calls-you", { party: call.caller.toUpperCase() })}</h1>
    <p><span class=${`chip ${call.precedence}`}>${t(call.precedence)}</span> ${line.name} · ${t("rung", { rung: call.rung })} · ${entry}</p>
    ${call.text && html`<blockquote dir="auto">${call.text}</blockquote>`}
    <${Ladder} call=${call} line=${line} state=${model.state} />
    ${call.state === "closed" ? html`<p class="closed">${t(`closed-${call.why ?? "ended"}`)}</p>` : ours && model.state.acts && html`
      <button class=${sure ? "decline" : ""} disabled=${busy} onClick=${withdraw}>${sure ? t("withdraw-sure") : t("withdraw")}</button>`}
    ${!ours && call.state !== "closed" && html`<${Reply} call=${call} line=${line} model=${model} talk=${talk} />`}
    <${Fault} error=${error} />
    ${verdicts && html`<h2>${t("verdicts")}</h2><ul class="verdicts">${verdicts.map((v) => html`<${Verdict} verdict=${v} />`)}</ul>`}
    <p><a href=${`#/line/${line.name}/${entry}`}>${t("show-record")}</a></p>
  </section>`;
}
