// <consult-log for="visitor">
//   <template data-kind="text"><li>…</li></template>  one for each kind; parts are found by data-part
//   <template data-reason="too_long">…</template>     why a message failed, as a sentence
//   <div role="log" tabindex="0" aria-label="Conversation"><ol></ol></div>
// </consult-log>
//
// What was said, drawn. put() is the only function in the browser that draws a message; all words go in as text nodes.
// Order is the server's numbering inside a conversation, conversations as they came, unsent words last.
//
// Tells, by bubbling events: consult:retry and consult:forget with the client_id of a failed message.

const GROUPED = 3 * 60 * 1000; // ms between two messages of one person that still stand together
const NEAR = 80; // px from the end that still count as "reading along"

class ConsultLog extends HTMLElement {
  #rows = new Map();
  #messages = new WeakMap();
  #region = null;
  #list = null;

  connectedCallback() {
    this.#region = this.querySelector("[role=log]");
    this.#list = this.#region.querySelector("ol");
    this.addEventListener("click", this);
  }

  handleEvent(event) {
    const button = event.target.closest("[data-part=retry], [data-part=forget]");
    if (!button) return;
    const detail = { client_id: button.closest("li").dataset.clientId };
    this.dispatchEvent(new CustomEvent(`consult:${button.dataset.part}`, { bubbles: true, composed: true, detail }));
  }

  /** Draws a message, or brings the row that it already has up to date. May be called with the same one at any time. */
  put(message, state = "sent") {
    const along = this.#readingAlong;
    let row = this.#find(message);
    if (row && message.seq == null && row.dataset.seq) return row; // an echo of our own, later than the answer
    if (row && row.dataset.kind !== message.kind) row = this.#replace(row, message);
    row ??= this.#make(message);
    this.#know(row, message);
    this.#fill(row, message, state);
    this.#place(row);
    if (along || state === "sending") this.toEnd();
    return row;
  }

  fail(client_id, reason) {
    const row = this.#rows.get(client_id);
    if (!row) return;
    this.#show(row, "failed");
    const sentence = this.#template("reason", reason) ?? this.#template("reason", "other");
    this.#write(row, "reason", sentence?.content.textContent.trim());
    this.#around(row);
  }

  /** Takes out a message that was never sent. */
  drop(client_id) {
    const row = this.#rows.get(client_id);
    const next = row?.nextElementSibling;
    this.#rows.delete(client_id);
    row?.remove();
    if (next) this.#around(next);
  }

  /** Marks what this side said, up to seq in the newest conversation, as seen by the other. */
  seen(seq) {
    const { conversation } = this.#newest?.dataset ?? {};
    for (const row of this.#list.children) {
      const mine = row.dataset.author === this.getAttribute("for");
      if (!mine || row.dataset.conversation !== conversation || Number(row.dataset.seq) > seq) continue;
      if (row.dataset.state !== "sent" || "seen" in row.dataset) continue;
      row.dataset.seen = "";
      this.#show(row, "sent");
    }
  }

  /** Adds older messages without moving what is being read, and without reading history aloud. */
  prepend(messages) {
    const { scrollHeight, scrollTop } = this.#region;
    this.#region.setAttribute("aria-busy", "true");
    for (const message of messages) this.put(message);
    this.#region.scrollTop = scrollTop + this.#region.scrollHeight - scrollHeight;
    requestAnimationFrame(() => this.#region.removeAttribute("aria-busy"));
  }

  reset() {
    this.#rows.clear();
    this.#list.replaceChildren();
  }

  toEnd() {
    this.#region.scrollTop = this.#region.scrollHeight;
  }

  // Which row: by the name its author gave it, else by its number.

  #find(message) {
    return this.#rows.get(message.client_id) ?? this.#rows.get(number(message));
  }

  #know(row, message) {
    if (message.client_id) this.#rows.set(message.client_id, row);
    if (message.seq != null) this.#rows.set(number(message), row);
    this.#messages.set(row, message);
  }

  #replace(row, message) {
    const other = this.#make(message);
    row.replaceWith(other);
    return other;
  }

  /** A kind that this page does not know yet keeps its place, unseen: an older page may talk to a newer server. */
  #make(message) {
    const template = this.#template("kind", message.kind);
    if (template) return document.importNode(template.content, true).querySelector("li");
    const row = document.createElement("li");
    row.hidden = true;
    return row;
  }

  #template(key, value) {
    return [...this.querySelectorAll(`:scope > template[data-${key}]`)].find((one) => one.dataset[key] === value);
  }

  // What stands in the row.

  #fill(row, message, state) {
    const author = message.author ?? { kind: "shop", name: "" };
    row.dataset.kind = message.kind;
    row.dataset.author = author.kind;
    if (message.client_id) row.dataset.clientId = message.client_id;
    if (message.conversation) row.dataset.conversation = message.conversation;
    if (message.seq != null) row.dataset.seq = message.seq;
    const own = author.kind === this.getAttribute("for") && this.#part(row, "name")?.dataset.own;
    this.#write(row, "name", own || author.name);
    this.#write(row, "initials", initials(author.name));
    this.#part(row, "body")?.replaceChildren(linked(message.body ?? ""));
    this.#word(row, { name: author.name, ...message.facts });
    this.#date(row, message.sent_at);
    this.#show(row, state);
  }

  /** "{name} joined": the sentence is the template's, in the reader's language; the facts go in as plain text. */
  #word(row, facts) {
    const line = this.#part(row, "line");
    if (!line) return;
    line.dataset.words ??= line.textContent.trim();
    line.textContent = line.dataset.words.replace(/\{(\w+)\}/g, (_, fact) => facts[fact] ?? "");
  }

  #date(row, sentAt) {
    const time = this.#part(row, "time");
    if (!time || !sentAt) return;
    time.dateTime = sentAt;
    time.textContent = this.#format({ timeStyle: "short" }, sentAt);
    time.title = this.#format({ dateStyle: "long", timeStyle: "short" }, sentAt);
  }

  /** The state, for CSS and tests as an attribute, for people as a word from the template's own attributes. */
  #show(row, state) {
    row.dataset.state = state;
    const mark = this.#part(row, "state");
    const own = row.dataset.author === this.getAttribute("for");
    if (mark) mark.textContent = own ? mark.dataset["seen" in row.dataset ? "seen" : state] ?? "" : "";
    if (state !== "failed") this.#write(row, "reason", "");
    for (const button of row.querySelectorAll("[data-part=retry], [data-part=forget]")) button.hidden = state !== "failed";
  }

  #part(row, name) {
    return row.querySelector(`[data-part=${name}]`);
  }

  #write(row, name, text) {
    const part = this.#part(row, name);
    if (!part) return;
    if (part.textContent !== (text ?? "")) part.textContent = text ?? "";
    part.hidden = !text;
  }

  // Where the row stands.

  /** Moves a row only if it stands wrong: a row that is taken out and put back is read aloud again. */
  #place(row) {
    if (row.parentNode === this.#list && !row.dataset.seq) return;
    let before = this.#list.lastElementChild;
    while (before && (before === row || comesBefore(row, before))) before = before.previousElementSibling;
    const after = before ? before.nextElementSibling : this.#list.firstElementChild;
    if (row.parentNode !== this.#list || (after !== row && row.previousElementSibling !== before)) {
      this.#list.insertBefore(row, after);
    }
    this.#around(row);
  }

  #around(row) {
    this.#group(row);
    if (row.nextElementSibling) this.#group(row.nextElementSibling);
  }

  /** Marks where a day begins, and which rows continue what the same person said just before. */
  #group(row) {
    const previous = row.previousElementSibling;
    const [earlier, message] = [previous, row].map((one) => one && this.#messages.get(one));
    const dayBegins = message.sent_at && this.#day(message.sent_at) !== (earlier?.sent_at && this.#day(earlier.sent_at));
    this.#write(row, "day", dayBegins ? this.#day(message.sent_at) : "");
    const together = Boolean(earlier) && !dayBegins && samePerson(earlier, message) && closeInTime(earlier, message);
    row.toggleAttribute("data-grouped", together);
    previous?.toggleAttribute("data-continued", together);
    if (!row.nextElementSibling) row.removeAttribute("data-continued");
  }

  #day(sentAt) {
    return this.#format({ weekday: "long", day: "numeric", month: "long" }, sentAt);
  }

  #format(options, sentAt) {
    const language = this.closest("[lang]")?.lang || document.documentElement.lang || undefined;
    return new Intl.DateTimeFormat(language, options).format(new Date(sentAt));
  }

  get #newest() {
    return [...this.#list.children].findLast((row) => row.dataset.seq);
  }

  get #readingAlong() {
    const { scrollHeight, scrollTop, clientHeight } = this.#region;
    return scrollHeight - scrollTop - clientHeight < NEAR;
  }
}

function number({ conversation, seq }) {
  return seq == null ? null : `${conversation ?? ""} ${seq}`;
}

function comesBefore(row, other) {
  if (!row.dataset.seq) return false;
  if (!other.dataset.seq) return true;
  return row.dataset.conversation === other.dataset.conversation && Number(row.dataset.seq) < Number(other.dataset.seq);
}

function samePerson(one, other) {
  const text = one.kind === "text" && other.kind === "text";
  return text && one.author?.kind === other.author?.kind && one.author?.name === other.author?.name;
}

/** Words still on their way have no time yet: they are said now, after whatever came last. */
function closeInTime(earlier, later) {
  if (!earlier.sent_at || !later.sent_at) return true;
  return new Date(later.sent_at) - new Date(earlier.sent_at) < GROUPED;
}

function initials(name) {
  return (name ?? "").split(/\s+/).filter(Boolean).slice(0, 2).map((word) => [...word][0]).join("").toUpperCase();
}

/** Text with its links: only http, https and mailto, only as they read, and never with a name before the host's. */
function linked(text) {
  const content = document.createDocumentFragment();
  let from = 0;
  for (const match of text.matchAll(/\b(?:https?:\/\/|mailto:)[^\s<>"\u200e\u200f\u202a-\u202e\u2066-\u2069]+/gi)) {
    const address = match[0].replace(/[.,;:!?'’”»)\]}…]+$/, "");
    if (!safe(address)) continue;
    const link = document.createElement("a");
    Object.assign(link, { href: address, target: "_blank", rel: "noopener noreferrer nofollow ugc" });
    link.textContent = address;
    content.append(text.slice(from, match.index), link);
    from = match.index + address.length;
  }
  content.append(text.slice(from));
  return content;
}

function safe(address) {
  const url = URL.canParse?.(address) ? new URL(address) : null;
  return Boolean(url) && ["http:", "https:", "mailto:"].includes(url.protocol) && !url.username && !url.password;
}

if (!customElements.get("consult-log")) customElements.define("consult-log", ConsultLog);
