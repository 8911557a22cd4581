/*
 * <consult-find src="…/find/" filters="…/find/filters/">: finds conversations, open and closed, while one types.
 *
 * What is asked stands in the address bar: reload, back and a shared link find the same. As long as something is asked,
 * what was found stands where the list was; the rows are drawn by <consult-rows>, as everywhere.
 */

const PAUSE_MS = 250; // of somebody who types
const ASKED = ["q", "tag", "operator", "from", "until"];

class ConsultFind extends HTMLElement {
  #pause = 0;
  #request = null; // the one under way: an older answer is not waited for
  #page = 1;
  #stop = null;

  connectedCallback() {
    this.#stop = new AbortController();
    const { signal } = this.#stop;
    const on = (name, listen, target = this) => target.addEventListener(name, listen, { signal });
    on("input", () => this.#soon());
    on("submit", (event) => this.#submit(event));
    on("keydown", (event) => this.#key(event));
    on("click", (event) => this.#click(event));
    on("consult:frame", (event) => this.#hear(event.detail), this.closest("consult-desk"));
    on("popstate", () => this.#follow(), window);
    customElements.whenDefined("consult-rows").then(() => this.#follow());
  }

  disconnectedCallback() {
    this.#stop.abort();
    this.#request?.abort();
    clearTimeout(this.#pause);
  }

  focus() {
    this.#form.elements.q.focus();
    this.#form.elements.q.select();
  }

  /** Opens the filters, and goes there; or closes them. */
  async filter() {
    const shown = this.#part("filters").hidden;
    await this.#showFilters(shown);
    if (shown) this.#part("filters").querySelector("select, input")?.focus();
    else this.focus();
  }

  // The address bar is the truth of what is asked: typing writes it, back and reload read it.

  async #follow() {
    const address = new URLSearchParams(location.search);
    const asked = ASKED.filter((name) => address.get(name));
    if (asked.some((name) => name !== "q")) await this.#showFilters(true);
    for (const name of ASKED) {
      const field = this.#form.elements[name];
      if (field) field.value = address.get(name) ?? "";
    }
    if (asked.length || this.hasAttribute("data-found")) this.#ask(1);
  }

  #soon() {
    clearTimeout(this.#pause);
    this.#pause = setTimeout(() => this.#ask(1), PAUSE_MS);
  }

  #ask(page) {
    clearTimeout(this.#pause);
    this.#request?.abort();
    this.#page = page;
    const asked = new URLSearchParams([...new FormData(this.#form)].filter(([, value]) => value.trim()));
    const address = new URL(location.href);
    for (const name of ASKED) {
      if (asked.has(name)) address.searchParams.set(name, asked.get(name));
      else address.searchParams.delete(name);
    }
    if (address.href !== location.href) history.replaceState(history.state, "", address);
    if (asked.size) return this.#fetch(asked);
    this.#show(false);
    return false;
  }

  /** True when what was found is there. */
  async #fetch(asked) {
    const request = new AbortController();
    this.#request = request;
    this.setAttribute("aria-busy", "true");
    const answer = await fetch(`${this.getAttribute("src")}?${asked}&page=${this.#page}`, {
      signal: request.signal,
      redirect: "manual",
    }).catch(() => null);
    const told = answer?.ok || answer?.status === 422 ? await answer.json().catch(() => null) : null;
    if (request.signal.aborted) return false;
    this.removeAttribute("aria-busy");
    if (answer?.type === "opaqueredirect") location.reload(); // signed out: the admin will ask who it is
    if (told?.rows) this.#draw(told);
    else this.#say("wrong", told ? Object.values(told.errors).flat().join(" ") : this.dataset.failed);
    return Boolean(told?.rows);
  }

  #draw({ rows, more }) {
    this.#show(true);
    if (this.#page === 1) this.#rows.replace(rows, "found");
    else for (const row of rows) this.#rows.put(row, true);
    this.#part("more").hidden = !more;
    this.#say("wrong", "");
    this.#say("status", rows.length ? "" : this.dataset.none);
  }

  #show(found) {
    this.toggleAttribute("data-found", found);
    this.#part("results").hidden = !found;
    if (!found) this.#rows.replace([], "found");
    this.#say("wrong", "");
    this.#say("status", "");
  }

  /** What changes in a row while it stands here. The line found stays. */
  #hear({ row }) {
    const shown = row && this.#rows.get(row.conversation);
    if (!shown) return;
    if (row.gone) this.#rows.drop(row.conversation);
    else this.#rows.put({ ...row, found: shown.found }, true);
  }

  async #submit(event) {
    event.preventDefault();
    if (await this.#ask(1)) this.#enter();
  }

  /** Goes on from the search to the first that was found. */
  #enter() {
    this.#rows.querySelector("li a")?.focus();
  }

  #click(event) {
    const pressed = event.target.closest("button");
    if (pressed === this.#part("filter")) this.filter();
    else if (pressed === this.#part("more")) this.#ask(this.#page + 1);
  }

  /** Escape gives the list back, and from there on leads to it. */
  #key(event) {
    if (event.isComposing) return;
    if (event.key === "ArrowDown" && event.target === this.#form.elements.q && this.hasAttribute("data-found")) {
      event.preventDefault();
      this.#enter();
    }
    if (event.key !== "Escape" || !event.target.closest("form")) return;
    if (!this.hasAttribute("data-found") && !this.#form.elements.q.value) return;
    event.preventDefault();
    event.stopPropagation();
    for (const name of ASKED) if (this.#form.elements[name]) this.#form.elements[name].value = "";
    this.#ask(1);
    this.focus();
  }

  async #showFilters(shown) {
    const place = this.#part("filters");
    if (shown && !place.firstElementChild) await this.#fetchFilters(place);
    place.hidden = !shown;
    this.#part("filter").setAttribute("aria-expanded", String(shown));
  }

  /** They arrive as a document: what is parsed so runs no script, and passes Trusted Types. */
  #fetchFilters(place) {
    const request = new XMLHttpRequest();
    request.responseType = "document";
    request.open("GET", this.getAttribute("filters"));
    request.send();
    return new Promise((settled) => {
      request.addEventListener("loadend", () => {
        const fields = request.response?.querySelector("[data-filters]"); // none: the sign-in page
        if (fields) place.replaceChildren(document.importNode(fields, true));
        settled();
      });
    });
  }

  #say(part, sentence) {
    this.#part(part).textContent = sentence;
  }

  get #form() {
    return this.querySelector("form");
  }

  get #rows() {
    return this.querySelector("consult-rows");
  }

  #part(name) {
    return this.querySelector(`[data-find="${name}"]`);
  }
}

customElements.define("consult-find", ConsultFind);
