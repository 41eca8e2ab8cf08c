// The wall: every line at a glance, readable across the room. Dead and unanswered look different.
import { html } from "/lib/preact.js";
import { DRILL, condition, nameOf, officerOf } from "/model.js";
import { t } from "/words.js";
import { dtg, span } from "/time.js";

export const SIGN = { operational: "●", degraded: "◐", suspended: "❚❚", dead: "✕", "not proven yet": "○", unknown: "…" };

function Strip({ strip = [], now }) {
  const from = Math.floor(now / 15000) - 59, at = new Map(strip.map((s) => [s.at, s.live]));
  return html`<span class="strip" role="img" aria-label=${t("strip")}>
    ${Array.from({ length: 60 }, (_, i) => html`<i class=${at.has(from + i) ? (at.get(from + i) ? "up" : "down") : ""}></i>`)}
  </span>`;
}

export function ago(path, line, now) {
  if (path.proven_ms_ago === null || path.proven_ms_ago === undefined) return t("never");
  return t("ago", { span: span((path.proven_ms_ago + (now - line.read)) / 1000) });
}

function Path({ path, line, now }) {
  return html`<li class=${path.live ? "live" : "gone"}>
    <span class="sign" aria-hidden="true">${path.live ? "●" : "✕"}</span>
    <span class="where"><b>${path.party}</b> ${(path.url ?? path.address ?? "").replace(/^(\w+):\/*/, "$1 ")}</span>
    <span class="proven">${t("proven")} ${ago(path, line, now)}</span>
    <${Strip} strip=${line.history[path.party + path.path]} now=${now} />
  </li>`;
}

export function Clock({ clock, line, state }) {
  const left = (clock.left_s ?? -(clock.late_s ?? 0)) - (state.now - line.read) / 1000, late = clock.overdue || left < 0;
  const ours = clock.party === state.party;
  return html`<li class=${`clock-row ${late ? "late" : ""} ${DRILL(clock.status) ? "drill" : ""}`}>
    ${DRILL(clock.status) && html`<span class="chip drill">${t(clock.status)}</span>`}
    <span class=${`chip ${clock.precedence}`}>${t(clock.precedence)}</span>
    <a href=${`#/line/${line.name}/${clock.entry}`}>${clock.entry}</a>
    <span class="says">${ours ? t("we-owe") : t("they-owe", { party: clock.party })}</span>
    <strong>${late ? t("overdue", { span: span(-left) }) : t("left", { span: span(left) })}</strong>
  </li>`;
}

// A call that somebody deferred: until when, or since when that is over.
function Deferral({ deferral, line, state }) {
  const left = (deferral.left_s ?? -(deferral.late_s ?? 0)) - (state.now - line.read) / 1000, due = deferral.due || left < 0;
  return html`<li class=${`clock-row ${due ? "late" : ""} ${DRILL(deferral.status) ? "drill" : ""}`} data-deferral=${deferral.entry}>
    ${DRILL(deferral.status) && html`<span class="chip drill">${t(deferral.status)}</span>`}
    <span class=${`chip ${deferral.precedence}`}>${t(deferral.precedence)}</span>
    <a href=${`#/call/${line.name}/${deferral.entry}`}>${deferral.entry}</a>
    <span class="says">${t("deferred-by", { party: deferral.party })}</span>
    <strong>${due ? t("due", { span: span(-left) }) : t("left", { span: span(left) })}</strong>
  </li>`;
}

function Card({ line, state }) {
  const s = line.status, how = condition(line);
  if (!s) return html`<article class="card"><h2>${line.name}</h2><p>${t("reading")}</p></article>`;
  const clocks = s.clocks ?? [], open = line.calls.filter((c) => c.state !== "closed");
  const late = clocks.some((c) => c.overdue && !DRILL(c.status));
  return html`<article class=${`card ${how.replaceAll(" ", "-")} ${late ? "unanswered" : ""}`} data-line=${line.name} data-state=${how}>
    <header>
      <h2><a href=${`#/line/${line.name}`}>${line.name}</a></h2>
      <p class="parties">${s.parties.map((p) => nameOf(line, p)).join(" — ")}</p>
      <p class="state"><span class="sign" aria-hidden="true">${SIGN[how] ?? "●"}</span> ${t(`state-${how.replaceAll(" ", "-")}`)}
        ${s.state_since > 0 && html`<small>${t("since", { time: dtg(s.state_since) })}</small>`}</p>
    </header>
    <ul class="paths">${s.paths.map((path) => html`<${Path} path=${path} line=${line} now=${state.now} />`)}</ul>
    ${Object.keys(s.watch ?? {}).length > 0 && html`<ul class="checks">${Object.entries(s.watch).map(([party, w]) => html`<li><b>${party}</b> ${t("on-watch", { who: w.officer ? officerOf(w) : "—" })}</li>`)}</ul>`}
    ${s.checks && html`<ul class="checks">${Object.entries(s.checks.parties).map(([party, c]) => html`<li class=${c.missed ? "late" : ""}>
      <b>${party}</b> ${c.missed ? t("check-missed") : c.last ? t("check", { number: c.last, time: c.time ? dtg(c.time) : "" }) : t("no-check")}</li>`)}</ul>`}
    ${open.length > 0 && html`<ul class="calls">${open.map((c) => html`<li class=${DRILL(c.status) ? "drill" : ""}>
      ${DRILL(c.status) && html`<span class="chip drill">${t(c.status)}</span>`}
      <span class=${`chip ${c.precedence}`}>${t(c.precedence)}</span>
      <a href=${`#/call/${line.name}/${c.entry}`}>${t("call-open", { caller: c.caller, rung: c.rung })}</a></li>`)}</ul>`}
    ${clocks.length > 0 && html`<ul class="clocks" aria-label=${t("unanswered")}>${clocks.map((c) => html`<${Clock} clock=${c} line=${line} state=${state} />`)}</ul>`}
    ${s.deferrals?.length > 0 && html`<ul class="clocks">${s.deferrals.map((d) => html`<${Deferral} deferral=${d} line=${line} state=${state} />`)}</ul>`}
    ${state.drafts.some((d) => d.line === line.name) && html`<p class="drafts-wait"><a href=${`#/line/${line.name}`}>${t("drafts-wait", { count: state.drafts.filter((d) => d.line === line.name).length })}</a></p>`}
    ${s.forks_unseen > 0 && html`<p class="alarm">${t("fork-alarm", { count: s.forks_unseen })}</p>`}
    ${s.copy && !s.copy_acknowledged && html`<p class="alarm">${t("copy-alarm")}</p>`}
    ${s.clock_doubtful && html`<p class="alarm">${t("clock-alarm")}</p>`}
  </article>`;
}

export function Wall({ model }) {
  const { state } = model;
  return html`<section class="wall" aria-label=${t("wall")}>
    <h1 class="away">${t("wall")}</h1>
    ${state.names.length === 0 && html`<p class="empty">${state.station === false ? t("no-station") : t("no-lines")}</p>`}
    ${state.names.map((name) => html`<${Card} line=${model.line(name)} state=${state} />`)}
  </section>`;
}
