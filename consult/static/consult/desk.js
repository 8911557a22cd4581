/*
 * <consult-desk>: the operators' page. It joins the address bar, the socket, the list, the open conversation and what
 * stands beside it.
 *
 * Starting and returning are the same: on every connection it asks for the whole list again, and for what came after
 * the last line it has. What an operator does apart from talking is an ordinary form, sent without leaving the page.
 */

const NOBODY = "00000000-0000-0000-0000-000000000000"; // the page's URLs say this where a conversation belongs
const OFFLINE_MS = 2_000; // shorter breaks are not worth an operator's attention
const NOT_YOU = 4401; // close code: not, or no longer, an operator

class ConsultDesk extends HTMLElement {
  #conversation = null; // the open one
  #view = { list: "waiting", page: 1 };
  #offlineTimer = 0;
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
    on("submit", (event) => this.#submit(event));
    on("popstate", () => this.#follow(), window);
    on("resize", () => this.#fit(), window);
    this.#otherDesks = new BroadcastChannel(this.#wish);
    on("message", ({ data }) => this.#turned(data), this.#otherDesks);
    this.#forgetOthers();
    this.#fit();
    this.#follow();
    this.#socket.open();
  }

  disconnectedCallback() {
    this.#stop.abort();
    this.#socket.close();
    this.#otherDesks.close();
    clearTimeout(this.#offlineTimer);
  }

  // The address bar is the truth of what is open: clicks write it, back and reload read it.

  #follow() {
    const asked = new URLSearchParams(location.search);
    this.#turnList(asked.get("list"));
    this.#open(asked.get("conversation"));
  }

  #go({ conversation = this.#conversation, list = this.#view.list }) {
    const address = new URL(location.href);
    address.search = "";
    if (list !== "waiting") address.searchParams.set("list", list);
    if (conversation) address.searchParams.set("conversation", conversation);
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
    const focused = this.#rows.contains(document.activeElement);
    this.#conversation = conversation;
    this.toggleAttribute("data-open", Boolean(conversation));
    this.#showAside(false);
    this.#say("");
    this.#rows.open = conversation;
    this.#thread.turnTo(conversation, this.#rows.get(conversation));
    this.#aside.show(conversation);
    if (conversation && focused) this.#thread.focus();
  }

  // The line.

  #hello() {
    this.#turnPage(this.#view);
    this.#thread.catchUp();
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
    this.#rows.replace(rows, list);
    this.#count(counts);
    this.#part("pages").hidden = pages < 2;
    this.#part("page").textContent = `${page} / ${pages}`;
    this.querySelector('[data-step="-1"]').disabled = page <= 1;
    this.querySelector('[data-step="1"]').disabled = page >= pages;
    const row = this.#rows.get(this.#conversation);
    if (row) this.#thread.update(row);
  }

  /** The counts may come alone: what changed was none of this desk's rows. */
  #heardRow({ row, counts }) {
    this.#count(counts);
    if (row?.gone) this.#rows.drop(row.conversation);
    if (row?.gone && row.conversation === this.#conversation) this.#thread.gone(row.operator);
    if (row && !row.gone) this.#put(row);
  }

  #put(row) {
    this.#rows.put(row, belongs(row, this.#view.list));
    if (row.conversation === this.#conversation) this.#thread.update(row);
  }

  #count(counts) {
    for (const [list, count] of Object.entries(counts ?? {})) {
      const number = this.querySelector(`button[data-list="${list}"] .count`);
      if (number) number.textContent = count ? String(count) : "";
    }
  }

  // What an operator does apart from talking.

  #click(event) {
    const pressed = event.target.closest("button, a[data-back]");
    const { list, step } = pressed?.dataset ?? {};
    if (list) this.#go({ list });
    else if (step) this.#turnPage({ ...this.#view, page: this.#view.page + Number(step) });
    else if (pressed === this.#part("aside")) this.#showAside(!this.hasAttribute("data-aside"));
    else if (pressed?.matches("[data-back]")) this.#back(event);
  }

  #back(event) {
    event.preventDefault();
    const left = this.#conversation;
    this.#go({ conversation: null });
    this.#rows.focusOn(left);
  }

  #showAside(shown) {
    this.toggleAttribute("data-aside", shown);
    this.#part("aside").setAttribute("aria-expanded", String(shown));
  }

  #submit(event) {
    if (!event.target.matches("form[data-verbs]")) return;
    event.preventDefault();
    const button = event.submitter;
    if (button === this.#part("available")) {
      const on = button.getAttribute("aria-checked") !== "true";
      this.#turned(on);
      this.#otherDesks.postMessage(on);
      this.#setDuty(on);
    } else {
      this.#post(button, button.formAction.replace(NOBODY, this.#conversation));
    }
  }

  async #setDuty(on) {
    const button = this.#part("available");
    button.setAttribute("aria-checked", String(on));
    const done = await this.#post(button, button.formAction, { on: on ? "1" : "0" });
    if (!done) button.setAttribute("aria-checked", String(!on));
  }

  /** The switch was turned, here or at this operator's other desk. */
  #turned(on) {
    sessionStorage.setItem(this.#wish, on ? "on" : "off");
    this.#part("available")?.setAttribute("aria-checked", String(on));
  }

  /** Whether the verb was done. If it was not, a sentence says why; if it was, the socket tells what changed. */
  async #post(button, url, fields = {}) {
    const conversation = this.#conversation;
    const csrfmiddlewaretoken = this.querySelector("[name=csrfmiddlewaretoken]").value;
    this.#say("");
    button.setAttribute("aria-busy", "true");
    const body = new URLSearchParams({ csrfmiddlewaretoken, ...fields });
    const answer = await fetch(url, { method: "POST", body, redirect: "manual" }).catch(() => null);
    button.removeAttribute("aria-busy");
    if (answer?.type === "opaqueredirect") location.reload(); // signed out: the admin will ask who it is
    else if (!answer?.ok && conversation === this.#conversation) this.#say(await this.#why(answer));
    return Boolean(answer?.ok);
  }

  async #why(answer) {
    const sentences = this.#part("alert").dataset;
    return answer?.status === 409 ? (await answer.json()).message : (sentences[`failed${answer?.status}`] ?? sentences.failed);
  }

  #say(sentence) {
    this.#part("alert").textContent = sentence;
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
    return this.querySelector("consult-rows");
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

/** Which list a row belongs to, as the server counts them. */
function belongs(row, list) {
  if (row.closed) return false;
  return list === "all" || (list === "mine" ? row.mine : !row.operator);
}

customElements.define("consult-desk", ConsultDesk);
