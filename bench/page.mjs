// The browser's half of bench/page.py: what a person waits for.
import { execFileSync } from "node:child_process";
import { createRequire } from "node:module";
import path from "node:path";

const { chromium } = createRequire(path.join(process.env.OPENLINE_PAGE, "package.json"))("playwright-core");
const RUNS = 9;

const browser = await chromium.launch({ executablePath: process.env.OPENLINE_CHROMIUM, args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"] });
const context = await browser.newContext({ viewport: { width: 1400, height: 900 } });
const page = await context.newPage();
const origin = new URL(process.env.URL).origin;
await page.goto(process.env.URL);
await page.waitForSelector(".card[data-state]");
const seen = (selector) => page.evaluate((s) => new Promise((done) => {
  const look = () => document.querySelector(s) ? requestAnimationFrame(() => done(performance.now())) : requestAnimationFrame(look);
  look();
}), selector);

const empty = [], ready = [], lines = [], trips = [], paints = [], shown = {};
for (let i = 0; i < RUNS; i++) {
  await page.goto(`${origin}/icon.svg`);
  empty.push(await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => done(performance.now())))));
  await page.goto(`${origin}/`);
  ready.push(await seen(".card[data-state]"));
}
await (await context.newCDPSession(page)).send("Network.clearBrowserCache");
const bodies = [];
page.on("response", async (r) => bodies.push(r.request().sizes().then((s) => s.responseBodySize + s.responseHeadersSize, () => 0)));
await page.reload();
await page.waitForSelector(".card[data-state]");
const bytes = (await Promise.all(bodies)).reduce((a, b) => a + b, 0);
for (let i = 0; i < RUNS; i++) {
  const at = await page.evaluate(() => { location.hash = "#/line/hotline"; return performance.now(); });
  lines.push(await seen("li.entry.people") - at);
  await page.evaluate(() => { location.hash = "#/wall"; });
  await seen(".card[data-state]");
}
await page.evaluate(async () => { window.seatWord = (await import("/seat.js")).seatWord; });
// What an answer of the talk needs to be on the screen, whatever it says.
for (let i = 0; i < RUNS; i++)
  paints.push(await page.evaluate(() => new Promise((done) => {
    const s = new WebSocket(`ws://${location.host}/talk?seat=${window.seatWord()}`);
    s.onopen = () => {
      const at = performance.now();
      s.send('{"id":1,"do":"seat"}');
      s.onmessage = (m) => {
        if (JSON.parse(m.data).id !== 1) return;
        s.close();
        document.title = "painted";
        requestAnimationFrame(() => done(performance.now() - at));
      };
    };
  })));
for (let i = 0; i < RUNS; i++)
  trips.push(await page.evaluate(() => new Promise((done) => {
    const s = new WebSocket(`ws://${location.host}/talk?seat=${window.seatWord()}`);
    s.onopen = () => { const at = performance.now(); s.send('{"id":1,"do":"seat"}'); s.onmessage = (m) => { if (JSON.parse(m.data).id === 1) { s.close(); done(performance.now() - at); } }; };
  })));
for (let i = 0; i < RUNS; i++) {
  await page.evaluate(() => {
    window.when = new Promise((done) => { new MutationObserver((_, o) => {
      const found = document.querySelector(".alarm-screen");
      if (found) { o.disconnect(); requestAnimationFrame(() => done([found.dataset.call, performance.timeOrigin + performance.now()])); }
    }).observe(document.body, { childList: true, subtree: true }); });
  });
  execFileSync(process.env.OPENLINE_BIN, ["call", "hotline", "watch", "--precedence", "flash", "--status", "test"], { env: { ...process.env, OPENLINE_HOME: process.env.CALLER } });
  const [entry, at] = await page.evaluate(() => window.when);
  shown[entry] = at;
  await page.keyboard.press("a");
  await page.waitForSelector(".alarm-screen", { state: "detached" });
}
// Each with its floor, by name.
console.log(JSON.stringify({
  bytes, shown, runs: {
    "an icon of the same server, shown": [empty], "round trip of the talk": [trips], "the same and a frame": [paints],
    "page ready": [ready, "an icon of the same server, shown"], "line of all entries open": [lines, "station: the order of all entries"],
  },
}));
await browser.close();
