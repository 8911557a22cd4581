// <consult-engagement data-mark="…" data-ours="…">: whoever opened the panel, the panel, and what it has to say at the label.
//
// To engage: the server makes this browser a visitor and answers with the panel as a document, which passes where Trusted
// Types forbid innerHTML. The mark remembers that it was done: the cookie can't be seen from here.
//
// Tells, by a bubbling event: consult:open.

const OPEN = "consult-open"; // in this tab's storage: the panel goes along to the next page
const OF_THE_PANEL = ["draft", "letter", "call", "outbox", "declined"].map((name) => `consult-${name}`); // as personal
const NOT_YOU = 4401; // close code: not, or no longer, who you were
const SMALL = matchMedia("(max-width: 480px), (max-height: 480px)"); // here the panel fills the screen

class ConsultEngagement extends HTMLElement {
  #widget = null;
  #label = null;
  #badge = null;
  #opener = null;
  #me = null;
  #panel = null;
  #parts = null;
  #counted = ""; // what we wrote before the page's title
  #life = null;

  connectedCallback() {
    this.#life = new AbortController();
    this.#widget = this.getRootNode().host;
    this.#label = this.#widget.querySelector(".consult-label");
    this.#badge ??= this.#pinned();
    const on = (target, name, deed) => target.addEventListener(name, deed, { signal: this.#life.signal });
    on(window, "pageshow", ({ persisted }) => persisted && this.#stillOurs());
    const { mark } = this.dataset;
    on(window, "storage", ({ key }) => (key ?? mark) === mark && this.#stillOurs());
    on(this, "consult:connection", ({ detail }) => this.#connection(detail));
    on(this, "consult:unread", ({ detail }) => this.#count(detail.count));
    on(this, "consult:availability", ({ detail }) => this.#widget.describe({ availability: detail.state, now: detail.text }));
    on(this, "consult:close", () => this.#closed());
  }

  disconnectedCallback() {
    this.#life.abort();
  }

  async open(opener) {
    this.#opener = opener;
    this.#show(await this.#mount(), { modal: SMALL.matches, focus: true });
  }

  /** Shows what waits for whoever engaged here, listens on while their conversation is open, and says who they are. */
  async remember() {
    const me = await this.#ask();
    if (!me?.visitor || this.#panel) return me;
    this.#count(me.unread);
    // On a small screen the panel would hide the page that the visitor has just gone to.
    const goesAlong = kept(OPEN) !== null && !SMALL.matches;
    if (me.open || me.unread || goesAlong) this.#goAlong(goesAlong).catch(() => {});
    return { ...me, open: me.open || goesAlong };
  }

  /** The panel's elements and its style, by the hashed addresses that the tag wrote. */
  fetch() {
    const { dataset } = this.#widget;
    const scripts = ["socket", "panel"].map((name) => import(dataset[name]));
    this.#parts ??= Promise.all([this.#style(dataset.style), ...scripts]);
    this.#parts.catch(() => (this.#parts = null));
    return this.#parts;
  }

  async #goAlong(isShown) {
    const panel = await this.#mount();
    if (isShown && !panel.open) this.#show(panel, { modal: false, focus: false });
  }

  /** Asks, once and before anything kept is shown again, whether this browser is still who it was. */
  #ask() {
    this.#me ??= this.#askWho();
    return this.#me;
  }

  async #askWho() {
    const me = this.#marked && (await this.#widget.ask(this.#widget.dataset.me));
    if (me && !me.visitor) this.#mark(null);
    if (kept(this.dataset.ours) !== this.#marked) this.#forgetTab();
    return me;
  }

  #mount() {
    const engaged = () => this.#ask().then(() => this.#engage());
    this.#panel ??= Promise.all([engaged(), this.fetch()]).then(([source]) => this.#place(source));
    this.#panel.catch(() => (this.#panel = null));
    return this.#panel;
  }

  async #engage() {
    const request = new XMLHttpRequest();
    const { engage, language } = this.#widget.dataset;
    request.responseType = "document";
    request.open("POST", engage);
    request.send(new URLSearchParams({ language }));
    await once(request, "loadend");
    if (request.status !== 200) throw new Error(`Engaging was answered ${request.status}.`);
    // Each engagement has a mark of its own: a tab that slept through a change of person must not show the old words.
    this.#mark(this.#marked ?? `${Date.now()}.${Math.random()}`);
    keep(this.dataset.ours, this.#marked);
    return request.response;
  }

  #place(source) {
    const panel = document.importNode(source.querySelector("consult-panel"), true);
    panel.dataset.subject = this.#widget.dataset.subject || this.#title;
    this.append(panel);
    panel.begin();
    return panel;
  }

  #style(href) {
    const style = document.createElement("link");
    Object.assign(style, { rel: "stylesheet", href });
    this.prepend(style);
    return once(style, "load");
  }

  #show(panel, how) {
    panel.show(how);
    this.#label.setAttribute("aria-expanded", "true");
    keep(OPEN, "yes");
    this.dispatchEvent(new CustomEvent("consult:open", { bubbles: true, composed: true }));
  }

  #closed() {
    this.#label.setAttribute("aria-expanded", "false");
    keep(OPEN, null);
    (this.#opener?.isConnected ? this.#opener : this.#label).focus();
  }

  #connection({ state, code }) {
    this.#widget.dataset.connection = state;
    if (code !== NOT_YOU) return;
    this.#mark(null);
    this.#forget();
  }

  #pinned() {
    const badge = document.createElement("span");
    badge.className = "consult-label-badge";
    badge.setAttribute("aria-hidden", "true");
    badge.hidden = true;
    this.#label.append(badge);
    return badge;
  }

  #count(unread) {
    this.#badge.hidden = !unread;
    this.#badge.textContent = unread > 9 ? "9+" : unread;
    this.#widget.describe({ words: unread ? this.#words(unread) : "" });
    const title = document.querySelector("title");
    const counted = unread ? `(${unread}) ` : "";
    if (title && counted !== this.#counted) title.textContent = counted + this.#title;
    this.#counted = counted;
  }

  /** The panel brings the forms. */
  #words(unread) {
    const { dataset } = this.querySelector("consult-panel") ?? {};
    return dataset && plural(JSON.parse(dataset.unread), unread, this.#widget.dataset.language);
  }

  /** The page's title as the shop has it, who may change it while ours is counting. */
  get #title() {
    const { textContent = "" } = document.querySelector("title") ?? {};
    return textContent.startsWith(this.#counted) ? textContent.slice(this.#counted.length) : textContent;
  }

  // On a shared computer nothing stays behind: not in storage, not in the page, not in a page that comes back.

  #stillOurs() {
    if (kept(this.dataset.ours) !== this.#marked) this.#forget();
  }

  #forget() {
    this.#panel = null;
    this.querySelector("consult-panel")?.remove();
    this.#label.setAttribute("aria-expanded", "false");
    this.#count(0);
    this.#widget.dataset.connection = "idle";
    this.#forgetTab();
  }

  /** By their names: an operator who looks at the shop in the desk's tab keeps what they were writing. */
  #forgetTab() {
    for (const key of [this.dataset.ours, OPEN, ...OF_THE_PANEL]) keep(key, null);
  }

  get #marked() {
    return kept(this.dataset.mark, "localStorage");
  }

  #mark(marker) {
    keep(this.dataset.mark, marker, "localStorage");
  }
}

/** The form of the example number that this language counts like ``count``. */
function plural(forms, count, language) {
  const rules = new Intl.PluralRules(language);
  const alike = Object.keys(forms).find((number) => rules.select(Number(number)) === rules.select(count));
  return (forms[alike] ?? Object.values(forms).at(-1)).replace("{count}", count);
}

function once(target, name) {
  return new Promise((resolve, reject) => {
    target.addEventListener(name, resolve, { once: true });
    target.addEventListener("error", reject, { once: true });
  });
}

// A browser that forbids storage has the panel all the same; it is only new to every page.

function kept(key, storage = "sessionStorage") {
  try {
    return window[storage].getItem(key);
  } catch {
    return null;
  }
}

function keep(key, value, storage = "sessionStorage") {
  try {
    if (value === null) window[storage].removeItem(key);
    else window[storage].setItem(key, value);
  } catch {
    // as said
  }
}

if (!customElements.get("consult-engagement")) customElements.define("consult-engagement", ConsultEngagement);
