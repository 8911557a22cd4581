// <consult-widget>: the label. Until the panel is opened it sets no cookie and holds no line.

const MARK = "consult"; // in local storage: this browser has engaged
const OURS = "consult-ours"; // in this tab's: whose words it keeps

class ConsultWidget extends HTMLElement {
  #label = null;
  #engagement = null;
  #told = {}; // by an open panel first, then by boot
  #life = null;

  connectedCallback() {
    this.#life = new AbortController();
    if (!this.#label) this.#dress();
    const { signal } = this.#life;
    document.addEventListener("click", (event) => this.#clicked(event), { signal });
    this.#begin(signal);
  }

  disconnectedCallback() {
    this.#life.abort();
  }

  /** Opens the panel; where that fails, goes to the page that the link led to. */
  async open(opener = this.#label) {
    delete this.dataset.hidden;
    this.#label.setAttribute("aria-busy", "true");
    try {
      await (await this.#engaged()).open(opener);
    } catch (error) {
      console.error(error);
      location.assign(this.dataset.contact);
    } finally {
      this.#label.removeAttribute("aria-busy");
    }
  }

  /** What was answered, or null: it does without rather than break the page. */
  async ask(address, options) {
    try {
      const answer = await fetch(address, options);
      return answer.ok ? await answer.json() : null;
    } catch {
      return null;
    }
  }

  /** Counts and states are the label's description; its name never changes. */
  describe(told) {
    Object.assign(this.#told, told);
    const { availability = "", now = "", words } = this.#told;
    this.#label.setAttribute("aria-description", words || now);
    this.#label.dataset.availability = availability;
  }

  /** The server wrote a link. */
  #dress() {
    const link = this.querySelector("a.consult-label");
    this.dataset.contact = link.href;
    this.#label = document.createElement("button");
    this.#label.type = "button";
    this.#label.className = link.className;
    this.#label.setAttribute("aria-haspopup", "dialog");
    this.#label.setAttribute("aria-expanded", "false");
    this.#label.append(...link.childNodes);
    link.replaceWith(this.#label);
    this.#label.addEventListener("click", () => this.open());
    // Whoever only comes near has not engaged.
    const fetched = () => this.#engaged().then((engagement) => engagement.fetch());
    for (const near of ["pointerenter", "focus"]) {
      this.#label.addEventListener(near, () => fetched().catch(() => {}), { once: true });
    }
  }

  #clicked(event) {
    const opener = event.target.closest?.("[data-consult-open]");
    if (!opener) return;
    event.preventDefault();
    this.open(opener);
  }

  async #begin(signal) {
    if (document.prerendering) await once(document, "prerenderingchange");
    const since = Date.now();
    if (document.readyState !== "complete") await once(window, "load"); // the page comes first
    await new Promise((idle) => (window.requestIdleCallback ?? setTimeout)(idle, { timeout: 4000 }));
    if (signal.aborted) return;
    const remembered = this.#remember().catch(() => null);
    const boot = await this.ask(this.dataset.boot);
    if (!boot) return;
    this.describe({ availability: boot.availability, now: boot.texts.now, ...this.#told });
    if (!boot.rules) return;
    const [me, { Watch }] = await Promise.all([remembered, import(this.dataset.trigger)]);
    if (!signal.aborted) new Watch({ widget: this, boot, me, since, signal });
  }

  async #remember() {
    return localStorage.getItem(MARK) || sessionStorage.getItem(OURS) ? (await this.#engaged()).remember() : null;
  }

  #engaged() {
    this.#engagement ??= import(this.dataset.engagement).then(() => this.#engage());
    this.#engagement.catch(() => (this.#engagement = null));
    return this.#engagement;
  }

  #engage() {
    const engagement = document.createElement("consult-engagement");
    Object.assign(engagement.dataset, { mark: MARK, ours: OURS });
    this.attachShadow({ mode: "open" }).append(document.createElement("slot"), engagement);
    return engagement;
  }
}

function once(target, name) {
  return new Promise((resolve) => target.addEventListener(name, resolve, { once: true }));
}

if (!customElements.get("consult-widget")) customElements.define("consult-widget", ConsultWidget);
