/* What the theme does not do from disk: find. Its searcher wants a server, for it fetches an
 * index and starts a worker; both are in one script here (website/website makes it), which is
 * loaded when somebody first goes to the search field. */
"use strict";

let searchIsHere;
var __search = (() => { // the theme looks for this name
  let have;
  const index = new Promise(resolve => { have = resolve; });

  /* Stands for a worker until the real one is there, and hands everything on. Until then a
   * question is answered with "nothing": the theme waits for an answer before it says the
   * next thing, which is the index; and with that it asks once more. */
  class LaterWorker extends EventTarget {
    postMessage(message) {
      if (this.worker)
        this.worker.postMessage(message);
      else
        setTimeout(() => this.answer({type: NOTHING, data: {items: []}}));
    }

    answer(data) {
      this.dispatchEvent(new MessageEvent("message", {data}));
    }

    start(text) {
      this.worker = new RealWorker(URL.createObjectURL(new Blob([text])));
      this.worker.onmessage = event => this.answer(event.data);
    }
  }

  const NOTHING = 3; // the theme's number of a message with results
  const RealWorker = window.Worker;
  const later = new LaterWorker();
  window.Worker = function () { return later; };

  searchIsHere = (found, text) => {
    later.start(text);
    have(found);
  };

  let asked = false;
  const load = () => {
    if (asked)
      return;
    asked = true;
    const script = document.createElement("script");
    script.src = SEARCH_SCRIPT;
    document.head.append(script);
  };
  document.addEventListener("focusin", event => {
    if (event.target.matches("[data-md-component=search-query]"))
      load();
  });
  if (new URLSearchParams(location.search).has("q"))
    load();
  return {index};
})();

/* The two things that the theme opens by a click only can be reached by Tab, too. */
document.querySelectorAll("label.md-header__button, label[for=__search].md-icon").forEach(label => {
  label.tabIndex = label.tabIndex < 0 ? 0 : label.tabIndex;
  label.setAttribute("role", "button");
  label.addEventListener("keydown", event => {
    if (event.key === "Enter" || event.key === " ") {
      event.preventDefault();
      label.click();
    }
  });
});
