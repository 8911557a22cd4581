// <consult-panel>: the conversation, as its visitor sees it. The socket in it brings and keeps what is said, the log in
// it draws.
//
// Tells, by bubbling events: consult:unread, consult:availability, consult:close.

const DRAFT = "consult-draft"; // in this tab's storage: what was begun, and the place that was read
const DECLINED = "consult-declined"; // there too: not to be asked how to reach them
const KEPT = 24 * 60 * 60 * 1000; // ms that a draft stays there
const SLOW = 2_000; // ms of connecting that are worth a word
const TYPING_EVERY = 3_000; // ms between two of our typing notices
const TYPING_LASTS = 6_000; // ms that one of theirs is shown
const TYPING_SAID = 10_000; // ms between two that are read aloud
const THANKED = 5_000; // ms that we thank for how to reach them
const COUNT_FROM = 0.9; // of the limit, from where on characters are counted
const PASTED = 10; // times the limit: more would make the browser itself slow
const PAGES = 20; // of this tab, from before
const LONGEST = 1_000; // characters of an address: all have to go into one frame

class ConsultPanel extends HTMLElement {
  #dialog = null;
  #socket = null;
  #log = null;
  #field = null;
  #life = null;

  #conversation = null;
  #epoch = null;
  #last = 0; // every message up to this number is drawn
  #read = 0;
  #unread = new Set();

  #place = null; // that was read on the page before
  #contact = null; // what the server knows of how to reach them
  #page = ""; // the address that the server was told we are at
  #operator = null;
  #availability = "";
  #isClosed = false;
  #typedAt = 0;
  #typingSaidAt = 0;
  #typingEnds = 0;
  #savedAt = 0;
  #slow = 0;

  disconnectedCallback() {
    this.#life?.abort();
    clearTimeout(this.#typingEnds);
    clearTimeout(this.#slow);
  }

  /** Begins to talk, once those in it are connected too. */
  begin() {
    this.#life = new AbortController();
    this.#dialog = this.querySelector("dialog");
    this.#socket = this.querySelector("consult-socket");
    this.#log = this.querySelector("consult-log");
    this.#field = this.querySelector("textarea");
    this.#listen(this.#life.signal);
    for (const entry of this.#socket.pending) this.#outbox(entry);
    const { text = "", place = null } = kept();
    this.#field.value = text;
    this.#place = place;
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
    on(this.#socket, "consult:connection", () => this.#connection());
    for (const deed of ["retry", "forget"]) on(this.#log, `consult:${deed}`, ({ detail }) => this.#again(deed, detail));
    on(this.#part("close"), "click", () => this.close());
    on(this.#log, "consult:earlier", ({ detail }) => this.#socket.send({ type: "more", ...detail }));
    on(this.#field.form, "submit", (event) => this.#submit(event));
    on(this.#part("contact"), "submit", (event) => this.#save(event));
    on(this.#part("decline"), "click", () => this.#decline());
    on(this.#field, "input", () => this.#typed());
    on(this.#field, "paste", (event) => this.#pasted(event));
    on(this.#field, "keydown", (event) => this.#key(event));
    on(this.#dialog, "keydown", (event) => this.#escape(event));
    on(this.#dialog, "close", () => this.#fire("consult:close"));
    on(document, "visibilitychange", () => this.#look());
    on(window, "pagehide", () => keep({ text: this.#field.value, place: this.open ? this.#log.place : null }));
    on(window, "pageshow", () => (this.#page = "")); // they were elsewhere since
    for (const name of ["resize", "scroll"]) on(visualViewport, name, () => this.#fit());
  }

  // What is received. Everything drawn goes through the log's put().

  #hello() {
    const hello = { type: "hello", v: 1 };
    const [conversation, after, epoch] = [this.#conversation, this.#last, this.#epoch];
    if (conversation) Object.assign(hello, { conversation, after, epoch });
    if (this.#page !== location.href) {
      hello.page = { url: location.href.slice(0, 2048), title: this.dataset.subject.slice(0, 256) };
      hello.visit = visit();
    }
    if (this.#socket.send(hello)) this.#page = location.href;
  }

  #received(frame) {
    const react = {
      welcome: this.#welcome,
      reset: this.#reset,
      message: this.#message,
      messages: ({ messages, more }) => this.#log.prepend(messages, more),
      typing: this.#typing,
      read: this.#wasRead,
      availability: this.#available,
      heartbeat: this.#beat,
      contact: this.#reachable,
      refused: this.#refused,
    }[frame.type];
    react?.call(this, frame);
  }

  #welcome(frame) {
    const resumed = frame.conversation === this.#conversation && this.#last > 0;
    if (!resumed) this.#enter(frame);
    for (const message of frame.messages) this.#put(message);
    if (frame.more && resumed) this.#hello();
    else if (!resumed) this.#log.more = frame.more;
    if (this.#place) this.#log.place = this.#place;
    this.#place = null;
    this.#contact = frame.contact ?? this.#contact;
    this.#ask();
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
    write(this.#part("typing"), "");
    this.#ask();
    if (message.kind === "joined") this.#operator = message.facts.name ?? message.author.name;
    if (message.kind === "left") this.#operator = null;
    if (message.kind === "closed") [this.#isClosed, this.#operator] = [true, null];
    if (message.kind === "reopened") this.#isClosed = false;
    this.#notice();
    this.#look();
  }

  #put(message) {
    this.#log.put(message);
    this.#part("greeting").hidden = true;
    if (message.conversation !== this.#conversation) return;
    this.#last = Math.max(this.#last, message.seq);
    if (message.kind === "text" && message.author.kind !== "visitor") this.#unread.add(message.seq);
  }

  #beat({ conversation, last_seq }) {
    if (conversation === this.#conversation && last_seq > this.#last) this.#hello();
  }

  #refused({ of, reason, fields }) {
    if (of === "hello" && reason === "not_found") this.#reset();
    if (of === "contact") this.#correct(fields);
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
    const seen = this.open && !document.hidden && this.#last > this.#read;
    const sent = seen && this.#socket.send({ type: "read", conversation: this.#conversation, seq: this.#last });
    this.#readUpTo(sent ? this.#last : this.#read);
  }

  // Who is there.

  #available({ state }) {
    this.#availability = state;
    this.#fire("consult:availability", { state });
    this.#notice();
  }

  #connection() {
    clearTimeout(this.#slow);
    this.#slow = setTimeout(() => this.#notice(true), SLOW);
    this.#notice();
  }

  /** The one true sentence that matters most; and in the head who answers. */
  #notice(isSlow = false) {
    const { dataset } = this.#part("notice");
    const { connection } = this.#socket.dataset;
    const line = (isSlow || connection !== "connecting") && dataset[connection];
    const saved = Date.now() - this.#savedAt < THANKED && dataset.saved;
    const away = !this.#operator && this.#availability === "away" && dataset.away;
    write(this.#part("notice"), line || saved || (this.#isClosed && dataset.closed) || away || "");
    const who = this.#part("who").dataset;
    write(this.#part("who"), this.#operator ? who.operator.replace("{name}", this.#operator) : who[this.#availability] ?? "");
    this.#dialog.dataset.availability = this.#operator ? "online" : this.#availability;
  }

  #typing({ author }) {
    const typing = this.#part("typing");
    const aloud = Date.now() - this.#typingSaidAt > TYPING_SAID;
    if (aloud) this.#typingSaidAt = Date.now();
    typing.setAttribute("aria-live", aloud ? "polite" : "off");
    write(typing, typing.dataset.words.replace("{name}", author.name));
    clearTimeout(this.#typingEnds);
    this.#typingEnds = setTimeout(() => write(typing, ""), TYPING_LASTS);
  }

  // What is said.

  #submit(event) {
    event.preventDefault();
    const body = this.#field.value;
    const { dataset } = this.#part("hint");
    const refusal = !body.trim() ? dataset.empty : this.#isTooLong ? dataset.tooLong : "";
    if (refusal) {
      write(this.#part("hint"), refusal);
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

  #again(deed, { client_id }) {
    this.#socket[deed](client_id);
    this.#field.focus();
  }

  #typed() {
    const { value } = this.#field;
    keep({ text: value });
    write(this.#part("hint"), "");
    this.#count(length(value));
    this.#field.setAttribute("aria-invalid", this.#isTooLong);
    if (!value || !this.#conversation || Date.now() - this.#typedAt < TYPING_EVERY) return;
    if (this.#socket.send({ type: "typing", conversation: this.#conversation })) this.#typedAt = Date.now();
  }

  /** Far too much stays in the clipboard. */
  #pasted(event) {
    const used = length(event.clipboardData.getData("text"));
    if (used <= this.dataset.limit * PASTED) return;
    event.preventDefault();
    this.#count(used);
    write(this.#part("hint"), this.#part("hint").dataset.tooLong);
  }

  #count(used) {
    const { limit } = this.dataset;
    const words = this.#part("count").dataset.words.replace("{used}", used).replace("{limit}", limit);
    write(this.#part("count"), used > limit * COUNT_FROM ? words : "");
    this.#part("count").toggleAttribute("data-over", used > limit);
  }

  get #isTooLong() {
    return length(this.#field.value) > this.dataset.limit;
  }

  #key(event) {
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    this.#field.form.requestSubmit();
  }

  /** After their first words: how to reach them. */
  #ask() {
    const unknown = this.#contact && !Object.values(this.#contact).some(Boolean);
    const said = this.#log.querySelector("li[data-author=visitor][data-seq]");
    this.#part("contact").hidden = !unknown || !said || storage(() => sessionStorage.getItem(DECLINED));
  }

  #save(event) {
    event.preventDefault();
    const typed = [...new FormData(event.target)].filter(([, value]) => value.trim());
    if (!typed.length) event.target.elements[0].focus();
    else if (!this.#socket.send({ type: "contact", ...Object.fromEntries(typed) })) this.#correct();
  }

  /** It is not saved: because of these fields or, without any, for now. */
  #correct(fields = []) {
    const inputs = [...this.querySelectorAll("input")];
    for (const input of inputs) input.setAttribute("aria-invalid", fields.includes(input.name));
    const wrong = inputs.filter(({ name }) => fields.includes(name));
    const sentences = wrong.map(({ dataset }) => dataset.wrong).join(" ");
    write(this.#part("wrong"), sentences || this.#part("wrong").dataset.unsaved);
    wrong[0]?.focus();
  }

  /** Saved, here or in another tab, or at the desk. */
  #reachable({ name, email, phone }) {
    const asked = this.#part("contact");
    if (!asked.hidden && asked.querySelector("[open]")) this.#savedAt = Date.now();
    if (asked.matches(":focus-within")) this.#field.focus();
    this.#contact = { name, email, phone };
    this.#ask();
    this.#notice();
    setTimeout(() => this.#notice(), THANKED);
  }

  #decline() {
    storage(() => sessionStorage.setItem(DECLINED, "yes"));
    this.#ask();
    this.#field.focus();
  }

  #escape(event) {
    if (event.key !== "Escape" || event.isComposing) return;
    event.preventDefault();
    event.stopPropagation();
    this.close();
  }

  /** A phone's keyboard shrinks only the visual viewport; a full-screen panel has to stay inside it. */
  #fit() {
    const { height, offsetTop } = visualViewport;
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

/** As the server counts. */
function length(text) {
  const trimmed = text.trim();
  return trimmed.length - (trimmed.match(/[\ud800-\udbff][\udc00-\udfff]/g)?.length ?? 0);
}

/** What this browser says of the visit. */
function visit() {
  const { navigation } = window;
  const earlier = navigation?.entries().filter(({ index }) => index < navigation.currentEntry.index) ?? [];
  return {
    referrer: document.referrer,
    language: navigator.language,
    time_zone: Intl.DateTimeFormat().resolvedOptions().timeZone,
    before: earlier.map(({ url }) => url).filter((url) => url?.length < LONGEST).slice(-PAGES),
  };
}

// A browser that forbids storage loses drafts on a reload, and nothing else.

function storage(deed) {
  try {
    return deed();
  } catch {
    return null;
  }
}

function kept() {
  const draft = storage(() => JSON.parse(sessionStorage.getItem(DRAFT)));
  return Date.now() - draft?.at < KEPT ? draft : {};
}

function keep({ text, place }) {
  const draft = JSON.stringify({ text, place, at: Date.now() });
  storage(() => (text || place ? sessionStorage.setItem(DRAFT, draft) : sessionStorage.removeItem(DRAFT)));
}

if (!customElements.get("consult-panel")) customElements.define("consult-panel", ConsultPanel);
