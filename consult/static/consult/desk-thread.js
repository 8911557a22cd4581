/*
 * <consult-thread>: the open conversation. Its log and how far it is complete, who writes, how far it was read, and
 * whether this operator may answer.
 *
 * The desk around it tells it what to show and what was heard. Fires consult:open {conversation} where what was said went
 * on elsewhere, and consult:aside when something beside the conversation has changed.
 */

const TYPING_MS = 5_000;
const ANNOUNCE_MS = 10_000; // a screen reader hears of typing at most this often

class ConsultThread extends HTMLElement {
  #conversation = null;
  #row = null; // what the list knows of it
  #heard = null; // {seq, epoch}: how far the log is complete; null until its first welcome
  #asked = false; // a hello is under way
  #read = 0; // the last line we told to have read
  #typingTimer = 0;
  #announcedAt = -Infinity;
  #stop = null;

  connectedCallback() {
    this.#stop = new AbortController();
    const { signal } = this.#stop;
    const on = (name, listen, target = this) => target.addEventListener(name, listen, { signal });
    on("consult:answer", (event) => this.#socket.say(event.detail));
    on("consult:typing", () => this.#send({ type: "typing" }));
    on("consult:retry", (event) => this.#socket.retry(event.detail.client_id));
    on("consult:forget", (event) => this.#socket.forget(event.detail.client_id));
    on("consult:outbox", (event) => this.#outbox(event.detail), this.#socket);
    on("click", () => this.#askEarlier(), this.#part("earlier"));
    on("visibilitychange", () => this.#tellRead(), document);
  }

  disconnectedCallback() {
    this.#stop.abort();
    clearTimeout(this.#typingTimer);
  }

  /** Turns to a conversation, of which the list may know a row; null shows none. */
  turnTo(conversation, row) {
    this.#conversation = conversation;
    this.#heard = null;
    this.#read = 0;
    this.#log.reset();
    this.#part("earlier").hidden = true;
    this.#part("typing").textContent = "";
    this.#answer.turnTo(conversation);
    this.#show(row);
    this.catchUp();
  }

  /** Asks for the conversation: whole at first, later what came after the last line that is here. */
  catchUp() {
    if (!this.#conversation) return;
    const { seq, epoch } = this.#heard ?? {};
    this.#asked = this.#send({ type: "hello", v: 1, ...(this.#heard && { after: seq, epoch }) });
  }

  /** The row of this conversation has changed. */
  update(row) {
    const before = this.#row;
    this.#show(row);
    if (before && JSON.stringify(before.visitor) !== JSON.stringify(row.visitor)) this.#fire("consult:aside");
  }

  /** Out of sight, or never in it. What was written stays in the field. */
  gone(operator = null) {
    const who = this.#part("who").textContent;
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
        this.#heard = null;
        return this.catchUp();
      case "message":
        return this.#message(frame);
      case "messages":
        this.#log.prepend(frame.messages);
        this.#part("earlier").hidden = !frame.more;
        return;
      case "read":
        if (frame.by === "visitor") this.#log.seen(frame.seq);
        return;
      case "typing":
        return this.#typing(frame.author);
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

  #welcome(frame) {
    const returning = this.#heard !== null;
    this.#asked = false;
    if (!returning) {
      this.#log.reset();
      this.#part("earlier").hidden = !frame.more;
    }
    for (const message of frame.messages) this.#log.put(message);
    this.#heard = { seq: frame.messages.at(-1)?.seq ?? this.#heard?.seq ?? 0, epoch: frame.epoch };
    for (const entry of this.#socket.pending) this.#outbox(entry);
    this.#log.seen(frame.visitor_read);
    if (returning && frame.more) this.catchUp();
    this.#tellRead();
  }

  #message(message) {
    this.#log.put(message);
    if (message.author.kind === "visitor") this.#part("typing").textContent = "";
    if (message.kind === "order") this.#fire("consult:aside");
    if (!this.#heard || message.seq <= this.#heard.seq) return;
    if (message.seq === this.#heard.seq + 1) this.#heard.seq = message.seq;
    else if (!this.#asked) this.catchUp(); // a hole always means: not received
    this.#tellRead();
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

  #askEarlier() {
    const first = this.#log.querySelector("li[data-seq]");
    if (first) this.#send({ type: "more", before: Number(first.dataset.seq) });
  }

  #typing(author) {
    const notice = this.#part("typing");
    if (!notice.textContent) {
      const announce = performance.now() - this.#announcedAt > ANNOUNCE_MS;
      if (announce) this.#announcedAt = performance.now();
      notice.setAttribute("aria-live", announce ? "polite" : "off");
      notice.textContent = notice.dataset.text.replace("{name}", author.name || this.dataset.anonymous);
    }
    clearTimeout(this.#typingTimer);
    this.#typingTimer = setTimeout(() => (notice.textContent = ""), TYPING_MS);
  }

  /** Read is what stands on the visible screen of somebody who could answer it. */
  #tellRead() {
    const { seq } = this.#heard ?? {};
    if (!seq || seq <= this.#read || document.hidden || !this.#mayAnswer(this.#row)) return;
    if (this.#send({ type: "read", seq })) this.#read = seq;
  }

  #show(row) {
    this.#row = row;
    const state = stateOf(row);
    const words = this.#part("state");
    words.textContent = (words.dataset[state] ?? "").replace("{name}", row?.operator?.name ?? "");
    this.#part("who").textContent = row ? row.visitor.name || this.dataset.anonymous : "";
    for (const button of this.querySelectorAll("button[data-when]")) {
      button.hidden = !button.dataset.when.split(" ").includes(state);
    }
    this.#answer.allowed = this.#mayAnswer(row);
    this.#tellRead();
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

  #part(name) {
    return this.querySelector(`[data-thread="${name}"]`);
  }
}

/** The name of the sentence that tells where a conversation stands. */
function stateOf(row) {
  if (!row) return "none";
  if (row.closed) return "closed";
  if (row.mine) return "mine";
  return row.operator ? "theirs" : "waiting";
}

customElements.define("consult-thread", ConsultThread);
