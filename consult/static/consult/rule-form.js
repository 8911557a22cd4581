/*
 * <consult-samples words="…/offer.js">: a visitor made up, to read the form's greetings as. Below each stands what the shop
 * would say to them, in the shop's own words.
 */

class ConsultSamples extends HTMLElement {
  #words = null;
  #stop = null;

  async connectedCallback() {
    this.#stop = new AbortController();
    const { signal } = this.#stop;
    this.#form.addEventListener("input", () => this.#read(), { signal });
    document.addEventListener("formset:added", () => this.#read(), { signal });
    ({ words: this.#words } = await import(this.getAttribute("words")));
    this.hidden = false;
    this.#read();
  }

  disconnectedCallback() {
    this.#stop.abort();
  }

  #read() {
    if (!this.#words) return;
    const fields = [...this.querySelectorAll("[data-variable]")];
    const values = Object.fromEntries(fields.map((field) => [field.dataset.variable, field.value.trim()]));
    for (const greeting of this.#form.querySelectorAll(".consult-greeting")) {
      const text = greeting.querySelector("textarea").value;
      greeting.querySelector("output").textContent = this.#words(text, values);
    }
  }

  get #form() {
    return this.closest("form");
  }
}

customElements.define("consult-samples", ConsultSamples);
