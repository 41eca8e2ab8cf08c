// What one officer has signed and another is to release: shown whole, as it was signed.
import { html, useEffect, useState } from "/lib/preact.js";
import { DRILL } from "/model.js";
import { lang, t } from "/words.js";
import { dtg, local } from "/time.js";
import { useAct } from "/call.js";
import { Fault } from "/fault.js";
import { nameOf, roster, sitting } from "/officer.js";

// Does the charter ask two officers for it?
export const needsTwo = (line, precedence, status) => status !== "test" && (line.status?.release_two ?? []).includes(precedence);

function Draft({ draft, model, talk, line, officers }) {
  const { act, error, busy } = useAct(talk), [sure, setSure] = useState(null);
  const said = draft.message ?? draft.call, drill = DRILL(said.status), own = sitting(line.name)?.as === String(draft.officer);
  const once = (what) => { // what cannot be undone is asked once more
    if (sure !== what) { setSure(what); return; }
    setSure(null);
    act(what, { draft: draft.draft }, line.name);
  };
  const who = nameOf(officers[model.state.party]?.[draft.officer], draft.officer);
  return html`<li class=${`draft ${drill ? "drill" : ""}`} data-draft=${draft.draft}>
    ${drill && html`<p class="drill-band">${t(said.status)} — ${t("drill-band")}</p>`}
    <header><span class="chip wait">${t("draft")}</span> <span class=${`chip ${said.precedence}`}>${t(said.precedence)}</span>
      ${draft.call && html`<b>☎ ${t("call")}</b>`} <span>${t("draft-to", { whom: [...(said.action ?? said.called ?? []), said.to ?? said.rung].join(" · ") })}</span>
      ${said.info && html`<span>${t("draft-info", { parties: said.info.join(", ") })}</span>`}
      ${said.sort && html`<span class="chip">${t(`sort-${said.sort}`)}</span>`} ${said.grade && html`<span class="chip">${t(`grade-${said.grade}`)}</span>`}
      ${said.asks && html`<span class="chip">${t("draft-readback")}</span>`}</header>
    ${said.ref && html`<p class="about">${t("about", { entry: said.ref })}</p>`}
    ${said.subject && html`<b class="subject" dir="auto">${said.subject}</b>`}
    <p class="text" dir="auto" lang=${said.lang ?? null}>${said.text}</p>
    <p class="by" title=${local(draft.written, lang)}>${t("draft-by", { who, time: dtg(draft.written) })}</p>
    ${model.state.acts && html`<div class="row">
      ${own ? html`<p class="own">${t("draft-own")}</p>` : html`<button class=${`primary ${said.precedence}`} disabled=${busy} onClick=${() => once("release")}>${sure === "release" ? t("send-sure", { precedence: t(said.precedence) }) : t("draft-release")}</button>`}
      <button disabled=${busy} onClick=${() => once("drop")}>${sure === "drop" ? t("draft-drop-sure") : t("draft-drop")}</button></div>`}
    <${Fault} error=${error} />
  </li>`;
}

export function Drafts({ model, talk, line }) {
  const drafts = model.state.drafts.filter((d) => d.line === line.name), [officers, setOfficers] = useState({});
  useEffect(() => { if (drafts.length > 0) roster(talk, line.name).then(setOfficers); }, [drafts.length > 0]);
  if (drafts.length === 0) return null;
  return html`<section class="drafts" aria-label=${t("drafts")}><h2>${t("drafts")}</h2>
    <ul>${drafts.map((d) => html`<${Draft} key=${d.draft} draft=${d} model=${model} talk=${talk} line=${line} officers=${officers} />`)}</ul></section>`;
}

// The choice in a form that signs: send it, or leave it to a second officer.
export function TwoOfficers({ asked, two, set }) {
  return html`<label class="field two"><input type="checkbox" checked=${asked || two} disabled=${asked} onChange=${(e) => set(e.target.checked)} /> ${t("draft-two")}${asked ? html` <small>${t("draft-asked")}</small>` : ""}</label>`;
}
