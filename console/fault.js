// What was refused, and what to do: in words, beside what was pressed.
import { html } from "/lib/preact.js";

export function Fault({ error }) {
  return error && html`<p class="fault" role="alert"><b>${error.what}</b>${error.do && html`<span>${error.do}</span>`}</p>`;
}
