// Walks through the finance web of a running demo as finance staff do. Each step is reported as a line "ok <name>";
// the first thing that is not as it should be ends the walk with an error. Started by main.rs.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { chromium } from "playwright-core";

const demo = JSON.parse(process.env.DEMO);
const day = `/days/${demo.date}`;
const person = demo.users.find((user) => user.role === "finance");

const browser = await chromium.launch({
  executablePath: process.env.FAREHOUSE_CHROMIUM,
  args: [
    "--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
  ],
});

const outside = [];
const violations = [];

/** A window of its own, watched for requests to other hosts and for violations of the content policy. */
async function open(options = {}) {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, acceptDownloads: true, ...options });
  const page = await context.newPage();
  page.setDefaultTimeout(20_000);
  page.on("request", (request) => {
    if (!request.url().startsWith(demo.url + "/") && !request.url().startsWith("data:")) outside.push(request.url());
  });
  page.on("console", (message) => {
    if (message.type() === "error") violations.push(`${page.url()}: ${message.text()}`);
  });
  page.on("pageerror", (error) => violations.push(`${page.url()}: ${error}`));
  return page;
}

/** The figure of a text as a whole number: digits and a minus, whatever groups them. */
function units(text) {
  const digits = text.replace(/[^0-9-]/g, "");
  assert.match(digits, /^-?[0-9]+$/, `no figure in ${JSON.stringify(text)}`);
  return Number(digits);
}

async function figure(page, selector) {
  return units(await page.locator(selector).innerText());
}

/** What a column of a table's row says: by the heading's place. */
async function cell(page, table, row, key) {
  const heads = await page.locator(`#${table} thead th`).allInnerTexts();
  const index = heads.findIndex((head) => head.startsWith(key));
  assert.notEqual(index, -1, `no column ${key} among ${heads}`);
  return row.locator("th, td").nth(index);
}

async function signIn(page) {
  await page.goto(`${demo.url}/login?lang=en`);
  await page.fill("[name=login]", person.login);
  await page.fill("[name=password]", person.password);
  await page.click("main button");
  await page.waitForURL(`${demo.url}/days`);
}

/** A CSV file as records; the closing block and the byte order mark taken off. */
function parse(text) {
  assert.ok(text.startsWith("\ufeff"), "no byte order mark");
  const rows = [];
  let row = [""];
  let quoted = false;
  for (let at = 1; at < text.length; at += 1) {
    const letter = text[at];
    if (quoted && letter === '"' && text[at + 1] === '"') {
      row[row.length - 1] += '"';
      at += 1;
    } else if (letter === '"') {
      quoted = !quoted;
    } else if (letter === "," && !quoted) {
      row.push("");
    } else if (letter === "\r" && !quoted) {
      assert.equal(text[at + 1], "\n");
      at += 1;
      rows.push(row);
      row = [""];
    } else {
      row[row.length - 1] += letter;
    }
  }
  const [head, ...records] = rows;
  for (const record of records) assert.equal(record.length, head.length, "the file is no rectangle");
  const notes = records.filter((record) => record[0].startsWith("#")).map((record) => record[0]);
  const data = records.filter((record) => !record[0].startsWith("#"));
  return { notes, data: data.map((record) => Object.fromEntries(head.map((name, index) => [name, record[index]]))) };
}

const done = (step) => console.log(`ok ${step}`);

// ── the walk, with scripts off ────────────────────────────────────────────────────────────────────────────────────
const page = await open({ javaScriptEnabled: false });
await page.goto(`${demo.url}${day}`);
assert.ok(page.url().includes("/login?next="), `a stranger is at ${page.url()}`);
assert.equal(await page.locator("html").getAttribute("lang"), "vi");
await page.locator("[name=login]").focus();
await page.keyboard.type(person.login);
await page.keyboard.press("Tab");
await page.keyboard.type(person.password);
await page.keyboard.press("Enter");
await page.waitForURL(`${demo.url}${day}`);
done("signs in by keyboard, with scripts off");

const rides = await figure(page, "#figure-rides .value");
const gross = await figure(page, "#figure-gross .value");
const rider = await figure(page, "#figure-rider .value");
const subsidy = await figure(page, "#figure-subsidy .value");
assert.ok(rides > 0 && gross > 0);
assert.equal(gross, rider + subsidy);
assert.equal(await figure(page, "#figure-bank .value"), 0);
const terms = (await page.locator("#pipeline .term strong").allInnerTexts()).map(units);
assert.equal(terms[0], terms.slice(1).reduce((sum, term) => sum + term, 0), `the pipeline does not add up: ${terms}`);
const bars = await page.locator(".chart .column title").allTextContents();
assert.equal(bars.length, 24);
const told = bars.map((text) => units(text.slice(text.lastIndexOf(":") + 1))).reduce((sum, count) => sum + count, 0);
assert.equal(told, rides, "the chart shows other rides");
await page.screenshot({ path: process.env.SCREENSHOT, fullPage: true });
done("shows the day with its figures");

const operator = page.locator("#operators tbody tr").first();
const net = await cell(page, "operators", operator, "Phải trả ròng");
const netFigure = units(await net.innerText());
const operatorGross = units(await (await cell(page, "operators", operator, "Tổng tiền vé")).innerText());
await net.locator("a").click();
assert.equal(await figure(page, "#net"), netFigure, "the statement has another net");
const route = page.locator("#routes tbody tr").first();
const routeGross = units(await (await cell(page, "routes", route, "Tổng tiền vé")).innerText());
assert.equal(units(await (await cell(page, "routes", page.locator("#routes tfoot tr"), "Tổng tiền vé")).innerText()), operatorGross);
await (await cell(page, "routes", route, "Tổng tiền vé")).locator("a").click();
const chargesUrl = page.url();
const sumLine = await cell(page, "charges", page.locator("#charges tfoot tr"), "Tổng tiền vé");
assert.equal(units(await sumLine.innerText()), routeGross, "the rides add up to another figure");
await page.locator("#charges tbody tr").first().locator("a").first().click();
assert.match(new URL(page.url()).pathname, /^\/taps\/[0-9]+\/[0-9]+\/[0-9]+$/);
assert.ok((await page.locator(".why p").count()) >= 1, "no word on why it costs what it costs");
const foot = page.locator("#lines tfoot tr");
const debit = units(await (await cell(page, "lines", foot, "Nợ")).innerText());
assert.equal(debit, units(await (await cell(page, "lines", foot, "Có")).innerText()));
assert.ok(debit > 0);
done("drills from an operator's net to one tap");

await page.goto(chargesUrl);
const [download] = await Promise.all([page.waitForEvent("download"), page.locator(".sheet-head a[download]").click()]);
const file = join(process.env.DOWNLOADS, "rides.csv");
await download.saveAs(file);
const { notes, data } = parse(await readFile(file, "utf8"));
const exported = (column) => data.reduce((sum, record) => sum + Number(record[column]), 0);
assert.equal(exported("gross"), routeGross);
assert.equal(exported("gross"), exported("rider") + exported("subsidy"));
assert.ok(notes.some((note) => note.startsWith("#filters: operator=") && note.includes("route=")), notes.join());
done("exports the rides, and their sum is the figure");

await page.goto(`${demo.url}${day}`);
await page.locator(".langs a[lang=en]").click();
assert.equal(await page.locator("html").getAttribute("lang"), "en");
assert.equal(await page.locator("#figure-gross .label").innerText(), "Gross fares");
assert.equal(await figure(page, "#figure-gross .value"), gross);
await page.goto(`${demo.url}/breaks`);
assert.equal(await page.locator("h1").innerText(), "Breaks");
done("switches the language and keeps it");

await page.goto(`${demo.url}${day}`);
await page.keyboard.press("Tab");
const skip = page.locator(".skip");
assert.ok(await skip.evaluate((link) => link === document.activeElement && link.getBoundingClientRect().top >= 0));
for (let step = 0; step < 12; step += 1) {
  await page.keyboard.press("Tab");
  const shown = await page.evaluate(() => {
    const style = getComputedStyle(document.activeElement);
    return { name: document.activeElement.outerHTML.slice(0, 80), style: style.outlineStyle, width: parseFloat(style.outlineWidth) };
  });
  assert.ok(shown.style !== "none" && shown.width >= 2, `focus cannot be seen on ${shown.name}`);
}
done("shows where the keyboard is");

const places = ["/days", day, `${day}/operators`, `${day}/bank`, chargesUrl.slice(demo.url.length), "/payouts", "/bank", "/breaks",
  "/trial-balance", "/entries", "/quarantine"];
for (const place of places) {
  await page.goto(demo.url + place);
  assert.equal(await page.locator("h1").count(), 1, `${place} has not one heading`);
  const wrong = await page.evaluate(() => {
    const found = [];
    for (const table of document.querySelectorAll("table")) {
      if (!table.caption) found.push(`${table.id} has no caption`);
      if (table.querySelector("th:not([scope])")) found.push(`${table.id} has a heading without scope`);
    }
    for (const field of document.querySelectorAll("input:not([type=hidden]), select")) {
      if (!field.labels?.length) found.push(`${field.name} has no label`);
    }
    for (const target of document.querySelectorAll("nav a, button, .button, input:not([type=hidden]), select")) {
      if (target.closest(".crumbs, .subs.small")) continue;
      const { height } = target.getBoundingClientRect();
      if (height > 0 && height < 44) found.push(`${target.outerHTML.slice(0, 60)} is ${height} px high`);
    }
    if (document.querySelector("[style], style, script")) found.push("inline style or script");
    return found;
  });
  assert.deepEqual(wrong, [], place);
}
done("has headings, captions, labels and large targets");

await page.setViewportSize({ width: 390, height: 844 });
for (const place of places) {
  await page.goto(demo.url + place);
  const over = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  assert.ok(over <= 0, `${place} is ${over} px wider than a narrow screen`);
}
done("scrolls tables, not the page, on a narrow screen");

// ── colours, and what the browser itself complains about, with scripts on ────────────────────────────────────────────
const ground = async (colorScheme) => {
  const window = await open({ colorScheme });
  await signIn(window);
  for (const place of places) await window.goto(demo.url + place);
  const colour = await window.evaluate(() => getComputedStyle(document.body).backgroundColor);
  await window.context().close();
  return colour;
};
assert.notEqual(await ground("light"), await ground("dark"));
done("follows the preferred colours");

assert.deepEqual(outside, [], "requests to other hosts");
assert.deepEqual(violations, [], "complaints of the browser");
// The watch itself must see what it is there for.
const trap = await open();
await trap.goto(`${demo.url}/login`);
await trap.evaluate(() => document.body.append(Object.assign(new Image(), { src: "https://elsewhere.invalid/x.png" })));
await trap.waitForTimeout(500);
assert.ok(violations.some((text) => text.includes("Content Security Policy")), "a violation went unseen");
done("violates no policy and asks no other host");

await page.goto(`${demo.url}/days`);
const cookies = await page.context().cookies();
const session = cookies.find((cookie) => cookie.name === "farehouse_session");
assert.ok(session.httpOnly && session.sameSite === "Lax", "the session's cookie is not shut");
await page.locator("form[action='/logout'] button").click();
await page.waitForURL(`${demo.url}/login`);
await page.context().addCookies([session]);
await page.goto(`${demo.url}/days`);
assert.ok(page.url().includes("/login"), "the old session still opens pages");
done("signs out for good");

await browser.close();
