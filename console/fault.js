// What was refused, and what to do: in words, beside what was pressed.
import { Component, html } from "/lib/preact.js";
import { t } from "/words.js";

export function Fault({ error }) {
  return error && html`<p class="fault" role="alert"><b>${error.what}</b>${error.do && html`<span>${error.do}</span>`}</p>`;
}

// What cannot be drawn says so in its own place, and takes nothing else with it: a call still rings.
export class Guard extends Component {
  componentDidCatch(error) {
    this.setState({ error });
  }
  render({ children }, { error }) {
    return error ? html`<p class="fault broken" role="alert"><b>${t("view-broken", { why: String(error.message) })}</b></p>` : children;
  }
}
