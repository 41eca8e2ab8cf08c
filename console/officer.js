// Who sits here: the officer that signs what is done at this console, of each line. The passphrase,
// and a key that was brought, stay in this page alone and go with each act.
import { html, useEffect, useRef, useState } from "/lib/preact.js";
import { lang, t } from "/words.js";
import { Fault } from "/fault.js";

const sits = new Map(); // line → { as, passphrase, key, who }

export const sit = (line, officer) => (officer ? sits.set(line, officer) : sits.delete(line));
export const sitting = (line) => sits.get(line) ?? null;

// What goes with an act on this line.
export function signs(line) {
  const { as, passphrase, key } = sits.get(line) ?? {};
  return { ...(as ? { as } : {}), ...(passphrase ? { passphrase } : {}), ...(key ? { key } : {}) };
}

const spoken = (pairs = []) => (pairs.find(([l]) => l === lang) ?? pairs[0] ?? [])[1];
export function nameOf(officer, number) {
  return officer ? [spoken(officer.titles), spoken(officer.names)].filter(Boolean).join(" ") : `#${number}`;
}

// The officers of a line by party and number; asked for anew after a minute.
const rosters = new Map();
export function roster(talk, line) {
  const known = rosters.get(line);
  if (known && Date.now() - known.at < 60000) return known.asked;
  const asked = talk.ask("officers", { line }).then(({ result }) => result.officers, () => { rosters.delete(line); return {}; });
  rosters.set(line, { at: Date.now(), asked });
  return asked;
}

const read = (file) => new Promise((yes) => {
  const reader = new FileReader();
  reader.onload = () => yes(reader.result.slice(reader.result.indexOf(",") + 1));
  reader.readAsDataURL(file);
});
export const keyOf = async (form) => (form.key?.files[0]?.size ? read(form.key.files[0]) : undefined);

// Whom one may choose: of a seat that logged in all of the party who have a key; else whose key is known here.
function useOfficers(talk, line, party, login) {
  const [officers, set] = useState(null);
  useEffect(() => {
    let on = true;
    set(null);
    Promise.all([roster(talk, line), login ? null : talk.ask("signers", { line })]).then(([all, known]) => {
      const own = all[party] ?? {}, numbers = known ? known.result.officers.map((o) => String(o.officer)) : Object.keys(own).filter((n) => own[n].key && !own[n].left);
      if (on) set(numbers.map((n) => ({ number: n, who: nameOf(own[n], n) })));
    }, () => on && set([]));
    return () => { on = false; };
  }, [line, party, login]);
  return officers;
}

function Form({ model, talk, line, lines, setLine, onDone }) {
  const { state } = model, officers = useOfficers(talk, line, state.party, state.login), box = useRef(null);
  const [error, setError] = useState(null), [busy, setBusy] = useState(false);
  useEffect(() => { box.current?.querySelector("select, input")?.focus(); }, [officers === null]);
  const take = async (e) => {
    e.preventDefault();
    const form = e.target, as = form.as.value, passphrase = form.pass.value, key = await keyOf(form);
    setBusy(true);
    setError(null);
    try {
      const { result } = await talk.ask(state.login ? "login" : "check", { line, as, ...(passphrase ? { passphrase } : {}), ...(key ? { key } : {}) });
      sit(line, { as, passphrase, key, who: [result.title, result.name].filter(Boolean).join(" ") });
      onDone();
    } catch (fault) {
      setError(fault.code === "OL_EAUTH" ? { what: t("officer-wrong") } : fault);
    }
    setBusy(false);
  };
  const leave = () => talk.ask("leave").catch(() => {}).then(() => location.reload());
  return html`<form class="officer" ref=${box} onSubmit=${take} onKeyDown=${(e) => e.key === "Escape" && onDone()}>
    ${lines.length > 1 && html`<label>${t("lines")} <select name="line" value=${line} onChange=${(e) => setLine(e.target.value)}>${lines.map((l) => html`<option value=${l}>${l}</option>`)}</select></label>`}
    ${officers === null ? html`<p>${t("reading")}</p>` : officers.length === 0 ? html`<p>${t("officer-none")}</p>` : html`
      <label>${t("officer-who")} <select name="as">${officers.map((o) => html`<option value=${o.number} selected=${o.number === sitting(line)?.as}>${o.number} · ${o.who}</option>`)}</select></label>
      <label>${t("officer-pass")} <input name="pass" type="password" autocomplete="off" /></label>
      ${state.login && html`<label>${t("officer-key")} <input name="key" type="file" /></label>`}
      <div class="row"><button class="primary" disabled=${busy}>${busy ? t("officer-checking") : t("officer-take")}</button>
        ${sitting(line) && !state.login && html`<button type="button" onClick=${() => { sit(line, null); onDone(); }}>${t("officer-nobody")}</button>`}</div>`}
    <${Fault} error=${error} />
    <button type="button" class="quiet" onClick=${leave}>${t("leave")}</button>
  </form>`;
}

// In the bar: who sits here, and the way to change it.
export function Officer({ model, talk, line: shown }) {
  const lines = model.state.names, [chosen, setChosen] = useState(null), [open, setOpen] = useState(false);
  const line = lines.includes(shown) ? shown : lines.includes(chosen) ? chosen : lines.find((l) => sitting(l)) ?? lines[0];
  if (!line) return null;
  const who = sitting(line);
  return html`<div class="seat">
    <button class=${`quiet ${who ? "sits" : ""}`} aria-expanded=${open} onClick=${() => setOpen(!open)}>${who ? html`<span aria-hidden="true">✓</span> ${who.who}` : t(model.state.login ? "officer-again" : "officer-out")}</button>
    ${open && html`<${Form} model=${model} talk=${talk} line=${line} lines=${lines.includes(shown) ? [] : lines} setLine=${setChosen} onDone=${() => setOpen(false)} />`}
  </div>`;
}
