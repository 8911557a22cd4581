// <consult-panel>: the conversation, as its visitor sees it. The server wrote its markup; the socket in it brings what is
// said and keeps what is not yet sent, the log in it draws. This element knows where the conversation stands.
//
// Tells, by bubbling events: consult:unread, consult:availability, consult:close.

const DRAFT = "consult-draft";
const KEPT = 24 * 60 * 60 * 1000; // ms that a draft stays in this tab's storage
const TYPING_EVERY = 3_000; // ms between two of our typing notices
const TYPING_LASTS = 6_000; // ms that one of theirs is shown
const TYPING_SAID = 10_000; // ms between two that are read aloud
const COUNT_FROM = 0.9; // of the limit, from where on characters are counted

class ConsultPanel extends HTMLElement {
  #dialog = null;
  #socket = null;
  #log = null;
  #field = null;
  #life = null;

  #conversation = null;
  #epoch = null;
  #last = 0; // every message up to this number is drawn
  #first = Infinity; // and none before this one
  #read = 0;
  #unread = new Set();

  #operator = null;
  #availability = "";
  #isClosed = false;
  #typedAt = 0;
  #typingSaidAt = 0;
  #typingEnds = 0;

  disconnectedCallback() {
    this.#life?.abort();
    clearTimeout(this.#typingEnds);
  }

  /** Begins to talk. Called when all of this is in the page: an element is connected before those that it contains. */
  begin() {
    this.#life = new AbortController();
    this.#dialog = this.querySelector("dialog");
    this.#socket = this.querySelector("consult-socket");
    this.#log = this.querySelector("consult-log");
    this.#field = this.querySelector("textarea");
    this.#listen(this.#life.signal);
    for (const entry of this.#socket.pending) this.#outbox(entry);
    this.#field.value = keptDraft();
    this.#typed();
    this.#socket.open();
  }

  get open() {
    return this.#dialog.open;
  }

  /** Shows the panel, over the whole screen if ``modal``. Without ``focus`` it comes by itself and disturbs nobody. */
  show({ modal, focus }) {
    if (!this.open) {
      this.#dialog.setAttribute("aria-modal", modal);
      if (modal) this.#dialog.showModal();
      else this.#dialog.setAttribute("open", ""); // show() would move the focus
    }
    this.#fit();
    this.#log.toEnd();
    this.#look();
    // On a touch screen the keyboard would cover what there is to read.
    const touch = matchMedia("(hover: none)").matches;
    if (focus) (touch ? this.querySelector("h2") : this.#field).focus();
  }

  close() {
    this.#dialog.close();
  }

  #listen(signal) {
    const on = (target, name, deed) => target.addEventListener(name, deed, { signal });
    on(this.#socket, "consult:connected", () => this.#hello());
    on(this.#socket, "consult:frame", ({ detail }) => this.#received(detail));
    on(this.#socket, "consult:outbox", ({ detail }) => this.#outbox(detail));
    on(this.#socket, "consult:connection", () => this.#notice());
    on(this.#log, "consult:retry", ({ detail }) => this.#retry(detail.client_id));
    on(this.#log, "consult:forget", ({ detail }) => this.#delete(detail.client_id));
    on(this.#part("close"), "click", () => this.close());
    on(this.#part("more"), "click", () => this.#older());
    on(this.querySelector("form"), "submit", (event) => this.#submit(event));
    on(this.#field, "input", () => this.#typed());
    on(this.#field, "keydown", (event) => this.#key(event));
    on(this.#dialog, "keydown", (event) => this.#escape(event));
    on(this.#dialog, "close", () => this.#fire("consult:close"));
    on(document, "visibilitychange", () => this.#look());
    if (window.visualViewport) {
      for (const name of ["resize", "scroll"]) on(window.visualViewport, name, () => this.#fit());
    }
  }

  // What is received. Everything drawn goes through the log's put().

  #hello() {
    const place = { conversation: this.#conversation, after: this.#last, epoch: this.#epoch };
    const page = { url: location.href, title: this.dataset.subject || document.title };
    this.#socket.send({ type: "hello", v: 1, page, ...(this.#conversation && place) });
  }

  #received(frame) {
    const react = {
      welcome: this.#welcome,
      reset: this.#reset,
      message: this.#message,
      messages: this.#history,
      typing: this.#typing,
      read: this.#wasRead,
      availability: this.#available,
      heartbeat: this.#beat,
      refused: this.#refused,
    }[frame.type];
    react?.call(this, frame);
  }

  #welcome(frame) {
    const resumed = frame.conversation === this.#conversation && this.#last > 0;
    if (!resumed) this.#enter(frame);
    for (const message of frame.messages) this.#put(message);
    if (frame.more && resumed) this.#hello();
    else if (!resumed) this.#part("more").hidden = !frame.more;
    this.#operator = frame.operator?.name ?? null;
    this.#isClosed = frame.closed;
    this.#readUpTo(frame.visitor_read);
    this.#log.seen(frame.operators_read);
    this.#notice();
    this.#look();
  }

  /** Another conversation than before; what was said earlier stays above it. */
  #enter({ conversation, epoch, messages }) {
    this.#conversation = conversation;
    this.#epoch = epoch;
    this.#last = messages.length ? messages[0].seq - 1 : 0;
    this.#first = Infinity;
    this.#read = 0;
    this.#unread.clear();
  }

  #reset() {
    this.#log.reset();
    this.#conversation = null;
    this.#last = 0;
    for (const entry of this.#socket.pending) this.#outbox(entry);
    this.#hello();
  }

  #message(message) {
    if (message.conversation === this.#conversation && message.seq > this.#last + 1) {
      this.#hello(); // a hole means "not received": ask for what came after the last
      return;
    }
    this.#put(message);
    this.#quiet();
    if (message.kind === "joined") this.#operator = message.facts.name ?? message.author.name;
    if (message.kind === "left") this.#operator = null;
    if (message.kind === "closed") [this.#isClosed, this.#operator] = [true, null];
    this.#notice();
    this.#look();
  }

  #put(message) {
    this.#log.put(message);
    this.#part("greeting").hidden = true;
    if (message.conversation !== this.#conversation) return;
    this.#first = Math.min(this.#first, message.seq);
    this.#last = Math.max(this.#last, message.seq);
    if (message.kind === "text" && message.author.kind !== "visitor") this.#unread.add(message.seq);
  }

  #older() {
    this.#part("more").hidden = true;
    this.#socket.send({ type: "more", conversation: this.#conversation, before: this.#first });
  }

  #history({ messages, more }) {
    this.#log.prepend(messages);
    this.#first = Math.min(this.#first, ...messages.map(({ seq }) => seq));
    this.#part("more").hidden = !more;
  }

  #beat({ conversation, last_seq }) {
    if (conversation === this.#conversation && last_seq > this.#last) this.#hello();
  }

  #refused({ of, reason }) {
    if (of !== "hello" || reason !== "not_found") return;
    this.#reset();
  }

  // Who has read what.

  #wasRead({ by, seq }) {
    if (by === "operators") this.#log.seen(seq);
    else this.#readUpTo(seq);
  }

  #readUpTo(seq) {
    this.#read = Math.max(this.#read, seq);
    for (const one of this.#unread) if (one <= this.#read) this.#unread.delete(one);
    this.#fire("consult:unread", { count: this.#unread.size });
  }

  /** What stands in an open panel on a visible page is read. */
  #look() {
    if (this.open && !document.hidden && this.#last > this.#read) {
      const sent = this.#socket.send({ type: "read", conversation: this.#conversation, seq: this.#last });
      if (sent) this.#readUpTo(this.#last);
    }
    this.#fire("consult:unread", { count: this.#unread.size });
  }

  // Who is there.

  #available({ state }) {
    this.#availability = state;
    this.#fire("consult:availability", { state });
    this.#notice();
  }

  /** One true sentence at a time, the one that matters most; and in the head who answers. */
  #notice() {
    const { dataset } = this.#part("notice");
    const offline = this.#socket.dataset.connection === "offline" && dataset.offline;
    const away = this.#availability === "away" && !this.#operator && dataset.away;
    write(this.#part("notice"), offline || (this.#isClosed && dataset.closed) || away || "");
    const who = this.#part("who").dataset;
    write(this.#part("who"), this.#operator ? who.operator.replace("{name}", this.#operator) : who[this.#availability] ?? "");
    this.#dialog.dataset.availability = this.#operator ? "online" : this.#availability;
  }

  #typing({ author }) {
    const typing = this.#part("typing");
    const words = typing.dataset.words.replace("{name}", author.name);
    write(typing, words);
    if (Date.now() - this.#typingSaidAt > TYPING_SAID) {
      this.#typingSaidAt = Date.now();
      write(this.#part("typing-said"), words);
    }
    clearTimeout(this.#typingEnds);
    this.#typingEnds = setTimeout(() => this.#quiet(), TYPING_LASTS);
  }

  #quiet() {
    write(this.#part("typing"), "");
    write(this.#part("typing-said"), "");
  }

  // What is said.

  #submit(event) {
    event.preventDefault();
    const body = this.#field.value;
    if (!body.trim()) {
      write(this.#part("hint"), this.#part("hint").dataset.empty);
    } else {
      this.#field.value = "";
      this.#typed();
      this.#socket.say({ conversation: this.#conversation, body });
    }
    this.#field.focus();
  }

  #outbox({ client_id, conversation, body, state, reason }) {
    if (state === "forgotten") this.#log.drop(client_id);
    if (state !== "sending" && state !== "failed") return;
    const author = { kind: "visitor", name: "" };
    this.#part("greeting").hidden = true;
    this.#log.put({ client_id, conversation, kind: "text", author, body, facts: {} }, "sending");
    if (state === "failed") this.#log.fail(client_id, reason);
  }

  /** What was too long goes back into the field: only its author can shorten it. */
  #retry(client_id) {
    const { body, reason } = this.#socket.pending.find((entry) => entry.client_id === client_id) ?? {};
    if (reason === "too_long") {
      this.#socket.forget(client_id);
      this.#field.value = [body, this.#field.value].filter(Boolean).join("\n");
      this.#typed();
    } else {
      this.#socket.retry(client_id);
    }
    this.#field.focus();
  }

  #delete(client_id) {
    this.#socket.forget(client_id);
    this.#field.focus();
  }

  #typed() {
    const { value } = this.#field;
    keepDraft(value);
    write(this.#part("hint"), "");
    const [used, limit] = [[...value].length, Number(this.dataset.limit)];
    const words = this.#part("count").dataset.words.replace("{used}", used).replace("{limit}", limit);
    write(this.#part("count"), used > limit * COUNT_FROM ? words : "");
    this.#part("count").toggleAttribute("data-over", used > limit);
    this.#field.setAttribute("aria-invalid", used > limit);
    if (!value || !this.#conversation || Date.now() - this.#typedAt < TYPING_EVERY) return;
    if (this.#socket.send({ type: "typing", conversation: this.#conversation })) this.#typedAt = Date.now();
  }

  #key(event) {
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    this.querySelector("form").requestSubmit();
  }

  #escape(event) {
    if (event.key !== "Escape" || event.isComposing) return;
    event.preventDefault();
    event.stopPropagation();
    this.close();
  }

  /** A phone's keyboard shrinks only the visual viewport; a full-screen panel has to stay inside it. */
  #fit() {
    const { height, offsetTop } = window.visualViewport ?? { height: window.innerHeight, offsetTop: 0 };
    this.#dialog.style.setProperty("--consult-visible", `${height}px`);
    this.#dialog.style.setProperty("--consult-visible-from", `${offsetTop}px`);
  }

  #part(name) {
    return this.querySelector(`[data-part="${name}"]:not(consult-log li *)`);
  }

  #fire(name, detail = null) {
    this.dispatchEvent(new CustomEvent(name, { bubbles: true, composed: true, detail }));
  }
}

/** An unchanged text is left alone: to write it again would read it aloud again. */
function write(part, text) {
  if (part.textContent !== text) part.textContent = text;
}

function keptDraft() {
  try {
    const { text, at } = JSON.parse(sessionStorage.getItem(DRAFT)) ?? {};
    return Date.now() - at < KEPT ? text : "";
  } catch {
    return "";
  }
}

function keepDraft(text) {
  try {
    if (text) sessionStorage.setItem(DRAFT, JSON.stringify({ text, at: Date.now() }));
    else sessionStorage.removeItem(DRAFT);
  } catch {
    // A browser that forbids storage loses drafts on a reload, and nothing else.
  }
}

if (!customElements.get("consult-panel")) customElements.define("consult-panel", ConsultPanel);
