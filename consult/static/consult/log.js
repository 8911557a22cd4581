// <consult-log for="visitor">: what was said. It alone draws messages: a <template data-kind> for each kind, its parts by
// data-part, all words as text nodes.
//
// Order is the server's numbering inside a conversation, notes after what they follow, conversations as they came,
// unsent words last. Who reads along has the latest rows only.
//
// Tells, by bubbling events: consult:retry, consult:forget {client_id}; consult:earlier {conversation, before}.

const GROUPED = 3 * 60 * 1000; // ms between two messages of one person that still stand together
const UNDONE = 60 * 1000; // ms in which what is taken back is no news
const NEAR = 80; // px from the end that still are reading along
const MOST = 300; // rows, of which then ...
const LATEST = 200; // ... are kept
const SAID = 2_000; // ms that "Copied" is shown
const DAY = 24 * 60 * 60 * 1000; // ms
const formats = {}; // to make one takes long
const EMOJI = /^[\p{Extended_Pictographic}\p{Emoji_Modifier}\p{RI}\u200d\ufe0f\s]{1,24}$/u;
const ADDRESS = /\b(?:https?:\/\/|mailto:|tel:)[^\s<>"\u200e\u200f\u202a-\u202e\u2066-\u2069]+/gi;

class ConsultLog extends HTMLElement {
  #rows = new Map();
  #messages = new WeakMap();
  #held = new Map(); // notes on messages that are not here
  #region = null;
  #list = null;
  #along = true; // whether the end is being read
  #top = 0; // of what is seen, when that was decided
  #watching = [];

  connectedCallback() {
    this.#region = this.querySelector("[role=log]");
    this.#list = this.#region.querySelector("ol");
    this.addEventListener("click", this);
    this.#region.addEventListener("scroll", this, { passive: true });
    // Before it is painted: neither a message nor the keyboard of a phone moves the end out of sight.
    const size = new ResizeObserver(() => this.#along && this.toEnd());
    size.observe(this.#region);
    size.observe(this.#list);
    const near = new IntersectionObserver((seen) => seen.at(-1).isIntersecting && this.#wantEarlier());
    near.observe(this.#own("earlier"));
    this.#watching = [size, near];
  }

  disconnectedCallback() {
    for (const observer of this.#watching) observer.disconnect();
  }

  handleEvent({ type, target }) {
    if (type === "scroll") return this.#scrolled();
    const button = target.closest("button[data-part]");
    const { part } = button?.dataset ?? {};
    const row = button?.closest("li");
    if (part === "earlier") this.#wantEarlier();
    else if (part === "latest") this.toEnd();
    else if (part === "copy") this.#copy(this.#messages.get(row).body);
    else if (part === "retry" || part === "forget") this.#tell(part, { client_id: row.dataset.clientId });
  }

  /** Draws a message, or brings its row up to date. */
  put(message, state = "sent") {
    if (this.#tooEarly(message)) {
      if (message.kind === "note") this.#held.set(message.client_id, message);
      return null;
    }
    const known = this.#find(message);
    const row = this.#draw(message, state);
    if (state === "sending") this.toEnd();
    else if (!known && !this.#along && !row.nextElementSibling) this.#offer("latest", true);
    if (this.#along && this.#list.childElementCount > MOST) this.#trim();
    return row;
  }

  fail(client_id, reason) {
    const row = this.#rows.get(this.#named(client_id));
    if (!row) return;
    this.#show(row, "failed");
    const sentence = this.#template("reason", reason) ?? this.#template("reason", "other");
    this.#write(row, "reason", sentence?.content.textContent.trim());
    this.#around(row);
  }

  /** Takes out what was never sent. */
  drop(client_id) {
    const row = this.#rows.get(this.#named(client_id));
    if (!row) return;
    const previous = row.previousElementSibling;
    this.#remove(row);
    const beside = previous ?? this.#list.firstElementChild;
    if (beside) this.#around(beside);
  }

  /** Marks what this side said, up to seq in the newest conversation, as seen by the other. */
  seen(seq) {
    const { conversation } = this.#newest?.dataset ?? {};
    for (const row of this.#list.children) {
      const mine = row.dataset.author === this.getAttribute("for");
      if (!mine || row.dataset.conversation !== conversation || !(row.dataset.seq <= seq)) continue;
      if (row.dataset.state !== "sent" || "seen" in row.dataset) continue;
      row.dataset.seen = "";
      this.#show(row, "sent");
    }
  }

  /** Whether there are messages before those that are here. */
  set more(more) {
    this.#offer("earlier", more);
  }

  /** Adds older messages: what is being read stays, history is not read aloud. */
  prepend(messages, more) {
    const anchor = this.#reading;
    const before = anchor && bottom(anchor);
    this.#region.setAttribute("aria-busy", "true");
    for (const message of [...messages].reverse()) this.#draw(message, "sent");
    this.more = more;
    const held = [...this.#held.values()];
    this.#held.clear();
    for (const note of held) this.put(note);
    if (anchor) this.#region.scrollTop += bottom(anchor) - before; // its head may go to another
    requestAnimationFrame(() => this.#region.removeAttribute("aria-busy"));
  }

  reset() {
    this.#rows.clear();
    this.#held.clear();
    this.#list.replaceChildren();
    this.more = false;
    this.toEnd();
  }

  toEnd() {
    this.#region.scrollTop = this.#region.scrollHeight;
    this.#top = this.#region.scrollTop;
    this.#along = true;
    this.#offer("latest", false);
  }

  /** The number of the message at the top, where one reads further up; else null. */
  get place() {
    return this.#along ? null : this.#reading?.dataset.seq;
  }

  set place(seq) {
    const row = [...this.#list.children].findLast((one) => one.dataset.seq === seq);
    if (!row) return;
    this.#along = false;
    this.#region.scrollTop += top(row) - top(this.#region);
  }

  // How much of it is here.

  /** The row at the top of what is seen. */
  get #reading() {
    return [...this.#list.children].find((row) => bottom(row) > top(this.#region));
  }

  /** Scrolling down never ends reading along: it may be ours, from before the next message. */
  #scrolled() {
    const { scrollHeight, scrollTop, clientHeight } = this.#region;
    this.#along = scrollHeight - scrollTop - clientHeight < NEAR || (this.#along && scrollTop >= this.#top);
    this.#top = scrollTop;
    if (this.#along) this.#offer("latest", false);
  }

  #wantEarlier() {
    const { conversation, seq } = this.#first?.dataset ?? {};
    if (seq) this.#tell("earlier", { conversation, before: Number(seq) });
  }

  /** Before what is here, with a gap between. */
  #tooEarly({ conversation, seq, after_seq = seq }) {
    const first = !this.#own("earlier").hidden && this.#first;
    return first && first.dataset.conversation === conversation && after_seq < first.dataset.seq;
  }

  #trim() {
    const { conversation } = this.#newest.dataset;
    for (const row of [...this.#list.children].slice(0, -LATEST)) {
      if (!placed(row)) continue; // still to be sent
      if (row.dataset.conversation === conversation) this.more = true;
      if (row.dataset.kind === "note") this.#held.set(row.dataset.clientId, this.#messages.get(row));
      this.#remove(row);
    }
    this.#group(this.#list.firstElementChild);
    this.toEnd();
  }

  #remove(row) {
    const { author, conversation, clientId, seq } = row.dataset;
    this.#rows.delete(this.#named(clientId, author));
    this.#rows.delete(number({ conversation, seq }));
    row.remove();
  }

  #offer(part, is) {
    const button = this.#own(part);
    if (button.hidden !== is) return;
    if (!is && button.matches(":focus")) this.#region.focus({ preventScroll: true });
    button.hidden = !is;
  }

  async #copy(body) {
    await navigator.clipboard.writeText(body);
    const said = this.#own("copied");
    said.textContent = said.dataset.words;
    setTimeout(() => (said.textContent = ""), SAID);
  }

  // Which row: by the name its author gave it, else by its number.

  #find(message) {
    return this.#rows.get(this.#named(message.client_id, message.author?.kind)) ?? this.#rows.get(number(message));
  }

  /** The other side knows our names, and could give the same to words of its own. */
  #named(client_id, author = this.getAttribute("for")) {
    return client_id && `${author} ${client_id}`;
  }

  #know(row, message) {
    if (message.client_id) this.#rows.set(this.#named(message.client_id, message.author?.kind), row);
    if (message.seq != null) this.#rows.set(number(message), row);
    this.#messages.set(row, message);
  }

  #draw(message, state) {
    let row = this.#find(message);
    if (row && placed(row) && (message.seq ?? message.after_seq) == null) return row; // an echo, later than the answer
    if (row && row.dataset.kind !== message.kind) row = this.#replace(row, message);
    row ??= this.#make(message);
    this.#know(row, message);
    this.#fill(row, message, state);
    this.#place(row);
    return row;
  }

  #replace(row, message) {
    const other = this.#make(message);
    row.replaceWith(other);
    return other;
  }

  /** A kind that only a newer server knows keeps its place, unseen. */
  #make(message) {
    const template = this.#template("kind", message.kind);
    if (template) return document.importNode(template.content, true).querySelector("li");
    const row = document.createElement("li");
    row.hidden = true;
    return row;
  }

  #template(key, value) {
    return this.querySelector(`template[data-${key}="${CSS.escape(value)}"]`);
  }

  // What stands in the row.

  #fill(row, message, state) {
    const author = message.author ?? { kind: "shop", name: "" };
    row.dataset.kind = message.kind;
    row.dataset.author = author.kind;
    if (message.client_id) row.dataset.clientId = message.client_id;
    if (message.conversation) row.dataset.conversation = message.conversation;
    if (message.seq != null) row.dataset.seq = message.seq;
    if (message.after_seq != null) Object.assign(row.dataset, { after: message.after_seq, number: message.number });
    const own = author.kind === this.getAttribute("for") && this.#part(row, "name")?.dataset.own;
    this.#write(row, "name", own || author.name);
    this.#write(row, "initials", initials(author.name));
    this.#part(row, "body")?.replaceChildren(linked(message.body ?? ""));
    row.toggleAttribute("data-emoji", EMOJI.test(message.body ?? ""));
    const copy = this.#part(row, "copy");
    if (copy) copy.hidden = !navigator.clipboard; // which a page has over TLS only
    this.#write(row, "medium", this.#part(row, "medium")?.dataset[message.medium]);
    this.#word(row, { name: author.name, ...message.facts });
    this.#date(row, message.sent_at);
    this.#show(row, state);
  }

  /** "{name} joined": the sentence is the template's, the facts go in as plain text. */
  #word(row, facts) {
    const line = this.#part(row, "line");
    if (!line) return;
    line.dataset.words ??= line.textContent.trim();
    const parts = line.dataset.words.split(/\{(\w+)\}/);
    line.replaceChildren(...parts.map((part, at) => (at % 2 ? isolated("bdi", this.#fact(part, facts[part])) : part)));
  }

  /** As FACTS in lines.py words them for whole pages. */
  #fact(name, fact) {
    if (name === "at" && fact) {
      const isToday = new Date(fact).toDateString() === new Date().toDateString();
      return this.#written(fact, { dateStyle: isToday ? undefined : "medium", timeStyle: "short" });
    }
    if (name !== "minutes") return fact ?? "";
    const unit = { style: "unit", unit: "minute", unitDisplay: "long" };
    return new Intl.NumberFormat(this.#language, unit).format(fact);
  }

  #date(row, sentAt) {
    const time = this.#part(row, "time");
    if (!time || !sentAt) return;
    time.dateTime = sentAt;
    time.textContent = this.#written(sentAt, { timeStyle: "short" });
    time.title = this.#written(sentAt, { dateStyle: "long", timeStyle: "short" });
  }

  /** The state as an attribute, and as the template's word. */
  #show(row, state) {
    row.dataset.state = state;
    const mark = this.#part(row, "state");
    const own = row.dataset.author === this.getAttribute("for");
    if (mark) mark.textContent = own ? mark.dataset["seen" in row.dataset ? "seen" : state] ?? "" : "";
    if (state !== "failed") this.#write(row, "reason", "");
    for (const part of ["retry", "forget"]) this.#part(row, part)?.toggleAttribute("hidden", state !== "failed");
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
    if (row.parentNode === this.#list && !placed(row)) return;
    const first = this.#list.firstElementChild;
    let before = first && first !== row && comesBefore(row, first) ? null : this.#list.lastElementChild;
    while (before && (before === row || comesBefore(row, before))) before = before.previousElementSibling;
    const after = before ? before.nextElementSibling : first;
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
    const dayBegins = message.sent_at && day(message.sent_at) !== (earlier?.sent_at && day(earlier.sent_at));
    this.#write(row, "day", dayBegins ? this.#dayOf(message.sent_at) : "");
    const together = Boolean(earlier) && !dayBegins && samePerson(earlier, message) && closeInTime(earlier, message);
    row.toggleAttribute("data-undoes", Boolean(earlier) && undoes(earlier, message));
    row.toggleAttribute("data-grouped", together);
    previous?.toggleAttribute("data-continued", together);
    if (!row.nextElementSibling) row.removeAttribute("data-continued");
  }

  /** "Today", "Yesterday", else the date. */
  #dayOf(sentAt) {
    const [date, now] = [new Date(sentAt), new Date()];
    const ago = Math.round((day(now) - day(date)) / DAY);
    const year = date.getFullYear() === now.getFullYear() ? undefined : "numeric";
    if (ago > 1 || ago < 0) return this.#written(sentAt, { weekday: "long", day: "numeric", month: "long", year });
    const words = new Intl.RelativeTimeFormat(this.#language, { numeric: "auto" }).format(-ago, "day");
    return words[0].toLocaleUpperCase(this.#language) + words.slice(1);
  }

  #written(sentAt, options) {
    const key = JSON.stringify([this.#language, options]);
    formats[key] ??= new Intl.DateTimeFormat(this.#language, options);
    return formats[key].format(new Date(sentAt));
  }

  get #language() {
    return this.closest("[lang]")?.lang || document.documentElement.lang || undefined;
  }

  get #newest() {
    return [...this.#list.children].findLast((row) => row.dataset.seq);
  }

  /** The first row of the newest conversation. */
  get #first() {
    const { conversation } = this.#newest?.dataset ?? {};
    return [...this.#list.children].find((row) => row.dataset.seq && row.dataset.conversation === conversation);
  }

  #own(part) {
    return this.querySelector(`[data-part=${part}]`);
  }

  #tell(name, detail) {
    this.dispatchEvent(new CustomEvent(`consult:${name}`, { bubbles: true, composed: true, detail }));
  }
}

function number({ conversation, seq }) {
  return seq == null ? null : `${conversation ?? ""} ${seq}`;
}

/** The number after which a row stands, if it has any yet. */
function placed({ dataset: { seq, after } }) {
  return seq ?? after;
}

function comesBefore(row, other) {
  if (!placed(row)) return false;
  if (!placed(other)) return true;
  const [one, two] = [row.dataset, other.dataset];
  const distance = placed(row) - placed(other) || (one.number ?? 0) - (two.number ?? 0);
  return one.conversation === two.conversation && distance < 0;
}

function samePerson(one, other) {
  const text = one.kind === "text" && other.kind === "text" && medium(one) === medium(other);
  return text && one.author?.kind === other.author?.kind && one.author?.name === other.author?.name;
}

/** Words still on their way go by the chat. */
function medium(message) {
  return message.medium ?? "chat";
}

/** Whether who left is there again at once, or what was closed goes on. */
function undoes(earlier, later) {
  const again = { left: "joined", closed: "reopened" }[earlier.kind] === later.kind;
  return again && earlier.facts.name === later.facts.name && closeInTime(earlier, later, UNDONE);
}

/** Words still on their way have no time yet: they are said now, after whatever came last. */
function closeInTime(earlier, later, ms = GROUPED) {
  if (!earlier.sent_at || !later.sent_at) return true;
  return new Date(later.sent_at) - new Date(earlier.sent_at) < ms;
}

const top = (element) => element.getBoundingClientRect().top;
const bottom = (element) => element.getBoundingClientRect().bottom;

function day(at) {
  return new Date(at).setHours(0, 0, 0, 0);
}

function initials(name) {
  const letters = (name ?? "").split(/\s+/).map((word) => word.match(/[\p{L}\p{N}]/u)?.[0]);
  return letters.filter(Boolean).slice(0, 2).join("").toUpperCase();
}

/** Text with its links. A host that only looks like another is shown as the browser spells it. */
function linked(text) {
  const content = document.createDocumentFragment();
  let from = 0;
  for (const match of text.matchAll(ADDRESS)) {
    const address = match[0].replace(/[.,;:!?'’”»)\]}…]+$/, "");
    if (!safe(address)) continue;
    const { href } = new URL(address);
    const [origin] = address.toLowerCase().match(/^\w+:\/*[^/?#]*/);
    const link = isolated("a", href.startsWith(origin) ? address : href);
    Object.assign(link, { href, dir: "ltr", target: "_blank", rel: "noopener noreferrer nofollow ugc" });
    content.append(text.slice(from, match.index), link);
    from = match.index + address.length;
  }
  content.append(text.slice(from));
  return content;
}

function safe(address) {
  if (!URL.canParse?.(address)) return false;
  const url = new URL(address);
  if (url.username || url.password) return false;
  return ["http:", "https:", "mailto:"].includes(url.protocol) || /^tel:\+?[\d().-]+$/i.test(address);
}

/** An element whose words turn none around them. */
function isolated(name, text) {
  const element = document.createElement(name);
  element.textContent = text;
  return element;
}

if (!customElements.get("consult-log")) customElements.define("consult-log", ConsultLog);
