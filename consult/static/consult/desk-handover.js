/*
 * <consult-handover src="…/offer/">: the two dialogs of a hand-over. In one the conversation is offered to a colleague, by
 * the server's own form; in the other it is returned to who offered it. Both may carry a note, which is kept until it
 * has arrived.
 */

class ConsultHandover extends HTMLElement {
  #conversation = null;
  #asked = null; // the request under way
  #stop = null;

  connectedCallback() {
    this.#stop = new AbortController();
    const { signal } = this.#stop;
    const on = (name, listen) => this.addEventListener(name, listen, { signal });
    on("click", ({ target }) => target.closest("[data-cancel]") && this.close());
    on("input", ({ target }) => target.name === "body" && this.#name(target.form)); // other words are another note
    on("consult:done", ({ target }) => this.#done(target));
    for (const refusal of ["consult:invalid", "consult:failed"]) on(refusal, (event) => this.#refuse(event));
  }

  disconnectedCallback() {
    this.#stop.abort();
    this.#asked?.abort();
  }

  /** Opens one of the dialogs, "offer" or "return", for a conversation. */
  open(name, conversation) {
    if (conversation !== this.#conversation) for (const form of this.querySelectorAll("form")) this.#empty(form);
    this.#conversation = conversation;
    for (const refusal of this.querySelectorAll(".refusal")) refusal.textContent = "";
    if (name === "offer") this.#ask();
    else this.#show(this.#dialog("return"));
  }

  close() {
    this.#asked?.abort();
    for (const dialog of this.querySelectorAll("dialog[open]")) dialog.close();
  }

  /** Who is at the desk changes by the minute: the form is asked for each time. A note begun is put into it under its
   * name: posted before, it may be written already. */
  #ask() {
    this.#asked?.abort();
    const request = new XMLHttpRequest();
    this.#asked = request;
    request.responseType = "document";
    request.open("GET", this.getAttribute("src").replace(this.#desk.dataset.nobody, this.#conversation));
    request.addEventListener("load", () => this.#offer(request.response?.querySelector("[data-offer]")));
    request.addEventListener("error", () => this.#offer(null));
    request.send();
  }

  #offer(fragment) {
    const dialog = this.#dialog("offer");
    const place = dialog.querySelector("[data-handover=form]");
    const begun = [...place.querySelectorAll("[name=client_id], [name=body]")];
    if (fragment) place.replaceChildren(document.importNode(fragment, true));
    else dialog.querySelector(".refusal").textContent = this.dataset.failed;
    for (const { name, value } of begun) {
      const field = place.querySelector(`[name=${name}]`);
      if (field && value) field.value = value;
    }
    this.#show(dialog);
  }

  #show(dialog) {
    const form = dialog.querySelector("form[data-verbs]");
    if (form && !form.elements.client_id.value) this.#name(form);
    if (!dialog.open) dialog.showModal();
    dialog.querySelector("select, textarea")?.focus();
  }

  #done(form) {
    this.#empty(form);
    this.close();
  }

  #empty(form) {
    form.reset();
    form.elements.client_id.value = "";
  }

  #name(form) {
    form.elements.client_id.value = this.#desk.querySelector("consult-socket").name();
  }

  #refuse(event) {
    event.preventDefault();
    event.target.closest("dialog").querySelector(".refusal").textContent = event.detail.message;
  }

  get #desk() {
    return this.closest("consult-desk");
  }

  #dialog(name) {
    return this.querySelector(`[data-handover="${name}"]`);
  }
}

customElements.define("consult-handover", ConsultHandover);
