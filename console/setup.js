// Setup: a line founded without a terminal. Seven steps in their order, each with its state; one
// place that takes every file and knows it by what is in it.
import { html, useEffect, useRef, useState } from "/lib/preact.js";
import { t } from "/words.js";
import { flow as newFlow } from "/setup-flow.js";
import { Cards, Keys } from "/setup-keys.js";
import { Charter } from "/setup-charter.js";
import { Secret } from "/setup-secret.js";
import { OnTheWall, Station, Ways } from "/setup-ways.js";

let kept = null; // what was brought lasts as long as the page

const needed = (f) => (f.charter ? f.charter.parties.map((p) => p.name).filter((n) => n !== f.home.party) : []);
const has = (f, party) => f.cards.some((c) => c.party === party && f.kept.compared.includes(c.identity));

// done · now: something to do here · waits: for the others · later: something comes before it
function statesOf(f, model) {
  const party = Boolean(f.home?.party), joined = Boolean(f.joined), c = f.charter, us = c?.signed.includes(f.home.party);
  const cards = joined || (f.cards.length > 0 && f.cards.every((x) => has(f, x.party)) && needed(f).every((n) => has(f, n)));
  const all = c && c.signed.length === c.parties.length, ready = joined || (us && all && cards);
  const ways = joined && f.joined.parties.every((p) => p === f.home.party || f.joined.bearers.some((b) => b.party === p));
  const runs = model.state.station && f.home?.running && joined && model.state.names.includes(f.joined.line) && !f.kept.restart;
  const proven = runs && ["operational", "degraded"].includes(model.line(f.joined.line).status?.state);
  const brought = needed(f).every((n) => f.shares[n]);
  return {
    keys: party ? "done" : "now",
    cards: !party ? "later" : cards ? "done" : "now",
    charter: joined || (us && all) ? "done" : !party ? "later" : us ? "waits" : c || cards ? "now" : "later",
    secret: joined ? "done" : !ready ? "later" : f.under?.share && !f.under.combined && !brought ? "waits" : "now",
    ways: !joined ? "later" : ways ? "done" : "now",
    station: runs ? "done" : ways ? "now" : "later",
    wall: proven ? "done" : runs ? "waits" : "later",
  };
}

const STEPS = [["keys", Keys], ["cards", Cards], ["charter", Charter], ["secret", Secret], ["ways", Ways], ["station", Station], ["wall", OnTheWall]];

function Drop({ set }) {
  const input = useRef(null), [over, setOver] = useState(false), { f } = set;
  useEffect(() => {
    const on = (e) => { if ([...(e.dataTransfer?.types ?? [])].includes("Files")) { e.preventDefault(); setOver(e.type === "dragover"); if (e.type === "drop") set.take([...e.dataTransfer.files]); } };
    const off = (e) => { if (e.relatedTarget === null) setOver(false); };
    for (const kind of ["dragover", "drop"]) addEventListener(kind, on);
    addEventListener("dragleave", off);
    return () => { for (const kind of ["dragover", "drop"]) removeEventListener(kind, on); removeEventListener("dragleave", off); };
  }, []);
  return html`<section class=${`drop ${over ? "over" : ""}`} aria-label=${t("set-bring")}>
    <p><b>${t("set-drop")}</b> <span>${t("set-drop-hint")}</span></p>
    <input type="file" multiple class="away" id="set-files" tabindex="-1" aria-hidden="true" ref=${input}
      onChange=${async (e) => { const files = [...e.target.files]; e.target.value = ""; await set.take(files); }} />
    <button onClick=${() => input.current.click()}>${t("set-choose")}</button>
    <div class="told" role="status"><ul>${f.told.map((x) => html`<li class=${x.bad ? "bad" : "good"}>${t(x.key, { ...x.values, why: x.values.why ? t(x.values.why) : "" })}</li>`)}</ul></div>
  </section>`;
}

export function Setup({ model, talk }) {
  const [, again] = useState(0);
  const redraw = useRef(() => {});
  redraw.current = () => again((n) => n + 1);
  kept ??= newFlow(talk, () => kept.draw());
  kept.draw = () => redraw.current();
  const { f } = kept, up = model.state.station;
  useEffect(() => () => kept.leave(), []);
  useEffect(() => { if (up === false && f.kept.restart) kept.keep({ restart: false }); }, [up]); // when it starts it takes up all
  useEffect(() => { kept.look().catch((error) => { f.faults = { ...f.faults, keys: error }; redraw.current(); }); }, [up, model.state.link, model.state.names.length]);
  useEffect(() => { if (f.home?.party && !model.state.party) model.state.party = f.home.party; }, [f.home]);
  const states = f.home ? statesOf(f, model) : {}, next = STEPS.find(([name]) => states[name] === "now")?.[0];
  useEffect(() => { if (next && next !== "keys") document.querySelector(`[data-step="${next}"]`)?.scrollIntoView({ block: "start", behavior: "smooth" }); }, [next]);
  if (!model.state.sets) return html`<section class="setup" data-state="closed"><p class="empty">${t(model.state.link === "open" ? "set-not-here" : "reading")}</p></section>`;
  if (!f.home) return html`<section class="setup" data-state="reading"><p class="empty">${f.faults.keys ? f.faults.keys.what : t("reading")}</p></section>`;
  return html`<section class="setup" data-state="setup">
    <header><h1>${t("set-title")}</h1><p>${t("set-intro")}</p></header>
    ${f.home.party && html`<${Drop} set=${kept} />`}
    <ol class="steps-list">${STEPS.map(([name, Body], i) => html`<li key=${name} class=${`step ${states[name]} ${name === next ? "next" : ""}`} data-step=${name} data-state=${states[name]}
        aria-current=${name === next ? "step" : null}>
      <span class="number" aria-hidden="true">${states[name] === "done" ? "✓" : i + 1}</span>
      <div class="step-body">
        <h2>${t(`set-${name}`)} <span class="chip how">${t(`set-is-${states[name]}`)}</span></h2>
        ${states[name] === "later" ? html`<p class="quiet-text">${t(`set-${name}-later`)}</p>` : html`<${Body} set=${kept} f=${f} state=${states[name]} model=${model} />`}
      </div></li>`)}</ol>
    ${f.joined && html`<p class="row end"><button onClick=${() => kept.another()}>${t("set-another")}</button></p>`}
  </section>`;
}
