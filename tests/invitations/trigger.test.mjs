// The decisions of trigger.js and offer.js, in the very files that are served: node --test tests/invitations/

import assert from "node:assert/strict";
import { setMaxListeners } from "node:events";
import { afterEach, mock, test } from "node:test";

const SERVED = new URL("../../consult/static/consult/", import.meta.url);
const { Watch, judge, first, wait, matches, viewed, passed, isQuiet } = await import(new URL("trigger.js", SERVED));
const { lot, moment, greeting, words, part, dismissed, here } = await import(new URL("offer.js", SERVED));

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const DAY = 24 * 60 * MINUTE;

/** Somebody on a product page, not for long. */
const FACTS = {
  kind: "product",
  path: "/lamps/heron/",
  page_s: 10,
  site_s: 40,
  pages: 2,
  visits: 1,
  leaving: false,
  idle_s: 3,
  referrer: "https://www.google.com/",
  utm: { source: "letter", medium: "mail", campaign: "" },
  device: "computer",
};

// What a rule asks for, what differs from the facts above, and the first reason why not.
for (const [rule, facts, why] of [
  [{}, {}, ""],
  [{ kinds: ["product"] }, {}, ""],
  [{ kinds: ["basket", "delivery"] }, {}, "kind"],
  [{ paths: ["/lamps/*"] }, {}, ""],
  [{ paths: ["/delivery/"] }, {}, "path"],
  [{ kinds: ["basket"], paths: ["/lamps/*"] }, {}, ""],
  [{ kinds: ["product"], paths: ["/delivery/"] }, {}, ""],
  [{ not_kinds: ["product"] }, {}, "excluded"],
  [{ kinds: ["product"], not_paths: ["/lamps/heron/"] }, {}, "excluded"],
  [{ kinds: ["product"], not_paths: ["/lamps/pebble/"], not_kinds: ["basket"] }, {}, ""],
  [{ devices: ["phone", "tablet"] }, {}, "device"],
  [{ devices: ["phone", "tablet"] }, { device: "tablet" }, ""],
  [{ page_s: 25 }, {}, "page_s"],
  [{ page_s: 25 }, { page_s: 24.999 }, "page_s"],
  [{ page_s: 25 }, { page_s: 25 }, ""],
  [{ site_s: 60 }, {}, "site_s"],
  [{ site_s: 60 }, { site_s: 60.001 }, ""],
  [{ pages: 3 }, {}, "pages"],
  [{ pages: 3 }, { pages: 3 }, ""],
  [{ visits: 2 }, {}, "visits"],
  [{ visits: 2 }, { visits: 5 }, ""],
  [{ idle_s: 30 }, {}, "idle_s"],
  [{ idle_s: 30 }, { idle_s: 30 }, ""],
  [{ leaving: true }, {}, "leaving"],
  [{ leaving: true }, { leaving: true }, ""],
  [{ leaving: true }, { leaving: true, device: "phone" }, "leaving"],
  [{ leaving: true, leaving_touch: true }, { leaving: true, device: "phone" }, ""],
  [{ leaving: true, leaving_touch: true }, { leaving: true }, ""],
  [{ referrer: "Google." }, {}, ""],
  [{ referrer: "bing." }, {}, "referrer"],
  [{ referrer: "google." }, { referrer: "" }, "referrer"],
  [{ utm: { source: "Letter" } }, {}, ""],
  [{ utm: { source: "letter", medium: "mail" } }, {}, ""],
  [{ utm: { source: "letter", campaign: "spring" } }, {}, "utm"],
  [{ utm: { source: "letter" } }, { utm: {} }, "utm"],
  // A fact that is missing is no match, and breaks nothing.
  [{ referrer: "google." }, { referrer: undefined }, "referrer"],
  [{ utm: { source: "letter" } }, { utm: undefined }, "utm"],
  [{ page_s: 5 }, { page_s: undefined }, "page_s"],
  // All, or any.
  [{ page_s: 5, pages: 3 }, {}, "pages"],
  [{ page_s: 25, pages: 2 }, {}, "page_s"],
  [{ any: true, page_s: 25, pages: 2 }, {}, ""],
  [{ any: true, page_s: 25, pages: 3 }, {}, "page_s"],
  [{ any: true }, {}, ""],
  [{ any: true, page_s: 5, kinds: ["basket"] }, {}, "kind"],
]) {
  test(`${JSON.stringify(rule)} ${why ? "fails by" : "fits"} ${why} ${JSON.stringify(facts)}`, () => {
    const verdict = judge(rule, { ...FACTS, ...facts });
    assert.equal(verdict.why, why);
    assert.equal(verdict.fits, why === "");
  });
}

test("a verdict says what was wanted and what was found", () => {
  assert.deepEqual(judge({ pages: 3 }, FACTS), { fits: false, why: "pages", wanted: 3, found: 2 });
  const kind = judge({ kinds: ["basket"], paths: ["/x/"] }, FACTS);
  assert.deepEqual(kind, { fits: false, why: "kind", wanted: ["basket", "/x/"], found: "product" });
});

test("the first of the rules that fits is the one", () => {
  const rules = [{ id: 1, pages: 3 }, { id: 2, pages: 2 }, { id: 3 }];
  assert.equal(first(rules, FACTS).id, 2);
  assert.equal(first(rules.slice(0, 1), FACTS), undefined);
});

for (const [rules, ms] of [
  [[], Infinity],
  [[{ pages: 3 }], Infinity],
  [[{ page_s: 25 }], 15_000],
  [[{ page_s: 10 }], Infinity], // it has passed: something else is missing
  [[{ page_s: 25, idle_s: 5 }, { site_s: 60 }], 2_000],
  [[{ page_s: 25 }, { page_s: 12, kinds: ["basket"] }], 15_000],
]) {
  test(`${JSON.stringify(rules)} wait for ${ms} ms`, () => assert.equal(wait(rules, FACTS), ms));
}

for (const [pattern, path, fits] of [
  ["/lamps/*", "/lamps/heron/", true],
  ["/lamps/*", "/lamps/", true],
  ["/lamps/*", "/lamps", false],
  ["/lamps/*", "/de/lamps/heron/", false],
  ["*/lamps/*", "/de/lamps/heron/", true],
  ["/lamps/", "/lamps/heron/", false],
  ["/a.b", "/a.b", true],
  ["/a.b", "/axb", false],
  ["/a+(b)[c]{d}|e?$\\", "/a+(b)[c]{d}|e?$\\", true],
  ["/лампы/*", "/лампы/цапля/", true],
  ["^/lamps/(heron|moth)/$", "/lamps/moth/", true],
  ["^/lamps/(heron|moth)/$", "/lamps/pebble/", false],
  ["^/lamps", "/lamps/pebble/", true],
  ["^/(", "/(", false],
  ["", "/", false],
]) {
  test(`${pattern} ${fits ? "is" : "isn't"} ${path}`, () => assert.equal(matches(pattern, path), fits));
}

for (const pattern of [`/${"*a".repeat(9)}*b`, "^/.{0,999}.{0,999}.{0,999}b"]) {
  test(`an address made to be long keeps nobody busy with ${pattern}`, { timeout: 4000 }, () => {
    const began = performance.now();
    assert.equal(matches(pattern, `/${"a".repeat(5000)}`), false);
    assert.ok(performance.now() - began < 200);
  });
}

test("a visit ends after thirty idle minutes, and its first page says where it came from", () => {
  const from = { referrer: "https://a.test/", utm: {} };
  let memory = viewed({}, 0, from);
  assert.deepEqual(memory, { visits: 1, pages: 1, site_s: 0, seen: 0, until: 0, ...from });
  memory = viewed(memory, 30 * MINUTE, { referrer: "", utm: {} });
  assert.deepEqual([memory.visits, memory.pages, memory.referrer], [1, 2, "https://a.test/"]);
  memory = viewed(passed(memory, 30 * MINUTE, 31 * MINUTE), 60 * MINUTE + 1, { referrer: "https://b.test/" });
  assert.deepEqual([memory.visits, memory.pages, memory.site_s, memory.referrer], [2, 1, 0, "https://b.test/"]);
});

test("a clock that was set back by a year ends the visit and not all counting", () => {
  const memory = passed(viewed(viewed({}, 365 * DAY, {}), 0, {}), 0, 5_000);
  assert.deepEqual([memory.visits, memory.site_s], [2, 5]);
});

test("what two tabs show at once counts once", () => {
  let memory = viewed({}, 0, {});
  memory = passed(memory, 0, 10_000);
  memory = passed(memory, 3_000, 12_000);
  assert.equal(memory.site_s, 12);
  memory = passed(memory, 4_000, 11_000);
  assert.equal(memory.site_s, 12);
});

for (const [memory, rule, now, quiet] of [
  [{ visits: 2 }, 7, 100, false],
  [{ visits: 2, silent: [200, 1] }, 7, 100, true],
  [{ visits: 2, silent: [100, 1] }, 7, 100, false],
  [{ visits: 2, silent: [0, 2] }, 7, 100, true],
  [{ visits: 2, quiet: { 0: [200, 0] } }, 7, 100, true],
  [{ visits: 2, quiet: { 7: [200, 0] } }, 7, 100, true],
  [{ visits: 2, quiet: { 7: [200, 0] } }, 8, 100, false],
  [{ visits: 2, quiet: { 0: [0, 0], 7: [0, 2] } }, 7, 100, true],
]) {
  test(`${JSON.stringify(memory)} ${quiet ? "silences" : "allows"} ${rule}`, () =>
    assert.equal(isQuiet(memory, rule, now), quiet));
}

test("lots are drawn evenly, stay as they are, and differ by rule and by what they are for", () => {
  const browsers = Array.from({ length: 4_000 }, (_, number) => `00000000-0000-4000-8000-${String(number).padStart(12, "0")}`);
  for (const salt of ["variant", "held"]) {
    const drawn = browsers.map((id) => lot(id, 7, salt));
    assert.ok(drawn.every((one) => one >= 0 && one < 1));
    const held = drawn.filter((one) => one < 0.1).length;
    assert.ok(held > 340 && held < 460, `${held} of 4000 are below 0.1`);
  }
  const [id] = browsers;
  assert.equal(lot(id, 7, "held"), lot(id, 7, "held"));
  assert.notEqual(lot(id, 7, "held"), lot(id, 8, "held"));
  const heldOfA = browsers.filter((one) => lot(one, 7, "variant") < 0.5 && lot(one, 7, "held") < 0.5).length;
  assert.ok(heldOfA > 900 && heldOfA < 1_100, `${heldOfA} of 4000 are in both halves`);
});

for (const [hours, name] of [
  [[5, 10], "morning"],
  [[11, 16], "day"],
  [[17, 22], "evening"],
  [[23, 0, 4], "night"],
]) {
  test(`${hours} o'clock is ${name}`, () => assert.deepEqual(hours.map(moment), hours.map(() => name)));
}

test("the most fitting greeting is said", () => {
  const texts = { "": "Hello", evening: "Still awake?", leaving: "Before you go" };
  assert.deepEqual(greeting(texts, 12, false), ["", "Hello"]);
  assert.deepEqual(greeting(texts, 18, false), ["evening", "Still awake?"]);
  assert.deepEqual(greeting(texts, 18, true), ["leaving", "Before you go"]);
  assert.deepEqual(greeting({ "": "Hello" }, 18, true), ["", "Hello"]);
});

for (const [text, values, said] of [
  ["Hello {name|you}!", { name: "Anna" }, "Hello Anna!"],
  ["Hello {name|you}!", { name: "" }, "Hello you!"],
  ["Hello {name|you}!", {}, "Hello you!"],
  ["Hello{ name | }!", {}, "Hello !"],
  ["About {page title}", { "page title": "Heron" }, "About Heron"],
  ["{product|this lamp}, {product|this lamp}", { product: "$& <b>" }, "$& <b>, $& <b>"],
  ["{unknown}", {}, ""],
  ["a { b } c", { b: "B" }, "a B c"],
]) {
  test(`${text} is said as ${said}`, () => assert.equal(words(text, values), said));
}

/** A random number below 1, the same from the same seed: mulberry32. */
function random(seed) {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** A browser with as little as the module looks at, whose tabs all are this one window. Its server always says yes. */
class Browser {
  kept = new Map();
  asked = [];
  bubbles = [];
  tabs = [];
  dismissals = [];
  answered = {}; // until when to be quiet ...
  told = {}; // ... as every tab has heard

  constructor(rules, quiet) {
    this.rules = rules;
    this.quiet = quiet;
    const kept = this.kept;
    const listening = (more) => Object.assign(new EventTarget(), more);
    const changed = () => window.dispatchEvent(Object.assign(new Event("storage"), { key: "consult-visits" }));
    Object.assign(globalThis, {
      window: listening({}),
      document: listening({
        hidden: false,
        referrer: "",
        title: "Heron",
        documentElement: listening({}),
        activeElement: null,
        querySelectorAll: () => [],
        createElement: () => this.bubble(),
      }),
      location: new URL("https://shop.test/lamps/heron/"),
      localStorage: {
        getItem: (key) => kept.get(key) ?? null,
        setItem: (key, value) => {
          const isNew = kept.get(key) !== value;
          kept.set(key, value);
          if (isNew) changed();
        },
      },
      matchMedia: () => ({ matches: true }),
      screen: { width: 1280, height: 720 },
    });
  }

  get memory() {
    return JSON.parse(this.kept.get("consult-visits"));
  }

  bubble() {
    const bubble = Object.assign(new EventTarget(), {
      say: () => this.bubbles.push(bubble),
      remove: () => (this.bubbles = this.bubbles.filter((one) => one !== bubble)),
    });
    return bubble;
  }

  /** A page of the shop in a tab of its own. */
  open() {
    const life = new AbortController();
    setMaxListeners(0, life.signal, window, document, document.documentElement);
    const offer = new URL("offer.js", SERVED).href;
    const dataset = { page: "product", subject: "Heron", offer, invitation: "data:text/javascript,", me: "", invite: "/" };
    const widget = Object.assign(new EventTarget(), {
      dataset,
      querySelector: () => null,
      append: (bubble) => life.signal.addEventListener("abort", bubble.remove),
      open: () => widget.dispatchEvent(new Event("consult:open")),
      ask: async (address, { body }) => this.answer(JSON.parse(body)),
    });
    const boot = { rules: this.rules, silence: 30 * DAY, texts: {} };
    new Watch({ widget, boot, me: null, since: Date.now(), signal: life.signal });
    this.tabs.push(life);
  }

  close() {
    this.tabs.shift()?.abort();
  }

  answer({ event, rule, visit }) {
    if (event !== "show") return { show: false, quiet: {}, linked: false };
    const quiet = this.quiet(rule, visit);
    this.asked.push({ rule, visit, at: Date.now(), dismissals: [...this.dismissals], told: this.told });
    this.answered = { ...this.answered, ...quiet };
    return { show: true, quiet, linked: false };
  }

  end(deed) {
    const bubble = this.bubbles.at(-1);
    if (!bubble) return;
    bubble.dispatchEvent(new Event(`consult:${deed}`));
    bubble.remove();
    if (deed === "dismiss") this.dismissals.push({ at: Date.now(), visit: this.memory.visits });
  }

  turn(hidden) {
    document.hidden = hidden;
    document.dispatchEvent(new Event("visibilitychange"));
  }

  leave() {
    const { documentElement } = document;
    documentElement.dispatchEvent(Object.assign(new Event("mouseleave"), { clientY: -20, buttons: 0 }));
  }

  /** Lets what was begun come to its end. */
  async settle() {
    for (let round = 0; round < 8; round += 1) await new Promise((done) => setImmediate(done));
    this.told = this.answered;
  }
}

const RULES = [
  { id: 1, result: "invite", leaving: true, greetings: { A: { "": "Wait" } } },
  { id: 2, result: "invite", page_s: 10, greetings: { A: { "": "Hello" }, B: { "": "Hi" } } },
  { id: 3, result: "invite", idle_s: 60, held: 0.5, greetings: { A: { "": "Still here?" } } },
];

afterEach(() => mock.timers.reset());

test("a title is said without what turns the line around, and no longer than a line or two", () => {
  assert.equal(part("\u202eHeron\u2066"), "Heron");
  assert.equal(part("💡".repeat(500)), "💡".repeat(100));
  assert.equal(part(undefined), "");
});

for (const shown of [undefined, null, 5, [1], { x: 5, y: null }]) {
  test(`what somebody else wrote into the memory breaks nothing: ${JSON.stringify(shown)}`, () => {
    here({ widget: { dataset: {}, ask: () => null }, remember: (deed) => deed({ shown }) }, false);
  });
}

test("no sequence of events invites within the silence after a dismissal, nor while it is to be quiet", async () => {
  mock.timers.enable({ apis: ["setTimeout", "Date"], now: 1_800_000_000_000 });
  const seen = { shown: 0, dismissed: 0, after: 0 };
  for (let seed = 1; seed <= 60; seed += 1) {
    const next = random(seed);
    const browser = new Browser(RULES, (rule, visit) => {
      if (next() < 0.5) return {};
      return { [next() < 0.5 ? 0 : rule]: [Date.now() + next() * 2 * DAY, next() < 0.5 ? visit : 0] };
    });
    const ways = [
      () => browser.open(),
      () => browser.open(),
      () => browser.close(),
      () => browser.end("dismiss"),
      () => browser.end("fold"),
      () => browser.leave(),
      () => browser.turn(!document.hidden),
      () => mock.timers.tick(Math.floor(next() * 30 * SECOND)),
      () => mock.timers.tick(Math.floor(next() * 90 * SECOND)),
      () => mock.timers.tick(Math.floor(next() * 90 * MINUTE)),
      () => mock.timers.tick(Math.floor(next() * 12 * DAY)),
    ];
    for (let step = 0; step < 80; step += 1) {
      ways[Math.floor(next() * ways.length)]();
      await browser.settle();
      if (browser.bubbles.length) assert.equal(browser.asked.at(-1).dismissals.length, browser.dismissals.length);
    }
    for (const { rule, visit, at, dismissals, told } of browser.asked) {
      const isNagged = dismissals.some((one) => at < one.at + 30 * DAY || visit === one.visit);
      const isTold = [told[0], told[rule]].some((quiet) => quiet && (at < quiet[0] || visit === quiet[1]));
      assert.ok(!isNagged && !isTold, `seed ${seed}: invited at ${at} by ${rule} in visit ${visit}`);
      seen.after += dismissals.length > 0;
    }
    seen.shown += browser.asked.length;
    seen.dismissed += browser.dismissals.length;
    while (browser.tabs.length) browser.close();
  }
  // The premise: there was something to keep quiet about, and the silence ends.
  assert.ok(seen.shown > 100 && seen.dismissed > 30 && seen.after > 10, JSON.stringify(seen));
});

/** Those that are set from now on and still to fire. */
function timers() {
  const running = new Set();
  const { setTimeout, clearTimeout } = globalThis;
  globalThis.setTimeout = (deed, ms) => {
    const timer = setTimeout(() => (running.delete(timer), deed()), ms);
    running.add(timer);
    return timer;
  };
  globalThis.clearTimeout = (timer) => (running.delete(timer), clearTimeout(timer));
  return running;
}

test("nothing runs in a hidden tab, nor after the widget has gone", async () => {
  mock.timers.enable({ apis: ["setTimeout", "Date"], now: 1_800_000_000_000 });
  const running = timers();
  const browser = new Browser(RULES.slice(1), () => ({}));
  browser.open();
  assert.equal(running.size, 1);
  mock.timers.tick(3 * SECOND);
  browser.turn(true);
  assert.equal(running.size, 0);
  mock.timers.tick(10 * MINUTE);
  browser.turn(false);
  mock.timers.tick(3 * SECOND);
  browser.turn(true);
  assert.equal(running.size, 0);
  mock.timers.tick(DAY);
  await browser.settle();
  assert.equal(browser.asked.length, 0);
  assert.equal(browser.memory.site_s, 6);
  browser.turn(false); // a day later it is another visit, whose page begins anew
  mock.timers.tick(0);
  assert.equal(running.size, 1);
  mock.timers.tick(9 * SECOND);
  await browser.settle();
  assert.equal(browser.asked.length, 0);
  mock.timers.tick(SECOND);
  await browser.settle();
  assert.equal(browser.asked.length, 1);
  browser.open();
  browser.close();
  browser.close();
  assert.equal(running.size, 0);
  mock.timers.tick(MINUTE);
  await browser.settle();
  assert.equal(browser.asked.length, 1);
  // Nor when what was asked is answered after that.
  browser.answer = () => null;
  for (const meanwhile of [() => browser.close(), () => browser.turn(true)]) {
    browser.open();
    mock.timers.tick(10 * SECOND);
    meanwhile();
    await browser.settle();
    assert.equal(running.size, 0);
  }
});
