/*
 * <consult-alert available>: rings while somebody waits, until somebody takes them; counts in the tab's title and icon,
 * and notifies on the desktop. Hears the desk around it.
 *
 * `available` is the operator's switch: without it, all is counted and nothing rings. Of an operator's tabs one does
 * it, the one that was last in front; each counts. A hidden page's timers may run but once a minute, so the server's
 * frames, its heartbeat at least, drive the repetition too.
 */

const AGAIN_MS = 19_000; // a little less than the server's beat of 20 s, so that no beat comes too early
const TICK_MS = 1_000;
const ATTENTION_MS = 60_000; // without a key or a pointer this long, nobody sits before the screen
const WRITING_MS = 20_000; // without a key this long, nobody is writing
const ASKED_MS = 400; // in which a browser that allows sound has started it
const REST_MS = 2_000; // after a sound its machinery may sleep
const NOTICES = 8; // on the desktop at most
const MARKS_COUNTED = 10; // the icon says "9+"
const BIDI = /[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;

const LOUD = [[880, 0], [660, 0.18], [880, 0.5], [660, 0.68]]; // Hz, and seconds after the beginning
const SOFT = [[520, 0]];

class ConsultAlert extends HTMLElement {
  #title = document.title;
  #counts = null; // of the server, when it last told them
  #newest = null; // when the newest began that was heard of
  #attendedAt = -Infinity;
  #wroteAt = -Infinity;
  #rangAt = -Infinity;
  #audio = null;
  #restTimer = 0;
  #blocked = false; // the browser lets no sound through before it is touched
  #leads = false;
  #release = null; // gives the lead away
  #line = null; // where this tab waits for it
  #notices = new Map(); // conversation → {notification, operator}
  #timer = null;
  #stop = null;

  static observedAttributes = ["available"];

  connectedCallback() {
    this.#stop = new AbortController();
    const { signal } = this.#stop;
    const on = (name, listen, target = this) => target.addEventListener(name, listen, { signal });
    on("consult:frame", (event) => queueMicrotask(() => this.#hear(event.detail)), this.#desk); // once the list knows
    on("click", (event) => this.#click(event));
    on("click", ({ target }) => this.contains(target) || (this.#choices.open = false), document);
    on("keydown", (event) => this.#escape(event));
    on("input", (event) => this.#choose(event));
    on("storage", () => this.#chosen(), window);
    on("focus", () => this.#front(), window);
    on("visibilitychange", () => this.#front(), document);
    for (const sign of ["pointermove", "click", "keydown"]) {
      on(sign, () => (this.#attendedAt = performance.now()), document);
      if (sign !== "pointermove") on(sign, () => this.#leads || this.#front(), document); // now we may be heard
    }
    on("keydown", () => (this.#wroteAt = performance.now()), document);
    this.#timer = setInterval(() => this.#tick(), TICK_MS);
    this.#chosen();
    this.#part("notify").hidden = globalThis.Notification?.permission !== "default";
    this.#prepare();
    this.#front();
  }

  disconnectedCallback() {
    this.#stop.abort();
    clearInterval(this.#timer);
    clearTimeout(this.#restTimer);
    this.#giveUp();
    this.#audio?.close();
    this.#audio = null;
    for (const conversation of [...this.#notices.keys()]) this.#withdraw(conversation);
    document.title = this.#title;
  }

  attributeChangedCallback() {
    if (!this.#stop) return;
    this.#rangAt = -Infinity; // who has just come hears of those who wait
    this.#prepare();
    this.#tick();
  }

  // What is heard of the server.

  #hear(frame) {
    const rose = frame.counts ? this.#count(frame.counts) : null;
    const rows = (frame.type === "rows" ? frame.rows : [frame.row]).filter((row) => row && frame.type !== "welcome");
    for (const row of rows) this.#overtake(row);
    const due = rows.filter((row) => concerns(row) || returned(row));
    const newest = this.#newest;
    this.#newest = due.map(beganAt).reduce((one, other) => (one > other ? one : other), newest ?? "");
    // What stood there when the desk was opened is counted, not told one by one.
    const began = (row) => newest !== null && (beganAt(row) > newest || (rose && frame.type === "row"));
    const news = due.filter((row) => began(row) && !this.#attended(row));
    if (news.length) this.#ring(news.every((row) => row.mine) ? SOFT : LOUD);
    else if (rose && this.#due > 0) this.#ring(rose);
    for (const row of news) this.#notify(row);
    this.#tick();
  }

  /** Takes back a notice that somebody has seen to. */
  #overtake(row) {
    const notice = this.#notices.get(row.conversation);
    if (notice && (!concerns(row) || (row.operator?.id ?? null) !== notice.operator)) this.#withdraw(row.conversation);
  }

  /** Shows how many wait; tells what rose: LOUD for those that nobody has, SOFT for one's own. */
  #count(counts) {
    const before = this.#counts;
    this.#counts = { waiting: counts.waiting ?? 0, unanswered: counts.unanswered ?? 0, due: counts.due ?? 0 };
    const number = this.#number;
    document.title = number ? `(${number}) ${this.#title}` : this.#title;
    const icon = document.querySelector('link[data-desk="icon"]');
    const drawn = icon.getAttribute("href").replace(/\d+(?=\.svg$)/, String(Math.min(number, MARKS_COUNTED)));
    if (icon.getAttribute("href") !== drawn) icon.setAttribute("href", drawn);
    if (before && this.#counts.waiting > before.waiting) return LOUD;
    if (before && this.#counts.due > before.due) return LOUD;
    return before && this.#counts.unanswered > before.unanswered ? SOFT : null;
  }

  get #number() {
    return this.#counts ? this.#counts.waiting + this.#counts.unanswered + this.#counts.due : 0;
  }

  /** How many there is to ring for: all that are counted, save the one that the operator is about to answer. */
  get #due() {
    return this.#number - (this.#excused ? 1 : 0);
  }

  get #excused() {
    const open = this.#rows.get(this.#rows.open);
    return open && concerns(open) && this.#attended(open) ? open : null;
  }

  /** One's own is before one's eyes; what nobody has yet, as long as one writes the first answer. */
  #attended(row) {
    if (row.conversation !== this.#rows.open || document.hidden || !document.hasFocus()) return false;
    const now = performance.now();
    return row.mine ? now - this.#attendedAt < ATTENTION_MS : now - this.#wroteAt < WRITING_MS;
  }

  #tick() {
    if (!(this.#due > 0) || performance.now() - this.#rangAt <= AGAIN_MS) return;
    const excused = this.#excused;
    const loud = this.#counts.waiting + this.#counts.due - (excused && (!excused.operator || callOnly(excused)) ? 1 : 0);
    this.#ring(loud > 0 ? LOUD : SOFT);
  }

  // Who it is that rings.

  /** This tab is in front: it rings from now on, if it can. */
  #front() {
    if (document.hidden) return;
    for (const conversation of [...this.#notices.keys()]) this.#withdraw(conversation);
    this.#prepare({ steal: document.hasFocus() });
  }

  async #lead({ steal = false } = {}) {
    if (!navigator.locks) this.#leads = true; // plain http: each tab for itself
    if (!navigator.locks || this.#leads || this.#mute) return;
    this.#line?.abort();
    this.#line = new AbortController();
    const line = this.#line;
    const hold = () =>
      new Promise((release) => {
        this.#leads = true;
        this.#release = release;
        if (!steal) this.#rangAt = -Infinity; // the tab that rang is gone: rather twice than not at all
      });
    const how = steal ? { steal } : { signal: line.signal };
    const taken = await navigator.locks.request(`${this.dataset.store}-alert`, how, hold).catch(() => true);
    if (line.signal.aborted) return;
    this.#leads = false;
    if (taken) this.#lead(); // stands in line behind the tab that is in front now
  }

  #giveUp() {
    this.#line?.abort();
    this.#release?.();
    this.#leads = false;
  }

  get #mute() {
    return this.#blocked && this.#sounds;
  }

  // The sound.

  get #sounds() {
    return localStorage.getItem(this.#key("sound")) !== "off";
  }

  /** Finds out whether the browser lets us be heard: it answers by starting, or not at all. */
  async #prepare({ steal = false } = {}) {
    if (this.hasAttribute("available") && this.#sounds) await this.#rouse();
    const silent = this.hasAttribute("available") && this.#mute;
    this.#part("blocked").hidden = !silent;
    if (silent) this.#giveUp();
    else this.#lead({ steal });
  }

  async #rouse() {
    if (!globalThis.AudioContext) return false;
    this.#audio ??= new AudioContext();
    clearTimeout(this.#restTimer);
    await Promise.race([this.#audio.resume().catch(() => null), new Promise((over) => setTimeout(over, ASKED_MS))]);
    this.#blocked = this.#audio?.state !== "running";
    this.#restTimer = setTimeout(() => this.#blocked || this.#audio?.suspend(), REST_MS);
    return !this.#blocked;
  }

  #ring(tones) {
    if (!this.hasAttribute("available")) return;
    this.#rangAt = performance.now();
    if (this.#leads && this.#sounds) this.#play(tones);
  }

  async #play(tones) {
    if (!(await this.#rouse())) return this.#prepare();
    const volume = (Number(localStorage.getItem(this.#key("volume")) ?? 70) / 100) * (tones === SOFT ? 0.4 : 1);
    for (const [pitch, after] of tones) this.#tone(pitch, this.#audio.currentTime + after, volume);
  }

  /** A tone swells and fades: cut off, it would click. */
  #tone(pitch, at, volume) {
    const oscillator = new OscillatorNode(this.#audio, { type: "triangle", frequency: pitch });
    const gain = new GainNode(this.#audio, { gain: 0 });
    gain.gain.setValueAtTime(0, at);
    gain.gain.linearRampToValueAtTime(volume, at + 0.02);
    gain.gain.linearRampToValueAtTime(0, at + 0.17);
    oscillator.connect(gain).connect(this.#audio.destination);
    oscillator.start(at);
    oscillator.stop(at + 0.2);
  }

  // The desktop.

  async #notify(row) {
    if (!this.hasAttribute("available") || !document.hidden || globalThis.Notification?.permission !== "granted") return;
    if (!this.#leads && (await this.#ledElsewhere())) return;
    const { conversation, visitor, last } = row;
    this.#withdraw(conversation);
    const notification = this.#notice(plain(visitor.name) || this.dataset.anonymous, plain(last?.body ?? ""), conversation);
    if (!notification) return;
    this.#notices.set(conversation, { notification, operator: row.operator?.id ?? null });
    if (this.#notices.size > NOTICES) this.#withdraw(this.#notices.keys().next().value);
    notification.addEventListener("click", () => this.#turnTo(conversation));
    notification.addEventListener("close", () => this.#notices.delete(conversation));
  }

  #notice(title, body, tag) {
    try {
      return new Notification(title, { body, tag, renotify: true });
    } catch {
      return null; // phones have the name and throw: they'd want a service worker
    }
  }

  /** Where no tab can be heard, none leads, and each notifies: the tag makes their notices one. */
  async #ledElsewhere() {
    const { held } = await navigator.locks.query();
    return held.some(({ name }) => name === `${this.dataset.store}-alert`);
  }

  #turnTo(conversation) {
    window.focus();
    this.#withdraw(conversation);
    this.dispatchEvent(new CustomEvent("consult:open", { bubbles: true, detail: { conversation } }));
  }

  #withdraw(conversation) {
    const { notification } = this.#notices.get(conversation) ?? {};
    this.#notices.delete(conversation);
    notification?.close();
  }

  // What the operator chooses. It holds for this browser, whoever else works in it has their own.

  async #click(event) {
    const pressed = event.target.closest("button")?.dataset.alert;
    if (pressed === "test" && (await this.#rouse())) this.#play(LOUD);
    if (pressed === "rouse" || pressed === "test") await this.#prepare();
    if (pressed === "notify") this.#part("notify").hidden = (await Notification.requestPermission()) !== "default";
  }

  #escape(event) {
    if (event.key !== "Escape" || !this.#choices.open) return;
    event.preventDefault();
    this.#choices.open = false;
    this.querySelector("summary").focus();
  }

  #choose({ target }) {
    if (target === this.#part("sound")) keep(this.#key("sound"), target.checked ? null : "off");
    if (target === this.#part("volume")) keep(this.#key("volume"), target.value);
    this.#prepare();
  }

  #chosen() {
    this.#part("sound").checked = this.#sounds;
    this.#part("volume").value = localStorage.getItem(this.#key("volume")) ?? 70;
  }

  #key(name) {
    return `${this.dataset.store}-${name}`;
  }

  get #choices() {
    return this.querySelector("details");
  }

  get #desk() {
    return this.closest("consult-desk");
  }

  get #rows() {
    return this.#desk.querySelector("consult-rows:not([data-list=found])");
  }

  #part(name) {
    return this.querySelector(`[data-alert="${name}"]`);
  }
}

/**
 * Whether there is something to do for this operator: nobody has it, it is offered to them, or its visitor waits; or the
 * time has come to call who waits for nothing else.
 */
function concerns(row) {
  if (row.gone || row.closed) return false;
  if (callOnly(row)) return offered(row) || (row.due.overdue && (row.mine || !row.operator));
  return !row.operator || offered(row) || (row.mine && row.waiting_since !== null);
}

function callOnly(row) {
  return row.due?.for === "call" && row.waiting_since === null;
}

function offered(row) {
  return row.handover?.mine === "receiver";
}

/** What a colleague gave back: it is told, and isn't rung for again. */
function returned(row) {
  return row.mine && Boolean(row.returned);
}

/** When it began to concern somebody: in one's own conversation each line of the visitor's does. */
function beganAt(row) {
  if (returned(row)) return row.returned.at; // and nothing was said since
  if (callOnly(row)) return row.due.at;
  const said = row.mine && row.last?.author.kind === "visitor" ? row.last.sent_at : null;
  return said ?? row.waiting_since ?? row.opened_at;
}

/** Words as a notice can show them: it knows nothing of who wrote in which direction. */
function plain(words) {
  return words.replace(BIDI, "");
}

function keep(key, value) {
  if (value === null) localStorage.removeItem(key);
  else localStorage.setItem(key, value);
}

customElements.define("consult-alert", ConsultAlert);
