/*
 * <consult-rows>: the list of conversations at the desk, keyed by conversation, waiting longest first.
 *
 * The open conversation keeps its row whatever list is shown: nothing vanishes from under the operator's eyes.
 * Fires consult:open {conversation} when a row is followed. Words and markup are the page's: templates and data-* texts.
 */

const CLOCK_MS = 15_000;
const LONG_WAIT_MS = 3 * 60_000;

class ConsultRows extends HTMLElement {
  #items = new Map(); // conversation → {row, item}
  #listed = new Set(); // those the server counts into the list shown
  #open = null;
  #clock = null;
  #stop = null;

  connectedCallback() {
    this.#stop = new AbortController();
    const { signal } = this.#stop;
    this.addEventListener("click", (event) => this.#follow(event), { signal });
    document.addEventListener("visibilitychange", () => this.#tick(), { signal });
    this.#clock = setInterval(() => this.#tick(), CLOCK_MS);
  }

  disconnectedCallback() {
    this.#stop.abort();
    clearInterval(this.#clock);
  }

  /** The open conversation, or null. Its row is marked, and stays. */
  get open() {
    return this.#open;
  }

  set open(conversation) {
    const left = this.#open;
    this.#open = conversation;
    if (left !== null && left !== conversation) this.#settle(left);
    for (const [id, { item }] of this.#items) this.#mark(item, id);
  }

  get(conversation) {
    return this.#items.get(conversation)?.row ?? null;
  }

  /** Brings the focus back to a row, where the list was left. */
  focusOn(conversation) {
    this.#items.get(conversation)?.item.querySelector("a").focus();
  }

  /** Shows these rows and no others, save the open one. */
  replace(rows, list) {
    this.dataset.list = list;
    this.#listed = new Set(rows.map((row) => row.conversation));
    for (const id of [...this.#items.keys()]) this.#settle(id);
    for (const row of rows) this.#draw(row);
    this.#tell();
  }

  /** Shows a row, or what changed in it; `listed` says whether it belongs to the list shown. */
  put(row, listed) {
    if (listed) this.#listed.add(row.conversation);
    else this.#listed.delete(row.conversation);
    if (listed || row.conversation === this.#open) this.#draw(row);
    else this.#settle(row.conversation);
    this.#tell();
  }

  /** Forgets a row that is no longer in the operator's sight. */
  drop(conversation) {
    this.#listed.delete(conversation);
    this.#remove(conversation);
    this.#tell();
  }

  #settle(conversation) {
    if (conversation !== this.#open && !this.#listed.has(conversation)) this.#remove(conversation);
  }

  #remove(conversation) {
    this.#items.get(conversation)?.item.remove();
    this.#items.delete(conversation);
  }

  #draw(row) {
    const known = this.#items.get(row.conversation);
    if (known && known.row.revision > row.revision) return; // an older truth that was late
    const item = known?.item ?? this.#make(row.conversation);
    this.#items.set(row.conversation, { row, item });
    this.#fill(item, row);
    this.#place(item, row);
  }

  #make(conversation) {
    const item = document.importNode(this.querySelector("template").content, true).firstElementChild;
    const link = item.querySelector("a");
    const address = new URL(location.href);
    address.search = new URLSearchParams({ conversation });
    link.href = address.href;
    for (const [attribute, part] of [["aria-labelledby", "name"], ["aria-describedby", "about"]]) {
      const element = item.querySelector(`[data-part="${part}"]`);
      element.id = `consult-${part}-${conversation}`;
      link.setAttribute(attribute, element.id);
    }
    this.#mark(item, conversation);
    return item;
  }

  #mark(item, conversation) {
    const link = item.querySelector("a");
    if (conversation === this.#open) link.setAttribute("aria-current", "true");
    else link.removeAttribute("aria-current");
  }

  #fill(item, row) {
    const say = (part, text) => {
      const element = item.querySelector(`[data-part="${part}"]`);
      if (element.textContent !== text) element.textContent = text;
    };
    const texts = this.dataset;
    say("name", row.visitor.name || texts.anonymous);
    say("holder", row.operator && !row.mine ? row.operator.name : "");
    say("last", lastLine(row.last));
    say("unread", row.unread ? String(row.unread) : "");
    say("state", row.closed ? texts.closed : "");
    item.toggleAttribute("data-unread", row.unread > 0);
    item.toggleAttribute("data-closed", row.closed);
    this.#time(item, row);
  }

  /** How long they have been waiting; else when the last line was said. */
  #time(item, row) {
    const element = item.querySelector("time");
    const since = row.closed ? null : row.waiting_since;
    const moment = since ?? row.last?.sent_at ?? row.opened_at;
    const elapsed = Date.now() - Date.parse(moment);
    const text = since ? this.#duration(elapsed) : this.#moment(new Date(moment));
    if (element.dateTime !== moment) element.dateTime = moment;
    if (element.textContent !== text) element.textContent = text;
    item.querySelector('[data-part="waiting"]').textContent = since ? this.dataset.waiting : "";
    item.toggleAttribute("data-waiting", since !== null);
    item.toggleAttribute("data-long", since !== null && elapsed > LONG_WAIT_MS);
  }

  #duration(elapsed) {
    const minutes = Math.max(0, Math.floor(elapsed / 60_000));
    const words = (value, unit) =>
      new Intl.NumberFormat(this.#language, { style: "unit", unit, unitDisplay: "short" }).format(value);
    if (minutes < 1) return this.dataset.now;
    if (minutes < 60) return words(minutes, "minute");
    if (minutes < 48 * 60) return words(Math.floor(minutes / 60), "hour");
    return words(Math.floor(minutes / (24 * 60)), "day");
  }

  #moment(when) {
    const today = new Date().toDateString() === when.toDateString();
    const form = today ? { hour: "2-digit", minute: "2-digit" } : { day: "numeric", month: "short" };
    return new Intl.DateTimeFormat(this.#language, form).format(when);
  }

  get #language() {
    return document.documentElement.lang || undefined;
  }

  /** Moves a row only when its place has changed, and leaves the focus where it was. */
  #place(item, row) {
    const list = this.querySelector("ul");
    const after = [...list.children].find((other) => other !== item && ConsultRows.#before(row, this.#rowOf(other)));
    if (item.isConnected && item.nextElementSibling === (after ?? null)) return;
    const focused = item.contains(document.activeElement) ? document.activeElement : null;
    list.insertBefore(item, after ?? null);
    focused?.focus({ preventScroll: true });
  }

  #rowOf(item) {
    for (const known of this.#items.values()) if (known.item === item) return known.row;
    return null;
  }

  /** Waiting longest first; those who don't wait after them, the oldest conversation first. */
  static #before(one, other) {
    const key = (row) => `${(!row.closed && row.waiting_since) || "9"} ${row.opened_at}`;
    return key(one) < key(other);
  }

  #tick() {
    if (document.visibilityState !== "visible") return;
    for (const { row, item } of this.#items.values()) this.#time(item, row);
  }

  #tell() {
    this.toggleAttribute("data-empty", this.#items.size === 0);
  }

  #follow(event) {
    const link = event.target.closest("li a");
    if (!link || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    const conversation = new URL(link.href).searchParams.get("conversation");
    this.dispatchEvent(new CustomEvent("consult:open", { bubbles: true, detail: { conversation } }));
  }
}

/** The last thing that somebody said: the server leaves out what isn't text. */
function lastLine(last) {
  if (!last) return "";
  return last.author.kind === "operator" && last.author.name ? `${last.author.name}: ${last.body}` : last.body;
}

customElements.define("consult-rows", ConsultRows);
