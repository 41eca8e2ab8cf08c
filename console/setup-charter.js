// Setup, step 3: the charter, drafted here or brought; read whole, signed, given to the others.
import { html, useState } from "/lib/preact.js";
import { lang, t } from "/words.js";
import { Fault } from "/call.js";
import { Pass } from "/setup-keys.js";
import { save } from "/proof.js";

const NAME = "[a-z][a-z0-9\\-]{0,31}";
const PRECEDENCES = [["flash", 10], ["immediate", 30], ["priority", 180], ["routine", 360]];

// 5400 → "1.5 hours", in the reader's language.
export function lasts(seconds) {
  const [unit, size] = seconds >= 172800 ? ["day", 86400] : seconds >= 7200 ? ["hour", 3600] : seconds >= 120 ? ["minute", 60] : ["second", 1];
  return new Intl.NumberFormat(lang, { style: "unit", unit, unitDisplay: "long", maximumFractionDigits: 1 }).format(seconds / size);
}

function Rungs({ rungs, set }) {
  const move = (i, to) => { const next = [...rungs]; [next[i], next[to]] = [next[to], next[i]]; set(next); };
  return html`<fieldset class="rungs wide"><legend>${t("set-rungs")}</legend><small>${t("set-rungs-hint")}</small>
    <ol>${rungs.map((r, i) => html`<li><b aria-hidden="true">${i + 1}</b>
      <input value=${r} required pattern=${NAME} maxlength="32" list="set-rung-names" dir="ltr" aria-label=${`${t("set-rungs")} ${i + 1}`} onInput=${(e) => set(rungs.map((x, n) => (n === i ? e.target.value : x)))} />
      <button type="button" disabled=${i === 0} onClick=${() => move(i, i - 1)} aria-label=${`${t("set-up")} ${r}`}>↑</button>
      <button type="button" disabled=${rungs.length === 1} onClick=${() => set(rungs.filter((_, n) => n !== i))} aria-label=${`${t("set-remove")} ${r}`}>✕</button></li>`)}</ol>
    <datalist id="set-rung-names">${["watch", "duty-officer", "commander", "minister"].map((r) => html`<option value=${r} />`)}</datalist>
    ${rungs.length < 8 && html`<button type="button" onClick=${() => set([...rungs, ""])}>+ ${t("set-rung-add")}</button>`}</fieldset>`;
}

function Draft({ set, f }) {
  const [rungs, setRungs] = useState(["watch", "duty-officer", "commander", "minister"]), [open, setOpen] = useState(false);
  const begin = (e) => {
    e.preventDefault();
    const data = new FormData(e.target), seconds = (name) => String(Math.round(Number(data.get(name)) * 60));
    set.draft(data.get("line"), [`rungs=${rungs.join(" ")}`, ...PRECEDENCES.map(([p]) => `answer.${p}=${seconds(p)}`), `check.interval=${seconds("check")}`]);
  };
  if (!open) return html`<p>${t("set-charter-why")}</p><div class="row"><button class="primary" disabled=${f.cards.length === 0} onClick=${() => setOpen(true)}>${t("set-draft")}</button><span class="quiet-text">${t("set-charter-or")}</span>
    ${f.home.lines.some((l) => l.joined) && html`<button onClick=${() => set.back()}>${t("cancel")}</button>`}</div>`;
  return html`<form class="set-form" onSubmit=${begin}>
    <label class="set-field">${t("set-line")}<input name="line" required pattern=${NAME} maxlength="32" placeholder="hotline" autocomplete="off" autocapitalize="none" spellcheck="false" dir="ltr" /><small>${t("set-line-hint")}</small></label>
    <p class="set-field">${t("set-parties")}<b class="party-list">${[f.home.party, ...f.cards.map((c) => c.party)].sort().join(" — ")}</b></p>
    <${Rungs} rungs=${rungs} set=${setRungs} />
    <fieldset class="wide times"><legend>${t("set-times")}</legend>${PRECEDENCES.map(([p, minutes]) => html`<label class="set-field"><span class=${`chip ${p}`}>${t(p)}</span>
      <input name=${p} type="number" required min="0.5" max="10080" step="any" value=${minutes} /></label>`)}
      <label class="set-field"><span>${t("set-check")}</span><input name="check" type="number" required min="1" max="1440" step="any" value="20" /></label></fieldset>
    <div class="row wide"><button type="button" onClick=${() => setOpen(false)}>${t("cancel")}</button><button class="primary" disabled=${f.busy}>${t("set-draft-make")}</button></div>
    <${Fault} error=${f.faults.charter} />
  </form>`;
}

// What it means, as a table; every key stands in it, those without words of their own as they are.
function Means({ charter }) {
  const s = charter.settings, rows = [], used = new Set(["line", "generation", "formats", "suite", "rungs"]);
  const row = (key, value) => { if (s[key] !== undefined) { used.add(key); rows.push([t(`set-c-${key.replace(".", "-")}`), value(s[key])]); } };
  rows.push([t("set-line"), html`<b>${charter.line}</b>`]);
  rows.push([t("set-parties"), charter.parties.map((p) => html`<p><b class="party">${p.name}</b> ${Object.values(p.names).map((n) => html`<bdi>${n}</bdi> `)}</p>`)]);
  rows.push([t("set-rungs"), html`<ol class="rung-line">${charter.rungs.map((r) => html`<li>${r}</li>`)}</ol>`]);
  rows.push([t("set-answer"), PRECEDENCES.map(([p]) => { used.add(`answer.${p}`); return html`<p><span class=${`chip ${p}`}>${t(p)}</span> ${lasts(Number(s[`answer.${p}`]))}</p>`; })]);
  row("check.interval", (v) => lasts(Number(v)));
  row("release.two", (v) => v.split(" ").map((p) => html`<span class=${`chip ${p}`}>${t(p)}</span> `));
  row("quota.flash", (v) => v);
  row("quota.immediate", (v) => v);
  row("limit.entries", (v) => Number(v).toLocaleString(lang));
  row("limit.bytes", (v) => Number(v).toLocaleString(lang));
  row("crypto.period", (v) => lasts(Number(v)));
  row("courier.time", (v) => lasts(Number(v)));
  row("retention", (v) => (v === "forever" ? t("set-forever") : lasts(Number(v))));
  for (const [key, value] of Object.entries(s)) if (!used.has(key)) rows.push([key, value]);
  return html`<table class="means"><tbody>${rows.map(([key, value]) => html`<tr><th scope="row">${key}</th><td>${value}</td></tr>`)}</tbody></table>`;
}

export function Charter({ set, f, state }) {
  const [has, setHas] = useState(false), { charter: c, home } = f;
  if (!c) return f.joined ? html`<p class="quiet-text">${t("set-charter-kept", { line: f.joined.line })}</p>` : html`<${Draft} set=${set} f=${f} />`;
  const ours = c.parties.find((p) => p.name === home.party), us = c.signed.includes(home.party), fault = f.faults.charter;
  const strange = c.parties.filter((p) => p.name !== home.party && f.cards.some((x) => x.party === p.name && x.identity !== p.identity));
  const text = html`<pre class="charter-text" dir="ltr" tabindex="0" aria-label=${t("set-charter-text")} role="region">${c.body}</pre>`;
  return html`${state === "now" && html`<p>${t("set-charter-read")}</p>`}
    ${state === "now" ? html`<${Means} charter=${c} /><p class="label">${t("set-charter-text")}</p>${text}`
      : html`<details><summary>${t("set-charter-of", { line: c.line })}</summary><${Means} charter=${c} />${text}</details>`}
    <ul class="signers">${c.parties.map((p) => html`<li class=${c.signed.includes(p.name) ? "yes" : ""} data-signed=${String(c.signed.includes(p.name))}><b class="party">${p.name}</b> ${t(c.signed.includes(p.name) ? "set-signed" : "set-unsigned")}</li>`)}</ul>
    ${(!ours || ours.identity !== home.identity) && html`<p class="fault" role="alert"><b>${t("set-charter-not-us")}</b></p>`}
    ${strange.length > 0 && html`<p class="fault" role="alert"><b>${t("set-charter-strange", { parties: strange.map((p) => p.name).join(", ") })}</b></p>`}
    ${!f.joined && !us && ours && html`<label class="tick"><input type="checkbox" checked=${has} onChange=${(e) => setHas(e.target.checked)} /> ${t("set-have-read")}</label>
      <div class="row"><${Pass} set=${set} f=${f} />
        <button class="primary" disabled=${f.busy || !has || (home.sealed && !f.pass)} onClick=${() => set.sign(false)}>${t("set-sign")}</button>
        <button onClick=${() => set.back()}>${t("set-discard")}</button></div>`}
    ${us && html`<div class="row"><button class=${state === "waits" ? "primary" : ""} onClick=${() => save(`${c.line}.charter`, c.text, "text/plain")}>↓ ${t("set-save-charter")}</button></div>
      ${state === "waits" && html`<p class="note">${t("set-charter-bring")}</p>`}`}
    <${Fault} error=${fault} />
    ${fault?.code === "OL_EEXIST" && !us && html`<div class="row"><button disabled=${f.busy} onClick=${() => set.sign(true)}>${t("set-sign-replace")}</button></div>`}`;
}
