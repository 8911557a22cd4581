/*
 * <consult-tags src="…/tags/">: the tags of the open conversation, each with a button that takes it off, and a field to
 * add one. `src` gives the known ones, when somebody is about to.
 */

class ConsultTags extends HTMLElement {
  #conversation = null;
  #adding = ""; // what was last posted from the field
  #stop = null;

  connectedCallback() {
    this.#stop = new AbortController();
    const { signal } = this.#stop;
    const on = (name, listen) => this.addEventListener(name, listen, { signal });
    on("submit", (event) => this.#submit(event));
    on("formdata", ({ formData }) => this.#posted(formData.get("add")));
    on("input", () => this.#field.removeAttribute("aria-invalid"));
    for (const refusal of ["consult:invalid", "consult:failed"]) on(refusal, () => this.#refused());
    this.addEventListener("focusin", () => this.#suggest(), { signal, once: true });
  }

  disconnectedCallback() {
    this.#stop.abort();
  }

  /** Shows the tags of a conversation; without any, of none. */
  show(conversation, tags = null) {
    this.hidden = tags === null;
    if (conversation !== this.#conversation) {
      this.#conversation = conversation;
      this.#posted("");
    }
    this.#draw(tags ?? []);
  }

  #draw(tags) {
    const list = this.querySelector("ul");
    if (JSON.stringify(tags) === JSON.stringify([...list.children].map((item) => item.textContent.trim()))) return;
    list.replaceChildren(...tags.map((tag) => this.#chip(tag)));
    list.hidden = tags.length === 0;
  }

  #chip(tag) {
    const item = document.importNode(this.querySelector("template").content, true).firstElementChild;
    item.querySelector("bdi").textContent = tag;
    const button = item.querySelector("button");
    button?.setAttribute("aria-label", this.dataset.remove.replace("{name}", tag));
    button?.setAttribute("value", tag);
    return item;
  }

  #submit(event) {
    if (event.submitter) this.#field.focus(); // the button is about to go
    else if (!this.#field.value.trim()) event.preventDefault();
  }

  /** The field is free for the next. */
  #posted(tag) {
    this.#adding = tag ?? "";
    if (this.#field && tag !== null) this.#field.value = "";
    this.#field?.removeAttribute("aria-invalid");
  }

  /** What was not added goes back into the field. */
  #refused() {
    this.#field.value ||= this.#adding;
    if (this.#adding) this.#field.setAttribute("aria-invalid", "true");
  }

  /** The known tags, as the field's suggestions. */
  #suggest() {
    if (!this.#field) return;
    const request = new XMLHttpRequest();
    request.responseType = "document";
    request.open("GET", this.getAttribute("src"));
    request.addEventListener("load", () => {
      const known = request.response?.querySelector("[data-tags] datalist");
      if (known) this.append(document.importNode(known, true));
    });
    request.send();
  }

  get #field() {
    return this.querySelector("input");
  }
}

customElements.define("consult-tags", ConsultTags);
