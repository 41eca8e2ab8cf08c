// The console: one page, one talk, five views. What is shown is what the station says.
import { html, render, useEffect, useState } from "/lib/preact.js";
import { talk as newTalk } from "/talk.js";
import { model as newModel, ringing, DRILL } from "/model.js";
import { LANGS, chooseLang, lang, setLang, t } from "/words.js";
import { allowSound, ring, soundBlocked } from "/sound.js";
import { clockUTC, local } from "/time.js";
import { Wall } from "/wall.js";
import { Line } from "/line.js";
import { Setup } from "/setup.js";
import { Alarm, CallView } from "/call.js";
import { Officer } from "/officer.js";
import { Guard } from "/fault.js";

let draw = () => {};
const talk = newTalk({ onEvent: (e) => model.heard(e), onState: (s) => model.linked(s) });
const model = newModel(talk, () => draw());

export function route() {
  const [, view = "wall", name = "", ...rest] = location.hash.replace(/^#/, "").split("/");
  return { view: view || "wall", name, entry: rest.join("/") };
}

function Theme() {
  const [dark, set] = useState(() => document.documentElement.dataset.theme !== "light");
  const turn = () => {
    document.documentElement.dataset.theme = dark ? "light" : "dark";
    try { localStorage.setItem("theme", dark ? "light" : "dark"); } catch { /* not kept */ }
    set(!dark);
  };
  return html`<button class="quiet" onClick=${turn} aria-label=${t("theme")} title=${t("theme")}>${dark ? "☾" : "☀"}</button>`;
}

function Bar({ model, state, redraw }) {
  const now = new Date(state.now);
  return html`<header class="bar">
    <a class="brand" href="#/wall"><span class="mark" aria-hidden="true"></span>openline
      <strong class="party">${state.party}</strong></a>
    <nav aria-label=${t("lines")}>${state.sets && html`<a href="#/setup" aria-current=${route().view === "setup" ? "page" : null}>${t("set-title")}</a>`}
      ${state.names.map((name) => html`<a href=${`#/line/${name}`}
      aria-current=${route().name === name ? "page" : null}>${name}</a>`)}</nav>
    <div class="clock" role="timer"><strong>${clockUTC(now)}</strong><span>${local(now / 1000, lang)} ${t("local")}</span></div>
    <div class="tools">
      ${!state.acts && state.link === "open" && html`<span class="chip">${t("onlooker")}</span>`}
      ${state.acts && html`<${Officer} model=${model} talk=${talk} line=${route().name} />`}
      <select aria-label=${t("language")} value=${lang} onChange=${async (e) => { await setLang(e.target.value); redraw(); }}>
        ${Object.entries(LANGS).map(([code, name]) => html`<option value=${code}>${name}</option>`)}</select>
      <${Theme} />
    </div>
  </header>`;
}

function Banners({ state }) {
  const none = state.link !== "open" ? t("no-server") : state.station === false && route().view !== "setup" ? t("no-station") : null;
  return html`<div class="banners" aria-live="assertive">
    ${none && html`<p class="banner bad">${none}</p>`}
    ${soundBlocked() && html`<p class="banner warn">${t("sound-blocked")}
      <button onClick=${allowSound}>${t("allow-sound")}</button></p>`}
    ${state.notices.filter((n) => state.now - n.at < 15000).map((n) => html`<p class="banner">${n.text}</p>`)}
  </div>`;
}

function App() {
  const [, again] = useState(0);
  const redraw = () => again((n) => n + 1);
  draw = redraw;
  const { state } = model;
  useEffect(() => {
    const timer = setInterval(() => model.tick(), 1000);
    addEventListener("hashchange", redraw);
    return () => { clearInterval(timer); removeEventListener("hashchange", redraw); };
  }, []);

  const calls = ringing(state), loud = calls.filter(({ call }) => call.state === "rings");
  ring(loud.length > 0, loud.length > 0 && loud.every(({ call }) => DRILL(call.status)));
  document.title = calls.length ? `☎ ${calls[0].call.caller.toUpperCase()} — openline` : `${state.party || "…"} — openline`;

  const { view, name, entry } = route();
  const line = state.lines[name];
  return html`
    <${Guard}><${Bar} model=${model} state=${state} redraw=${redraw} /></${Guard}>
    <${Banners} state=${state} />
    <main><${Guard} key=${`${view} ${name}`}>
      ${view === "line" && line ? html`<${Line} key=${name} model=${model} talk=${talk} line=${line} entry=${entry} />`
        : view === "call" && line ? html`<${CallView} key=${entry} model=${model} talk=${talk} line=${line} entry=${entry} />`
        : view === "setup" ? html`<${Setup} model=${model} talk=${talk} />`
        : html`<${Wall} model=${model} talk=${talk} />`}
    </${Guard}></main>
    ${calls.length > 0 && html`<${Guard} key=${calls[0].call.entry}><${Alarm} key=${calls[0].call.entry} model=${model} talk=${talk} calls=${calls} /></${Guard}>`}`;
}

try {
  const kept = localStorage.getItem("theme");
  if (kept) document.documentElement.dataset.theme = kept;
} catch { /* the system's own is taken */ }
if (!document.documentElement.dataset.theme)
  document.documentElement.dataset.theme = matchMedia("(prefers-color-scheme: light)").matches ? "light" : "dark";
await chooseLang();
render(html`<${App} />`, document.getElementById("app"));
