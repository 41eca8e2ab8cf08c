// The page where an officer logs in. It shows nothing of this party: line and number are typed. What
// opens the key stays in this page, which becomes the console once the server says yes.
import { html, render, useEffect, useRef, useState } from "/lib/preact.js";
import { LANGS, chooseLang, lang, setLang, t } from "/words.js";
import { Fault } from "/fault.js";

const root = document.getElementById("app");

// One question by a talk of its own, which may ask nothing else.
function ask(request) {
  return new Promise((yes, no) => {
    const socket = new WebSocket(`wss://${location.host}/talk`);
    socket.onopen = () => socket.send(JSON.stringify({ id: 1, do: "login", ...request }));
    socket.onmessage = ({ data }) => {
      const said = JSON.parse(data);
      said.ok ? yes(said) : no(said.error);
      socket.close();
    };
    socket.onclose = () => no({ code: "OL_EIO" });
  });
}

const SAYS = { OL_EAUTH: "login-wrong", OL_EFORM: "login-wrong", OL_ESTATE: "no-station" };
const why = (error) => t(error.code === "OL_EAGAIN" ? (/station/.test(error.what) ? "no-station" : "login-busy") : SAYS[error.code] ?? "login-lost");

const read = (file) => new Promise((yes) => {
  const reader = new FileReader();
  reader.onload = () => yes(reader.result.slice(reader.result.indexOf(",") + 1));
  reader.readAsDataURL(file);
});

// The server's key is used, and this page goes on as the console: what opened the officer's key is kept.
async function sitDown(said, request) {
  const word = [...crypto.getRandomValues(new Uint8Array(32))].map((b) => b.toString(16).padStart(2, "0")).join("");
  try { localStorage.setItem("seat", word); } catch { /* seat.js keeps it in the page */ } // before there is a cookie that is nothing without it
  await fetch(`/?key=${said.key}&page=${word}`, { redirect: "manual" });
  (await import("/seat.js")).keepSeat(word);
  const { sit } = await import("/officer.js");
  const { title, name } = said.result;
  sit(request.line, { as: request.as, passphrase: request.passphrase, key: request.key, who: [title, name].filter(Boolean).join(" ") });
  document.head.insertAdjacentElement("beforeend", Object.assign(document.createElement("link"), { rel: "stylesheet", href: "/setup.css" }));
  render(null, root);
  await import("/app.js");
}

function Login() {
  const [, again] = useState(0), [error, setError] = useState(null), [since, setSince] = useState(null), [brings, setBrings] = useState(false), box = useRef(null);
  useEffect(() => { box.current?.querySelector("input")?.focus(); }, []);
  useEffect(() => { // it may wait its turn: that is seen to go on
    if (since === null) return undefined;
    const timer = setInterval(() => again((n) => n + 1), 1000);
    return () => clearInterval(timer);
  }, [since]);
  const take = async (e) => {
    e.preventDefault();
    const form = e.target, file = form.key?.files[0];
    const request = { line: form.line.value.trim(), as: form.as.value.trim(), passphrase: form.pass.value, ...(file ? { key: await read(file) } : {}) };
    setError(null);
    setSince(Date.now());
    try {
      await sitDown(await ask(request), request);
    } catch (fault) {
      setError({ what: why(fault) });
      setSince(null);
      form.pass.value = "";
      form.pass.focus();
    }
  };
  const waited = since === null ? 0 : Math.floor((Date.now() - since) / 1000);
  return html`<main class="login"><form ref=${box} onSubmit=${take}>
    <h1><span class="mark" aria-hidden="true"></span> openline</h1>
    <p>${t("login-title")}</p>
    <label>${t("login-line")} <input name="line" required maxlength="32" autocomplete="off" autocapitalize="none" spellcheck="false" /></label>
    <label>${t("login-number")} <input name="as" required inputmode="numeric" pattern="[0-9]{1,5}" maxlength="5" autocomplete="off" /></label>
    <label>${t("officer-pass")} <input name="pass" type="password" required autocomplete="off" /></label>
    ${brings ? html`<label>${t("officer-key")} <input name="key" type="file" /></label>`
      : html`<button type="button" class="quiet" onClick=${() => setBrings(true)}>${t("login-brings")}</button>`}
    <button class="primary" disabled=${since !== null}>${since === null ? t("login-go") : t("officer-checking")}</button>
    <p class="wait" role="status">${waited >= 4 ? t("login-waits", { count: waited }) : ""}</p>
    <${Fault} error=${error} />
  </form>
  <select aria-label=${t("language")} value=${lang} onChange=${async (e) => { await setLang(e.target.value); again((n) => n + 1); }}>
    ${Object.entries(LANGS).map(([code, name]) => html`<option value=${code}>${name}</option>`)}</select></main>`;
}

try { document.documentElement.dataset.theme = localStorage.getItem("theme") ?? ""; } catch { /* the system's own is taken */ }
if (!document.documentElement.dataset.theme)
  document.documentElement.dataset.theme = matchMedia("(prefers-color-scheme: light)").matches ? "light" : "dark";
await chooseLang();
render(html`<${Login} />`, root);
