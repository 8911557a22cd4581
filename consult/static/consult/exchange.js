// What stands in for a WebSocket where sockets are blocked: the same events and methods, over HTTP.
//
// One exchange with the server is a short socket: frames in, frames out, a line each. Every exchange begins with the
// hellos that were said, moved on to where the conversation stands; one without anything to say waits for news. What an
// exchange that broke would have brought comes with the next: the position is only moved by what arrived. Fires
// "through" when a WebSocket could be opened beside them.

const WAIT = 25; // seconds that the server may keep a poll that has no news
const BETWEEN = 3_000; // ms between polls that the server does not keep
const PROBE = 30_000; // ms between two looks whether a WebSocket gets through by now
const OPEN = 1;
const CLOSED = 3;

export class Exchange extends EventTarget {
  readyState = 0;
  #address;
  #probing;
  #hellos = new Map(); // of the list and of the conversation, each as it would be said now
  #lines = [];
  #polling = null;
  #greeted = false; // whether the hellos, as they are, were answered
  #news = false; // whether the last exchange brought any
  #conversation; // as the last welcome named it
  #told = new Map(); // what need not be said twice

  constructor(address, straight) {
    super();
    this.#address = address;
    this.#probing = setInterval(() => this.#probe(straight), PROBE);
    queueMicrotask(() => {
      if (this.readyState === CLOSED) return;
      this.readyState = OPEN;
      this.dispatchEvent(new Event("open"));
      this.#run();
    });
  }

  send(text) {
    const frame = JSON.parse(text);
    if (frame.type === "hello") this.#greet(frame);
    else if (frame.type !== "heartbeat") this.#lines.push(text);
    this.#polling?.abort();
  }

  close(code) {
    if (this.readyState === CLOSED) return;
    this.readyState = CLOSED;
    clearInterval(this.#probing);
    this.#polling?.abort();
    this.dispatchEvent(Object.assign(new Event("close"), { code }));
  }

  #probe(straight) {
    const probe = new WebSocket(straight);
    probe.addEventListener("open", () => {
      probe.close(1000);
      if (this.readyState === OPEN) this.dispatchEvent(new Event("through"));
    });
  }

  #greet(hello) {
    const about = "view" in hello ? "view" : "conversation";
    this.#hellos.set(about, hello);
    this.#greeted = false;
    if (about === "conversation") this.#conversation = undefined;
  }

  async #run() {
    while (this.readyState === OPEN) {
      const began = Date.now();
      const lines = this.#lines.splice(0);
      try {
        await this.#exchange(lines);
      } catch (error) {
        if (error.name !== "AbortError") return this.close(1006);
        continue;
      }
      if (!this.#lines.length && Date.now() - began < BETWEEN) await this.#rest(lines.length);
    }
  }

  /** A server that answers polls at once can't keep them: ask it now and then. What is said ends the rest. */
  #rest(said) {
    if (said || this.#news) return undefined;
    const rest = new AbortController();
    this.#polling = rest;
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, BETWEEN);
      rest.signal.addEventListener("abort", () => resolve(clearTimeout(timer)));
    });
  }

  async #exchange(lines) {
    // Only a poll is cut short by what is said meanwhile: it carries nothing that could be lost.
    const poll = this.#greeted && !lines.length ? new AbortController() : null;
    this.#polling = poll;
    this.#greeted = true;
    const hellos = [...this.#hellos.values()].map((hello) => JSON.stringify(hello));
    const response = await fetch(`${this.#address}?wait=${poll ? WAIT : 0}`, {
      method: "POST",
      body: [...hellos, ...lines].join("\n"),
      headers: { "Content-Type": "text/plain" },
      signal: poll?.signal,
    });
    const text = await response.text();
    for (const hello of this.#hellos.values()) hello.page = hello.visit = undefined; // once is enough
    this.#polling = null;
    this.#news = false;
    for (const line of text.split("\n").filter(Boolean)) this.#received(line);
    if (!response.ok) this.close(response.status === 401 ? 4401 : 1006);
    else this.#tell({ type: "heartbeat" });
  }

  /** Passes a frame on, unless it only repeats where things stand. */
  #received(line) {
    const frame = JSON.parse(line);
    if (frame.type === "welcome") this.#welcomed(frame);
    else if (frame.type === "availability" || frame.type === "rows") this.#once(frame.type, line, frame);
    else this.#tell(frame);
    if (frame.type === "message") this.#moved(frame.conversation, frame.seq);
  }

  #welcomed(frame) {
    const hello = this.#hellos.get("conversation");
    const begins = this.#conversation !== frame.conversation;
    this.#conversation = frame.conversation;
    Object.assign(hello, { conversation: frame.conversation ?? undefined, epoch: frame.epoch ?? undefined });
    hello.after = frame.conversation ? (begins ? frame.last_seq : hello.after) : undefined;
    if (begins) this.#told.delete("welcome");
    this.#once("welcome", JSON.stringify([frame.row, frame.notes]), frame); // repeated to a desk for these alone
    for (const message of frame.messages) {
      if (!begins) this.#tell({ ...message, type: "message" });
      this.#moved(frame.conversation, message.seq);
    }
    for (const by of ["visitor", "operators"]) {
      const read = { type: "read", conversation: frame.conversation, by, seq: frame[`${by}_read`] };
      this.#once(by, JSON.stringify(read), read);
    }
  }

  #moved(conversation, seq) {
    const hello = this.#hellos.get("conversation");
    if (hello?.conversation === conversation && seq > (hello.after ?? 0)) hello.after = seq;
  }

  #once(what, line, frame) {
    if (this.#told.get(what) === line) return;
    this.#told.set(what, line);
    this.#tell(frame);
  }

  #tell(frame) {
    this.#news ||= frame.type !== "heartbeat";
    this.dispatchEvent(new MessageEvent("message", { data: JSON.stringify(frame) }));
  }
}
