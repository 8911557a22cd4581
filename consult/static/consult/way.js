// <consult-way name="letter" src="/consult/letter/?language=en">: another way to the shop than to chat. It shows the form
// of a page of its own, and what that page answers: the form again with what is wrong, or thanks.
//
// Tells, by a bubbling event: consult:sent.

const ANSWERS = [200, 422, 429]; // with which the page shows what is next: thanks, or the form again

class ConsultWay extends HTMLElement {
  connectedCallback() {
    for (const name of ["submit", "input", "change"]) this.addEventListener(name, this);
  }

  handleEvent(event) {
    if (event.type === "submit") this.#send(event);
    else this.#keep(); // for a reload of the page
  }

  /** Makes the form ready, with what was begun in it. After thanks it is a new one. */
  async show() {
    if (this.#form) return;
    this.#put(await ask("GET", this.getAttribute("src")));
    this.#restore();
  }

  /** Where there is something to be written next. */
  focus() {
    const fields = [...this.querySelectorAll("input:not([type=hidden], [tabindex='-1']), textarea")];
    (fields.find(({ value }) => !value) ?? fields[0] ?? this.#section).focus();
  }

  /** Whether it would be taken from under somebody's hands. */
  get begun() {
    return Boolean(this.#form?.matches(":focus-within") || this.querySelector("textarea")?.value);
  }

  async #send(event) {
    event.preventDefault();
    if (this.ariaBusy) return;
    this.ariaBusy = "true";
    this.#unsent.textContent = "";
    const form = event.target;
    const address = new URL(form.getAttribute("action") ?? "", new URL(this.getAttribute("src"), location));
    try {
      this.#put(await ask("POST", address, new FormData(form)));
      if (this.#form) this.#correct();
      else this.#sent();
    } catch {
      await this.#renew().catch(() => {});
      this.#unsent.textContent = this.#unsent.dataset.words;
    } finally {
      this.ariaBusy = null;
    }
  }

  /** Who signs in elsewhere makes the form's token stale. */
  async #renew() {
    const page = await ask("GET", this.getAttribute("src"));
    for (const { name, value } of page.querySelectorAll("[data-way] [type=hidden]")) {
      if (!this.#isKept(name)) this.#form.elements[name].value = value;
    }
  }

  #correct() {
    (this.querySelector("[aria-invalid=true]") ?? this.querySelector("button")).focus();
  }

  /** What is focused is read aloud; nobody is left where there is nothing any more. */
  #sent() {
    storage(() => sessionStorage.removeItem(this.#key));
    this.focus();
    this.dispatchEvent(new CustomEvent("consult:sent", { bubbles: true }));
  }

  #put(page) {
    const section = document.importNode(page.querySelector("[data-way]"), true);
    section.tabIndex = -1;
    if (this.#section) this.#section.replaceWith(section);
    else this.prepend(section);
    this.toggleAttribute("data-sent", !this.#form);
  }

  // What was typed, with the name that makes it the same when it is sent again.

  #keep() {
    const typed = [...new FormData(this.#form)].filter(([name]) => this.#isKept(name));
    storage(() => sessionStorage.setItem(this.#key, JSON.stringify(Object.fromEntries(typed))));
  }

  #restore() {
    for (const [name, value] of Object.entries(storage(() => JSON.parse(sessionStorage.getItem(this.#key))) ?? {})) {
      const field = this.#isKept(name) && this.#form.elements[name];
      if (!field) continue;
      field.value = value;
      if (field.selectedIndex === -1) field.selectedIndex = 0; // it can't be chosen any more
    }
  }

  #isKept(name) {
    return name === "client_id" || (this.#form.elements[name]?.type ?? "hidden") !== "hidden";
  }

  get #key() {
    return `consult-${this.getAttribute("name")}`;
  }

  get #section() {
    return this.querySelector("[data-way]");
  }

  get #form() {
    return this.querySelector("form");
  }

  get #unsent() {
    return this.querySelector("[data-part=unsent]");
  }
}

/** The page as a document, which passes where Trusted Types forbid innerHTML. */
async function ask(method, address, body) {
  const request = new XMLHttpRequest();
  request.responseType = "document";
  request.open(method, address);
  request.send(body);
  await new Promise((ended) => request.addEventListener("loadend", ended, { once: true }));
  if (!ANSWERS.includes(request.status)) throw new Error(`${address} was answered ${request.status}.`);
  return request.response;
}

/** A browser that forbids storage loses what was begun on a reload, and nothing else. */
function storage(deed) {
  try {
    return deed();
  } catch {
    return null;
  }
}

if (!customElements.get("consult-way")) customElements.define("consult-way", ConsultWay);
