// Shows the page as it is now, every few seconds. Without this script a link does.
"use strict";
(() => {
  const live = () => document.getElementById("live");
  const seconds = Number(live()?.dataset.refresh);
  const toggle = document.getElementById("refresh-toggle");
  const trouble = document.getElementById("refresh-trouble");
  if (!seconds || !toggle || !trouble) return;
  let goes = true;
  let busy = false;

  // What the person was on stays the same after the page was changed under them.
  const focused = () => {
    const one = document.activeElement;
    return live().contains(one) ? one.getAttribute("href") : null;
  };

  async function refresh() {
    if (!goes || busy || document.hidden) return;
    busy = true;
    try {
      const told = await fetch(location.href, { cache: "no-store", redirect: "error" });
      if (!told.ok) throw new Error("refused");
      const fresh = new DOMParser().parseFromString(await told.text(), "text/html");
      const next = fresh.getElementById("live");
      if (!next) throw new Error("another page");
      const href = focused();
      live().replaceWith(next);
      document.title = fresh.title;
      trouble.textContent = "";
      if (href) [...next.querySelectorAll("a")].find((a) => a.getAttribute("href") === href)?.focus({ preventScroll: true });
    } catch {
      trouble.textContent = trouble.dataset.trouble;
      live().classList.add("stale");
    } finally {
      busy = false;
    }
  }

  toggle.addEventListener("click", () => {
    goes = !goes;
    toggle.textContent = goes ? toggle.dataset.stop : toggle.dataset.go;
    if (goes) refresh();
  });
  document.addEventListener("visibilitychange", refresh);
  toggle.parentElement.hidden = false;
  setInterval(refresh, seconds * 1000);
})();
