/*
 * <consult-aside src="…/aside/">: who the visitor is and what they ordered, drawn by the server.
 *
 * It arrives as a document: what is parsed so runs no script, and passes Trusted Types where innerHTML does not.
 */

class ConsultAside extends HTMLElement {
  #asked = null; // the request under way
  #conversation = null;

  disconnectedCallback() {
    this.#asked?.abort();
  }

  /** Shows what stands beside a conversation. Asked again for the same one, it replaces the old when the new is there. */
  show(conversation) {
    this.#asked?.abort();
    if (conversation !== this.#conversation) this.replaceChildren();
    this.#conversation = conversation;
    if (conversation) this.#ask(conversation);
  }

  #ask(conversation) {
    const request = new XMLHttpRequest();
    this.#asked = request;
    request.responseType = "document";
    request.open("GET", this.getAttribute("src").replace("00000000-0000-0000-0000-000000000000", conversation));
    request.addEventListener("load", () => {
      const fragment = request.response?.querySelector("[data-aside]"); // none: not found, or the sign-in page
      if (fragment) this.replaceChildren(document.importNode(fragment, true));
    });
    request.send();
  }
}

customElements.define("consult-aside", ConsultAside);
