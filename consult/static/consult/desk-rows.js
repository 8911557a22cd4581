/*
 * <consult-rows>: the list of conversations at the desk, keyed by conversation, the most urgent first.
 *
 * The open conversation keeps its row whatever list is shown: nothing vanishes from under the operator's eyes.
 * Fires consult:open {conversation} when a row is followed. Words and markup are the page's: templates and data-* texts.
 */

const CLOCK_MS = 15_000;
const LONG_WAIT_MS = 3 * 60_000;
const LAST_MS = 60_000; // of what was told: from then on it is urgent
const PAGE = 100; // rows, as the server counts them: what comes after them stands on the next page

class ConsultRows extends HTMLElement {
  #items = new Map(); // conversation → {row, item}
  #listed = new Set(); // those the server counts into the list shown
  #open = null;
  #looked = new Map(); // conversation → when what was looked at had been returned
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
    for (const id of [left, conversation]) this.#look(id);
    if (left !== null && left !== conversation) this.#settle(left);
    for (const [id, { item }] of this.#items) this.#mark(item, id);
    this.#reveal();
  }

  /** What a colleague has returned is noticed by who opens it, or has had it open. */
  #look(conversation) {
    const { row, item } = this.#items.get(conversation) ?? {};
    if (!row?.returned) return;
    this.#looked.set(conversation, row.returned.at);
    this.#fill(item, row);
  }

  get(conversation) {
    return this.#items.get(conversation)?.row ?? null;
  }

  get size() {
    return this.#items.size;
  }

  /** The conversation whose row has the focus, or null. */
  get inHand() {
    return this.querySelector("li:focus-within")?.dataset.conversation ?? null;
  }

  /** The conversation `by` rows after the one in hand, else after the open one; null beyond the end. */
  step(by) {
    const items = [...this.querySelectorAll("li")];
    const at = items.findIndex((item) => item.dataset.conversation === (this.inHand ?? this.#open));
    const next = at < 0 && by < 0 ? items.at(-1) : items[at + by];
    return next?.dataset.conversation ?? null;
  }

  /** Brings the focus to a row, also back to it where the list was left. */
  focusOn(conversation) {
    this.#items.get(conversation)?.item.querySelector("a").focus();
  }

  /** Shows these rows and no others, save the open one. */
  replace(rows, list) {
    this.dataset.list = list;
    this.#listed = new Set(rows.map((row) => row.conversation));
    for (const id of [...this.#items.keys()]) this.#settle(id);
    const stood = this.#items.has(this.#open);
    for (const row of rows) this.#draw(row);
    this.#count();
    if (!stood) this.#reveal();
  }

  /** Shows a row, or what changed in it; `listed` says whether it belongs to the list shown. */
  put(row, listed) {
    if (listed) this.#listed.add(row.conversation);
    else this.#listed.delete(row.conversation);
    if (listed || row.conversation === this.#open) this.#draw(row);
    else this.#settle(row.conversation);
    if (this.#listed.size > PAGE && this.dataset.list !== "found") this.#turnOver();
    this.#count();
  }

  /** What a full page has no room for stands on the next one. */
  #turnOver() {
    const last = [...this.querySelectorAll("li")].findLast((item) => this.#listed.has(item.dataset.conversation));
    this.#listed.delete(last.dataset.conversation);
    this.#settle(last.dataset.conversation);
  }

  /** Forgets a row that is no longer in the operator's sight. */
  drop(conversation) {
    this.#listed.delete(conversation);
    this.#remove(conversation);
    this.#count();
  }

  #settle(conversation) {
    const kept = conversation === this.#open && this.dataset.list !== "found"; // what isn't found isn't shown as found
    if (!kept && !this.#listed.has(conversation)) this.#remove(conversation);
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
    item.dataset.conversation = conversation;
    const link = item.querySelector("a");
    const address = new URL(location.href);
    address.search = new URLSearchParams({ conversation });
    link.href = address.href;
    const named = (part) => {
      const element = item.querySelector(`[data-part="${part}"]`);
      return (element.id = `consult-${this.dataset.list === "found" ? "found-" : ""}${part}-${conversation}`);
    };
    link.setAttribute("aria-labelledby", named("name"));
    link.setAttribute("aria-describedby", `${named("beside")} ${named("about")}`);
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
    say("page", row.visitor.name ? "" : (row.visitor.page?.title ?? "")); // by which the nameless are told apart
    if (row.found) this.#excerpt(item.querySelector('[data-part="last"]'), row.found);
    else say("last", lastLine(row.last));
    say("unread", row.unread ? String(row.unread) : "");
    say("state", row.closed ? texts.closed : "");
    say("mark", this.#marked(row));
    this.#tag(item.querySelector('[data-part="tags"]'), row.tags);
    item.toggleAttribute("data-unread", row.unread > 0);
    item.toggleAttribute("data-closed", row.closed);
    this.#time(item, row);
  }

  /** What is out of the ordinary with it, in words. */
  #marked({ conversation, mine, vanished, handover, returned }) {
    const { offered, offers, returned: back, vanished: gone } = this.dataset;
    if (handover?.mine === "receiver") return offered;
    if (handover) return offers.replace("{name}", () => handover.receiver.name);
    const fresh = mine && returned && this.#looked.get(conversation) !== returned.at;
    if (fresh) return back.replace("{name}", () => returned.name);
    return vanished ? gone.replace("{name}", () => vanished) : "";
  }

  /** The line that was found, what was looked for marked in it. The places are counted in code points. */
  #excerpt(place, { author, body, marks }) {
    const signs = [...body];
    const parts = [author.kind === "operator" && author.name ? `${author.name}: ` : ""];
    let told = 0;
    for (const [begin, end] of marks) {
      const mark = document.createElement("mark");
      mark.textContent = signs.slice(begin, end).join("");
      parts.push(signs.slice(told, begin).join(""), mark);
      told = end;
    }
    place.replaceChildren(...parts, signs.slice(told).join(""));
  }

  #tag(place, names) {
    if (place.textContent === names.map((name) => `${name} `).join("")) return;
    const tags = names.map((name) => {
      const tag = document.createElement("bdi");
      tag.textContent = name;
      return [tag, " "];
    });
    place.replaceChildren(...tags.flat());
  }

  /** How long there is until what they were told; else how long they have been waiting, or when the last was said. */
  #time(item, row) {
    const { due = null, waiting_since: since } = row.closed ? { waiting_since: null } : row;
    const moment = due?.at ?? since ?? row.found?.sent_at ?? row.last?.sent_at ?? row.opened_at;
    const elapsed = Date.now() - Date.parse(moment);
    if (due) this.#tell(item, moment, this.dataset[due.for], this.#left(elapsed));
    else if (since) this.#tell(item, moment, this.dataset.waiting, this.#duration(elapsed));
    else this.#tell(item, moment, "", this.#moment(new Date(moment)));
    item.dataset.due = due?.for ?? "";
    item.toggleAttribute("data-waiting", Boolean(due ?? since));
    item.toggleAttribute("data-long", due ? elapsed > -LAST_MS : Boolean(since) && elapsed > LONG_WAIT_MS);
  }

  #tell(item, moment, what, text) {
    const element = item.querySelector("time");
    if (element.dateTime !== moment) element.dateTime = moment;
    if (element.textContent !== text) element.textContent = text;
    item.querySelector('[data-part="waiting"]').textContent = what;
  }

  /** Counted down in whole minutes, of which the one that has begun is left; then how late it is. */
  #left(elapsed) {
    const { left, late } = this.dataset;
    if (elapsed > -60_000 && elapsed < 60_000) return this.dataset.now;
    const [form, time] = elapsed < 0 ? [left, 59_999 - elapsed] : [late, elapsed];
    return form.replace("{time}", () => this.#duration(time));
  }

  #duration(elapsed) {
    const minutes = Math.max(0, Math.floor(elapsed / 60_000));
    const words = (value, unit) =>
      format(Intl.NumberFormat, { style: "unit", unit, unitDisplay: "short" }).format(value);
    if (minutes < 1) return this.dataset.now;
    if (minutes < 60) return words(minutes, "minute");
    if (minutes < 48 * 60) return words(Math.floor(minutes / 60), "hour");
    return words(Math.floor(minutes / (24 * 60)), "day");
  }

  #moment(when) {
    const today = new Date().toDateString() === when.toDateString();
    const form = today ? { hour: "numeric", minute: "2-digit" } : { day: "numeric", month: "short" };
    return format(Intl.DateTimeFormat, form).format(when);
  }

  /** Moves a row only when its place has changed, and leaves the focus where it was. */
  #place(item, row) {
    if (row.closed && item.isConnected && this.dataset.list !== "found") return; // the next key goes on from there
    const list = this.querySelector("ul");
    const after = [...list.children].find((other) => other !== item && this.#before(row, this.#rowOf(other)));
    if (item.isConnected && item.nextElementSibling === (after ?? null)) return;
    const focused = item.contains(document.activeElement) ? document.activeElement : null;
    list.insertBefore(item, after ?? null);
    focused?.focus({ preventScroll: true });
    if (this.#open === row.conversation) this.#reveal();
  }

  #rowOf(item) {
    return this.#items.get(item.dataset.conversation).row;
  }

  /** The open row stays in view; where it is already, nothing moves. */
  #reveal() {
    const item = this.#items.get(this.#open)?.item.getBoundingClientRect();
    const frame = this.getBoundingClientRect();
    if (item?.top < frame.top) this.scrollTop += item.top - frame.top;
    else if (item?.bottom > frame.bottom) this.scrollTop += item.bottom - frame.bottom;
  }

  /**
   * What is due first, or waits longest; those who don't wait after them, the oldest conversation first; a closed one
   * has no place of its own. What was found: newest first.
   */
  #before(one, other) {
    if (this.dataset.list === "found") return one.opened_at > other.opened_at;
    const key = (row) => `${(!row.closed && (row.due?.at ?? row.waiting_since)) || "9"} ${row.opened_at}`;
    return !other.closed && key(one) < key(other);
  }

  #tick() {
    if (document.visibilityState !== "visible") return;
    for (const { row, item } of this.#items.values()) this.#time(item, row);
  }

  #count() {
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

const formats = new Map(); // making one takes longer than drawing a row

function format(Format, options) {
  const name = JSON.stringify(options);
  if (!formats.has(name)) formats.set(name, new Format(document.documentElement.lang || undefined, options));
  return formats.get(name);
}

/** The last thing that somebody said: the server leaves out what isn't text. */
function lastLine(last) {
  if (!last) return "";
  return last.author.kind === "operator" && last.author.name ? `${last.author.name}: ${last.body}` : last.body;
}

customElements.define("consult-rows", ConsultRows);
