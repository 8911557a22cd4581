// <consult-socket src="/ws/consult/visitor/" outbox="consult-visitor" exchange="/consult/exchange/visitor/" script="…">
//
// One WebSocket with the lifetime of this element, and the outbox of what was said here. A message leaves it only when
// the server sends it back, after COMMIT; until then it is sent again under the same name (client_id): a cut can neither
// lose nor double it. Where WebSockets are blocked, `script` (exchange.js) takes their place and talks HTTP to `exchange`.
//
// Tells, by bubbling events: consult:connected (say hello now), consult:connection, consult:frame, consult:outbox.

const BEAT = 20_000; // ms between our heartbeats
const SILENCE = 45_000; // ms without a frame, after which a line is dead whatever the browser believes
const WELCOME = 8_000; // ms in which a WebSocket has to bring its first frame
const BLOCKED = 2; // WebSockets that brought none, until we talk HTTP
const FIRST_WAIT = 500; // ms; doubled by each failure ...
const LONGEST_WAIT = 30_000; // ... up to this
const KEPT = 24 * 60 * 60 * 1000; // ms that unsent text stays in this tab's storage
const NOT_YOU = 4401; // close code: not, or no longer, who you were
const LARGEST = 32 * 1024; // bytes of a frame; a larger one would cost us the line
const PASSING = ["slow_down", "try_again"]; // refusals that a later try can overcome

class ConsultSocket extends HTMLElement {
  #socket = null;
  #wanted = false;
  #flowing = false;
  #failures = 0;
  #deaf = 0; // WebSockets on end that brought no frame
  #Exchange = null;
  #heardAt = 0;
  #timers = { again: 0, beat: 0, silence: 0 };
  #entries = [];
  #inFlight = new Set();
  #waiting = new Map();
  #life = null;

  connectedCallback() {
    this.#life = new AbortController();
    this.#entries = this.#stored();
    this.#state("idle");
    const { signal } = this.#life;
    for (const wake of ["online", "focus", "pageshow"]) window.addEventListener(wake, () => this.#wake(), { signal });
    document.addEventListener("visibilitychange", () => document.hidden || this.#wake(), { signal });
    window.addEventListener("offline", () => this.#drop(), { signal });
    // A page with an open socket may be refused by the back/forward cache; pageshow brings the line back.
    window.addEventListener("pagehide", () => this.#hangUp(), { signal });
  }

  disconnectedCallback() {
    this.close();
    this.#life.abort();
  }

  open() {
    this.#wanted = true;
    if (!this.#socket) this.#dial();
  }

  close() {
    this.#wanted = false;
    this.#hangUp();
    this.#state("idle");
  }

  /** Sends a frame, if the line is open now; says whether it did. For what may be lost: all but words. */
  send(frame) {
    if (this.#socket?.readyState !== WebSocket.OPEN) return false;
    this.#socket.send(JSON.stringify(frame));
    return true;
  }

  /** A name (client_id) for what must happen but once. */
  name() {
    if (crypto.randomUUID) return crypto.randomUUID();
    // That is for secure pages only, and a shop may be tried out over plain HTTP. Such an address ends with a UUID.
    const address = URL.createObjectURL(new Blob());
    URL.revokeObjectURL(address);
    return address.slice(-36);
  }

  /** Puts words into the outbox; returns the name they go by for ever. */
  say({ conversation = null, body }) {
    const entry = { client_id: this.name(), conversation, body, at: Date.now() };
    this.#entries.push(entry);
    this.#change(entry, "sending");
    this.#flow();
    return entry.client_id;
  }

  /** Tries a failed message again; if its name is taken by other words, under a new one. */
  retry(client_id) {
    const entry = this.#entry(client_id);
    if (!entry) return;
    if (entry.reason === "conflict") {
      this.forget(client_id);
      this.say(entry);
    } else {
      this.#change(entry, "sending");
      this.#flow();
    }
  }

  forget(client_id) {
    const entry = this.#entry(client_id);
    if (!entry) return;
    this.#remove(client_id);
    this.#tell({ ...entry, state: "forgotten" });
  }

  /** What is not yet acknowledged, oldest first. */
  get pending() {
    return structuredClone(this.#entries);
  }

  // The line.

  #dial() {
    clearTimeout(this.#timers.again);
    if (!this.#failures) this.#state("connecting");
    const socket = this.#line();
    this.#socket = socket;
    this.#hear(socket instanceof WebSocket ? WELCOME : SILENCE);
    socket.addEventListener("open", () => socket === this.#socket && this.#opened());
    socket.addEventListener("message", (event) => socket === this.#socket && this.#received(event.data));
    socket.addEventListener("close", (event) => socket === this.#socket && this.#closed(event.code));
  }

  #line() {
    if (!this.#Exchange || this.#deaf < BLOCKED) return new WebSocket(this.#address);
    const line = new this.#Exchange(this.getAttribute("exchange"), this.#address);
    line.addEventListener("through", () => this.#straight());
    return line;
  }

  /** WebSockets get through by now. */
  #straight() {
    this.#hangUp();
    this.#deaf = 0;
    this.#dial();
  }

  get #address() {
    const address = new URL(this.getAttribute("src"), document.baseURI);
    address.protocol = address.protocol.replace("http", "ws");
    return address;
  }

  #opened() {
    this.#state("online");
    this.#timers.beat = setInterval(() => this.send({ type: "heartbeat" }), BEAT);
    this.#fire("consult:connected");
  }

  #received(text) {
    this.#hear();
    if (this.#socket instanceof WebSocket) this.#deaf = 0;
    const frame = JSON.parse(text);
    if (frame.type === "welcome" || frame.type === "rows") {
      this.#failures = 0;
      this.#flowing = true;
    }
    this.#settle(frame);
    this.#fire("consult:frame", frame);
    this.#flow();
  }

  #closed(code) {
    if (code !== NOT_YOU) this.#count();
    this.#silence();
    if (code === NOT_YOU) {
      this.#wanted = false;
      this.#entries = [];
      this.#store();
      this.#state("idle", code);
    } else {
      this.#again(code);
    }
  }

  /** After a random part of a doubling time: a thousand browsers that lost one server must not return as one. */
  #again(code) {
    const wait = Math.random() * Math.min(LONGEST_WAIT, FIRST_WAIT * 2 ** this.#failures);
    this.#state(this.#failures ? "offline" : "connecting", code);
    this.#failures += 1;
    this.#timers.again = setTimeout(() => this.#dial(), wait);
  }

  #wake() {
    if (!this.#wanted) return;
    // Where the machine slept its timers slept too; only the clock knows.
    if (this.#socket && Date.now() - this.#heardAt > SILENCE) this.#hangUp();
    if (!this.#socket) this.#dial();
  }

  #drop() {
    if (!this.#socket) return;
    this.#count();
    this.#hangUp();
    this.#failures ||= 1;
    this.#again();
  }

  /** Was this one more line that brought nothing? If HTTP brings nothing either, WebSockets are not blocked. */
  #count() {
    if (this.#flowing || !navigator.onLine) return;
    this.#deaf = this.#socket instanceof WebSocket ? this.#deaf + 1 : 0;
    if (this.#deaf === BLOCKED && !this.#Exchange) {
      // If it can't be had now, the next two that fail ask again.
      import(this.getAttribute("script")).then((module) => (this.#Exchange = module.Exchange), () => (this.#deaf = 0));
    }
  }

  #hangUp() {
    const socket = this.#socket;
    this.#silence();
    socket?.close(1000);
  }

  /** After this nothing of the old line runs on. */
  #silence() {
    this.#socket = null;
    this.#flowing = false;
    this.#inFlight.clear();
    for (const timer of this.#waiting.values()) clearTimeout(timer);
    this.#waiting.clear();
    clearTimeout(this.#timers.again);
    clearInterval(this.#timers.beat);
    clearTimeout(this.#timers.silence);
  }

  #hear(patience = SILENCE) {
    this.#heardAt = Date.now();
    clearTimeout(this.#timers.silence);
    this.#timers.silence = setTimeout(() => this.#drop(), patience);
  }

  // The outbox: first in, first out, one on its way in each conversation.

  #flow() {
    if (!this.#flowing) return;
    const ahead = [];
    for (const entry of this.#entries.filter(({ state }) => state === "sending")) {
      const { client_id, conversation, body } = entry;
      const text = JSON.stringify({ type: "say", client_id, body, conversation: conversation ?? undefined });
      if (new Blob([text]).size > LARGEST) {
        this.#fail(client_id, "too_long");
        continue;
      }
      const free = !this.#waiting.has(client_id) && !this.#inFlight.has(client_id);
      if (free && !ahead.some((other) => sameLane(other, entry))) {
        this.#inFlight.add(client_id);
        this.#socket.send(text);
      }
      ahead.push(entry);
    }
  }

  #settle(frame) {
    if (frame.type === "message") this.#acknowledge(frame);
    for (const message of frame.messages ?? []) this.#acknowledge(message);
    if (frame.type === "refused" && frame.of === "say") this.#refused(frame);
  }

  #acknowledge({ client_id }) {
    const entry = this.#entry(client_id);
    if (!entry) return;
    this.#remove(client_id);
    this.#tell({ ...entry, state: "sent" });
  }

  #refused({ client_id, reason, retry_after = 1 }) {
    const [head] = this.#inFlight;
    const name = client_id ?? head;
    if (!this.#entry(name)) return;
    if (PASSING.includes(reason)) this.#later(name, retry_after);
    else this.#fail(name, reason);
  }

  #later(client_id, seconds) {
    this.#inFlight.delete(client_id);
    const again = () => {
      this.#waiting.delete(client_id);
      this.#flow();
    };
    this.#waiting.set(client_id, setTimeout(again, seconds * 1000));
  }

  #fail(client_id, reason) {
    const entry = this.#entry(client_id);
    this.#inFlight.delete(client_id);
    this.#change(entry, "failed", reason);
  }

  #change(entry, state, reason) {
    Object.assign(entry, { state, reason });
    this.#store();
    this.#tell(entry);
  }

  #entry(client_id) {
    return this.#entries.find((entry) => entry.client_id === client_id);
  }

  #remove(client_id) {
    this.#inFlight.delete(client_id);
    clearTimeout(this.#waiting.get(client_id));
    this.#waiting.delete(client_id);
    this.#entries = this.#entries.filter((entry) => entry.client_id !== client_id);
    this.#store();
  }

  // A browser that forbids storage only can't keep unsent words over a reload.

  #stored() {
    try {
      return JSON.parse(sessionStorage.getItem(this.#key)).filter(({ at }) => Date.now() - at < KEPT);
    } catch {
      return [];
    }
  }

  #store() {
    try {
      if (this.#entries.length) sessionStorage.setItem(this.#key, JSON.stringify(this.#entries));
      else sessionStorage.removeItem(this.#key);
    } catch {
      // Kept in memory alone.
    }
  }

  get #key() {
    return this.getAttribute("outbox") ?? "consult-outbox";
  }

  // What the rest of the page hears.

  #state(state, code) {
    if (this.dataset.connection === state && code === undefined) return;
    this.dataset.connection = state;
    this.#fire("consult:connection", { state, code });
  }

  #tell(entry) {
    this.#fire("consult:outbox", { ...entry });
  }

  #fire(name, detail = null) {
    this.dispatchEvent(new CustomEvent(name, { bubbles: true, composed: true, detail }));
  }
}

/** First words name no conversation yet, and may turn out to be in any. */
function sameLane(one, other) {
  return !one.conversation || !other.conversation || one.conversation === other.conversation;
}

if (!customElements.get("consult-socket")) customElements.define("consult-socket", ConsultSocket);
