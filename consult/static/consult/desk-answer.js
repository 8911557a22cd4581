/*
 * <consult-answer data-mode="answer|note">: where the operator writes: to the visitor, or a note to colleagues. Keeps a
 * draft of each for each conversation over reloads, in this tab.
 *
 * The field serves two forms. Send is the first one's, and out of action while a note is written; the second one's words
 * are posted by the desk as a note and go nowhere else. A note leaves the field when it comes back under its name
 * (client_id): however often it was posted until then, it was written once.
 *
 * Fires consult:answer {conversation, body} and, while somebody writes an answer, consult:typing at most once a second.
 */

const TYPING_MS = 1_000;
const MODES = ["answer", "note"];
const PASTED = 40_000; // characters: more would make the browser itself slow

class ConsultAnswer extends HTMLElement {
  #conversation = null;
  #may = {};
  #typedAt = 0;
  #aside = false; // a note under way was added beside an answer
  #stop = null;

  connectedCallback() {
    this.#stop = new AbortController();
    const { signal } = this.#stop;
    this.addEventListener("submit", (event) => this.#submit(event), { signal });
    this.addEventListener("formdata", ({ formData }) => this.#name(formData), { signal });
    this.addEventListener("input", () => this.#typed(), { signal });
    this.addEventListener("keydown", (event) => this.#key(event), { signal });
    this.addEventListener("paste", (event) => this.#pasted(event), { signal });
    this.addEventListener("focusout", () => this.#allow(), { signal });
    this.addEventListener("click", (event) => this.#click(event), { signal });
  }

  disconnectedCallback() {
    this.#stop.abort();
  }

  /** Turns to a conversation and takes up what was begun there; null empties the field. */
  turnTo(conversation) {
    this.#conversation = conversation;
    this.#may = {};
    this.#aside = false;
    this.#tell("");
    this.#turn(this.#draft("note") && !this.#draft("answer") ? "note" : "answer");
  }

  /** What may be written here just now, {answer, note}, and `why` not. The field keeps its draft and its focus; an
   * answer begun that may no longer be given can still become a note. */
  set may(may) {
    const lost = this.#may.answer && !may.answer && this.#draft("answer");
    this.#may = may;
    if (lost && may.note) this.#note();
    else this.#allow();
  }

  /** Goes to the field, to write an "answer" or a "note" there. */
  write(mode) {
    if (mode === "note") this.#note();
    else this.#turn(mode);
    this.focus();
  }

  /** Takes back words that could not be sent, in front of those that are in the field. */
  takeBack(body) {
    this.#turn(this.#may.answer || !this.#may.note ? "answer" : "note");
    this.#field.value = [body, this.#field.value].filter(Boolean).join("\n\n");
    this.#keep();
    this.focus();
  }

  /** A note was written, perhaps the one from here. */
  noted(client_id) {
    for (const mode of MODES) {
      if (this.#draft(mode)?.client_id !== client_id) continue;
      sessionStorage.removeItem(this.#keyOf(mode));
      if (mode === this.dataset.mode) this.#field.value = "";
      if (this.#aside) this.#turn("answer");
      this.#aside = false;
    }
  }

  /** A colleague has "answered", or "taken" it, perhaps while somebody was about to. */
  overtaken(how, name) {
    if (this.#draft("answer")) this.#tell(this.#part("notice").dataset[how].replace("{name}", name));
  }

  focus() {
    this.#field.focus({ preventScroll: true });
  }

  get #field() {
    return this.querySelector("textarea");
  }

  // Which of the two is written.

  #turn(mode) {
    this.dataset.mode = mode;
    this.#field.value = this.#draft(mode)?.body ?? "";
    const label = this.#part("label");
    label.textContent = label.dataset[mode];
    for (const tab of this.querySelectorAll("[data-write]")) {
      tab.setAttribute("aria-pressed", String(tab.dataset.write === mode));
    }
    this.#part("send").hidden = mode === "note";
    this.#part("add").classList.toggle("main", mode === "note");
    this.#allow();
  }

  /** Words that were begun as an answer go along: left behind, they'd be sent to the visitor yet. Never the other way. */
  #note() {
    const [answer, note] = MODES.map((mode) => this.#draft(mode));
    if (this.dataset.mode === "answer" && answer) {
      const body = [note?.body, answer.body].filter(Boolean).join("\n\n");
      sessionStorage.setItem(this.#keyOf("note"), JSON.stringify({ body }));
      sessionStorage.removeItem(this.#keyOf("answer"));
    }
    this.#turn("note");
  }

  /** Whoever is writing is not cut off. */
  #allow() {
    const may = this.#may[this.dataset.mode];
    this.#field.readOnly = !may && !(this.#field.value && this.#field.matches(":focus"));
    this.#field.placeholder = (!may && this.#may.why) || this.#part("label").textContent;
    this.#part("send").disabled = !this.#may.answer;
    this.#part("add").disabled = !this.#may.note;
  }

  #click({ target }) {
    const mode = target.closest("[data-write]")?.dataset.write;
    if (mode) this.write(mode);
  }

  // What was begun.

  #draft(mode) {
    const draft = this.#conversation && sessionStorage.getItem(this.#keyOf(mode));
    return draft ? JSON.parse(draft) : null;
  }

  /** Other words are another note: the name goes with those that it was given to. */
  #keep(client_id) {
    const key = this.#keyOf(this.dataset.mode);
    const body = this.#field.value;
    if (body) sessionStorage.setItem(key, JSON.stringify({ body, client_id }));
    else sessionStorage.removeItem(key);
  }

  #keyOf(mode) {
    return `${this.dataset.drafts}-${mode}-${this.#conversation}`;
  }

  #typed() {
    this.#keep();
    if (!this.#field.value) this.#tell("");
    if (this.dataset.mode !== "answer" || !this.#may.answer || !this.#field.value) return;
    if (performance.now() - this.#typedAt < TYPING_MS) return;
    this.#typedAt = performance.now();
    this.dispatchEvent(new CustomEvent("consult:typing", { bubbles: true }));
  }

  /** Far too much stays in the clipboard. */
  #pasted(event) {
    if (event.clipboardData.getData("text").length <= PASTED) return;
    event.preventDefault();
    this.#tell(this.#part("notice").dataset.tooLong);
  }

  // Where it goes.

  #key(event) {
    if (event.target !== this.#field || event.isComposing) return;
    if (event.key === "Escape" && this.dataset.mode === "note") {
      event.preventDefault();
      this.#turn("answer");
    } else if (event.key === "Enter" && !event.shiftKey) {
      event.preventDefault();
      const button = this.#part(this.dataset.mode === "note" ? "add" : "send");
      if (!button.disabled) button.form.requestSubmit(button);
    }
  }

  #submit(event) {
    if (event.target === this.#part("add").form) this.#add(event);
    else this.#send(event);
  }

  /** Beside an answer: its words are a note instead, and the next ones an answer again; without any, one is begun. */
  #add(event) {
    const aside = this.dataset.mode === "answer";
    const begun = aside && this.#draft("note");
    if (aside) this.#note();
    this.#aside = aside && !begun && Boolean(this.#field.value.trim());
    if (begun || !this.#field.value.trim()) event.preventDefault();
    this.focus();
  }

  #name(formData) {
    const client_id = this.#draft(this.dataset.mode)?.client_id ?? this.#socket.name();
    this.#keep(client_id);
    formData.set("client_id", client_id);
    formData.set("body", this.#field.value);
  }

  #send(event) {
    event.preventDefault();
    const body = this.#field.value;
    const conversation = this.#conversation;
    if (!conversation || this.dataset.mode !== "answer" || !this.#may.answer || !body.trim()) return;
    this.dispatchEvent(new CustomEvent("consult:answer", { bubbles: true, detail: { conversation, body } }));
    this.#field.value = "";
    this.#keep();
    this.#tell("");
    this.focus();
  }

  #tell(sentence) {
    this.#part("notice").textContent = sentence;
  }

  get #socket() {
    return this.closest("consult-desk").querySelector("consult-socket");
  }

  #part(name) {
    return this.querySelector(`[data-part="${name}"]`);
  }
}

customElements.define("consult-answer", ConsultAnswer);
