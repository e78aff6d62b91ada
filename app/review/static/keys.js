// Keys and the pane beside the table. Nothing here decides anything: a, r and m move the focus to a button or choice of
// the form, and the reviewer confirms it there.
"use strict";

(function () {
  const all = (selector, root = document) => Array.from(root.querySelectorAll(selector));
  const one = (selector, root = document) => root.querySelector(selector);
  const peek = () => one("#peek");
  const rows = () => all("[data-row]").filter((row) => row.offsetParent !== null);
  const selected = () => one("[data-row][data-selected]");
  // What a key looks for, the first that is there: a button or a choice with this data-key, or of this decision.
  const choices = {
    a: ['[data-key="a"]', '[name="decision"][value="accept"]'],
    r: ['[data-key="r"]', '[name="decision"][value="reject"]'],
    m: ['[data-key="m"]', '[data-key="v"]', '[name="decision"][value="revise"]'],
    v: ['[data-key="v"]', '[name="decision"][value="revise"]'],
  };

  let current = ""; // the address of the selected row, which outlives a table that is filtered or sorted anew

  function select(row, moveFocus) {
    current = row.dataset.href;
    for (const other of all("[data-selected]")) other.removeAttribute("data-selected");
    row.setAttribute("data-selected", "");
    row.scrollIntoView({ block: "nearest" });
    const link = one("[data-row-link]", row);
    if (moveFocus && link) link.focus({ preventScroll: true });
    if (row.dataset.peek && peek()) openPeek(row.dataset.peek);
  }

  let request = null;

  // Fills the pane. A newer selection takes the place of one that is still being fetched.
  async function openPeek(address) {
    const pane = peek();
    if (request) request.abort();
    const mine = (request = new AbortController());
    pane.hidden = false;
    try {
      const reply = await fetch(address, { signal: mine.signal, headers: { "HX-Request": "true" } });
      const html = reply.ok ? await reply.text() : "";
      if (mine !== request) return;
      const template = document.createElement("template");
      template.innerHTML = html;
      pane.replaceChildren(html ? template.content : `This can't be shown now (${reply.status}). Open the page instead.`);
      pane.scrollTop = 0;
      if (window.htmx) window.htmx.process(pane);
    } catch (error) {
      if (error.name !== "AbortError") pane.replaceChildren("The server doesn't answer. It may be starting again: try once more.");
    }
  }

  function closePeek() {
    const pane = peek();
    if (!pane || pane.hidden) return false;
    if (request) request.abort();
    pane.hidden = true;
    pane.replaceChildren();
    const row = selected();
    const link = row && one("[data-row-link]", row);
    if (link) link.focus();
    return true;
  }

  function selectAgain() {
    const row = current && !selected() && rows().find((each) => each.dataset.href === current);
    if (!row) return;
    row.setAttribute("data-selected", "");
    const link = one("[data-row-link]", row);
    if (link && document.activeElement === document.body) link.focus({ preventScroll: true });
  }

  function move(step) {
    const neighbour = one(step > 0 ? "[data-next]" : "[data-previous]");
    const list = rows();
    if (!list.length) {
      if (neighbour) neighbour.click();
      return;
    }
    const current = list.indexOf(selected() || document.activeElement.closest("[data-row]"));
    const next = current < 0 ? (step > 0 ? 0 : list.length - 1) : current + step;
    if (list[next]) select(list[next], true);
  }

  function open() {
    const row = selected() || document.activeElement.closest("[data-row]");
    if (row) window.location.assign(row.dataset.href);
  }

  // Focuses the button, or checks and focuses the choice, of a decision. Returns whether there is one.
  function focusChoice(selectors) {
    const pane = peek();
    const root = pane && !pane.hidden ? pane : document;
    for (const selector of selectors) {
      const control = one(selector, root);
      if (!control || control.disabled) continue;
      for (let box = control.closest("details"); box; box = box.parentElement.closest("details")) box.open = true;
      if (control.tagName === "OPTION") {
        control.selected = true;
        control.parentElement.focus();
      } else {
        if (control.type === "radio") control.checked = true;
        control.focus();
      }
      control.scrollIntoView({ block: "nearest" });
      return true;
    }
    return false;
  }

  function showKeys() {
    const dialog = one("#keys");
    if (dialog.open) dialog.close();
    else dialog.showModal();
  }

  function goUp() {
    const crumbs = all(".crumbs a");
    const up = crumbs.reverse().find((link) => link.pathname !== window.location.pathname);
    if (up) up.click();
  }

  const actions = {
    j: () => move(1),
    k: () => move(-1),
    o: open,
    g: goUp,
    "?": showKeys,
    "/": () => (one("[data-filter]") || one("[data-search]")).focus(),
  };

  function isTyping(target) {
    const types = ["checkbox", "radio", "button", "submit"];
    return target.isContentEditable || /^(TEXTAREA|SELECT)$/.test(target.tagName) || (target.tagName === "INPUT" && !types.includes(target.type));
  }

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "Escape") {
      if (isTyping(event.target)) {
        event.preventDefault(); // a field for searches would be emptied
        event.target.blur();
      } else if (!one("dialog[open]") && closePeek()) event.preventDefault();
      return;
    }
    if (isTyping(event.target) || (one("dialog[open]") && event.key !== "?")) return;
    const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    if (key in choices) {
      if (focusChoice(choices[key])) event.preventDefault();
    } else if (key in actions) {
      event.preventDefault();
      actions[key]();
    }
  });

  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-close-peek]")) return void closePeek();
    if (event.target.closest("[data-show-keys]")) return void showKeys();
    const row = event.target.closest("[data-row][data-peek]");
    if (row && !event.target.closest("a, button, input, summary, label")) select(row, false);
  });

  document.addEventListener("htmx:afterSettle", selectAgain);
  document.addEventListener("DOMContentLoaded", () => {
    for (const button of all("[data-show-keys]")) button.hidden = false;
  });
})();
