// <consult-reach src="/consult/reach/en/">: asks how to reach a visitor who has said something. The panel fetches it while
// the first words are being written, and tells it when to ask; its markup and style come with the answer of `src`.

const DECLINED = "consult-declined"; // in this tab's storage: not to be asked how to reach them
const THANKED = 5_000; // ms

class ConsultReach extends HTMLElement {
  #markup = null;
  #asks = false;
  #needed = false; // without an e-mail address they would hear nothing
  #life = null;

  connectedCallback() {
    this.#life = new AbortController();
    const on = (target, name, deed) => target.addEventListener(name, deed, { signal: this.#life.signal });
    on(this.#panel, "consult:frame", ({ detail }) => this.#received(detail));
    on(this, "submit", (event) => this.#save(event));
    on(this, "click", ({ target }) => target === this.#part("decline") && this.#decline());
  }

  disconnectedCallback() {
    this.#life.abort();
  }

  /**
   * Makes ready to ask, and asks once they have ``said`` something, unless they did not want to tell. When an e-mail
   * address becomes ``needed``, they are asked again.
   */
  async ask(said, needed) {
    const anew = needed && !this.#needed;
    this.#needed ||= needed;
    if (said) this.#asks = anew || !storage(() => sessionStorage.getItem(DECLINED));
    this.#markup ??= this.#fetch();
    this.#markup.catch(() => (this.#markup = null));
    await this.#markup;
    if (anew) this.#press();
    this.#part("asked").hidden = !this.#asks;
  }

  #press() {
    const summary = this.querySelector("summary");
    summary.textContent = summary.dataset.needed;
    summary.parentElement.open = true;
  }

  async #fetch() {
    const request = new XMLHttpRequest();
    request.responseType = "document";
    request.open("GET", this.getAttribute("src"));
    request.send();
    await once(request, "loadend");
    if (request.status !== 200) throw new Error(`How to ask was answered ${request.status}.`);
    this.replaceChildren(...document.importNode(request.response.body, true).children);
    await once(this.querySelector("link"), "load"); // shown before, it would jump
  }

  #received(frame) {
    const saved = frame.type === "contact";
    const { name, email, phone } = (saved ? frame : frame.contact) ?? {};
    if (email || (!this.#needed && (name || phone))) this.#reachable(saved);
    if (frame.of === "contact") this.#correct(frame.fields);
  }

  #save(event) {
    event.preventDefault();
    const typed = [...new FormData(event.target)].filter(([, value]) => value.trim());
    const socket = this.#panel.querySelector("consult-socket");
    if (!typed.length) event.target.elements[0].focus();
    else if (!socket.send({ type: "contact", ...Object.fromEntries(typed) })) this.#correct();
  }

  /** It is not saved: because of these fields or, without any, for now. */
  #correct(fields = []) {
    const inputs = [...this.querySelectorAll("input")];
    for (const input of inputs) input.setAttribute("aria-invalid", fields.includes(input.name));
    const wrong = inputs.filter(({ name }) => fields.includes(name));
    const sentences = wrong.map(({ dataset }) => dataset.wrong).join(" ");
    this.#write("wrong", sentences || this.#part("wrong").dataset.unsaved);
    wrong[0]?.focus();
  }

  /** Known, here or in another tab, or at the desk. Who was about to tell is thanked for what is ``saved`` just now. */
  #reachable(saved) {
    const telling = !this.#part("asked")?.hidden && this.querySelector("[open]");
    this.#leave();
    if (!saved || !telling) return;
    this.#write("thanks", this.#part("thanks").dataset.words);
    setTimeout(() => this.#write("thanks", ""), THANKED);
  }

  #decline() {
    storage(() => sessionStorage.setItem(DECLINED, "yes"));
    this.#leave();
  }

  #leave() {
    this.#asks = false;
    if (this.matches(":focus-within")) this.#panel.querySelector("textarea").focus();
    this.#part("asked")?.setAttribute("hidden", "");
  }

  get #panel() {
    return this.closest("consult-panel");
  }

  #part(name) {
    return this.querySelector(`[data-part=${name}]`);
  }

  /** An unchanged text is left alone: to write it again would read it aloud again. */
  #write(name, text) {
    if (this.#part(name).textContent !== text) this.#part(name).textContent = text;
  }
}

function once(target, name) {
  return new Promise((resolve, reject) => {
    target.addEventListener(name, resolve, { once: true });
    target.addEventListener("error", reject, { once: true });
  });
}

/** A browser that forbids storage asks again on the next page. */
function storage(deed) {
  try {
    return deed();
  } catch {
    return null;
  }
}

if (!customElements.get("consult-reach")) customElements.define("consult-reach", ConsultReach);
