// What pages do beside htmx: countdowns by the server's clock, live parts, shortcuts. Everything works without it.
(() => {
  "use strict";
  const words = () => document.documentElement.lang.startsWith("zh")
    ? { d: "天", h: "小时", m: "分", s: "秒", over: "超 " } : { d: "d", h: "h", m: "m", s: "s", over: "+" };
  const hant = () => document.documentElement.lang === "zh-TW";

  // ---- countdowns -------------------------------------------------------------------------------------------------
  let ahead = 0; // by how many milliseconds the server's clock is ahead of this one's
  const serverNow = () => Date.now() + ahead;
  const span = (ms) => {
    const w = words(), seconds = Math.abs(Math.trunc(ms / 1000));
    const d = Math.trunc(seconds / 86400), h = Math.trunc(seconds / 3600) % 24, m = Math.trunc(seconds / 60) % 60;
    const hour = hant() ? "小時" : w.h;
    if (d) return `${d} ${w.d} ${h} ${hour}`;
    if (h) return `${h} ${hour} ${String(m).padStart(2, "0")} ${w.m}`;
    return `${m} ${w.m} ${String(seconds % 60).padStart(2, "0")} ${w.s}`;
  };
  const countDown = () => {
    for (const each of document.querySelectorAll("time[data-due]")) {
      const left = Number(each.dataset.due) - serverNow();
      let shown = each.querySelector(".left");
      if (!shown) {
        shown = document.createElement("span");
        shown.className = "left";
        shown.setAttribute("aria-hidden", "true");
        each.prepend(shown);
      }
      shown.textContent = left < 0 ? words().over + span(left) : span(left);
      each.classList.toggle("late", left < 0);
      each.classList.toggle("soon", left >= 0 && left < 2 * 3600 * 1000);
    }
  };
  const setClock = () => {
    const at = document.querySelector("[data-now]");
    if (at) ahead = Number(at.dataset.now) - performance.timeOrigin - performance.now();
    countDown();
  };

  // ---- live parts: the server says what changed, the page asks for its own parts again ----------------------------
  const typing = () => {
    const at = document.activeElement;
    return at && at.matches("input, select, textarea") ? at.closest("[data-fragment]") : null;
  };
  const refresh = async (part) => {
    if (typing() === part) return;
    const asked = fetch(part.dataset.fragment, { headers: { "HX-Request": "true" }, credentials: "same-origin" });
    const answer = await asked.catch(() => null); // the server is away; the stream opens again when it is back
    if (!answer?.ok) return;
    const read = new DOMParser().parseFromString(await answer.text(), "text/html").getElementById(part.id);
    if (!read) return;
    const at = part.contains(document.activeElement) ? document.activeElement.getAttribute("href") : null;
    const open = [...part.querySelectorAll("details")].map((each) => each.open);
    if (open.length === read.querySelectorAll("details").length)
      for (const [place, each] of [...read.querySelectorAll("details")].entries()) each.open = open[place];
    part.replaceWith(read);
    if (at) read.querySelector(`[href="${CSS.escape(at)}"]`)?.focus();
    if (window.htmx) window.htmx.process(read);
    countDown();
  };
  const live = () => {
    const address = document.body.dataset.live;
    if (!address || !window.EventSource) return;
    const watched = document.querySelector("[data-case]");
    const stream = watched ? `${address}?case=${encodeURIComponent(watched.dataset.case)}` : address;
    const refreshAll = () => { for (const part of document.querySelectorAll("[data-fragment]")) refresh(part); };
    let waiting = false, missed = false, pause = 2000;
    const listen = () => {
      const source = new EventSource(stream);
      const leave = () => source.close();
      source.addEventListener("open", () => {
        if (missed) refreshAll(); // what changed while nobody listened
        missed = false;
        pause = 2000;
      });
      source.addEventListener("changed", () => {
        if (waiting) return;
        waiting = true;
        setTimeout(() => {
          waiting = false;
          refreshAll();
          const notice = document.getElementById("changed");
          if (notice && document.querySelector("form[data-move]")) notice.hidden = false;
        }, 150);
      });
      source.addEventListener("ended", leave);
      source.addEventListener("error", () => { // the browser tries again by itself, unless it was answered with an error
        missed = true;
        if (source.readyState !== EventSource.CLOSED) return;
        removeEventListener("pagehide", leave);
        setTimeout(listen, pause);
        pause = Math.min(2 * pause, 60000);
      });
      addEventListener("pagehide", leave);
    };
    listen();
  };

  // ---- shortcuts --------------------------------------------------------------------------------------------------
  let leader = false;
  const walk = (by) => { // the rows of a list, by their links, which Enter follows
    const rows = [...document.querySelectorAll("[data-row]")];
    const next = rows[rows.indexOf(document.activeElement) + by] || (by > 0 ? rows[0] : rows[rows.length - 1]);
    next?.focus();
  };
  const press = (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target.closest("input, select, textarea, dialog[open]")) return;
    if (leader) {
      leader = false;
      const link = document.querySelector(`[data-go="${CSS.escape(event.key)}"]`);
      if (link) { event.preventDefault(); link.click(); }
    } else if (event.key === "g") {
      leader = true;
      setTimeout(() => { leader = false; }, 1500);
    } else if (event.key === "j" || event.key === "k") {
      walk(event.key === "j" ? 1 : -1);
    } else if (event.key === "?") {
      document.getElementById("keys")?.showModal();
    } else if (event.key === "/") {
      const search = document.querySelector("[data-search]");
      if (search) { event.preventDefault(); search.focus(); }
    } else {
      const target = document.querySelector(`[data-key="${CSS.escape(event.key)}"]`);
      if (target) { event.preventDefault(); target.click(); }
    }
  };

  document.addEventListener("keydown", press);
  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-keys]")) document.getElementById("keys")?.showModal();
    if (event.target.closest("[data-print]")) print();
  });
  document.addEventListener("submit", (event) => { // a second click sends nothing twice
    if (event.target.dataset.sent) event.preventDefault();
    else if (event.target.method === "post") event.target.dataset.sent = "1";
  });
  addEventListener("pageshow", () => { for (const form of document.querySelectorAll("form[data-sent]")) delete form.dataset.sent; });
  for (const field of document.querySelectorAll("[data-from-hash]")) { // a code that no server was sent
    if (!field.value && location.hash.length > 1) {
      field.value = location.hash.slice(1);
      history.replaceState(null, "", location.pathname);
    }
  }
  setClock();
  setInterval(countDown, 1000);
  live();
})();
