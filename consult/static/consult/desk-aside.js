/*
 * <consult-aside src="…/aside/">: who the visitor is, where they are, what came before, drawn by the server.
 *
 * It arrives as a document: what is parsed so runs no script, and passes Trusted Types where innerHTML does not. The page
 * a visitor turns to comes with the conversation's row; only for other news it is asked again. Fires consult:open
 * {conversation} where an earlier conversation is followed.
 */

const CLOCK_MS = 15_000;
const PAGES = 30;

const formats = {}; // making one takes longer than what it writes

class ConsultAside extends HTMLElement {
  #asked = null; // the request under way
  #conversation = null;
  #row = null; // what was last heard of it
  #clock = 0;
  #stop = null;

  connectedCallback() {
    this.#stop = new AbortController();
    const { signal } = this.#stop;
    const on = (name, listen, target = this) => target.addEventListener(name, listen, { signal });
    on("consult:frame", (event) => this.#hear(event.detail), this.#desk);
    on("consult:done", ({ target }) => (this.#edit?.contains(target) ? this.#saved() : this.show(this.#conversation)));
    on("consult:invalid", (event) => this.#correct(event));
    on("reset", () => this.#leave());
    on("input", ({ target }) => this.#edit?.contains(target) && this.#wrong(target, ""));
    on("click", (event) => this.#click(event));
    this.addEventListener("toggle", () => this.#edit.open && this.#fields[0].focus(), { signal, capture: true });
    this.#clock = setInterval(() => this.#tick(), CLOCK_MS);
  }

  disconnectedCallback() {
    this.#stop.abort();
    this.#asked?.abort();
    clearInterval(this.#clock);
  }

  /** Shows what stands beside a conversation. Asked again for the same one, it replaces the old when the new is there. */
  show(conversation) {
    this.#asked?.abort();
    if (conversation !== this.#conversation) {
      this.replaceChildren();
      this.#row = null;
    }
    this.#conversation = conversation;
    if (conversation) this.#ask(conversation);
  }

  #ask(conversation) {
    const request = new XMLHttpRequest();
    this.#asked = request;
    request.responseType = "document";
    request.open("GET", this.getAttribute("src").replace(this.#desk.dataset.nobody, conversation));
    request.addEventListener("load", () => {
      const fragment = request.response?.querySelector("[data-aside]"); // none: not found, or the sign-in page
      if (fragment) this.#replace(document.importNode(fragment, true));
    });
    request.send();
  }

  #replace(fresh) {
    const held = this.contains(document.activeElement) ? document.activeElement : null;
    // What was pressed about a call may be gone; the number stays.
    const focused = held?.closest("[data-call]") ? "[data-call] a" : `a[href="${CSS.escape(held?.getAttribute("href") ?? "")}"]`;
    const [minutes, again] = [this, fresh].map((part) => part.querySelector("[name=again_after]"));
    if (minutes && again) again.value = minutes.value; // which may be half typed
    if (this.#edit) {
      this.#refill(fresh);
      this.#shown.dataset.revision = fresh.dataset.revision;
      this.#news.replaceWith(fresh.querySelector("[data-news]"));
    } else {
      this.replaceChildren(fresh);
    }
    if (held) this.querySelector(focused)?.focus({ preventScroll: true });
    for (const time of this.querySelectorAll("time[datetime]")) this.#date(time);
    for (const page of this.querySelectorAll("[data-page]")) this.#path(page);
    this.#mark();
    this.#tick();
    if (this.#row) this.#walk(this.#row);
    if (this.#row?.revision > this.#revision) this.#ask(this.#conversation); // news overtook it
  }

  // What was heard.

  #hear({ rows, row }) {
    const heard = (rows ?? [row]).find((one) => one?.conversation === this.#conversation);
    if (heard?.gone) this.replaceChildren(); // what changes there is no longer told
    if (!heard || heard.gone || heard.revision < (this.#row?.revision ?? 0)) return;
    const known = this.#row;
    this.#row = heard;
    if (this.#shown) this.#walk(heard);
    else if (this.#asked.readyState === XMLHttpRequest.DONE) this.show(this.#conversation);
    if (!this.#shown) return; // it is on its way
    if (known ? concern(known) !== concern(heard) : heard.revision > this.#revision) this.show(this.#conversation);
  }

  /** Adds the page the visitor is on, unless it is there. */
  #walk({ revision, visitor: { page } }) {
    if (!page || revision < this.#revision || !/^https?:/.test(page.url)) return;
    const walk = this.querySelector("[data-walk]");
    const list = walk.querySelector("[data-pages]");
    if (list.querySelector("a")?.getAttribute("href") !== page.url) {
      const item = document.importNode(walk.querySelector("template").content, true).firstElementChild;
      item.querySelector("a").href = page.url;
      item.querySelector("time").dateTime = page.at;
      this.#date(item.querySelector("time"));
      list.prepend(item);
      while (list.children.length > PAGES) list.lastElementChild.remove();
    }
    list.querySelector("[data-part=title]").textContent = page.title;
    this.#path(list.firstElementChild);
    walk.hidden = false;
    this.#mark();
  }

  #mark() {
    for (const [place, link] of this.querySelectorAll("[data-page] a").entries()) {
      if (place) link.removeAttribute("aria-current");
      else link.setAttribute("aria-current", "page");
    }
  }

  // The form.

  /** What nobody has typed into follows the news; what is half typed stays. */
  #refill(fresh) {
    for (const field of this.#fields) {
      const { value } = fresh.querySelector(`[name="${field.name}"]`);
      if (field.value === field.defaultValue) field.value = value;
      field.defaultValue = value;
    }
  }

  #saved() {
    for (const field of this.#fields) field.defaultValue = field.value;
    this.#leave();
    this.show(this.#conversation);
  }

  #leave() {
    for (const field of this.#fields) this.#wrong(field, "");
    this.#edit.open = false;
    this.#edit.querySelector("summary").focus({ preventScroll: true });
  }

  #correct(event) {
    const { errors } = event.detail;
    if (!this.#edit?.contains(event.target)) return;
    event.preventDefault(); // said at each field
    const wrong = this.#fields.filter((field) => errors[field.name]);
    for (const field of wrong) this.#wrong(field, errors[field.name].join(" "));
    wrong[0]?.focus();
  }

  #wrong(field, sentence) {
    field.setAttribute("aria-invalid", String(Boolean(sentence)));
    document.getElementById(`${field.id}-wrong`).textContent = sentence;
  }

  #click(event) {
    const link = event.target.closest("a[data-conversation]");
    if (!link || event.button || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    const { conversation } = link.dataset;
    this.dispatchEvent(new CustomEvent("consult:open", { bubbles: true, detail: { conversation } }));
  }

  // Words for addresses and times.

  /** The path below the title; for a page without one, or of another host, all that tells them apart. */
  #path(page) {
    const link = page.querySelector("a");
    const title = page.querySelector("[data-part=title]");
    const path = page.querySelector("[data-part=path]");
    const text = readable(link) || link.href; // which has no parts where it is no address
    if (!title.textContent) title.textContent = text;
    path.textContent = title.textContent === text ? "" : text;
  }

  #date(time) {
    const at = new Date(time.dateTime);
    if (!time.getAttribute("datetime")) return;
    const today = at.toDateString() === new Date().toDateString();
    const short = "day" in time.dataset ? { dateStyle: "medium" } : { ...(!today && { dateStyle: "short" }), timeStyle: "short" };
    time.textContent = this.#format(short, at);
    time.title = this.#format({ dateStyle: "long", timeStyle: "short" }, at);
  }

  /** What the clock shows where the visitor is. */
  #tick() {
    const time = this.querySelector("[data-time-zone]");
    if (!time) return;
    const { timeZone } = time.dataset;
    try {
      const text = this.#format({ timeZone, weekday: "short", hour: "numeric", minute: "numeric" }, new Date());
      if (time.textContent !== text) time.textContent = text;
    } catch {
      time.textContent = timeZone; // a zone this browser doesn't know
    }
  }

  #format(options, at) {
    const key = JSON.stringify(options);
    formats[key] ??= new Intl.DateTimeFormat(document.documentElement.lang || undefined, options);
    return formats[key].format(at);
  }

  get #desk() {
    return this.closest("consult-desk");
  }

  get #shown() {
    return this.querySelector("[data-aside]");
  }

  get #news() {
    return this.querySelector("[data-news]");
  }

  get #edit() {
    return this.querySelector("[data-edit]");
  }

  get #fields() {
    return [...this.#edit.querySelectorAll("p > input")];
  }

  get #revision() {
    return Number(this.#shown.dataset.revision);
  }
}

/** What of a row is told beside the conversation, save the page. */
function concern({ visitor, operator, closed, handover, due }) {
  return JSON.stringify([{ ...visitor, page: null }, operator, closed, handover, due?.at]);
}

/** An address as people read it, without its query; with characters that could turn or hide it left as they came. */
function readable({ host, pathname }) {
  let path = pathname;
  try {
    path = /\p{C}/u.test(decodeURI(pathname)) ? pathname : decodeURI(pathname);
  } catch {
    // no text at all
  }
  return host === location.host ? path : host + path;
}

customElements.define("consult-aside", ConsultAside);
