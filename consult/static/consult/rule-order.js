/*
 * <consult-rule-order> around the list of rules: rows can be dragged by a grip beside their position. That writes the
 * positions anew; what is saved are the numbers, as if they had been typed.
 */

class ConsultRuleOrder extends HTMLElement {
  connectedCallback() {
    for (const field of this.#fields) {
      const grip = Object.assign(document.createElement("span"), { className: "consult-grip", ariaHidden: "true" });
      field.before(grip);
      grip.addEventListener("pointerdown", (event) => {
        event.preventDefault();
        grip.setPointerCapture(event.pointerId);
      });
      grip.addEventListener("pointermove", (event) => {
        if (grip.hasPointerCapture(event.pointerId)) this.#move(grip.closest("tr"), event.clientY);
      });
      grip.addEventListener("lostpointercapture", () => this.#number());
    }
  }

  #move(row, y) {
    const over = this.#fields.map((field) => field.closest("tr")).find((one) => {
      const { top, bottom } = one.getBoundingClientRect();
      return one !== row && top < y && y < bottom;
    });
    if (!over) return;
    if (row.compareDocumentPosition(over) & Node.DOCUMENT_POSITION_FOLLOWING) over.after(row);
    else over.before(row);
  }

  /** The positions there are, from the top; made different where two rules share one. */
  #number() {
    let last = -1;
    const positions = this.#fields.map((field) => Number(field.value)).sort((a, b) => a - b);
    for (const field of this.#fields) field.value = last = Math.max(positions.shift(), last + 1);
  }

  get #fields() {
    return [...this.querySelectorAll("td input[name$='-position']")];
  }
}

customElements.define("consult-rule-order", ConsultRuleOrder);
