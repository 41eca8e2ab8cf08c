// Setup, steps 1 and 2: this party's keys and its card, and the cards of the others.
import { html, useState } from "/lib/preact.js";
import { LANGS, lang, t } from "/words.js";
import { Fault } from "/call.js";
import { spelled } from "/notes.js";
import { save } from "/proof.js";

const NAME = "[a-z][a-z0-9\\-]{0,31}", LANG = "[a-z]{2,3}(-[a-z0-9]{1,8})*";

export function Identity({ identity, party }) {
  return html`<p class="identity" dir="ltr" data-identity=${party}>${spelled(identity).map((four) => html`<span>${four}</span>`)}</p>`;
}

const Names = ({ names }) => html`${Object.entries(names).map(([code, name]) => html`<span class="named" lang=${code} dir="auto">${name} <small>${code}</small></span>`)}`;

// Where the keys are under a passphrase: asked beside what needs it, and kept in this page alone.
export function Pass({ set, f }) {
  if (!f.home.sealed) return null;
  return html`<label class="set-field pass">${t("set-pass-keys")}
    <input type="password" autocomplete="off" value=${f.pass ?? ""} onInput=${(e) => { f.pass = e.target.value || null; set.draw(); }} />
    <small>${t("set-pass-stays")}</small></label>`;
}

function Form({ set, f }) {
  const [also, setAlso] = useState([]), [fault, setFault] = useState(null), [none, setNone] = useState(false);
  const change = (i, key, value) => setAlso(also.map((a, n) => (n === i ? { ...a, [key]: value } : a)));
  const make = (e) => {
    e.preventDefault();
    const data = new FormData(e.target), pass = data.get("pass");
    if (!none && (pass !== data.get("pass2") || pass.length < 8)) { setFault({ what: t(pass.length < 8 ? "set-pass-short" : "set-pass-differs") }); return; }
    setFault(null);
    const others = also.filter((a) => a.lang && a.name).map((a) => `${a.lang}=${a.name}`);
    set.make({ party: data.get("party"), name: data.get("name"), lang: data.get("lang"), ...(others.length ? { also: others } : {}) }, none ? null : pass);
  };
  return html`<form class="set-form" onSubmit=${make}>
    <label class="set-field">${t("set-party")}<input name="party" required pattern=${NAME} maxlength="32" autocapitalize="none" autocomplete="off" spellcheck="false" placeholder="usa" dir="ltr" title=${t("set-party-hint")} /><small>${t("set-party-hint")}</small></label>
    <label class="set-field">${t("set-name")}<input name="name" required maxlength="66" autocomplete="off" dir="auto" /><small>${t("set-name-hint")}</small></label>
    <label class="set-field short">${t("set-lang")}<input name="lang" required pattern=${LANG} list="set-langs" value=${lang} autocomplete="off" dir="ltr" /></label>
    <datalist id="set-langs">${Object.entries(LANGS).map(([code, name]) => html`<option value=${code}>${name}</option>`)}</datalist>
    ${also.map((a, i) => html`<div class="set-pair">
      <label class="set-field short">${t("set-lang")}<input pattern=${LANG} list="set-langs" required value=${a.lang} dir="ltr" onInput=${(e) => change(i, "lang", e.target.value)} /></label>
      <label class="set-field">${t("set-name")}<input maxlength="66" required value=${a.name} dir="auto" onInput=${(e) => change(i, "name", e.target.value)} /></label>
      <button type="button" onClick=${() => setAlso(also.filter((_, n) => n !== i))} aria-label=${t("set-remove")}>✕</button></div>`)}
    <p class="wide"><button type="button" onClick=${() => setAlso([...also, { lang: "", name: "" }])}>+ ${t("set-also")}</button></p>
    ${!none && html`<label class="set-field">${t("set-pass")}<input name="pass" type="password" autocomplete="new-password" required /><small>${t("set-pass-hint")}</small></label>
      <label class="set-field">${t("set-pass-again")}<input name="pass2" type="password" autocomplete="new-password" required /></label>`}
    <label class="tick wide"><input type="checkbox" checked=${none} onChange=${(e) => setNone(e.target.checked)} /> ${t("set-pass-none")}</label>
    <p class="wide"><button class="primary" disabled=${f.busy}>${t("set-make")}</button></p>
    <${Fault} error=${fault ?? f.faults.keys} />
  </form>`;
}

export function Keys({ set, f }) {
  const { home } = f;
  if (!home.party) return html`<p>${t("set-keys-why")}</p><${Form} set=${set} f=${f} />`;
  return html`<p class="who"><b class="party">${home.party}</b> <${Names} names=${home.names} /></p>
    <p class="label">${t("set-identity")}</p>
    <${Identity} identity=${home.identity} party=${home.party} />
    <p class="quiet-text">${t("set-identity-hint")}</p>
    <div class="row">
      <button class=${f.cards.length === 0 ? "primary" : ""} onClick=${() => save(`${home.party}.card`, home.card, "text/plain")}>↓ ${t("set-save-card")}</button>
      <span class=${`chip ${home.sealed ? "" : "immediate"}`}>${t(home.sealed ? "set-sealed" : "set-unsealed")}</span>
    </div>
    <p class=${`note ${home.identity_here ? "warn" : ""}`}>${t(home.identity_here ? "set-identity-here" : "set-identity-away")}</p>`;
}

export function Cards({ set, f, state }) {
  const turn = (identity) => {
    const { compared } = f.kept;
    set.keep({ compared: compared.includes(identity) ? compared.filter((x) => x !== identity) : [...compared, identity] });
    set.draw();
  };
  const drop = (card) => { set.keep({ cards: f.kept.cards.filter((text) => text !== card.text), compared: f.kept.compared.filter((x) => x !== card.identity) }); set.look(); };
  const lacking = f.charter && !f.joined ? f.charter.parties.filter((p) => p.name !== f.home.party && !f.cards.some((c) => c.party === p.name)) : [];
  return html`${state !== "done" && html`<p>${t("set-cards-why")}</p>`}
    ${f.cards.length === 0 && f.joined && html`<p class="quiet-text">${t("set-cards-kept", { parties: f.joined.parties.join(", ") })}</p>`}
    <ul class="card-list">${f.cards.map((c) => html`<li key=${c.identity} class=${f.kept.compared.includes(c.identity) ? "compared" : ""}>
      <p class="who"><b class="party">${c.party}</b> <${Names} names=${c.names} />
        ${!f.joined && html`<button class="quiet" onClick=${() => drop(c)} aria-label=${`${t("set-remove")} ${c.party}`}>✕</button>`}</p>
      <${Identity} identity=${c.identity} party=${c.party} />
      <label class="tick"><input type="checkbox" checked=${f.kept.compared.includes(c.identity)} onChange=${() => turn(c.identity)} /> ${t("set-compared", { party: c.party })}</label>
    </li>`)}</ul>
    ${lacking.length > 0 && html`<p class="note warn">${t("set-cards-lack", { parties: lacking.map((p) => p.name).join(", ") })}</p>`}`;
}
