/*
 * <consult-keys>: the desk by single keys. Its dialog lists them, and says in data-* what each does:
 *
 *   data-step="1"               goes to the next row of the list
 *   data-turn                   opens the row in hand: what acts on a conversation acts on the one looked at
 *   data-press="selector"       presses the first such button that can be pressed
 *   data-call="element method"  calls it
 *
 * Never in fields, never with modifiers.
 */

const SECOND_MS = 1_500; // in which the second key of two has to follow
const FIELDS = "input, textarea, select, [contenteditable]";

class ConsultKeys extends HTMLElement {
  #first = null; // the key that waits for its second: {key, at}
  #stop = null;

  connectedCallback() {
    this.#stop = new AbortController();
    const { signal } = this.#stop;
    document.addEventListener("keydown", (event) => this.#key(event), { signal });
    this.#part("open").addEventListener("click", () => this.#dialog.showModal(), { signal });
    this.#part("single").addEventListener("change", () => this.#choose(), { signal });
    window.addEventListener("storage", () => this.#chosen(), { signal });
    this.#chosen();
  }

  disconnectedCallback() {
    this.#stop.abort();
  }

  #key(event) {
    const { target } = event;
    if (event.defaultPrevented || event.isComposing || document.querySelector("dialog[open]")) return;
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "Escape") this.#escape(target);
    else if (this.#single && !target.closest(FIELDS)) this.#follow(event);
  }

  #escape(target) {
    if (!target.closest("consult-thread, consult-find") || !target.closest(FIELDS)) return;
    const { open } = this.#rows;
    this.#rows.focusOn(this.#rows.get(open) ? open : this.#rows.step(1)); // the first
  }

  #follow(event) {
    const key = latin(event);
    const begun = this.#first && event.timeStamp - this.#first.at < SECOND_MS ? `${this.#first.key} ${key}` : key;
    const line = this.#line(begun) ?? this.#line(key);
    this.#first = null;
    if (line) {
      event.preventDefault();
      if (line.dataset.step || !event.repeat) this.#do(line.dataset);
    } else if (this.querySelector(`[data-key^="${CSS.escape(key)} "]`)) {
      this.#first = { key, at: event.timeStamp };
    }
  }

  #line(key) {
    return [...this.querySelectorAll("[data-key]")].find((line) => line.dataset.key === key);
  }

  #do({ step, turn, press, call }) {
    if (step) this.#rows.focusOn(this.#rows.step(Number(step)));
    if (turn !== undefined) this.#turn({ stay: Boolean(press ?? call) });
    if (press) [...this.#desk.querySelectorAll(press)].find((one) => one.checkVisibility() && !one.disabled)?.click();
    if (call) this.#call(...call.split(" "));
  }

  #call(element, method) {
    this.#desk.querySelector(element)?.[method]();
  }

  /** Opens the row in hand, if it isn't open. To stay in the list is to go on from there with the next key. */
  #turn({ stay }) {
    const conversation = this.#rows.inHand;
    if (!conversation || (stay && conversation === this.#rows.open)) return;
    this.dispatchEvent(new CustomEvent("consult:open", { bubbles: true, detail: { conversation } }));
    if (stay) this.#rows.focusOn(conversation);
  }

  // Whoever dictates, or leans on the keyboard, does without.

  get #single() {
    return localStorage.getItem(this.#name) !== "off";
  }

  #choose() {
    if (this.#part("single").checked) localStorage.removeItem(this.#name);
    else localStorage.setItem(this.#name, "off");
  }

  #chosen() {
    this.#part("single").checked = this.#single;
  }

  get #name() {
    return `${this.dataset.store}-keys`;
  }

  get #dialog() {
    return this.querySelector("dialog");
  }

  get #desk() {
    return this.closest("consult-desk");
  }

  /** The list that is in sight. */
  get #rows() {
    const found = this.#desk.querySelector("consult-find[data-found] consult-rows");
    return found ?? this.#desk.querySelector("consult-rows:not([data-list=found])");
  }

  #part(name) {
    return this.querySelector(`[data-keys="${name}"]`);
  }
}

/** The key as it is printed on a Latin keyboard, where an operator writes in letters of another script. */
function latin({ key, code }) {
  return key > "\x7f" && code.startsWith("Key") ? code.slice(3).toLowerCase() : key;
}

customElements.define("consult-keys", ConsultKeys);
