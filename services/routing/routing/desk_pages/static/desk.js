// Keys and small courtesies; every page works without it.
"use strict";
(() => {
  const rows = () => [...document.querySelectorAll("[data-row]")];
  const keys = document.getElementById("keys");
  const button = document.getElementById("keys-button");

  // Who speaks to the computer types letters unawares (WCAG 2.1.4): this browser remembers "off".
  const KEPT = "desk-keys";
  const switched = document.getElementById("keys-on");
  const recall = () => {
    try { switched.checked = localStorage.getItem(KEPT) !== "off"; } catch { /* not kept here */ }
  };
  switched.addEventListener("change", () => {
    try { localStorage.setItem(KEPT, switched.checked ? "on" : "off"); } catch { /* as above */ }
  });
  for (const event of ["pageshow", "storage"]) window.addEventListener(event, recall);
  recall();

  const step = (by) => {
    const all = rows();
    if (!all.length) return;
    const at = all.indexOf(document.activeElement);
    const next = at < 0 ? (by > 0 ? 0 : all.length - 1) : Math.min(Math.max(at + by, 0), all.length - 1);
    all[next].focus();
    all[next].scrollIntoView({ block: "nearest" });
  };
  const follow = (selector) => {
    const link = document.querySelector(selector);
    if (link) link.click();
  };
  const search = () => {
    const field = document.getElementById("code");
    if (field) return field.focus();
    const list = document.querySelector('[data-key="g"]');
    if (list) location.assign(`${list.getAttribute("href")}#code`);
  };
  const help = () => { if (!keys.open) keys.showModal(); };
  const bound = { j: () => step(1), k: () => step(-1), "/": search, g: () => follow('[data-key="g"]'), "?": help };

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || keys.open || !switched.checked) return;
    if (event.target.closest("input, select, textarea")) return;
    const act = bound[event.key];
    if (!act) return;
    event.preventDefault();
    act();
  });
  button.hidden = false;
  button.addEventListener("click", help);

  // The address may name an act to be opened; a browser itself goes to a named field.
  const named = location.hash.startsWith("#act-") && document.getElementById(location.hash.slice(1));
  if (named) named.open = true;

  // The server does nothing twice; a second click is only not sent.
  for (const form of document.querySelectorAll(".act-form")) {
    form.addEventListener("submit", (event) => {
      if (form.dataset.sent) event.preventDefault();
      form.dataset.sent = "yes";
    });
  }
  window.addEventListener("pageshow", () => {
    for (const form of document.querySelectorAll(".act-form")) delete form.dataset.sent;
  });

  const told = document.getElementById("new");
  if (told) {
    setInterval(async () => {
      if (document.hidden || !told.hidden) return;
      try {
        const answer = await fetch(told.dataset.url, { redirect: "error" });
        const counts = await answer.json();
        if (counts.waiting > Number(told.dataset.waiting)) told.hidden = false;
      } catch { /* the next time */ }
    }, 60000);
  }
})();
