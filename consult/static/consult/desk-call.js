/*
 * <consult-call src="…/call/">: the dialog in which a call is arranged with the visitor of the open conversation, by the
 * server's own form. What was typed is kept until it has arrived.
 */

class ConsultCall extends HTMLElement {
  #conversation = null; // whose form stands here
  #asked = null; // the request under way
  #stop = null;

  connectedCallback() {
    this.#stop = new AbortController();
    const { signal } = this.#stop;
    const on = (name, listen) => this.addEventListener(name, listen, { signal });
    on("click", ({ target }) => target.closest("[data-cancel]") && this.close());
    on("input", ({ target }) => this.#wrong(target, ""));
    on("consult:done", () => this.#done());
    on("consult:invalid", (event) => this.#correct(event));
    on("consult:failed", (event) => this.#refuse(event));
  }

  disconnectedCallback() {
    this.#stop.abort();
    this.#asked?.abort();
  }

  /** Opens the dialog for a conversation. */
  open(conversation) {
    this.#asked?.abort();
    if (conversation !== this.#conversation) this.#place.replaceChildren();
    this.#conversation = conversation;
    this.querySelector(".refusal").textContent = "";
    this.#ask();
  }

  close() {
    this.#asked?.abort();
    this.#dialog.close();
  }

  /** Which times are free changes by the minute: the form is asked for each time. What was typed is put into it. */
  #ask() {
    const request = new XMLHttpRequest();
    this.#asked = request;
    request.responseType = "document";
    request.open("GET", this.getAttribute("src").replace(this.#desk.dataset.nobody, this.#conversation));
    request.addEventListener("load", () => this.#show(request.response?.querySelector("[data-arrange]")));
    request.addEventListener("error", () => this.#show(null));
    request.send();
  }

  #show(fragment) {
    const typed = this.#fields.filter(({ value, defaultValue }) => value !== (defaultValue ?? ""));
    if (fragment) this.#place.replaceChildren(document.importNode(fragment, true));
    else this.querySelector(".refusal").textContent = this.dataset.failed;
    for (const { name, value } of typed) {
      const field = this.#fields.find((one) => one.name === name);
      field.value = value;
      if (field.selectedIndex === -1) field.selectedIndex = 0; // it can't be chosen any more
    }
    if (!this.#dialog.open) this.#dialog.showModal();
    this.#fields[0]?.focus();
  }

  #done() {
    this.#place.replaceChildren();
    this.close();
  }

  #correct(event) {
    event.preventDefault(); // said at each field
    const { errors } = event.detail;
    const wrong = this.#fields.filter((field) => errors[field.name]);
    for (const field of wrong) this.#wrong(field, errors[field.name].join(" "));
    wrong[0]?.focus();
  }

  #wrong(field, sentence) {
    const place = document.getElementById(`${field.id}-wrong`);
    field.setAttribute("aria-invalid", String(Boolean(sentence)));
    field.setAttribute("aria-describedby", place.id);
    place.textContent = sentence;
  }

  #refuse(event) {
    event.preventDefault();
    this.querySelector(".refusal").textContent = event.detail.message;
  }

  get #desk() {
    return this.closest("consult-desk");
  }

  get #dialog() {
    return this.querySelector("dialog");
  }

  get #place() {
    return this.querySelector("[data-call=form]");
  }

  /** What is typed or chosen. */
  get #fields() {
    return [...this.#place.querySelectorAll("p > :is(input, select, textarea)")];
  }
}

customElements.define("consult-call", ConsultCall);
