// <consult-widget>: the label, on every page of the shop.
//
// Until somebody opens the panel this costs a stylesheet, this file and the cached answer of boot: no cookie, no socket,
// nothing stored. Opening engages: the server makes this browser a visitor and answers with the panel as a document,
// which passes where Trusted Types forbid innerHTML. What the browser then remembers is a marker that it has engaged.

const MARK = "consult"; // in local storage: this browser has engaged (its cookie can't be seen from here)
const OURS = "consult-ours"; // in this tab's storage: the marker of whoever's words the tab keeps
const OPEN = "consult-open"; // in this tab's storage: the panel goes along to the next page
const OF_THE_PANEL = ["consult-draft", "consult-outbox", "consult-declined"]; // there too, and as personal
const NOT_YOU = 4401; // close code: not, or no longer, who you were
const SMALL = matchMedia("(max-width: 480px), (max-height: 480px)"); // here the panel fills the screen

class ConsultWidget extends HTMLElement {
  #label = null;
  #badge = null;
  #opener = null;
  #me = null;
  #panel = null;
  #parts = null;
  #texts = null;
  #availability = "";
  #unread = 0;
  #counted = ""; // what we wrote before the page's title
  #life = null;

  connectedCallback() {
    this.#life = new AbortController();
    if (!this.#label) this.#dress();
    const { signal } = this.#life;
    document.addEventListener("click", (event) => this.#clicked(event), { signal });
    window.addEventListener("pageshow", (event) => event.persisted && this.#stillOurs(), { signal });
    window.addEventListener("storage", ({ key }) => (key ?? MARK) === MARK && this.#stillOurs(), { signal });
    for (const name of ["connection", "unread", "availability", "close"]) {
      this.addEventListener(`consult:${name}`, this, { signal });
    }
    this.#begin();
  }

  disconnectedCallback() {
    this.#life.abort();
  }

  handleEvent({ type, detail }) {
    if (type === "consult:connection") {
      this.dataset.connection = detail.state;
      if (detail.code === NOT_YOU) this.#nobody();
    } else if (type === "consult:unread") {
      this.#count(detail.count);
    } else if (type === "consult:availability") {
      this.#availability = detail.state;
      this.#describe();
    } else {
      this.#closed();
    }
  }

  /** Opens the panel; where that fails, goes to the page that the link led to. */
  async open(opener = this.#label) {
    this.#opener = opener;
    this.#label.setAttribute("aria-busy", "true");
    try {
      const panel = await this.#mount();
      panel.show({ modal: SMALL.matches, focus: true });
      this.#opened();
    } catch (error) {
      console.error(error);
      location.assign(this.dataset.contact);
    } finally {
      this.#label.removeAttribute("aria-busy");
    }
  }

  // The label: the server wrote it as a link; with scripts it is a button in the same place.

  #dress() {
    const link = this.querySelector("a.consult-label");
    this.dataset.contact = link.href;
    this.#label = document.createElement("button");
    this.#label.type = "button";
    this.#label.className = link.className;
    this.#label.setAttribute("aria-haspopup", "dialog");
    this.#label.setAttribute("aria-expanded", "false");
    this.#label.append(...link.childNodes);
    this.#badge = document.createElement("span");
    this.#badge.className = "consult-label-badge";
    this.#badge.setAttribute("aria-hidden", "true");
    this.#badge.hidden = true;
    this.#label.append(this.#badge);
    link.replaceWith(this.#label);
    this.#label.addEventListener("click", () => this.open());
    // Files, never the visitor: whoever only comes near has not engaged.
    for (const near of ["pointerenter", "focus"]) {
      this.#label.addEventListener(near, () => this.#fetch().catch(() => {}), { once: true });
    }
  }

  #clicked(event) {
    const opener = event.target.closest?.("[data-consult-open]");
    if (!opener) return;
    event.preventDefault();
    this.open(opener);
  }

  #count(unread) {
    this.#unread = unread;
    this.#badge.hidden = !unread;
    this.#badge.textContent = unread > 9 ? "9+" : unread;
    this.#describe();
    const title = document.querySelector("title");
    const counted = unread ? `(${unread}) ` : "";
    if (title && counted !== this.#counted) title.textContent = counted + this.#title;
    this.#counted = counted;
  }

  /** The page's title as the shop has it, who may change it while ours is counting. */
  get #title() {
    const { textContent = "" } = document.querySelector("title") ?? {};
    return textContent.startsWith(this.#counted) ? textContent.slice(this.#counted.length) : textContent;
  }

  /** Counts and states are the label's description; its name never changes. */
  #describe() {
    if (!this.#texts) return;
    const { unread, [this.#availability]: here } = this.#texts;
    const words = this.#unread ? plural(unread, this.#unread, this.dataset.language) : here;
    this.#label.setAttribute("aria-description", words ?? "");
    this.#label.dataset.availability = this.#availability;
  }

  // Beginning, after the page itself has what it needs.

  async #begin() {
    if (document.prerendering) await once(document, "prerenderingchange");
    if (document.readyState !== "complete") await once(window, "load");
    await idle();
    if (!this.isConnected) return;
    this.#remember();
    const boot = await ask(this.dataset.boot);
    if (!boot) return;
    this.#texts = boot.texts;
    this.#availability ||= boot.availability;
    this.#describe();
  }

  /** A browser that has engaged shows what waits for it, and listens on while its conversation is open. */
  async #remember() {
    const me = await this.#ask();
    if (!me?.visitor || this.#panel) return;
    this.#count(me.unread);
    // On a small screen the panel would hide the page that the visitor has just gone to.
    const goesAlong = kept(OPEN) && !SMALL.matches;
    if (!me.open && !goesAlong) return;
    const panel = await this.#mount().catch(() => null);
    if (!panel || !goesAlong || panel.open) return;
    panel.show({ modal: false, focus: false });
    this.#opened();
  }

  /** Asks, once and before anything kept is shown again, whether this browser is still who it was. */
  #ask() {
    this.#me ??= this.#askWho();
    return this.#me;
  }

  async #askWho() {
    const me = marked() && (await ask(this.dataset.me));
    if (me && !me.visitor) unmark();
    if (kept(OURS) !== marked()) forgetTab();
    return me;
  }

  // The panel.

  #mount() {
    const engaged = () => this.#ask().then(() => this.#engage());
    this.#panel ??= Promise.all([engaged(), this.#fetch()]).then(([source]) => this.#place(source));
    this.#panel.catch(() => (this.#panel = null));
    return this.#panel;
  }

  async #engage() {
    const request = new XMLHttpRequest();
    request.responseType = "document";
    request.open("POST", this.dataset.engage);
    request.send(new URLSearchParams({ language: this.dataset.language }));
    await once(request, "loadend");
    if (request.status !== 200) throw new Error(`Engaging was answered ${request.status}.`);
    mark();
    return request.response;
  }

  #place(source) {
    const panel = document.importNode(source.querySelector("consult-panel"), true);
    panel.dataset.subject = this.dataset.subject || this.#title;
    this.shadowRoot.append(panel);
    panel.begin();
    return panel;
  }

  /** The panel's elements and its style, by the hashed addresses that the tag wrote. */
  #fetch() {
    this.#parts ??= Promise.all([
      this.#style(),
      ...["socket", "log", "panel"].map((name) => import(this.dataset[name])),
    ]);
    this.#parts.catch(() => (this.#parts = null));
    return this.#parts;
  }

  #style() {
    const root = this.shadowRoot ?? this.attachShadow({ mode: "open" });
    const style = document.createElement("link");
    Object.assign(style, { rel: "stylesheet", href: this.dataset.style });
    root.replaceChildren(style, document.createElement("slot"));
    return once(style, "load");
  }

  #opened() {
    this.#label.setAttribute("aria-expanded", "true");
    keep(OPEN);
  }

  #closed() {
    this.#label.setAttribute("aria-expanded", "false");
    drop(OPEN);
    (this.#opener?.isConnected ? this.#opener : this.#label).focus();
  }

  // On a shared computer nothing stays behind: not in storage, not in the page, not in a page that comes back.

  #stillOurs() {
    if (kept(OURS) !== marked()) this.#forget();
  }

  #nobody() {
    unmark();
    this.#forget();
  }

  #forget() {
    this.#panel = null;
    this.shadowRoot?.querySelector("consult-panel")?.remove();
    this.#label.setAttribute("aria-expanded", "false");
    this.#count(0);
    this.dataset.connection = "idle";
    forgetTab();
  }
}

/** What was answered, or null: the widget does without rather than break the page, and the next page asks again. */
async function ask(address) {
  try {
    const answer = await fetch(address);
    return answer.ok ? await answer.json() : null;
  } catch {
    return null;
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

function idle() {
  return new Promise((resolve) => (window.requestIdleCallback ?? setTimeout)(resolve, { timeout: 4000 }));
}

// A browser that forbids storage has the widget all the same; it is only new to every page.

function storage(deed) {
  try {
    return deed();
  } catch {
    return null;
  }
}

const marked = () => storage(() => localStorage.getItem(MARK));
const unmark = () => storage(() => localStorage.removeItem(MARK));
const kept = (key) => storage(() => sessionStorage.getItem(key));
const keep = (key, value = "yes") => storage(() => sessionStorage.setItem(key, value));
const drop = (key) => storage(() => sessionStorage.removeItem(key));

/** Each engagement has a marker of its own: a tab that slept through a change of person must not show the old words. */
function mark() {
  if (!marked()) storage(() => localStorage.setItem(MARK, `${Date.now()}.${Math.random()}`));
  keep(OURS, marked());
}

/** By their names: an operator who looks at the shop in the desk's tab keeps what they were writing. */
function forgetTab() {
  for (const key of [OURS, OPEN, ...OF_THE_PANEL]) drop(key);
}

if (!customElements.get("consult-widget")) customElements.define("consult-widget", ConsultWidget);
