// Two consoles of two real stations: each step is done by clicks and keys, and looked for on both.
import { accessible, ask, check, go, host, main, open, parties, run, sees, shot } from "./libpage.mjs";

const LINE = "hotline";
const fresh = async (browser, party, options) => { await host(`key ${party}`); const { url } = await readKey(party); return open(browser, party, { ...options, url }); };
const readKey = async (party) => { const fs = await import("node:fs"); return { url: fs.readFileSync(parties[party].keys, "utf8").trim() }; };
const both = async (browser, options = {}) => [await fresh(browser, "usa", options), await fresh(browser, "prc", { lang: "zh", ...options })];
const noFaults = (...pages) => pages.forEach((p) => check(p.faults.length === 0, p.faults.join("\n")));
const write = async (page, text, { precedence, status } = {}) => {
  await page.click("footer.write button.primary");
  await page.fill("textarea", text);
  if (precedence) await page.click(`.choice label.${precedence}`);
  if (status) await page.click(`.choice label.${status}`);
};
const release = async (page) => {
  await page.click("form.compose button[type=submit], form.compose button.primary");
  if (await page.locator("form.compose button.primary.flash, form.compose button.primary.immediate").isVisible().catch(() => false) && !(await page.locator("form.compose.drill").count()))
    await page.click("form.compose button.primary");
};
const entryOf = (page, text) => page.locator("li.entry", { hasText: text });

await main({
  async wall(browser) {
    const [usa, prc] = await both(browser);
    await usa.waitForSelector('.card[data-state="operational"]');
    await sees(usa, "Operational");
    await prc.waitForSelector('.card[data-state="operational"]');
    await sees(prc, "正常");
    await sees(usa, "holds sound back");
    await usa.click("text=Allow sound");
    await usa.getByText("holds sound back").waitFor({ state: "detached" });
    await accessible(usa, "wall, dark");
    await shot(usa, "wall-dark");
    await usa.click('button[aria-label="Light or dark"]');
    await accessible(usa, "wall, light");
    await shot(usa, "wall-light");
    await usa.setViewportSize({ width: 360, height: 740 });
    check(await usa.evaluate(() => document.documentElement.scrollWidth <= 360), "the wall is wider than a small screen");
    await shot(usa, "wall-small");
    await usa.setViewportSize({ width: 1920, height: 1080 });
    check(await usa.evaluate(() => parseFloat(getComputedStyle(document.querySelector(".card .state")).fontSize) >= 36), "the state is small on a wall");
    await shot(usa, "wall-large");
    noFaults(usa, prc);
  },

  async message(browser) {
    const [usa, prc] = await both(browser);
    for (const page of [usa, prc]) { await go(page, `#/line/${LINE}`); await page.waitForSelector(".line"); }
    await write(usa, "An object has crossed the coast at 54 north. Is it yours?", { precedence: "immediate" });
    await sees(usa, "12 of 200 words");
    await usa.selectOption("form.compose select[name=to]", "commander");
    await shot(usa, "compose");
    await accessible(usa, "compose");
    await usa.click("form.compose button.primary");
    await sees(usa, "sure?");
    await usa.click("form.compose button.primary");
    await entryOf(usa, "Is it yours?").waitFor();
    await entryOf(prc, "Is it yours?").waitFor();
    await usa.waitForSelector('li.entry:has-text("Is it yours?") li[data-party="prc"][data-state="stored"]');
    await sees(usa, "stored there");
    await sees(prc, "发往 commander", "li.entry");
    await prc.click('li.entry:has-text("Is it yours?") article');
    await prc.click("text=已阅");
    await usa.waitForSelector('li.entry:has-text("Is it yours?") li[data-party="prc"][data-state="seen"]');
    await prc.click(".acts >> text=回复");
    await prc.fill("textarea", "是我方的气象气球。");
    await prc.keyboard.press("Control+Enter");
    await prc.keyboard.press("Control+Enter");
    await usa.waitForSelector('li.entry:has-text("Is it yours?") li[data-party="prc"][data-state="answered"]');
    await sees(usa, "是我方的气象气球。");
    await shot(usa, "line-en");
    for (const page of [usa, prc]) check(!/NaN|undefined|null/.test(await page.innerText("body")), "what is no number is shown");
    await shot(prc, "line-zh");
    await accessible(usa, "line");
    noFaults(usa, prc);
  },

  async drill(browser) {
    const [usa, prc] = await both(browser);
    for (const page of [usa, prc]) { await go(page, `#/line/${LINE}`); await page.waitForSelector(".line"); }
    await write(usa, "The coast guard exercises a collision.", { precedence: "flash", status: "exercise" });
    await sees(usa, "this is not real", "form.compose");
    await usa.click("form.compose button.primary");
    for (const [page, word] of [[usa, "EXERCISE"], [prc, "演习 EXERCISE"]]) {
      const row = entryOf(page, "exercises a collision");
      await row.waitFor();
      check((await row.getAttribute("class")).includes("drill"), "a drill without its look");
      check((await row.innerText()).includes(word), "a drill without its word");
    }
    await prc.selectOption('select[aria-label="性质"]', "operational");
    await entryOf(prc, "exercises a collision").waitFor({ state: "detached" });
    await prc.selectOption('select[aria-label="性质"]', "");
    await prc.fill('input[type="search"]', "collision");
    await prc.waitForFunction(() => document.querySelectorAll("li.entry").length === 1);
    await shot(prc, "drill");
    noFaults(usa, prc);
  },

  async crossed(browser) {
    const [usa, prc] = await both(browser);
    for (const page of [usa, prc]) { await go(page, `#/line/${LINE}`); await page.waitForSelector(".line"); }
    await write(usa, "We shall board the vessel at noon.");
    await write(prc, "船上是渔民。");
    await prc.click("form.compose button.primary");
    await sees(usa, "1 arrived since you began");
    await sees(usa, "船上是渔民。", ".fresh");
    await shot(usa, "arrived");
    await usa.click("text=Send anyway");
    await sees(usa, "crossed with");
    await sees(prc, "交叉");
    for (const page of [usa, prc]) {
      const lines = await page.evaluate(() => [...document.querySelectorAll(".arrows line.crossed")].map((l) => ["x1", "y1", "x2", "y2"].map((k) => l[k].baseVal.value)));
      check(lines.length === 2, `${lines.length} crossed arrows`);
      const [a, b] = lines, cross = (a[1] - b[3]) * (a[3] - b[1]);
      check(cross < 0 || (a[1] < b[3] && b[1] < a[3]), `the arrows do not cross: ${JSON.stringify(lines)}`);
    }
    await shot(usa, "crossed");
    noFaults(usa, prc);
  },

  async call(browser) {
    const [usa, prc] = await both(browser);
    await go(usa, `#/line/${LINE}`);
    await usa.click("button.call");
    await usa.selectOption("form.compose select", "duty-officer");
    await usa.fill("form.compose input[type=text]", "An aircraft is overdue.");
    await usa.click('form.compose .choice label.immediate');
    await accessible(usa, "call form");
    await usa.click("form.compose button.primary.call");
    await prc.waitForSelector(".alarm-screen.immediate");
    await sees(prc, "USA 来电", ".alarm-screen");
    await sees(prc, "An aircraft is overdue.", ".alarm-screen");
    check(await prc.evaluate(() => document.activeElement.classList.contains("answer")), "answering is not where the focus is");
    await accessible(prc, "alarm");
    await shot(prc, "call-rings");
    await sees(usa, "their station rings");
    await shot(usa, "call-ladder");
    await prc.keyboard.press("a");
    await prc.waitForSelector(".alarm-screen", { state: "detached" });
    await usa.waitForSelector(".verdict.answered");
    await sees(usa, "answered", ".verdict");
    await usa.click(".verdict summary");
    await accessible(usa, "call view");
    await shot(usa, "call-answered");
    await go(prc, await usa.evaluate(() => location.hash));
    await prc.waitForSelector(".verdict.answered");
    noFaults(usa, prc);
  },

  async ladder(browser) {
    const [usa, prc] = await both(browser);
    const placed = ask("usa", "call", LINE, "duty-officer", "--precedence", "flash", "--status", "exercise").entry;
    await prc.waitForSelector(".alarm-screen.drill");
    await sees(prc, "非真实情况", ".alarm-screen");
    await shot(prc, "call-drill");
    await go(usa, `#/call/${LINE}/${placed}`);
    await sees(usa, "rung duty-officer");
    await sees(usa, "rung commander");
    await usa.waitForSelector(".verdict.unanswered");
    await sees(usa, "Closed: all ladders have ended");
    await shot(usa, "call-unanswered");
    await prc.waitForSelector(".alarm-screen", { state: "detached" });
    await go(prc, `#/call/${LINE}/${placed}`);
    await prc.waitForSelector(".verdict.unanswered");
    noFaults(usa, prc);
  },

  async decline(browser) {
    const [usa, prc] = await both(browser);
    for (const [key, verdict] of [["d", "declined"], ["f", "deferred"]]) {
      const placed = ask("usa", "call", LINE, "duty-officer", "--precedence", "immediate").entry;
      await prc.waitForSelector(`.alarm-screen[data-call="${placed}"]`);
      await prc.keyboard.press(key);
      if (key === "f") await prc.click(".alarm-screen >> text=15 min");
      await prc.waitForSelector(".alarm-screen", { state: "detached" });
      for (const page of [usa, prc]) {
        await go(page, `#/call/${LINE}/${placed}`);
        await page.waitForSelector(`.verdict.${verdict}`);
      }
    }
    noFaults(usa, prc);
  },

  async proof(browser) {
    const [usa] = await both(browser);
    await go(usa, `#/line/${LINE}`);
    await usa.fill('input[type="search"]', "is it yours");
    await usa.waitForFunction(() => document.querySelectorAll("li.entry[data-entry]").length === 1);
    await usa.click('li.entry:has-text("Is it yours?") article');
    await usa.click(".acts >> text=Proof");
    await usa.waitForSelector('[data-proof="holds"]');
    await sees(usa, "signed at", ".proof");
    await shot(usa, "proof");
    const [saved] = await Promise.all([usa.waitForEvent("download"), usa.click("text=Download the proof")]);
    const fs = await import("node:fs");
    const files = JSON.parse(fs.readFileSync(await saved.path(), "utf8"));
    const why = await usa.evaluate(async (given) => {
      const { check } = await import("/proof.js");
      const bytes = () => Object.fromEntries(Object.entries(given).map(([p, b]) => [p, Uint8Array.from(atob(b), (c) => c.charCodeAt(0))]));
      const out = {};
      for (const path of Object.keys(given)) {
        if (/policy|heads|head.note|checkpoint$/.test(path)) continue;
        const files = bytes();
        files[path][Math.floor(files[path].length / 2)] ^= 1;
        out[path] = await check(files, () => {}).then(() => "holds", (e) => e.message);
      }
      out.sound = await check(bytes(), () => {}).then(() => "holds", (e) => e.message);
      // An author that is no party of the charter, with a card, a log and a head of his own.
      const key = () => crypto.subtle.generateKey("Ed25519", true, ["sign", "verify"]);
      const utf8 = new TextEncoder(), b64 = (bytes) => btoa(String.fromCharCode(...bytes));
      const raw = async (k) => new Uint8Array(await crypto.subtle.exportKey("raw", k.publicKey));
      const sum = async (...parts) => new Uint8Array(await crypto.subtle.digest("SHA-256", new Uint8Array(await new Blob(parts).arrayBuffer())));
      const note = async (text, name, k) => {
        const id = (await sum(utf8.encode(`${name}\n`), Uint8Array.of(1), await raw(k))).slice(0, 4);
        const sign = new Uint8Array(await crypto.subtle.sign("Ed25519", k.privateKey, utf8.encode(text)));
        return `${text}\n— ${name} ${b64([...id, ...sign])}\n`;
      };
      const [identity, log, receipt] = [await key(), await key(), await key()], forged = bytes(), leaf = utf8.encode("a leaf of his");
      const card = `openline card v1\n[party]\nname = mal\n[keys]\nidentity = ${b64(await raw(identity))}\nlog = ${b64(await raw(log))}\nreceipt = ${b64(await raw(receipt))}\n`;
      const line = /^line = (.+)$/m.exec(new TextDecoder().decode(forged.charter))[1], origin = `${line}/mal/urgent/0011223344556677`;
      forged["cards/mal.1"] = utf8.encode(await note(card, "mal/identity", identity));
      for (const path of Object.keys(forged)) if (/\.leaf$|\.tlog-proof$/.test(path)) delete forged[path];
      const head = await note(`${origin}\n1\n${b64(await sum(Uint8Array.of(0), leaf))}\n`, origin, log);
      forged["mal/urgent/0011223344556677/0.leaf"] = leaf;
      forged["mal/urgent/0011223344556677/0.tlog-proof"] = utf8.encode(`c2sp.org/tlog-proof@v1\nindex 0\n\n${head}`);
      out.stranger = await check(forged, () => {}).then(() => "holds", (e) => e.message);
      const [at] = Object.keys(given).filter((p) => p.endsWith(".leaf")), [, name, index] = /^(.+)\/(\d+)[^/]*$/.exec(at);
      const shown = (log, index) => check(bytes(), () => {}, { log, index }).then(() => "holds", (e) => e.message);
      out["this entry"] = await shown(name, Number(index)) === "holds" ? "is not another" : "its own proof fails";
      out["another place"] = await shown(name, Number(index) + 1);
      out["another log"] = await shown(name.replace("usa", "prc"), Number(index));
      return out;
    }, files);
    check(why["this entry"] === "is not another", why["this entry"]);
    check(/no party/.test(why.stranger), why.stranger);
    check(why.sound === "holds", why.sound);
    for (const [path, said] of Object.entries(why)) check(path === "sound" || said !== "holds", `${path} was altered and holds`);
    noFaults(usa);
  },

  async dead(browser) {
    const [usa] = await both(browser);
    await go(usa, "#/wall");
    await usa.waitForSelector('.card[data-state="operational"]');
    await host("cut");
    const placed = ask("usa", "call", LINE, "duty-officer", "--precedence", "flash", "--status", "exercise").entry;
    await usa.waitForSelector('.card[data-state="dead"]', { timeout: 90000 });
    await sees(usa, "Dead: no path is alive");
    check(!/NaN|undefined|null/.test(await usa.innerText("body")), "what is no number is shown");
    await accessible(usa, "dead");
    await shot(usa, "wall-dead");
    await host("mend");
    await usa.waitForSelector('.card[data-state="operational"], .card[data-state="degraded"]', { timeout: 90000 });
    await go(usa, `#/call/${LINE}/${placed}`);
    await usa.waitForSelector(".verdict.unreached, .verdict.unanswered");
    await host("stop usa");
    await sees(usa, "The station does not run");
    await shot(usa, "station-gone");
    await host("start usa");
    await usa.getByText("The station does not run").waitFor({ state: "detached" });
    noFaults(usa);
  },

  async release(browser) {
    await host("officers");
    const one = await fresh(browser, "usa", {}), two = await fresh(browser, "usa", { lang: "zh" });
    for (const page of [one, two]) { await go(page, `#/line/${LINE}`); await page.waitForSelector(".line"); }
    const sit = async (page, number, pass) => {
      await page.click(".seat > button");
      await page.selectOption('form.officer select[name="as"]', number);
      await page.fill('form.officer input[name="pass"]', pass);
      await page.click("form.officer button.primary");
    };
    await sit(one, "1", "jones passes");
    await one.waitForSelector("form.officer .fault");
    await shot(one, "sit-wrong");
    await accessible(one, "who sits here");
    await one.fill('form.officer input[name="pass"]', "smith passes");
    await one.click("form.officer button.primary");
    await sees(one, "Captain Smith", ".seat");
    await write(one, "Your vessel is on our side of the line. Turn it round.", { precedence: "priority" });
    await sees(one, "the charter asks for it");
    await shot(one, "draft-compose");
    await accessible(one, "compose for two");
    await one.click("form.compose button.primary");
    const draft = (page, text) => page.locator("li.draft", { hasText: text });
    for (const page of [one, two]) await draft(page, "Turn it round.").waitFor();
    await sees(one, "another officer releases it", "li.draft");
    await sees(two, "由 Captain Smith 签署", "li.draft");
    await accessible(one, "a draft");
    await shot(one, "draft-own");
    await draft(two, "Turn it round.").locator("button.primary").click(); // nobody sits there
    await two.waitForSelector("li.draft .fault, li.draft button.primary");
    await sit(two, "2", "jones passes");
    await sees(two, "Captain Jones", ".seat");
    await two.setViewportSize({ width: 360, height: 740 });
    check(await two.evaluate(() => document.documentElement.scrollWidth <= 360), "a draft is wider than a small screen");
    await shot(two, "draft-small");
    await two.setViewportSize({ width: 1400, height: 900 });
    await shot(two, "draft-zh");
    await draft(two, "Turn it round.").locator("button.primary").click();
    for (const page of [one, two]) {
      await entryOf(page, "Turn it round.").waitFor();
      await draft(page, "Turn it round.").waitFor({ state: "detached" });
    }
    await one.waitForSelector('li.entry:has-text("Turn it round.") li[data-party="prc"][data-state="stored"]');
    for (const who of ["Captain Smith", "Captain Jones"]) await entryOf(one, "Turn it round.").getByText(who).waitFor();
    await shot(one, "draft-released");
    await write(one, "Never mind.", { precedence: "flash", status: "exercise" });
    await one.click('.two input');
    await one.click("form.compose button.primary");
    await draft(two, "Never mind.").waitFor();
    await go(two, "#/wall");
    await sees(two, "1 份待第二位值班员签发");
    await shot(two, "draft-wall");
    await draft(one, "Never mind.").getByText("Drop it").click();
    await one.click("text=Drop it: sure?");
    await draft(one, "Never mind.").waitFor({ state: "detached" });
    check(await entryOf(one, "Never mind.").count() === 0, "what was dropped was sent");
    await two.click(".seat > button");
    await two.click("text=退出此控制台");
    await two.getByText("This console is closed to you").waitFor();
    noFaults(one);
  },

  async login(browser) {
    await host("officers");
    await host("door");
    const { url } = await readKey("usa"), path = await import("node:path");
    const at = async (lang, options = {}) => {
      const context = await browser.newContext({ viewport: { width: 1400, height: 900 }, locale: lang, colorScheme: "dark", ignoreHTTPSErrors: true, ...options });
      context.setDefaultTimeout(20000);
      const page = await context.newPage();
      page.faults = [];
      page.on("pageerror", (e) => page.faults.push(e.message));
      await page.goto(url);
      await page.waitForSelector("main.login");
      return page;
    };
    const enter = async (page, number, pass, line = LINE) => {
      await page.fill('[name="line"]', line);
      await page.fill('[name="as"]', number);
      await page.fill('[name="pass"]', pass);
      await page.click("main.login button.primary");
    };
    const one = await at("en"), two = await at("zh", { colorScheme: "light" });
    check(!/usa|hotline|Smith/i.test(await one.innerText("body")), "a stranger is shown whose console it is");
    await accessible(one, "login, dark");
    await accessible(two, "login, light");
    await shot(one, "login");
    await enter(one, "1", "jones passes");
    await sees(one, "This opens nothing", ".fault");
    await shot(one, "login-wrong");
    await enter(one, "1", "smith passes"); // waits a little: somebody failed at this officer
    await one.waitForSelector(".card[data-state]");
    await sees(one, "Captain Smith", ".seat");
    check(new URL(one.url()).search === "", "the key stays in the address");
    await shot(one, "login-sits");
    await go(one, `#/line/${LINE}`);
    await write(one, "Logged in, and signed.", { status: "test" });
    await one.click("form.compose button.primary");
    await entryOf(one, "Logged in, and signed.").getByText("Captain Smith").waitFor();
    await two.setViewportSize({ width: 360, height: 740 });
    check(await two.evaluate(() => document.documentElement.scrollWidth <= 360), "the login is wider than a small screen");
    await host("forget 2"); // so that officer brings the key
    await two.click("text=我携带密钥文件");
    await shot(two, "login-small");
    await two.setInputFiles('[name="key"]', path.join(path.dirname(parties.usa.keys), "jones.key"));
    await enter(two, "2", "jones passes");
    await two.waitForSelector(".card[data-state]");
    await two.setViewportSize({ width: 1400, height: 900 });
    await go(two, `#/line/${LINE}`);
    await write(two, "按我的钥匙签署。", { status: "test" });
    await two.click("form.compose button.primary");
    await entryOf(two, "按我的钥匙签署。").getByText("Captain Jones").waitFor();
    await one.reload(); // the seat stays; what opens the key was in the page
    await one.click("text=Who sits here?");
    await one.selectOption('form.officer select[name="as"]', "1");
    await one.fill('form.officer input[name="pass"]', "smith passes");
    await shot(one, "login-again");
    await one.click("form.officer button.primary");
    await sees(one, "Captain Smith", ".seat");
    await one.click(".seat > button");
    await one.click("text=Leave this console");
    await one.waitForSelector("main.login");
    check(one.faults.length + two.faults.length === 0, [...one.faults, ...two.faults].join("\n"));
  },

  async languages(browser) {
    const usa = await fresh(browser, "usa", {});
    await go(usa, `#/line/${LINE}`);
    await usa.waitForSelector("li.entry");
    for (const lang of ["ru", "fr", "es", "ar", "zh"]) {
      await usa.selectOption("header select", lang);
      await usa.waitForFunction((l) => document.documentElement.lang === l, lang);
      check(await usa.evaluate(() => document.documentElement.dir) === (lang === "ar" ? "rtl" : "ltr"), `${lang}: direction`);
      const bare = await usa.evaluate(() => [...document.querySelectorAll("#app *")].filter((e) => e.children.length === 0).map((e) => e.textContent).filter((x) => /^[a-z]+(-[a-z]+)+$/.test(x) && x !== "duty-officer"));
      check(bare.length === 0, `${lang}: ${bare}`);
      await accessible(usa, lang);
      await shot(usa, `line-${lang}`);
    }
    noFaults(usa);
  },

  // Another server of this host is shown the cookie, which knows no ports; it opens nothing.
  async neighbour(browser) {
    const http = await import("node:http"), usa = await fresh(browser, "usa"), { origin } = new URL(usa.url());
    let cookie = "";
    const server = http.createServer((q, a) => { cookie = q.headers.cookie ?? cookie; a.setHeader("content-type", "text/html"); a.end("<title>x</title>"); });
    await new Promise((yes) => server.listen(0, "127.0.0.1", yes));
    const other = await usa.context().newPage();
    await other.goto(`http://127.0.0.1:${server.address().port}/`);
    const word = await other.evaluate(async () => { await fetch("/again"); return localStorage.getItem("seat"); });
    check(/openline-\d+=[0-9a-f]{64}/.test(cookie) && word === null, `${cookie} ${word}`);
    const headers = { Cookie: cookie, Origin: origin, Connection: "Upgrade", Upgrade: "websocket", "Sec-WebSocket-Version": "13", "Sec-WebSocket-Key": Buffer.alloc(16).toString("base64") };
    const status = await new Promise((yes, no) => http.request(`${origin}/talk`, { headers })
      .on("upgrade", (a, socket) => { socket.destroy(); yes(101); }).on("response", (a) => yes(a.statusCode)).on("error", no).end());
    check(status === 403, `a talk with the cookie alone: ${status}`);
    server.close();
    await other.close();
    await usa.reload();
    await usa.waitForSelector('.card[data-state="operational"], .card[data-state="degraded"]');
    check(!usa.url().includes("seat="), usa.url());
    noFaults(usa);
  },

  // What a station says is not what this page can draw: the rest of it stands, and a call rings.
  async broken(browser) {
    const usa = await fresh(browser, "usa");
    await usa.routeWebSocket(/talk/, (page) => {
      const server = page.connectToServer();
      server.onMessage((text) => {
        const said = JSON.parse(text);
        page.send(JSON.stringify(said.paths ? { ...said, state: 5 } : said));
      });
    });
    await usa.reload();
    await sees(usa, "This view cannot be shown", "main");
    check(await usa.locator("header .clock").isVisible(), "the bar went with it");
    ask("prc", "call", LINE, "duty-officer", "--status", "test");
    await usa.waitForSelector(".alarm-screen.drill");
    await usa.keyboard.press("a");
    await usa.waitForSelector(".alarm-screen", { state: "detached" });
    await shot(usa, "broken");
    noFaults(usa);
  },

  async onlooker(browser) {
    await host("key usa looks");
    const usa = await open(browser, "usa", await readKey("usa"));
    await sees(usa, "looking on only");
    await go(usa, `#/line/${LINE}`);
    await usa.waitForSelector("li.entry.people");
    check(await usa.locator("footer.write").count() === 0, "who looks on may write");
    ask("prc", "call", LINE, "duty-officer", "--status", "test");
    await usa.waitForSelector(".alarm-screen.drill");
    check(await usa.locator(".alarm-screen button.answer").count() === 0, "who looks on may answer");
    run("usa", "answer", LINE);
    await usa.waitForSelector(".alarm-screen", { state: "detached" });
    noFaults(usa);
  },

  async translation(browser) {
    const [usa, prc] = await both(browser);
    const first = ask("prc", "send", LINE, "船上是渔民，请让他们回港。", "--precedence", "flash", "--lang", "zh", "--wait", "stored").entry;
    await host("fill prc 900");
    const given = ask("usa", "send", LINE, "Fishermen are on board; let them return to port.", "--translate", first, "--grade", "rough", "--lang", "en", "--anyway", "--wait", "stored").entry;
    await go(prc, `#/line/${LINE}/${given}`); // far from its original: by a link to it
    const row = prc.locator(`li.entry[data-entry="${given}"]`);
    await row.waitFor();
    await row.getByText("译文").first().waitFor();
    await go(usa, `#/line/${LINE}/${given}`);
    await usa.click(`li.entry[data-entry="${given}"] a.ref`);
    const under = usa.locator(`li.entry[data-entry="${first}"] .translation`);
    await under.getByText("let them return to port").waitFor();
    for (const words of ["rough translation", "English", "translated by United States · USA"]) await under.getByText(words).first().waitFor();
    check(await usa.locator(`li.entry[data-entry="${first}"].chosen`).count() === 1, "the original is not chosen");
    await sees(usa, "中国 · PRC", `li.entry[data-entry="${first}"]`);
    await shot(usa, "translation");
    await accessible(usa, "translation");
    await under.locator("a").click();
    await usa.waitForSelector(`li.entry[data-entry="${given}"].chosen`);
    await usa.waitForFunction((e) => { const r = document.querySelector(`[data-entry="${e}"]`).getBoundingClientRect(); return r.top > 0 && r.bottom < innerHeight; }, given);
    noFaults(usa, prc);
  },

  async scroll(browser) {
    const [usa] = await both(browser);
    await go(usa, `#/line/${LINE}`);
    await usa.fill('input[type="search"]', "report");
    await sees(usa, "900 of ", ".found");
    await usa.click(".found button"); // the search is over: everything again
    await usa.locator(".found").waitFor({ state: "detached" });
    const look = () => usa.evaluate(() => {
      const box = document.querySelector(".scroller"), { top, bottom } = box.getBoundingClientRect();
      const all = [...document.querySelectorAll(".scroller li.entry")].map((li) => { const r = li.getBoundingClientRect(); return { number: +li.dataset.number, entry: li.dataset.entry, y: r.top, end: r.bottom }; });
      return { all, seen: all.filter((r) => r.end > top + 1 && r.y < bottom - 1), at: box.scrollTop, left: box.scrollHeight - box.clientHeight - box.scrollTop };
    });
    // Until nothing moves and every row is there.
    const still = () => usa.evaluate(() => new Promise((done) => {
      let last = "", same = 0;
      const step = () => {
        const box = document.querySelector(".scroller"), now = [box.scrollTop, box.scrollHeight, document.querySelector(".scroller li")?.dataset.number, document.querySelectorAll(".scroller li.absent").length].join();
        same = now === last && now.endsWith(",0") ? same + 1 : 0;
        last = now;
        same > 12 ? done() : requestAnimationFrame(step);
      };
      step();
    }));
    const turn = async (by, mark) => { // what was on the screen moves by what was scrolled, and by nothing else
      const before = await look(), row = mark(before.seen);
      await usa.mouse.wheel(0, by);
      await still();
      const after = await look(), now = after.all.find((r) => r.entry === row.entry);
      check(after.all.length <= 150, `${after.all.length} rows are there`);
      check(now && Math.abs(row.y - now.y - by) < 1.5, `${row.entry} moved by ${now && row.y - now.y}, not ${by}`);
      return after;
    };
    await still();
    check((await look()).left < 3, "the newest is not shown first");
    const box = await usa.locator(".scroller").boundingBox();
    await usa.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
    for (let i = 0; i < 12; i++) await turn(-400, (seen) => seen[0]);
    await usa.focus(".scroller");
    await usa.keyboard.press("PageUp");
    await still();
    await usa.evaluate(() => { const s = document.querySelector(".scroller"); s.scrollTop = s.scrollHeight * 0.4; }); // the bar is dragged
    await still();
    check(Math.abs((await look()).seen[0].number - 0.4 * 950) < 150, "the bar was dragged elsewhere");
    for (let i = 0; i < 8; i++) await turn(-400, (seen) => seen[0]);
    const arrows = await usa.evaluate(() => [...document.querySelectorAll(".arrows line")].map((l) => [l.dataset.from, l.getBoundingClientRect().top]));
    for (const { entry, y, end } of (await look()).seen) { // the arrows are where the rows are
      const line = arrows.find(([from]) => from === entry);
      check(!line || (line[1] >= y - 1 && line[1] < end + 1), `the arrow of ${entry} is at ${line?.[1]}, its row at ${y}`);
    }
    await shot(usa, "line-long");
    await usa.keyboard.press("Home");
    await still();
    check((await look()).seen[0].number === 0, "Home does not lead to the first");
    for (let i = 0; i < 6; i++) await turn(400, (seen) => seen.at(-1));
    // Through all of it: each entry is met once, in its order.
    await usa.keyboard.press("Home");
    await still();
    const met = await usa.evaluate(() => new Promise((done) => {
      const box = document.querySelector(".scroller"), met = [];
      let most = 0;
      const step = () => {
        const rows = [...document.querySelectorAll(".scroller li.entry")];
        most = Math.max(most, rows.length);
        if (rows.some((li) => li.classList.contains("absent"))) { requestAnimationFrame(step); return; }
        const { top, bottom } = box.getBoundingClientRect();
        for (const li of rows) {
          const r = li.getBoundingClientRect();
          if (r.bottom > top + 1 && r.top < bottom - 1 && !met.includes(li.dataset.entry)) met.push(li.dataset.entry);
        }
        if (box.scrollTop + box.clientHeight > box.scrollHeight - 2) { done({ met, most }); return; }
        box.scrollTop += box.clientHeight - 60;
        requestAnimationFrame(() => requestAnimationFrame(step));
      };
      step();
    }));
    check(met.most <= 150, `${met.most} rows were there`);
    const whole = run("usa", "log", LINE, "--json").trim().split("\n").map((l) => JSON.parse(l)).filter((e) => e.event === "entry" && !["opening", "check", "mentions", "handback"].includes(e.kind)).map((e) => e.entry);
    check(JSON.stringify(met.met) === JSON.stringify(whole.slice(0, met.met.length)) && met.met.length >= whole.length - 2, `${met.met.length} met of ${whole.length}; the first that differs: ${met.met.find((e, i) => e !== whole[i])}`);
    // What comes while somebody reads above does not move it.
    await usa.evaluate(() => { document.querySelector(".scroller").scrollTop -= 3000; });
    await still();
    const before = (await look()).seen[0];
    ask("prc", "send", LINE, "News for those who scrolled away.", "--anyway");
    await usa.waitForFunction((n) => +document.querySelector(".scroller").dataset.count > n, whole.length);
    await still();
    check(Math.abs((await look()).all.find((r) => r.entry === before.entry).y - before.y) < 1.5, "news moved what was read");
    await usa.click("button.newest");
    await entryOf(usa, "News for those who scrolled away.").waitFor();
    noFaults(usa);
  },

  async unread(browser) {
    const [usa] = await both(browser);
    await go(usa, `#/line/${LINE}`);
    await usa.waitForSelector(".to-unread:not([disabled])");
    const all = run("usa", "log", LINE, "--json").trim().split("\n").map((l) => JSON.parse(l)).filter((e) => e.event === "entry" && e.kind === "message" && e.author === "prc" && !["seen", "answered"].includes(e.states.usa.state));
    await sees(usa, String(all.length), ".to-unread");
    await usa.click(".to-unread");
    await usa.waitForSelector(`li.entry.chosen[data-entry="${all[0].entry}"]`);
    await usa.click(".acts >> text=Seen");
    await sees(usa, String(all.length - 1), ".to-unread");
    await usa.selectOption('select[aria-label="Precedence"]', "flash");
    await sees(usa, "船上是渔民，请让他们回港。");
    check(await usa.locator("li.entry[data-entry]:not(:has(.chip.flash))").count() === 0, "another precedence is shown");
    await usa.selectOption('select[aria-label="Author"]', "prc");
    await usa.selectOption('select[aria-label="Status"]', "test");
    await sees(usa, "Nothing on record is like that.");
    await usa.fill('input[type="search"]', "渔民");
    await usa.selectOption('select[aria-label="Status"]', "");
    await sees(usa, "船上是渔民，请让他们回港。");
    await shot(usa, "search");
    await accessible(usa, "search");
    await usa.setViewportSize({ width: 360, height: 740 });
    check(await usa.evaluate(() => document.documentElement.scrollWidth <= 360), "the line is wider than a small screen");
    await shot(usa, "line-small");
    noFaults(usa);
  },

  async thin(browser) {
    await host("thin");
    const [usa] = await both(browser), text = "An object has crossed the coast at 54 north, heading east. Is it yours? Please say what it is and where it goes.";
    await go(usa, "#/wall");
    await usa.waitForFunction(() => document.querySelectorAll(".paths li.live").length === 2, null, { timeout: 60000 });
    await go(usa, `#/line/${LINE}`);
    await write(usa, text, { precedence: "immediate" });
    const path = ask("usa", "weigh", LINE, text, "--precedence", "immediate").paths[0], s = Math.ceil(path.seconds);
    check(path.port === "hf" && s > 6 && s < 15, `${path.seconds} s on ${path.port}`);
    await sees(usa, `0:${String(s).padStart(2, "0")} to PRC on hf, until its receipt is here`, "form.compose");
    await shot(usa, "compose-thin");
    await accessible(usa, "compose, thin");
    noFaults(usa);
  },
});
