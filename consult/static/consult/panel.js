// <consult-panel>: the conversation, as its visitor sees it. The socket in it brings and keeps what is said, the log draws.
//
// Tells, by bubbling events: consult:unread, consult:availability, consult:close.

const DRAFT = "consult-draft"; // in this tab's storage: what was begun, and the place that was read
const KEPT = 24 * 60 * 60 * 1000; // ms that a draft stays there
const SLOW = 2_000; // ms of connecting that are worth a word
const TYPING_EVERY = 3_000; // ms between two of our typing notices
const TYPING_LASTS = 6_000; // ms that one of theirs is shown
const TYPING_SAID = 10_000; // ms between two that are read aloud
const COUNT_FROM = 0.9; // of the limit, from where on characters are counted
const PASTED = 10; // times the limit: more would make the browser slow
const LATE = { renewed: true, letter: true, joined: false, closed: false }; // whether who reads this line waits in vain
const PAGES = 20; // of this tab, from before
const LONGEST = 1_000; // characters of an address: all have to go into one frame

class ConsultPanel extends HTMLElement {
  #dialog = null;
  #socket = null;
  #log = null;
  #field = null;
  #life = null;
  #drawing = null; // what draws, on its way
  #undrawn = [];

  #conversation = null;
  #epoch = null;
  #last = 0; // every message up to this number is drawn
  #read = 0;
  #unread = new Set();

  #place = null; // that was read on the page before
  #said = false;
  #contact = {}; // what the server knows of how to reach them
  #page = ""; // the address that the server was told we are at
  #operator = null;
  #availability = "";
  #told = ""; // of it, in words
  #isClosed = false;
  #isLate = false; // who promised to answer does not
  #isLetter = false; // who answers does by e-mail
  #at = "chat"; // what stands below the log: the form of the chat, or the way of this name
  #chosen = null; // by the visitor, whoever is there
  #moved = null; // there, once it is here
  #typedAt = 0;
  #typingSaidAt = 0;
  #typingEnds = 0;
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
    const { text = "", place, way } = kept();
    this.#field.value = text;
    this.#place = place;
    this.#chosen = this.#form(way) && way;
    this.#typed();
    this.#available({ state: this.dataset.availability, text: this.dataset.told });
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
    this.#log.toEnd?.(); // once it draws
    this.#look();
    // On a touch screen the keyboard would cover what there is to read.
    const touch = matchMedia("(hover: none)").matches;
    if (focus && touch) this.querySelector("h2").focus();
    else if (focus) this.#focus();
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
    on(this.#dialog, "click", ({ target }) => this.#choose(target.closest("[data-opens]")));
    on(this.#dialog, "consult:sent", () => this.#offer());
    on(this.#log, "consult:earlier", ({ detail }) => this.#socket.send({ type: "more", ...detail }));
    on(this.#field.form, "submit", (event) => this.#submit(event));
    on(this.#field, "input", () => this.#typed());
    on(this.#field, "paste", (event) => this.#pasted(event));
    on(this.#field, "keydown", (event) => this.#key(event));
    on(this.#dialog, "keydown", (event) => this.#escape(event));
    on(this.#dialog, "close", () => this.#fire("consult:close"));
    on(document, "visibilitychange", () => this.#look());
    on(window, "pagehide", () => this.#keep());
    on(window, "pageshow", () => (this.#page = "")); // they were elsewhere since
    for (const name of ["resize", "scroll"]) on(visualViewport, name, () => this.#fit());
  }

  // What is received. Everything drawn goes through the log's put().

  #hello() {
    const [conversation, after, epoch] = [this.#conversation, this.#last, this.#epoch];
    const { href } = location;
    const page = { url: href.slice(0, 2048), title: this.dataset.subject.slice(0, 256) };
    const sent = this.#socket.send({
      type: "hello",
      v: 1,
      language: this.#dialog.lang,
      ...(conversation && { conversation, after, epoch }),
      ...(this.#page !== href && { page, visit: visit() }),
    });
    if (sent) this.#page = href;
  }

  #received(frame) {
    const react = {
      welcome: this.#welcome,
      reset: this.#reset,
      message: this.#message,
      messages: ({ messages, more }) => this.#draw((log) => log.prepend(messages, more)),
      typing: this.#typing,
      read: ({ by, seq }) => (by === "operators" ? this.#draw((log) => log.seen(seq)) : this.#readUpTo(seq)),
      availability: this.#available,
      place: this.#queued,
      heartbeat: ({ conversation, last_seq }) => conversation === this.#conversation && last_seq > this.#last && this.#hello(),
      contact: this.#ask,
      refused: ({ of, reason }) => of === "hello" && reason === "not_found" && this.#reset(),
    }[frame.type];
    react?.call(this, frame);
  }

  #welcome(frame) {
    const resumed = frame.conversation === this.#conversation && this.#last > 0;
    if (!resumed) this.#enter(frame);
    for (const message of frame.messages) this.#put(message);
    if (frame.more && resumed) this.#hello();
    if (this.#last || this.#drawing) this.#draw((log) => this.#complete(log, frame, resumed));
    this.#write("queue", ""); // what is true now comes next
    this.#ask(frame.contact);
    this.#operator = frame.operator?.name ?? null;
    this.#isClosed = frame.closed;
    this.#readUpTo(frame.visitor_read);
    this.#notice();
    this.#look();
  }

  #complete(log, { more, operators_read }, resumed) {
    if (!resumed) log.more = more;
    if (this.#place) log.place = this.#place;
    this.#place = null;
    log.seen(operators_read);
  }

  /** Another conversation than before; what was said earlier stays above it. */
  #enter({ conversation, epoch, messages }) {
    this.#conversation = conversation;
    this.#epoch = epoch;
    this.#last = messages.length ? messages[0].seq - 1 : 0;
    this.#read = 0;
    this.#isLate = this.#isLetter = false;
    this.#unread.clear();
  }

  #reset() {
    this.#draw((log) => log.reset());
    this.#conversation = null;
    this.#said = false;
    this.#last = 0;
    for (const entry of this.#socket.pending) this.#outbox(entry);
    this.#hello();
  }

  #message(message) {
    if (message.conversation === this.#conversation && message.seq > this.#last + 1) {
      return this.#hello(); // a hole means "not received"
    }
    this.#put(message);
    this.#write("typing", "");
    this.#ask();
    if (message.kind === "joined") this.#operator = message.facts.name ?? message.author.name;
    if (message.kind === "left") this.#operator = null;
    if (message.kind === "closed") [this.#isClosed, this.#operator] = [true, null];
    if (message.kind === "reopened") this.#isClosed = false;
    this.#notice();
    this.#look();
  }

  #put(message) {
    this.#draw((log) => log.put(message));
    this.#said ||= message.author?.kind === "visitor";
    if (message.conversation !== this.#conversation) return;
    this.#last = Math.max(this.#last, message.seq);
    this.#isLate = LATE[message.kind] ?? this.#isLate;
    this.#isLetter ||= message.kind === "letter";
    if (message.kind === "text" && message.author.kind === "operator") this.#unread.add(message.seq);
  }

  // Who has read what.

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

  #available({ state, text = "" }) {
    this.#availability = state;
    this.#told = text;
    this.#fire("consult:availability", { state, text });
    this.#notice();
  }

  /** Their place in the queue. To be read aloud at each change would be too much. */
  #queued({ conversation, place }) {
    if (conversation !== this.#conversation) return;
    const queue = this.#part("queue");
    queue.setAttribute("aria-live", queue.textContent ? "off" : "polite");
    this.#write("queue", place ? queue.dataset.words.replace("{place}", place) : "");
    this.#notice();
  }

  /** Of the shop, for this visitor: who is with them stays. */
  get #state() {
    return this.#operator ? "online" : this.#availability;
  }

  get #isAway() {
    return this.#state === "away";
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
    const isQueued = this.#part("queue").textContent && !this.#isAway;
    const told = this.#state === "online" || isQueued ? "" : this.#told;
    this.#write("notice", line || (this.#isAway && told) || (this.#isClosed && dataset.closed) || told);
    const who = this.#part("who").dataset;
    this.#write("who", this.#operator ? who.operator.replace("{name}", this.#operator) : who[this.#state] ?? "");
    this.#dialog.dataset.availability = this.#state;
    this.#turn();
  }

  #typing({ author }) {
    const typing = this.#part("typing");
    const aloud = Date.now() - this.#typingSaidAt > TYPING_SAID;
    if (aloud) this.#typingSaidAt = Date.now();
    typing.setAttribute("aria-live", aloud ? "polite" : "off");
    this.#write("typing", typing.dataset.words.replace("{name}", author.name));
    clearTimeout(this.#typingEnds);
    this.#typingEnds = setTimeout(() => this.#write("typing", ""), TYPING_LASTS);
  }

  // The form of the chat, or another way.

  #choose(button) {
    if (!button) return;
    const { opens } = button.dataset;
    this.#chosen = opens === "chat" ? null : opens;
    this.#move(opens);
    this.#focus();
  }

  /** What is wanted, or else possible. A letter that is being written is not taken away. */
  #turn() {
    const letter = this.#at === "letter" && this.#form("letter");
    if (letter?.begun && !this.#isAway) this.#chosen ??= "letter";
    const to = this.#chosen ?? (this.#isAway ? "letter" : "chat");
    if (to !== this.#at) this.#move(to);
    this.#offer();
  }

  /** Under the hands of somebody who writes, what they write in stays until the other is here. */
  #move(to) {
    const from = this.#form(this.#at);
    const held = from.matches(":focus-within");
    const writes = to === "chat" || from.querySelector("textarea:focus")?.value;
    from.hidden = !held;
    this.#at = this.#dialog.dataset.at = to;
    this.#offer();
    this.#moved = this.#show(to, from);
    if (held) this.#focus(writes);
  }

  async #show(to, from) {
    const form = this.#form(to);
    const isHere = to === "chat" || (await this.#bring(form).then(() => form.show()).then(() => true, () => false));
    if (this.#at !== to) return;
    if (!isHere) return this.#fall();
    from.hidden = true;
    form.hidden = false;
    carry(from, form);
    this.#offer();
  }

  /** Where the other way does not come, there is the chat. */
  #fall() {
    this.#chosen = null;
    this.#move("chat");
    this.#write("hint", this.#part("hint").dataset.only);
  }

  async #focus(writes = this.#at === "chat") {
    await this.#moved;
    const form = this.#form(this.#at);
    (writes ? form.querySelector("textarea") : form).focus();
  }

  /** Which ways are there beside this one. */
  #offer() {
    const elsewhere = this.#at !== "chat";
    const isNeeded = this.#isLate || this.#isAway || this.#state === "busy";
    const isSent = this.#form(this.#at).hasAttribute("data-sent");
    const offered = {
      chat: elsewhere && !this.#isAway,
      letter: isNeeded && (this.#at !== "letter" || isSent),
      call: this.#at !== "call" || isSent,
    };
    this.#part("ways").hidden = !(elsewhere || isNeeded);
    for (const button of this.querySelectorAll("[data-opens]")) button.hidden = !offered[button.dataset.opens];
  }

  /** For a reload of the page, and for the next page. */
  #keep() {
    keep({ text: this.#field.value, place: this.open ? this.#log.place : null, way: this.#chosen });
  }

  #form(name) {
    return name === "chat" ? this.#field.form : this.querySelector(`consult-way[name="${name}"]`);
  }

  // What is said.

  #submit(event) {
    event.preventDefault();
    const body = this.#field.value;
    const { dataset } = this.#part("hint");
    const refusal = !body.trim() ? dataset.empty : this.#isTooLong ? dataset.tooLong : "";
    if (refusal) {
      this.#write("hint", refusal);
    } else {
      this.#field.value = "";
      this.#typed();
      this.#socket.say({ conversation: this.#conversation, body });
    }
    this.#field.focus();
  }

  #outbox({ client_id, conversation, body, state, reason }) {
    if (state === "forgotten") this.#draw((log) => log.drop(client_id));
    if (state !== "sending" && state !== "failed") return;
    const message = { client_id, conversation, kind: "text", author: { kind: "visitor", name: "" }, body, facts: {} };
    this.#draw((log) => {
      log.put(message, "sending");
      if (state === "failed") log.fail(client_id, reason);
    });
  }

  /** Draws in the log, once that is here: it comes with its style for the first words, or while those are written. */
  #draw(deed) {
    this.#part("greeting").hidden = true;
    this.#undrawn.push(deed);
    const all = () => this.#undrawn.splice(0).forEach((one) => one(this.#log));
    this.#prepare().then(all, () => {}); // those that come next try again
  }

  #prepare() {
    this.#drawing ??= this.#bring(this.#log);
    this.#drawing.catch(() => (this.#drawing = null));
    return this.#drawing;
  }

  /** The script and the style of what is in the panel, but not needed at once. */
  #bring(element) {
    return Promise.all([import(element.getAttribute("script")), dressed(element.querySelector("link"))]);
  }

  #again(deed, { client_id }) {
    this.#socket[deed](client_id);
    this.#field.focus();
  }

  #typed() {
    const { value } = this.#field;
    keep({ text: value });
    this.#write("hint", "");
    this.#count(length(value));
    this.#field.setAttribute("aria-invalid", this.#isTooLong);
    this.#ask();
    if (value) this.#prepare().catch(() => {});
    if (!value || !this.#conversation || Date.now() - this.#typedAt < TYPING_EVERY) return;
    if (this.#socket.send({ type: "typing", conversation: this.#conversation })) this.#typedAt = Date.now();
  }

  /** Far too much stays in the clipboard. */
  #pasted(event) {
    const used = length(event.clipboardData.getData("text"));
    if (used <= this.dataset.limit * PASTED) return;
    event.preventDefault();
    this.#count(used);
    this.#write("hint", this.#part("hint").dataset.tooLong);
  }

  #count(used) {
    const { limit } = this.dataset;
    const words = this.#part("count").dataset.words.replace("{used}", used).replace("{limit}", limit);
    this.#write("count", used > limit * COUNT_FROM ? words : "");
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

  /** How to reach them, after their first words, if nothing is known. What asks is fetched while they write those. */
  #ask(contact = this.#contact) {
    this.#contact = contact;
    if (this.#isReachable || !(this.#said || this.#field.value)) return;
    const reach = this.querySelector("consult-reach");
    const ask = () => this.#isReachable || reach.ask(this.#said, this.#isLetter);
    import(reach.getAttribute("script")).then(ask).catch(() => {}); // the next message tries again
  }

  get #isReachable() {
    const { name, email, phone } = this.#contact;
    return email || (!this.#isLetter && (name || phone));
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

  /** An unchanged text is left alone: to write it again would read it aloud again. */
  #write(name, text) {
    const part = this.#part(name);
    if (part.textContent !== text) part.textContent = text;
  }

  #fire(name, detail = null) {
    this.dispatchEvent(new CustomEvent(name, { bubbles: true, composed: true, detail }));
  }
}

function dressed(style) {
  if (style.sheet) return null;
  style.disabled = true;
  return new Promise((onload, onerror) => Object.assign(style, { onload, onerror, disabled: false }));
}

/** The words that were begun go along. */
function carry(from, to) {
  const [begun, empty] = [from, to].map((form) => form.querySelector("textarea"));
  if (!begun?.value || !empty || empty.value) return;
  [begun.value, empty.value] = ["", begun.value];
  for (const field of [begun, empty]) field.dispatchEvent(new Event("input", { bubbles: true }));
}

/** As the server counts: in code points. */
function length(text) {
  return [...text.trim()].length;
}

/** What this browser says of the visit. */
function visit() {
  const { navigation } = window;
  const earlier = navigation?.entries().slice(0, navigation.currentEntry?.index) ?? [];
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

function keep({ text, place, way }) {
  const draft = JSON.stringify({ text, place, way, at: Date.now() });
  storage(() => (text || place || way ? sessionStorage.setItem(DRAFT, draft) : sessionStorage.removeItem(DRAFT)));
}

if (!customElements.get("consult-panel")) customElements.define("consult-panel", ConsultPanel);
