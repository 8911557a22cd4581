/*
 * <consult-thread>: the open conversation. Its log and how far it is complete, who writes, how far it was read, and
 * whether this operator may answer. What was last heard of the conversations that were open before is kept: turning back
 * to one shows it at once, and asks for what came since.
 *
 * The desk around it tells it what to show and what was heard. Fires consult:open {conversation} where what was said went
 * on elsewhere, and consult:aside when something beside the conversation has changed.
 */

const TYPING_MS = 5_000;
const ANNOUNCE_MS = 10_000; // a screen reader hears of typing at most this often
const TOLD_BESIDE = ["order", "call_now", "call_at", "called", "no_answer", "unreached"]; // what stands beside it, too
const KEPT = 20; // conversations ...
const LATEST = 50; // ... and messages of each, as many as a welcome brings

class ConsultThread extends HTMLElement {
  #conversation = null;
  #row = null; // what the list knows of it
  #heard = null; // how far the log is complete, {seq, epoch}, and the latest of it; null until its first welcome
  #kept = new Map(); // conversation → what was heard of it; the one open last at the end
  #asked = false; // a hello is under way
  #fresh = false; // turned to, and not yet welcomed
  #gone = false; // out of sight: nothing more is heard of it
  #read = 0; // the last line we told to have read
  #answered = false; // an operator has; the row is yet to tell whether it was us
  #typing = new Map(); // who writes → the timer that ends it
  #announcedAt = -Infinity;
  #stop = null;

  connectedCallback() {
    this.#stop = new AbortController();
    const { signal } = this.#stop;
    const on = (name, listen, target = this) => target.addEventListener(name, listen, { signal });
    on("consult:answer", (event) => this.#socket.say(event.detail));
    on("consult:typing", () => this.#row?.closed || this.#send({ type: "typing" }));
    on("consult:retry", (event) => this.#socket.retry(event.detail.client_id));
    on("consult:forget", (event) => this.#socket.forget(event.detail.client_id));
    on("consult:outbox", (event) => this.#outbox(event.detail), this.#socket);
    on("consult:earlier", (event) => this.#send({ type: "more", ...event.detail }));
    on("click", (event) => this.#click(event));
    on("consult:done", ({ detail }) => detail.submitter?.matches(".verbs .main") && this.focus()); // to answer
    on("visibilitychange", () => this.#tellRead(), document);
  }

  disconnectedCallback() {
    this.#stop.abort();
    this.#stopTyping();
  }

  /** Turns to a conversation, of which the list may know a row; null shows none. */
  turnTo(conversation, row) {
    this.#conversation = conversation;
    this.#row = null;
    this.#heard = this.#kept.get(conversation) ?? null;
    this.#fresh = true;
    this.#gone = false;
    this.#read = 0;
    this.#answered = false;
    this.catchUp();
    this.#stopTyping();
    this.#handover?.close();
    this.#answer.turnTo(conversation);
    this.#show(row);
    this.#draw();
  }

  /** Asks for the conversation: whole at first, later what came after the last line that is here. */
  catchUp() {
    if (!this.#conversation) return;
    const { seq, epoch } = this.#heard ?? {};
    this.#asked = this.#send({ type: "hello", v: 1, ...(this.#heard && { after: seq, epoch }) });
  }

  /** The row of this conversation has changed. */
  update(row) {
    const returned = this.#gone;
    this.#gone = false;
    this.#show(row);
    if (returned || (this.#heard && row.notes > this.#noted && !this.#asked)) this.catchUp();
  }

  /** Out of sight, or never in it. What was written stays in the field. */
  gone(operator = null) {
    const who = this.#part("who").textContent;
    this.#gone = true;
    this.#kept.delete(this.#conversation);
    this.#tellTaken(operator);
    this.#show(null);
    const { gone, theirs } = this.#part("state").dataset;
    this.#part("who").textContent = who;
    this.#part("state").textContent = operator ? theirs.replace("{name}", operator.name) : gone;
  }

  /** A frame about this conversation. */
  hear(frame) {
    switch (frame.type) {
      case "welcome":
        return this.#welcome(frame);
      case "reset":
        this.#forget();
        return this.catchUp();
      case "message":
        return this.#message(frame);
      case "messages":
        return this.#log.prepend(frame.messages, frame.more);
      case "note":
        return this.#note(frame);
      case "read":
        if (frame.by === "visitor") this.#seen(frame.seq);
        return;
      case "typing":
        return this.#startTyping(frame.author);
      case "heartbeat":
        if (this.#heard && frame.last_seq > this.#heard.seq && !this.#asked) this.catchUp();
    }
  }

  /** What was said into a closed conversation opened the next one: go there with it. */
  hearElsewhere({ client_id, conversation }) {
    const ours = client_id && this.#log.querySelector(`[data-client-id="${CSS.escape(client_id)}"]`);
    if (ours) this.#fire("consult:open", { conversation });
  }

  focus() {
    if (this.#answers && matchMedia("(pointer: fine)").matches) this.#answer.focus();
    else this.querySelector("h2").focus({ preventScroll: true }); // on touch the keyboard would cover what there is to read
  }

  /** Goes to the field, for words to the visitor. */
  answer() {
    this.#answer.write("answer");
  }

  /** Goes to the field, for words to colleagues. */
  note() {
    this.#answer.write("note");
  }

  #welcome(frame) {
    const { messages, notes = [], more, epoch } = frame;
    const returning = this.#heard !== null;
    this.#asked = false;
    if (returning) {
      const known = this.#noted;
      this.#heard.notes = notes;
      for (const message of messages) this.#message(message);
      for (const note of notes) if (note.number > known) this.#drawNote(note);
    } else {
      this.#heard = { seq: messages.at(-1)?.seq ?? 0, messages, notes, more, seen: 0 };
      this.#draw();
    }
    this.#heard.epoch = epoch;
    this.#keep();
    this.#markNew(frame);
    for (const { client_id } of notes) this.#answer.noted(client_id);
    this.#seen(frame.visitor_read);
    if (returning && more) this.catchUp();
    this.#tellRead();
  }

  /** Where there is something that no operator has read, since this conversation was turned to. */
  #markNew({ messages, operators_read }) {
    const unread = ({ kind, author, seq }) => kind === "text" && author.kind === "visitor" && seq > operators_read;
    const first = this.#fresh && operators_read ? messages.find(unread) : null;
    this.#fresh = false;
    if (first) this.#log.put(first).querySelector("[data-part=new]").hidden = false;
  }

  #message(message) {
    this.#log.put(message);
    if (message.kind === "text") this.#stopTyping(this.#nameOf(message.author));
    if (TOLD_BESIDE.includes(message.kind)) this.#fire("consult:aside");
    if (!this.#heard || message.seq <= this.#heard.seq) return;
    if (message.seq > this.#heard.seq + 1) {
      if (!this.#asked) this.catchUp(); // a hole always means: not received
      return;
    }
    this.#heard.seq = message.seq;
    this.#latest(message);
    this.#answered ||= message.kind === "text" && message.author.kind === "operator";
    this.#tellTaken(this.#row?.operator);
    this.#tellRead();
  }

  #note(note) {
    this.#answer.noted(note.client_id);
    if (!this.#heard || note.number <= this.#noted) return;
    if (note.number > this.#noted + 1) {
      if (!this.#asked) this.catchUp();
      return;
    }
    this.#heard.notes.push(note);
    this.#drawNote(note);
  }

  get #noted() {
    return this.#heard.notes.at(-1)?.number ?? 0;
  }

  #seen(seq) {
    if (this.#heard) this.#heard.seen = Math.max(seq, this.#heard.seen);
    this.#log.seen(seq);
  }

  /** A colleague has it, who took it or has answered: the row tells a little later than their words came. */
  #tellTaken(operator) {
    if (!operator) return;
    const how = this.#answered ? "answered" : this.#mayAnswer(this.#row) && "taken";
    if (how && !this.#isUs(operator)) this.#answer.overtaken(how, operator.name);
    this.#answered = false;
  }

  /** Names may be those of two. */
  #isUs({ id }) {
    return String(id) === this.dataset.user;
  }

  // What was heard, kept and drawn.

  #keep() {
    this.#kept.delete(this.#conversation);
    this.#kept.set(this.#conversation, this.#heard);
    for (const conversation of this.#kept.keys()) {
      if (this.#kept.size <= KEPT) return;
      this.#kept.delete(conversation);
    }
  }

  #forget() {
    this.#kept.delete(this.#conversation);
    this.#heard = null;
  }

  #latest(message) {
    const { messages } = this.#heard;
    messages.push(message);
    if (messages.length <= LATEST) return;
    messages.shift();
    this.#heard.more = true;
  }

  /** The log anew, as far as it was heard. */
  #draw() {
    this.#log.reset();
    if (!this.#heard) return;
    for (const message of this.#heard.messages) this.#log.put(message);
    this.#log.more = this.#heard.more;
    for (const note of this.#heard.notes) this.#drawNote(note);
    for (const entry of this.#socket.pending) this.#outbox(entry);
    this.#log.seen(this.#heard.seen);
    this.#log.toEnd();
  }

  #drawNote({ number, after_seq, client_id, author, body, written_at }) {
    const said = { client_id, author: { kind: "operator", name: author.name }, body, sent_at: written_at };
    this.#log.put({ kind: "note", conversation: this.#conversation, number, after_seq, ...said });
  }

  #outbox({ client_id, conversation, body, state, reason }) {
    if (conversation !== this.#conversation || state === "sent") return;
    if (state === "forgotten") {
      this.#log.drop(client_id);
    } else {
      const author = { kind: "operator", name: this.dataset.name };
      this.#log.put({ client_id, conversation, kind: "text", author, body }, "sending");
      if (state === "failed") this.#log.fail(client_id, reason);
    }
  }

  #click({ target }) {
    const { dialog, part } = target.closest("button")?.dataset ?? {};
    if (dialog === "call") this.querySelector("consult-call").open(this.#conversation);
    else if (dialog) this.#handover.open(dialog, this.#conversation);
    else if (part === "edit") this.#takeBack(target.closest("li").dataset.clientId);
  }

  /** What failed goes back into the field, to be said otherwise or to become a note. */
  #takeBack(client_id) {
    const entry = this.#socket.pending.find((one) => one.client_id === client_id);
    if (!entry) return;
    this.#answer.takeBack(entry.body);
    this.#socket.forget(client_id);
  }

  #startTyping(author) {
    if (this.#isUs(author)) return; // at another desk
    const notice = this.#part("typing");
    const name = this.#nameOf(author);
    if (this.#typing.size === 0) {
      const announce = performance.now() - this.#announcedAt > ANNOUNCE_MS;
      if (announce) this.#announcedAt = performance.now();
      notice.setAttribute("aria-live", announce ? "polite" : "off");
    }
    clearTimeout(this.#typing.get(name));
    this.#typing.set(name, setTimeout(() => this.#stopTyping(name), TYPING_MS));
    this.#tellTyping();
  }

  /** Of one person, or of all. */
  #stopTyping(name = null) {
    for (const [one, timer] of this.#typing) {
      if (name !== null && one !== name) continue;
      clearTimeout(timer);
      this.#typing.delete(one);
    }
    this.#tellTyping();
  }

  #tellTyping() {
    const notice = this.#part("typing");
    const sentences = [...this.#typing.keys()].map((name) => notice.dataset.text.replace("{name}", name));
    if (notice.textContent !== sentences.join(" ")) notice.textContent = sentences.join(" ");
  }

  #nameOf(author) {
    return author.name || this.dataset.anonymous;
  }

  /** Read is what stands on the visible screen of somebody who could answer it. */
  #tellRead() {
    const { seq } = this.#heard ?? {};
    if (this.#fresh || !seq || seq <= this.#read || document.hidden || !this.#mayAnswer(this.#row)) return;
    if (this.#send({ type: "read", seq })) this.#read = seq;
  }

  #show(row) {
    const state = stateOf(row);
    if (state !== stateOf(this.#row)) this.#handover?.close(); // there is another thing to do now
    if (row?.closed) this.#stopTyping();
    this.#tellTaken(row?.operator);
    this.#row = row;
    const words = this.#part("state");
    words.textContent = (words.dataset[state] ?? "").replace("{name}", whoIsMeant(row, state));
    this.#part("due").textContent = this.#dueWords(row);
    this.#part("who").textContent = row ? this.#nameOf(row.visitor) : "";
    this.#part("page").textContent = row && !row.visitor.name ? (row.visitor.page?.title ?? "") : "";
    const focused = document.activeElement;
    for (const button of this.querySelectorAll("button[data-when]")) {
      button.hidden = !button.dataset.when.split(" ").includes(state);
      if (button.hidden && button === focused && state === "mine") this.focus(); // who takes is going to answer
    }
    this.#tags.show(this.#conversation, row?.tags);
    this.#answer.may = { answer: this.#mayAnswer(row), note: this.#answers && Boolean(row), why: words.textContent };
    this.#tellRead();
  }

  /** What the visitor was told, and by when. */
  #dueWords(row) {
    if (!row?.due || row.closed) return "";
    const at = new Date(row.due.at);
    const day = at.toDateString() === new Date().toDateString() ? {} : { day: "numeric", month: "short" };
    const form = new Intl.DateTimeFormat(document.documentElement.lang || undefined, {
      ...day,
      hour: "numeric",
      minute: "2-digit",
    });
    return this.#part("due").dataset[row.due.for].replace("{time}", () => form.format(at));
  }

  /** Into a closed one too: that opens the next. */
  #mayAnswer(row) {
    return this.#answers && Boolean(row) && (row.mine || !row.operator);
  }

  get #answers() {
    return "answers" in this.dataset;
  }

  #send(frame) {
    return this.#socket.send({ ...frame, conversation: this.#conversation });
  }

  #fire(name, detail = null) {
    this.dispatchEvent(new CustomEvent(name, { bubbles: true, detail }));
  }

  get #socket() {
    return this.closest("consult-desk").querySelector("consult-socket");
  }

  get #log() {
    return this.querySelector("consult-log");
  }

  get #answer() {
    return this.querySelector("consult-answer");
  }

  get #tags() {
    return this.querySelector("consult-tags");
  }

  get #handover() {
    return this.querySelector("consult-handover");
  }

  #part(name) {
    return this.querySelector(`[data-thread="${name}"]`);
  }
}

/** The name of the sentence that tells where a conversation stands. */
function stateOf(row) {
  if (!row) return "none";
  if (row.closed) return "closed";
  if (row.handover?.mine) return row.handover.mine === "giver" ? "offered" : "proposed";
  if (row.mine) return "mine";
  if (row.operator) return "theirs";
  return row.vanished ? "vanished" : "waiting";
}

/** The colleague whom that sentence names. */
function whoIsMeant(row, state) {
  if (state === "offered") return row.handover.receiver.name;
  return row?.operator?.name ?? row?.vanished ?? "";
}

customElements.define("consult-thread", ConsultThread);
