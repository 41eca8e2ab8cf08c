// Setup in two browsers, in two languages: from two empty homes to a message that both records have.
import { accessible, ask, check, go, main, open, parties, sees, shot } from "./libpage.mjs";

const LINE = "hotline", PASS = "correct horse battery";
const step = (page, name, state) => page.waitForSelector(`[data-step="${name}"]${state ? `[data-state="${state}"]` : ""}`);
const primary = (page, name) => page.click(`[data-step="${name}"] button.primary:not(:disabled)`);
const bring = (page, ...files) => page.setInputFiles("#set-files", files);
const drop = async (page, file) => {
  const data = await page.evaluateHandle(({ name, text }) => { const d = new DataTransfer(); d.items.add(new File([text], name)); return d; }, { name: file.name, text: file.buffer.toString() });
  await page.dispatchEvent("body", "drop", { dataTransfer: data });
};
const whole = async (page, name) => { await page.evaluate(() => document.querySelector(".setup").scrollTo(0, 0)); await shot(page, name); };
const near = async (page, name, picture) => { await page.evaluate((n) => document.querySelector(`[data-step="${n}"]`).scrollIntoView({ block: "center" }), name); await shot(page, picture); };

// What a click downloads, as a file that another page can be given.
async function saved(page, name, selector) {
  const [download] = await Promise.all([page.waitForEvent("download"), page.click(selector ?? `[data-step="${name}"] button:has-text("↓")`)]);
  const fs = await import("node:fs");
  return { name: download.suggestedFilename(), mimeType: "text/plain", buffer: fs.readFileSync(await download.path()) };
}

async function keys(page, party, name, pass) {
  await step(page, "keys", "now");
  await page.fill('[name="party"]', party);
  await page.fill('[name="name"]', name);
  if (pass) { await page.fill('[name="pass"]', pass); await page.fill('[name="pass2"]', pass); }
  else await page.click('[data-step="keys"] .tick input');
  await primary(page, "keys");
  await step(page, "keys", "done");
}

await main({
  async founding(browser) {
    const usa = await open(browser, "usa"), prc = await open(browser, "prc", { lang: "zh" });
    for (const page of [usa, prc]) await page.waitForFunction(() => location.hash === "#/setup");
    await step(usa, "keys", "now");
    await accessible(usa, "setup, empty");
    await whole(usa, "setup-empty");
    await usa.fill('[name="party"]', "usa");
    await usa.fill('[name="name"]', "United States");
    await usa.fill('[name="pass"]', PASS);
    await usa.fill('[name="pass2"]', `${PASS}!`);
    await primary(usa, "keys");
    await sees(usa, "The two passphrases differ.");
    await keys(usa, "usa", "United States", PASS);
    await keys(prc, "prc", "中国", null);
    await whole(usa, "setup-keys");

    const cards = [await saved(usa, "keys"), await saved(prc, "keys")];
    check(cards[0].name === "usa.card", cards[0].name);
    await bring(usa, cards[1], { name: "x.card", mimeType: "text/plain", buffer: Buffer.from("nothing") }, cards[0]);
    await sees(usa, "The card of prc is here.");
    await sees(usa, "neither a card, nor a charter");
    await sees(usa, "This is our own card");
    const broken = { ...cards[1], buffer: Buffer.from(cards[1].buffer.toString().replace("serial = 1", "serial = 2")) };
    await bring(usa, broken);
    await sees(usa, "changed after it was signed");
    await drop(prc, cards[0]);
    for (const [page, party] of [[usa, "prc"], [prc, "usa"]]) {
      const shown = await page.innerText(`[data-step="cards"] [data-identity="${party}"]`), own = await (page === usa ? prc : usa).innerText(`[data-step="keys"] [data-identity="${party}"]`);
      check(shown === own && shown.replace(/\s/g, "").length === 44, `${shown} is not ${own}`);
      await page.click('[data-step="cards"] .card-list .tick input');
      await step(page, "cards", "done");
    }
    await near(usa, "cards", "setup-cards");
    await usa.reload();
    await step(usa, "cards", "done");

    await primary(usa, "charter");
    await usa.fill('[data-step="charter"] [name="line"]', LINE);
    await usa.click('[data-step="charter"] .rungs li:nth-child(3) button[aria-label^="Remove"]');
    await usa.fill('[data-step="charter"] [name="check"]', "1");
    await accessible(usa, "setup, draft");
    await near(usa, "charter", "setup-draft");
    await primary(usa, "charter");
    await usa.waitForSelector(".charter-text");
    await sees(usa, "duty-officer", ".means");
    await sees(usa, "10 minutes", ".means");
    await accessible(usa, "setup, charter");
    await near(usa, "charter", "setup-charter");
    await usa.click('[data-step="charter"] .tick input');
    await usa.fill('[data-step="charter"] .pass input', "a wrong passphrase");
    await primary(usa, "charter");
    await sees(usa, "does not open identity.key", '[data-step="charter"]');
    await usa.fill('[data-step="charter"] .pass input', PASS);
    await primary(usa, "charter");
    await step(usa, "charter", "waits");
    await bring(prc, await saved(usa, "charter"));
    await step(prc, "charter", "now");
    await near(prc, "charter", "setup-charter-zh");
    await prc.click('[data-step="charter"] .tick input');
    await primary(prc, "charter");
    await step(prc, "charter", "done");
    await bring(usa, await saved(prc, "charter"));
    await step(usa, "charter", "done");

    const shares = [await saved(usa, "secret"), await saved(prc, "secret")];
    check(shares[1].buffer.toString().startsWith("openline contribution v1\n"), "what is saved is a share");
    await step(usa, "secret", "waits");
    await near(usa, "secret", "setup-share");
    check(!(await usa.evaluate(() => JSON.stringify({ ...sessionStorage, ...localStorage }))).includes("contribution v1"), "a share is kept in the browser");
    await bring(usa, shares[1]);
    await bring(prc, shares[0]);
    for (const page of [usa, prc]) {
      await page.waitForSelector('[data-share].yes');
      await page.click('[data-step="secret"] button.primary:not(:disabled)');
      await page.waitForSelector("[data-digits]");
    }
    const digits = await usa.innerText("[data-digits]");
    check(digits === await prc.innerText("[data-digits]") && digits.replace(/\D/g, "").length === 30, digits);
    await accessible(usa, "setup, digits");
    await near(usa, "secret", "setup-digits");
    const wrong = digits.replace(/\D/g, "").replace(/\d$/, (d) => (Number(d) + 1) % 10);
    await usa.fill("input.heard", wrong);
    await primary(usa, "secret");
    await sees(usa, "STOP: the digits differ.");
    await accessible(usa, "setup, stop");
    await near(usa, "secret", "setup-stop");
    for (const page of [usa, prc]) {
      await page.fill("input.heard", "");
      await page.type("input.heard", digits.replace(/\D/g, ""));
      await page.keyboard.press("Enter");
      await step(page, "secret", "done");
    }

    for (const [page, party, other] of [[usa, "usa", "prc"], [prc, "prc", "usa"]]) {
      await page.fill('[list="here"]', "nothing://");
      await page.click('.add-way:has([list="here"]) button');
      await page.waitForSelector('[data-step="ways"] .fault');
      await page.fill('[list="here"]', `udp://127.0.0.1:${parties[party].port}`);
      await page.keyboard.press("Enter");
      await page.waitForSelector(`[data-step="ways"] code:has-text("${parties[party].port}")`);
      await page.fill(`[data-way="${other}"] input`, `udp://127.0.0.1:${parties[other].port}`);
      await page.keyboard.press("Enter");
      await page.waitForSelector(`[data-way="${other}"] code`);
      await step(page, "ways", "done");
    }
    await near(usa, "ways", "setup-ways");
    await usa.reload();
    await step(usa, "station", "now");
    await usa.fill('[data-step="station"] .pass input', PASS);
    for (const page of [usa, prc]) {
      await primary(page, "station");
      await step(page, "station", "done");
    }
    for (const page of [usa, prc]) await step(page, "wall", "done");
    await accessible(usa, "setup, done");
    await accessible(prc, "setup, done, zh");
    await near(usa, "wall", "setup-done");
    await whole(prc, "setup-done-zh");

    await usa.click('[data-step="wall"] a.primary');
    await go(prc, `#/line/${LINE}`);
    await usa.click("footer.write button.primary");
    await usa.fill("textarea", "The first word on this line.");
    await usa.click(".choice label.exercise");
    await usa.click("form.compose button.primary");
    for (const page of [usa, prc]) await page.waitForSelector('li.entry:has-text("The first word") li[data-party="prc"][data-state="stored"]');
    await shot(prc, "setup-message");
    for (const page of [usa, prc]) check(page.faults.length === 0, page.faults.join("\n"));

    await go(usa, "#/setup");
    await step(usa, "wall", "done");
    await usa.fill('[list="here"]', `tcp://127.0.0.1:${parties.usa.another}`);
    await usa.click('.add-way:has([list="here"]) button');
    await step(usa, "station", "now");
    await usa.fill('[data-way="prc"] input', "tcp://127.0.0.1:9");
    await usa.click('[data-way="prc"] form button');
    await usa.waitForSelector('[data-way="prc"] code:has-text("tcp:")');
    await usa.click('[data-step="ways"] .ways-line > .row button');
    await usa.waitForSelector('[data-way="prc"] li:has-text("udp:") [data-answered="true"]');
    await usa.waitForSelector('[data-way="prc"] li:has-text("tcp:") [data-answered="false"]');
    await accessible(usa, "setup, tested");
    await near(usa, "ways", "setup-tested");
    await usa.click('[data-way="prc"] li:has-text("tcp:") button');
    await usa.waitForSelector('[data-way="prc"] code:has-text("tcp:")', { state: "detached" });
    await sees(usa, "takes up what is new", '[data-step="station"]');
    await usa.fill('[data-step="station"] .pass input', "a wrong passphrase");
    await primary(usa, "station");
    await usa.waitForSelector('[data-step="station"] .fault');
    await usa.fill('[data-step="station"] .pass input', PASS);
    await primary(usa, "station");
    await step(usa, "station", "done");
    await step(usa, "wall", "done");
    check(ask("usa", "status").ports.some((p) => p.url.startsWith("tcp:")), "the station has not taken the port up");
    await usa.click("text=Found another line");
    await step(usa, "charter", "now");
    await usa.click('[data-step="charter"] button:has-text("Cancel")');
    await step(usa, "wall", "done");
    await usa.setViewportSize({ width: 360, height: 740 });
    check(await usa.evaluate(() => document.documentElement.scrollWidth <= 360 && document.querySelector(".setup").scrollWidth <= 360), "Setup is wider than a small screen");
    await whole(usa, "setup-small");
    await near(usa, "ways", "setup-small-ways");
    await usa.setViewportSize({ width: 1400, height: 900 });
    await usa.click('button[aria-label="Light or dark"]');
    await accessible(usa, "setup, light");
    await whole(usa, "setup-light");
    for (const lang of ["ru", "fr", "es", "ar", "zh"]) {
      await usa.selectOption("header select", lang);
      await usa.waitForFunction((l) => document.documentElement.lang === l, lang);
      const bare = await usa.evaluate(() => [...document.querySelectorAll(".setup *")].filter((e) => e.children.length === 0).map((e) => e.textContent).filter((x) => /^set-[a-z-]+$/.test(x)));
      check(bare.length === 0, `${lang}: ${bare}`);
      await accessible(usa, `setup, ${lang}`);
      await whole(usa, `setup-${lang}`);
    }
  },

  async acts(browser) { // whoever only acts has no Setup
    const usa = await open(browser, "usa", { url: parties.usa.acts });
    await go(usa, "#/setup");
    await sees(usa, "This seat may not set up");
    check(await usa.locator('a[href="#/setup"]').count() === 0, "a way to Setup");
  },
});
