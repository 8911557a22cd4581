/*
 * <consult-undo>: for a while after a verb that can be taken back, a button that does so. It asks nobody beforehand.
 *
 * A button's `data-after` is the address of the verb, `data-by` that of the one which undoes it. Fires consult:open
 * {conversation} where the undone one is no longer in view.
 */

const SHOWN_MS = 10_000;

class ConsultUndo extends HTMLElement {
  #conversation = null;
  #timer = 0;
  #stop = null;

  connectedCallback() {
    this.#stop = new AbortController();
    const { signal } = this.#stop;
    this.#desk.addEventListener("consult:done", (event) => this.#done(event), { signal });
    this.#desk.addEventListener("consult:frame", (event) => this.#hear(event.detail), { signal });
    for (const leave of ["pointerleave", "focusout"]) this.addEventListener(leave, () => this.#wait(), { signal });
    for (const stay of ["pointerenter", "focusin"]) this.addEventListener(stay, () => clearTimeout(this.#timer), { signal });
  }

  disconnectedCallback() {
    this.#stop.abort();
    clearTimeout(this.#timer);
  }

  #done({ target, detail: { submitter, conversation } }) {
    const verb = submitter?.getAttribute("formaction");
    const undo = this.#buttons.find((button) => button.dataset.after === verb);
    if (this.contains(target)) this.#undone();
    else if (undo) this.#offer(undo, conversation);
  }

  #offer(undo, conversation) {
    this.#conversation = conversation;
    undo.formAction = undo.dataset.by.replace(this.#desk.dataset.nobody, conversation);
    this.#show(undo);
    this.#wait();
  }

  #undone() {
    const focused = this.contains(document.activeElement);
    this.#show(null);
    this.dispatchEvent(new CustomEvent("consult:open", { bubbles: true, detail: { conversation: this.#conversation } }));
    if (focused) this.#desk.querySelector("consult-thread").focus();
  }

  /** What a colleague has taken meanwhile stays with them; where the visitor has gone on there is no way back. */
  #hear({ row }) {
    if (!row || !this.hasAttribute("data-shown")) return;
    const taken = row.operator && !row.mine && !row.closed && row.conversation === this.#conversation;
    if (taken || row.previous === this.#conversation) this.#show(null);
  }

  #show(shown) {
    for (const button of this.#buttons) button.hidden = button !== shown;
    this.querySelector("[data-undo=said]").textContent = shown?.dataset.said ?? "";
    this.toggleAttribute("data-shown", Boolean(shown));
  }

  /** Goes after a while, but not from under the hand. */
  #wait() {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.matches(":hover, :focus-within") || this.#show(null), SHOWN_MS);
  }

  get #desk() {
    return this.closest("consult-desk");
  }

  get #buttons() {
    return [...this.querySelectorAll("button")];
  }
}

customElements.define("consult-undo", ConsultUndo);
