// Setup, steps 5 to 7: the ways that frames take, the station, and the line on the wall.
import { html, useState } from "/lib/preact.js";
import { t } from "/words.js";
import { Fault } from "/call.js";
import { Pass } from "/setup-keys.js";
import { SIGN } from "/wall.js";

const HERE = ["udp://[::]:4477", "tcp://[::]:4477", "serial:/dev/ttyS0?baud=9600"], THERE = ["udp://192.0.2.1:4477", "tcp://192.0.2.1:4477", "serial:", "dir:/media/stick"];

function Add({ label, hint, examples, id, ports, busy, onAdd }) {
  const [url, setUrl] = useState(""), [port, setPort] = useState("");
  const add = async (e) => { e.preventDefault(); if (await onAdd({ url: url.trim(), ...(port ? { port } : {}) })) setUrl(""); };
  return html`<form class="add-way" onSubmit=${add}><label class="set-field">${label}
    <input required list=${id} value=${url} maxlength="300" dir="ltr" autocapitalize="none" spellcheck="false" placeholder=${examples[0]} onInput=${(e) => setUrl(e.target.value)} /><small>${hint}</small></label>
    <datalist id=${id}>${examples.map((x) => html`<option value=${x} />`)}</datalist>
    ${ports?.length > 1 && html`<label class="set-field short">${t("set-port-by")}<select value=${port} onChange=${(e) => setPort(e.target.value)}><option value="">—</option>${ports.map((p) => html`<option value=${p.name}>${p.name}</option>`)}</select></label>`}
    <button disabled=${busy}>${t("set-add")}</button></form>`;
}

function Answer({ test }) {
  if (!test) return null;
  return html`<span class=${`chip ${test.answered ? "live" : "gone"}`} data-answered=${String(test.answered)}>${test.answered ? t("set-answered", { ms: Math.max(1, Math.round(test.rtt_ms ?? 0)) }) : t("set-silent")}</span>
    ${!test.answered && test.why && html`<small>${test.why}</small>`}`;
}

function Line({ set, f, line, model }) {
  const others = line.parties.filter((p) => p !== f.home.party), live = model.state.station && model.state.names.includes(line.line);
  return html`<div class="ways-line"><h3>${line.line}</h3>${others.map((party) => html`<section data-way=${party}><h4>${t("set-to", { party })}</h4>
    <ul class="ways">${line.bearers.filter((b) => b.party === party).map((b) => html`<li key=${b.url}><code dir="ltr">${b.url}</code>${b.port && html`<small>${t("set-port-by")} ${b.port}</small>`}
      <${Answer} test=${f.tests[`${line.line} ${party} ${b.url}`]} />
      <button class="quiet" disabled=${f.busy} aria-label=${`${t("set-remove")} ${b.url}`} onClick=${() => set.way("bearer-remove", { line: line.line, party, url: b.url, ...(b.port ? { port: b.port } : {}) })}>✕</button></li>`)}</ul>
    <${Add} id=${`there-${line.line}-${party}`} label=${t("set-there", { party })} hint=${t("set-there-hint")} examples=${THERE} ports=${f.home.ports} busy=${f.busy}
      onAdd=${(keys) => set.way("bearer-add", { line: line.line, party, ...keys })} /></section>`)}
    ${line.bearers.length > 0 && html`<div class="row"><button disabled=${f.busy || !live} onClick=${() => set.test(line.line)}>${t(f.busy === "bearer-test" ? "set-testing" : "set-test")}</button>${!live && html`<span class="quiet-text">${t("set-test-later")}</span>`}</div>`}</div>`;
}

export function Ways({ set, f, model }) {
  return html`<p>${t("set-ways-why")}</p>
    <h3>${t("set-here")}</h3>
    <ul class="ways">${f.home.ports.map((p) => html`<li key=${p.name}><code dir="ltr">${p.url}</code><small>${p.default ? t("set-port-default") : p.name}</small>
      ${!p.default && html`<button class="quiet" disabled=${f.busy} aria-label=${`${t("set-remove")} ${p.url}`} onClick=${() => set.way("port-remove", { name: p.name })}>✕</button>`}</li>`)}</ul>
    <${Add} id="here" label=${t("set-port")} hint=${t("set-port-hint")} examples=${HERE} busy=${f.busy} onAdd=${(keys) => set.way("port-add", keys)} />
    ${f.home.lines.filter((l) => l.joined).map((line) => html`<${Line} key=${line.line} set=${set} f=${f} line=${line} model=${model} />`)}
    <${Fault} error=${f.faults.ways} />`;
}

export function Station({ set, f, state }) {
  const what = f.home.running ? "restart" : "start";
  return html`<p>${t(state === "done" ? "set-station-runs" : f.home.running ? "set-station-again" : "set-station-why")}</p>
    ${state !== "done" && html`<div class="row"><${Pass} set=${set} f=${f} />
      <button class="primary" disabled=${f.busy || (f.home.sealed && !f.pass)} onClick=${() => set.station(what)}>${t(f.busy === what ? "set-starting" : `set-${what}`)}</button></div>`}
    ${state !== "done" && !f.home.running && html`<p class="quiet-text">${t("set-supervise")}</p>`}
    <${Fault} error=${f.faults.station} />`;
}

export function OnTheWall({ f, model }) {
  const how = (model.line(f.joined.line).status?.state ?? "unknown").replaceAll(" ", "-");
  return html`<p class=${`wall-state ${how}`}><span aria-hidden="true">${SIGN[how.replaceAll("-", " ")] ?? "●"}</span> <b>${f.joined.line}</b> ${t(`state-${how}`)}</p>
    <p>${t("set-wall-why")}</p>
    <div class="row"><a class="button primary" href=${`#/line/${f.joined.line}`}>${t("set-exercise")}</a> <a class="button" href="#/wall">${t("wall")}</a></div>`;
}
