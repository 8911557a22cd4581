// When and where something is offered: first what decides, then what watches. What is remembered: see offer.js.

const KEY = "consult-visits"; // in local storage
const VISIT = 30 * 60 * 1000; // idle ms that end a visit
export const ARMED = 8_000; // visible ms before which nobody is leaving
const AWAY = 5_000; // hidden ms that are leaving, on a phone
const BUSY = 1_000; // ms
const TRIED = 300; // characters; a longer link could keep an expression busy

const reached = (wanted, found) => found >= wanted;
const lower = (text) => text?.toLowerCase();

const WHEN = {
  page_s: reached,
  site_s: reached,
  pages: reached,
  visits: reached,
  leaving: (_, leaving, rule, { device }) => leaving && (device === "computer" || rule.leaving_touch),
  idle_s: reached,
  referrer: (wanted, found) => lower(found)?.includes(lower(wanted)),
  utm: (wanted, found) => Object.keys(wanted).every((part) => lower(wanted[part]) === lower(found?.[part])),
};

/** Whether the rule fits, or the first reason why not. */
export function judge(rule, facts) {
  const whens = Object.keys(WHEN).filter((why) => rule[why]);
  const unmet = whens.filter((why) => !WHEN[why](rule[why], facts[why], rule, facts));
  const [why] = rule.any && unmet.length < whens.length ? [] : unmet;
  return where(rule, facts) ?? (why ? not(why, rule[why], facts[why]) : { fits: true, why: "" });
}

export function first(rules, facts) {
  return rules.find((rule) => judge(rule, facts).fits);
}

/** Milliseconds until time alone could make one fit. */
export function wait(rules, facts) {
  const here = rules.filter((rule) => !where(rule, facts));
  const left = here.flatMap((rule) => ["page_s", "site_s", "idle_s"].map((when) => rule[when] - facts[when]));
  return Math.min(...left.filter((seconds) => seconds > 0)) * 1000;
}

function where(rule, { kind, path, device }) {
  const { kinds = [], paths = [], not_kinds = [], not_paths = [], devices = [] } = rule;
  const among = (some, patterns) => some.includes(kind) || patterns.some((pattern) => matches(pattern, path));
  const places = [...kinds, ...paths];
  if (places[0] && !among(kinds, paths)) return kinds[0] ? not("kind", places, kind) : not("path", places, path);
  if (among(not_kinds, not_paths)) return not("excluded", [...not_kinds, ...not_paths], `${kind} ${path}`);
  return devices[0] && !devices.includes(device) ? not("device", devices, device) : null;
}

function not(why, wanted, found) {
  return { fits: false, why, wanted, found };
}

/** A whole path in which * is anything, or a regular expression that begins with ^. */
export function matches(pattern, path) {
  if (pattern[0] !== "^") return covers(pattern.split("*"), path);
  try {
    return path.length <= TRIED && new RegExp(pattern).test(path);
  } catch {
    return false; // an old browser
  }
}

function covers([begins, ...parts], path) {
  const ends = parts.pop();
  if (ends === undefined) return path === begins;
  let at = begins.length;
  const found = (part) => (at = path.indexOf(part, at) + 1) && (at += part.length - 1);
  return path.startsWith(begins) && parts.every((part) => !part || found(part)) && path.slice(at).endsWith(ends);
}

export function viewed(memory, now, from) {
  const goesOn = Math.abs(now - memory.seen) <= VISIT; // a clock may be set back
  const { visits = 0 } = memory;
  const visit = goesOn ? memory : { ...memory, visits: visits + 1, pages: 0, site_s: 0, until: now, ...from };
  return { ...visit, pages: visit.pages + 1, seen: now };
}

/** Visible time counts once for all tabs. */
export function passed(memory, since, now) {
  const from = Math.max(since, memory.until);
  return { ...memory, site_s: memory.site_s + Math.max(0, now - from) / 1000, until: Math.max(now, from) };
}

export function isQuiet({ silent, quiet, visits }, rule, now) {
  return [silent, quiet?.[0], quiet?.[rule]].some((one) => one && (now < one[0] || visits === one[1]));
}

let counted; // path: a widget drawn anew is no page view

export class Watch {
  #page;
  #memory = {};
  #isKept; // else nobody is invited
  #rules; // that may still fire on this page
  #since; // ms where #shown ends
  #shown; // ms
  #active; // ms
  #hid; // ms
  #pointer; // px from the top
  #scroll = { y: 0, at: 0, rise: 0 };
  #timer;
  #isAsking;
  #isOver; // the panel was opened

  constructor(page) {
    this.#page = page;
    this.#since = page.since;
    const { signal, widget } = page;
    const on = (target, name, deed, capture) => target?.addEventListener(name, deed, { signal, capture, passive: true });
    on(document, "visibilitychange", () => this.#turned());
    on(document.documentElement, "mouseleave", (event) => this.#left(event));
    on(window, "pageshow", ({ persisted }) => persisted && this.#view());
    on(window.navigation, "currententrychange", () => this.#look());
    on(widget, "consult:open", () => this.#opened());
    for (const sign of ["pointermove", "pointerdown", "keydown", "scroll"]) {
      on(document, sign, (event) => this.#alive(event), true);
    }
    signal.addEventListener("abort", () => clearTimeout(this.#timer));
    this.#view(counted !== location.pathname);
  }

  #view(counts = true) {
    const { boot, me, widget } = this.#page;
    const now = this.#since;
    counted = location.pathname;
    this.#shown = 0;
    this.#active = now;
    delete widget.dataset.hidden;
    this.#remember((memory) => (counts || !memory.seen ? viewed(memory, now, from()) : memory));
    const invites = this.#isKept && !me?.open && !this.#isOver;
    this.#rules = boot.rules.filter(({ result }) => invites || result !== "invite");
    this.#page = { ...this.#page, answer: null, path: counted, remember: (deed) => this.#remember(deed) };
    this.#here();
    this.#look();
  }

  async #look(isLeaving = false) {
    clearTimeout(this.#timer);
    if (document.hidden || this.#isAsking || this.#page.signal.aborted) return;
    const now = this.#count();
    if (location.pathname !== counted) return this.#view();
    const facts = this.#facts(now, isLeaving && this.#shown >= ARMED);
    const rules = this.#rules.filter(({ id, result }) => result !== "invite" || !isQuiet(this.#memory, id, now));
    const rule = first(rules, facts);
    if (!rule) return this.#lookIn(wait(rules, facts));
    this.#isAsking = true;
    const came = await this.#fire(rule, facts).catch(console.error);
    this.#isAsking = false;
    if (came === "busy") return this.#lookIn(BUSY);
    this.#rules = came ? [] : this.#rules.filter((one) => one !== rule);
    this.#look();
  }

  #lookIn(ms, isLeaving) {
    clearTimeout(this.#timer);
    if (ms < Infinity) this.#timer = setTimeout(() => this.#look(isLeaving), Math.min(ms, 2 ** 31 - 1));
  }

  /** Its result, "busy", or nothing. */
  async #fire(rule, facts) {
    const { me, widget } = this.#page;
    const asks = rule.asks || rule.result === "invite";
    const came = asks ? await (await this.#offer()).fire(this.#page, rule, facts) : rule.result;
    if (came === "hide" && !this.#isOver && !me?.open && !me?.unread) widget.dataset.hidden = "";
    return came;
  }

  #offer() {
    return import(this.#page.widget.dataset.offer);
  }

  async #here() {
    if (this.#memory.shown) (await this.#offer()).here(this.#page, this.#isOver);
  }

  #opened() {
    this.#isOver = true;
    this.#rules = [];
    this.#here();
  }

  #turned() {
    const now = Date.now();
    if (document.hidden) {
      this.#count();
      this.#hid = now;
      clearTimeout(this.#timer);
    } else {
      this.#since = now;
      this.#alive({});
      this.#lookIn(0, device() !== "computer" && now - this.#hid > AWAY); // after pageshow
    }
  }

  #alive({ clientY = this.#pointer, type }) {
    const now = Date.now();
    if (now - this.#active > VISIT) {
      this.#count();
      this.#view();
    }
    this.#active = now;
    this.#pointer = clientY;
    if (type === "scroll" && now - this.#scroll.at >= 100) this.#scrolled(now, scrollY);
  }

  /** Going quickly up again is leaving, by touch. */
  #scrolled(at, y) {
    const before = this.#scroll;
    const up = before.y - y;
    const rise = up / (at - before.at) > 1.2 ? before.rise + up : 0; // px/ms
    this.#scroll = { y, at, rise };
    if (rise >= 400 && rise + y > 0.4 * innerHeight && device() !== "computer") this.#look(true);
  }

  /** Drifting over the edge is not. */
  #left({ clientY, buttons }) {
    const speed = (this.#pointer - clientY) / (Date.now() - this.#active); // px/ms
    if (clientY <= 0 && !buttons && (clientY < -10 || speed > 0.3)) this.#look(true);
  }

  #facts(now, leaving) {
    const { visits, pages, site_s, referrer, utm } = this.#memory;
    const place = { kind: this.#page.widget.dataset.page, path: path(), device: device() };
    const [page_s, idle_s] = [this.#shown / 1000, (now - this.#active) / 1000];
    return { ...place, page_s, site_s, pages, visits, leaving, idle_s, referrer, utm };
  }

  #count() {
    const now = Date.now();
    const since = this.#since;
    this.#since = now;
    this.#shown += Math.max(0, now - since);
    this.#remember((memory) => ({ ...passed(memory, since, now), seen: Math.max(memory.seen, this.#active) }));
    return now;
  }

  /** Other tabs remember too: a change begins with what is kept. */
  #remember(deed) {
    try {
      const memory = deed(JSON.parse(localStorage.getItem(KEY)) ?? {});
      localStorage.setItem(KEY, JSON.stringify(memory));
      this.#isKept = true;
      this.#memory = memory;
    } catch {
      this.#isKept = false;
      this.#memory = deed(this.#memory);
    }
    return this.#memory;
  }
}

/** Without queries: they may be private. */
function from() {
  const { protocol, host, pathname } = new URL(document.referrer || location);
  const said = new URLSearchParams(location.search);
  const utm = ["source", "medium", "campaign"].map((part) => [part, said.get(`utm_${part}`) ?? ""]);
  return { referrer: host === location.host ? "" : `${protocol}//${host}${pathname}`, utm: Object.fromEntries(utm) };
}

function device() {
  if (matchMedia("(hover: hover) and (pointer: fine)").matches) return "computer";
  return Math.min(screen.width, screen.height) < 600 ? "phone" : "tablet";
}

function path() {
  try {
    return decodeURI(counted);
  } catch {
    return counted;
  }
}
