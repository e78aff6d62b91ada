// Keeps an open page up to date. The browser's EventSource connects again by itself and tells the server the number of
// the last event, so nothing is lost when the server restarts.
"use strict";

(function () {
  const place = (name) => document.querySelector(`[data-live="${name}"]`);

  // Replaces the children of `target` by those of the HTML, except where the reader is inside of it.
  function replace(target, html) {
    if (target.contains(document.activeElement) && document.activeElement !== target) {
      const scrolled = document.activeElement.matches(".scroll");
      if (!scrolled) return;
    }
    const template = document.createElement("template");
    template.innerHTML = html;
    target.replaceChildren(template.content);
  }

  function showEnd(list) {
    const box = list.closest(".tail") || list;
    box.scrollTop = box.scrollHeight;
  }

  function append(target, html) {
    const follow = document.querySelector("[data-follow] input");
    const template = document.createElement("template");
    template.innerHTML = html;
    target.append(template.content);
    while (target.children.length > 1000) target.firstElementChild.remove();
    if (!follow || follow.checked) showEnd(target);
  }

  function listen(address) {
    const stream = new EventSource(address);
    stream.addEventListener("open", () => document.body.removeAttribute("data-away"));
    stream.addEventListener("error", () => document.body.setAttribute("data-away", ""));
    stream.addEventListener("progress", (event) => {
      const target = place("progress");
      if (target) replace(target, event.data);
    });
    stream.addEventListener("log", (event) => {
      const target = place("log");
      if (target) append(target, event.data);
    });
    stream.addEventListener("running", (event) => {
      const target = place("running");
      if (!target) return;
      replace(target, event.data);
      for (const lines of target.querySelectorAll(".live-lines")) lines.scrollTop = lines.scrollHeight;
    });
    stream.addEventListener("news", () => {
      const target = place("news");
      if (target) target.hidden = false;
    });
    window.addEventListener("pagehide", () => stream.close());
  }

  document.addEventListener("DOMContentLoaded", () => {
    const log = place("log");
    if (log) showEnd(log);
    const follow = document.querySelector("[data-follow]");
    if (follow) follow.hidden = false;
    if (document.body.dataset.events) listen(document.body.dataset.events);
  });
})();
