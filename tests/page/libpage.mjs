// A browser on the consoles of real stations: what a person sees and does, nothing that a page only
// knows of itself. The stations and their commands come by the environment.
import { execFileSync } from "node:child_process";
import { createRequire } from "node:module";
import fs from "node:fs";
import path from "node:path";

const need = createRequire(path.join(process.env.OPENLINE_PAGE, "package.json"));
const { chromium } = need("playwright-core");
const axe = fs.readFileSync(need.resolve("axe-core/axe.min.js"), "utf8");
const SHOTS = process.env.OPENLINE_SHOTS;
const LIMIT = 20000;

export const parties = JSON.parse(process.env.OPENLINE_PARTIES); // name → { home, url }

// An openline command of a party's; what it printed.
export function run(party, ...args) {
  return execFileSync(process.env.OPENLINE_BIN, args, { env: { ...process.env, OPENLINE_HOME: parties[party].home }, encoding: "utf8" });
}
export const ask = (party, ...args) => JSON.parse(run(party, ...args, "--json").trim().split("\n").at(-1));

export function check(holds, what) {
  if (!holds) throw new Error(what);
}

// A line to the program that started this one, which does what a page cannot; its answer.
const answers = [];
let waiting = null;
process.stdin.setEncoding("utf8").on("data", (text) => {
  for (const line of text.split("\n").filter(Boolean)) waiting ? (waiting(line), waiting = null) : answers.push(line);
});
export async function host(command) {
  console.log(`HOST ${command}`);
  const said = answers.length ? answers.shift() : await new Promise((yes) => { waiting = yes; });
  if (said !== "done") throw new Error(`${command}: ${said}`);
}

export async function open(browser, party, { lang = "en", url = parties[party].url, ...options } = {}) {
  const context = await browser.newContext({ viewport: { width: 1400, height: 900 }, locale: lang, colorScheme: "dark", ...options });
  context.setDefaultTimeout(LIMIT);
  const page = await context.newPage();
  page.faults = [];
  page.on("pageerror", (e) => page.faults.push(e.message));
  page.on("console", (m) => { if (m.type() === "error" && !/WebSocket|ERR_CONNECTION/.test(m.text())) page.faults.push(m.text()); });
  page.on("request", (r) => { if (new URL(r.url()).origin !== new URL(url).origin && !r.url().startsWith("blob:")) page.faults.push(`asks elsewhere: ${r.url()}`); });
  await page.goto(url);
  await page.waitForSelector("[data-state]");
  return page;
}

export const go = (page, hash) => page.evaluate((h) => { location.hash = h; }, hash);
export async function shot(page, name) {
  fs.mkdirSync(SHOTS, { recursive: true });
  await page.screenshot({ path: path.join(SHOTS, `${name}.png`) });
}
// The text becomes visible to a person.
export const sees = (page, text, within = "body") => page.locator(within).getByText(text).first().waitFor({ state: "visible" });

// WCAG 2.2 AA as far as axe can judge it; evaluated past the page's own policy.
export async function accessible(page, name) {
  await page.evaluate(`(() => { ${axe}; window.axe = axe; })()`);
  const found = await page.evaluate(() => window.axe.run(document, { runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"] }));
  check(found.violations.length === 0, `${name}: ${found.violations.map((v) => `${v.id}: ${v.nodes.slice(0, 3).map((n) => `${n.target} ${n.any[0]?.message ?? ""}`).join(" | ")}`).join("\n")}`);
}

// Each test by its name, in order, on one browser; the exit code is the number of failures.
export async function main(tests) {
  const browser = await chromium.launch({
    executablePath: process.env.OPENLINE_CHROMIUM,
    args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
  });
  let failed = 0;
  const wanted = process.argv.slice(2);
  for (const [name, test] of Object.entries(tests)) {
    if (wanted.length && !wanted.includes(name)) continue;
    try {
      await test(browser);
      console.log(`  ${name}: ok`);
    } catch (e) {
      failed++;
      console.log(`  ${name}: FAILED\n${e.stack}`);
      for (const [n, context] of browser.contexts().entries()) for (const page of context.pages()) await shot(page, `failed-${name}-${n}`).catch(() => {});
    }
    for (const context of browser.contexts()) await context.close();
  }
  await browser.close();
  process.exit(failed);
}
