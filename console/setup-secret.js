// Setup, step 4: the courier's shares, and the thirty digits that show that nobody changed them.
import { html, useState } from "/lib/preact.js";
import { t } from "/words.js";
import { Fault } from "/call.js";
import { Pass } from "/setup-keys.js";

const DIGITS = 30;
const grouped = (digits) => digits.replace(/\D/g, "").slice(0, DIGITS).replace(/(\d{5})(?=\d)/g, "$1 ");

export function Secret({ set, f }) {
  const [heard, setHeard] = useState(""), [sure, setSure] = useState(false);
  if (f.joined) return html`<p class="quiet-text">${t("set-secret-kept", { line: f.joined.line })}</p>`;
  const others = f.charter.parties.filter((p) => p.name !== f.home.party).map((p) => p.name), { share, combined, digits } = f.under ?? {};
  const lacking = others.filter((n) => !f.shares[n]), count = heard.replace(/\D/g, "").length, fault = f.faults.secret;
  const anew = async () => { if (!sure) { setSure(true); return; } setSure(false); setHeard(""); await set.contribute(true); };
  const begin = html`<div class="row"><${Pass} set=${set} f=${f} /><button disabled=${f.busy || (f.home.sealed && !f.pass)} onClick=${anew}>${t(sure ? "set-anew-sure" : "set-anew")}</button></div>`;
  if (combined && digits) return html`<p>${t("set-digits-read", { parties: others.join(", ") })}</p>
    <p class="digits" dir="ltr" data-digits>${digits.split(" ").map((g) => html`<span>${g}</span>`)}</p>
    <form class="set-form" onSubmit=${(e) => { e.preventDefault(); set.join(heard); }}>
      <label class="set-field wide">${t("set-digits-heard")}<input class="heard" inputmode="numeric" autocomplete="off" required dir="ltr" value=${heard} aria-describedby="set-digits-left"
        onInput=${(e) => { const to = grouped(e.target.value); e.target.value = to; setHeard(to); }} />
        <small id="set-digits-left">${t("set-digits-left", { count: DIGITS - count })}</small></label>
      <p class="wide"><button class="primary" disabled=${f.busy || count !== DIGITS}>${t("set-join")}</button></p></form>
    ${fault?.code === "OL_EAUTH" ? html`<div class="stop" role="alert"><b>${t("set-stop")}</b><p>${t("set-stop-why")}</p>${begin}</div>` : html`<${Fault} error=${fault} />`}`;
  return html`<p>${t("set-secret-why")}</p>
    <p class="note warn">${t("set-secret-warn")}</p>
    <div class="row">${!share && html`<${Pass} set=${set} f=${f} />`}
      <button class=${share ? "" : "primary"} disabled=${f.busy || (f.home.sealed && !f.pass && !share)} onClick=${() => set.contribute(false)}>↓ ${t(share ? "set-save-share-again" : "set-save-share")}</button></div>
    <ul class="signers">
      <li class=${share ? "yes" : ""}><b class="party">${f.home.party}</b> ${t(share ? "set-share-made" : "set-share-none")}</li>
      ${others.map((n) => html`<li class=${f.shares[n] ? "yes" : ""} data-share=${n}><b class="party">${n}</b> ${t(f.shares[n] ? "set-share-here" : "set-share-lacks")}</li>`)}</ul>
    <p class="quiet-text">${t("set-share-bring")}</p>
    <div class="row"><button class="primary" disabled=${f.busy || !share || lacking.length > 0} onClick=${() => set.combine()}>${t("set-combine")}</button></div>
    <${Fault} error=${fault} />
    ${fault?.code === "OL_ESTATE" && html`<div class="stop">${begin}</div>`}`;
}
