/*
 * <consult-desk data-nobody="…">: the operators' page. It joins the address bar, the socket, the list, the open
 * conversation and what stands beside it.
 *
 * Starting and returning are the same: on every connection it asks for the whole list again, and for what came after
 * the last line it has. What an operator does apart from talking is an ordinary form, sent without leaving the page:
 * its address says `data-nobody` where the open conversation belongs. What came of it is told to the form, in
 * consult:done, consult:invalid or consult:failed; why not is said here, unless somebody there does (preventDefault).
 */

const OFFLINE_MS = 2_000; // shorter breaks are not worth an operator's attention
const CLOSED_MS = 60_000; // how often it is asked whether visitors see the shop as open
const FEW = 50; // rows left of a page's 100, at which the rest is asked for
const NOT_YOU = 4401; // close code: not, or no longer, an operator

class ConsultDesk extends HTMLElement {
  #conversation = null; // the open one
  #view = { list: "waiting", page: 1 };
  #pages = 1;
  #offlineTimer = 0;
  #closedTimer = 0;
  #otherDesks = null; // of this operator, in this browser
  #stop = null;

  connectedCallback() {
    this.#stop = new AbortController();
    const { signal } = this.#stop;
    const on = (name, listen, target = this) => target.addEventListener(name, listen, { signal });
    on("consult:connected", () => this.#hello());
    on("consult:connection", (event) => this.#connection(event.detail));
    on("consult:frame", (event) => this.#hear(event.detail));
    on("consult:open", (event) => this.#go({ conversation: event.detail.conversation }));
    on("consult:aside", () => this.#aside.show(this.#conversation));
    on("click", (event) => this.#click(event));
    on("keydown", (event) => this.#escape(event));
    on("submit", (event) => this.#submit(event));
    on("popstate", () => this.#follow(), window);
    on("resize", () => this.#fit(), window);
    this.#otherDesks = new BroadcastChannel(this.#wish);
    on("message", ({ data }) => this.#turned(data), this.#otherDesks);
    this.#forgetOthers();
    this.#fit();
    this.#follow();
    this.#socket.open();
    this.#closedTimer = setInterval(() => this.#tellClosed(), CLOSED_MS);
  }

  disconnectedCallback() {
    this.#stop.abort();
    this.#socket.close();
    this.#otherDesks.close();
    clearTimeout(this.#offlineTimer);
    clearInterval(this.#closedTimer);
  }

  // The address bar is the truth of what is open: clicks write it, back and reload read it.

  #follow() {
    const asked = new URLSearchParams(location.search);
    this.#turnList(asked.get("list"));
    this.#open(asked.get("conversation"));
  }

  #go({ conversation = this.#conversation, list = this.#view.list }) {
    const address = new URL(location.href);
    for (const [name, value] of Object.entries({ list: list === "waiting" ? null : list, conversation })) {
      if (value) address.searchParams.set(name, value);
      else address.searchParams.delete(name);
    }
    if (address.href !== location.href) history.pushState(null, "", address);
    this.#follow();
  }

  #turnList(asked) {
    const tabs = [...this.querySelectorAll("button[data-list]")];
    const list = tabs.some((tab) => tab.dataset.list === asked) ? asked : "waiting";
    for (const tab of tabs) tab.setAttribute("aria-pressed", String(tab.dataset.list === list));
    if (list !== this.#view.list) this.#turnPage({ list, page: 1 });
  }

  #turnPage(view) {
    this.#view = view;
    this.#socket.send({ type: "hello", v: 1, view });
  }

  #open(conversation) {
    if (conversation === this.#conversation) return;
    const focused = document.activeElement?.closest("consult-rows");
    this.#say("");
    this.#conversation = conversation;
    this.toggleAttribute("data-open", Boolean(conversation));
    this.#showAside(false);
    for (const rows of this.#lists) rows.open = conversation;
    this.#thread.turnTo(conversation, this.#lists.map((rows) => rows.get(conversation)).find(Boolean) ?? null);
    this.#aside.show(conversation);
    if (conversation && focused) this.#thread.focus();
  }

  // The line.

  #hello() {
    this.#turnPage(this.#view);
    this.#thread.catchUp();
    this.#aside.show(this.#conversation);
    this.#tellClosed();
    // A desk that returns begins a new duty; tomorrow's, in a tab of its own, does not.
    if (this.#part("available") && sessionStorage.getItem(this.#wish) === "on") this.#setDuty(true);
  }

  #connection({ state, code }) {
    this.dataset.connection = state;
    if (code === NOT_YOU) location.reload(); // the admin will ask who it is
    const banner = this.#part("offline");
    if (state === "online") {
      clearTimeout(this.#offlineTimer);
      this.#offlineTimer = 0;
      banner.textContent = "";
    } else {
      // Counted from the break, not from the last of the attempts that follow it.
      this.#offlineTimer ||= setTimeout(() => (banner.textContent = banner.dataset.text), OFFLINE_MS);
    }
  }

  #hear(frame) {
    const open = this.#conversation !== null && frame.conversation === this.#conversation;
    if (frame.type === "rows") this.#heardRows(frame);
    else if (frame.type === "row") this.#heardRow(frame);
    else if (open && frame.type === "refused" && frame.reason === "not_found") this.#thread.gone();
    else if (open) this.#thread.hear(frame);
    else if (frame.type === "message") this.#thread.hearElsewhere(frame);
    if (open && frame.row) this.#put(frame.row);
    // A hidden page's timers may run but once a minute, which would end the duty. The server's beat gets through.
    if (frame.type === "heartbeat" && document.hidden) this.#socket.send({ type: "heartbeat" });
  }

  #heardRows({ list, page, pages, rows, counts }) {
    if (list !== this.#view.list) return; // the answer to an older question
    this.#view.page = page;
    this.#pages = pages;
    this.#rows.replace(rows, list);
    this.#count(counts);
    this.#part("pages").hidden = pages < 2;
    this.#part("page").textContent = `${page} / ${pages}`;
    this.#part("previous").disabled = page <= 1;
    this.#part("next").disabled = page >= pages;
    const row = this.#rows.get(this.#conversation);
    if (row) this.#thread.update(row);
  }

  /** The counts may come alone: what changed was none of this desk's rows. */
  #heardRow({ row, counts }) {
    this.#count(counts);
    if (row?.gone) this.#rows.drop(row.conversation);
    if (row?.gone && row.conversation === this.#conversation) this.#thread.gone(row.operator);
    if (row && !row.gone) this.#put(row);
    if (this.#view.page < this.#pages && this.#rows.size < FEW) this.#turnPage(this.#view); // more wait on the next page
  }

  #put(row) {
    this.#rows.put(row, row.lists.includes(this.#view.list));
    if (row.conversation === this.#conversation) this.#thread.update(row);
  }

  #count(counts) {
    for (const [what, count] of Object.entries(counts ?? {})) {
      for (const number of this.querySelectorAll(`[data-count="${what}"]`)) {
        number.textContent = count ? (number.dataset.text ?? "{count}").replace("{count}", count) : "";
      }
    }
  }

  // What an operator does apart from talking.

  #click(event) {
    const pressed = event.target.closest("button, a[data-back]");
    const { list, desk } = pressed?.dataset ?? {};
    const shown = this.hasAttribute("data-aside");
    if (desk === "aside") this.#showAside(!shown);
    else if (shown && !event.target.closest("consult-aside")) this.#showAside(false);
    if (list) this.#go({ list });
    else if (desk === "previous") this.#turnPage({ ...this.#view, page: this.#view.page - 1 });
    else if (desk === "next") this.#turnPage({ ...this.#view, page: this.#view.page + 1 });
    else if (pressed?.matches("[data-back]")) this.#back(event);
  }

  #back(event) {
    if (event.button || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    const left = this.#conversation;
    this.#go({ conversation: null });
    for (const rows of this.#lists) rows.focusOn(left); // which only the one in sight can take
  }

  /** From the visitor, where they cover the conversation, back to it. */
  #escape(event) {
    if (event.key !== "Escape" || event.defaultPrevented || !this.hasAttribute("data-aside")) return;
    event.preventDefault();
    this.#showAside(false);
    this.#part("aside").focus();
  }

  #showAside(shown) {
    this.toggleAttribute("data-aside", shown);
    this.#part("aside").setAttribute("aria-expanded", String(shown));
  }

  #submit(event) {
    const { target: form, submitter } = event;
    if (!form.matches("form[data-verbs]") || event.defaultPrevented) return;
    event.preventDefault();
    if (submitter && submitter === this.#part("available")) this.#turn(submitter);
    else this.#do(form, submitter);
  }

  async #do(form, submitter) {
    const conversation = this.#conversation;
    const action = submitter?.hasAttribute("formaction") ? submitter.formAction : form.action;
    const url = action.replace(this.dataset.nobody, conversation);
    const refusal = await this.#post(submitter ?? form, url, new FormData(form, submitter));
    const told = refusal ? (refusal.errors ? "consult:invalid" : "consult:failed") : "consult:done";
    const unsaid = tell(form, told, refusal ?? { submitter, conversation });
    if (refusal && unsaid && conversation === this.#conversation) this.#say(refusal.message);
  }

  #turn(button) {
    const on = button.getAttribute("aria-checked") !== "true";
    this.#turned(on);
    this.#otherDesks.postMessage(on);
    this.#setDuty(on);
  }

  async #setDuty(on) {
    const button = this.#part("available");
    this.#available(on);
    const refusal = await this.#post(button, button.form.action, { on: on ? "1" : "0" });
    if (!refusal) return this.#tellClosed();
    this.#available(!on);
    this.#say(refusal.message);
  }

  /** The switch was turned, here or at this operator's other desk. */
  #turned(on) {
    sessionStorage.setItem(this.#wish, on ? "on" : "off");
    this.#available(on);
  }

  #available(on) {
    this.#part("available")?.setAttribute("aria-checked", String(on));
    this.querySelector("consult-alert")?.toggleAttribute("available", on);
  }

  /** Says why visitors see the shop as closed though this operator is available. */
  async #tellClosed() {
    const closed = this.#part("closed");
    if (!closed || document.hidden) return;
    const available = this.#part("available").getAttribute("aria-checked") === "true";
    const answer = available && (await fetch(closed.dataset.src, { redirect: "manual" }).catch(() => null));
    const sentence = answer?.ok ? await answer.text() : "";
    if (closed.textContent !== sentence) closed.textContent = sentence;
  }

  /** Does a verb: null, and the socket tells what changed; or why not, {message, errors?}. */
  async #post(control, url, fields = {}) {
    const body = new URLSearchParams(fields);
    body.set("csrfmiddlewaretoken", this.querySelector("[name=csrfmiddlewaretoken]").value);
    this.#say("");
    control.setAttribute("aria-busy", "true");
    const answer = await fetch(url, { method: "POST", body, redirect: "manual" }).catch(() => null);
    control.removeAttribute("aria-busy");
    if (answer?.ok) return null;
    if (answer?.type === "opaqueredirect") location.reload(); // signed out: the admin will ask who it is
    return this.#why(answer);
  }

  async #why(answer) {
    if (answer?.status === 409) return answer.json();
    const sentences = this.#part("alert").dataset;
    const { errors } = answer?.status === 422 ? await answer.json() : {};
    const message = errors ? Object.values(errors).flat().join(" ") : sentences[`failed${answer?.status}`];
    return { errors, message: message ?? sentences.failed };
  }

  /** Where the operator looks: above the open conversation, or else the list. */
  #say(sentence) {
    this.#part(this.#conversation ? "alert" : "wrong").textContent = sentence;
  }

  /** The page takes what the admin around it leaves of the window, whatever theme that is. */
  #fit() {
    this.style.setProperty("--desk-above", `${Math.round(this.getBoundingClientRect().top + scrollY)}px`);
  }

  /** Drafts and unsent words of whoever used this tab before are not for this operator's eyes. */
  #forgetOthers() {
    for (const key of Object.keys(sessionStorage)) {
      const own = key === this.dataset.store || key.startsWith(`${this.dataset.store}-`);
      if (key.startsWith("consult-desk-") && !own) sessionStorage.removeItem(key);
    }
  }

  get #wish() {
    return `${this.dataset.store}-available`;
  }

  get #socket() {
    return this.querySelector("consult-socket");
  }

  get #rows() {
    return this.querySelector("consult-rows:not([data-list=found])");
  }

  /** The list, and what was found. */
  get #lists() {
    return [...this.querySelectorAll("consult-rows")];
  }

  get #thread() {
    return this.querySelector("consult-thread");
  }

  get #aside() {
    return this.querySelector("consult-aside");
  }

  #part(name) {
    return this.querySelector(`[data-desk="${name}"]`);
  }
}

function tell(form, name, detail) {
  return form.dispatchEvent(new CustomEvent(name, { bubbles: true, cancelable: true, detail }));
}

customElements.define("consult-desk", ConsultDesk);
