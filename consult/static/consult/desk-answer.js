/*
 * <consult-answer>: where the operator writes. Keeps a draft for each conversation over reloads, in this tab.
 *
 * Fires consult:answer {conversation, body} and, while somebody writes, consult:typing at most once a second.
 */

const TYPING_MS = 1_000;

class ConsultAnswer extends HTMLElement {
  #conversation = null;
  #typedAt = 0;
  #stop = null;

  connectedCallback() {
    this.#stop = new AbortController();
    const { signal } = this.#stop;
    this.addEventListener("submit", (event) => this.#send(event), { signal });
    this.addEventListener("input", () => this.#typed(), { signal });
    this.addEventListener("keydown", (event) => this.#key(event), { signal });
  }

  disconnectedCallback() {
    this.#stop.abort();
  }

  /** Turns to a conversation and takes up what was begun there; null empties the field. */
  turnTo(conversation) {
    this.#conversation = conversation;
    this.#field.value = conversation ? (sessionStorage.getItem(this.#key_of(conversation)) ?? "") : "";
  }

  /** Whether something may be written here just now. The field keeps its draft and its focus either way. */
  set allowed(allowed) {
    this.#field.readOnly = !allowed;
    this.querySelector("button").disabled = !allowed;
  }

  focus() {
    this.#field.focus({ preventScroll: true });
  }

  get #field() {
    return this.querySelector("textarea");
  }

  #key_of(conversation) {
    return `${this.dataset.drafts}-draft-${conversation}`;
  }

  #typed() {
    const key = this.#key_of(this.#conversation);
    if (this.#field.value) sessionStorage.setItem(key, this.#field.value);
    else sessionStorage.removeItem(key);
    if (!this.#field.value || performance.now() - this.#typedAt < TYPING_MS) return;
    this.#typedAt = performance.now();
    this.dispatchEvent(new CustomEvent("consult:typing", { bubbles: true }));
  }

  #key(event) {
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    this.querySelector("form").requestSubmit();
  }

  #send(event) {
    event.preventDefault();
    const body = this.#field.value;
    const conversation = this.#conversation;
    if (!conversation || this.#field.readOnly || !body.trim()) return;
    this.dispatchEvent(new CustomEvent("consult:answer", { bubbles: true, detail: { conversation, body } }));
    this.#field.value = "";
    sessionStorage.removeItem(this.#key_of(conversation));
    this.focus();
  }
}

customElements.define("consult-answer", ConsultAnswer);
