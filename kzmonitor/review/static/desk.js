"use strict";
// One key for each thing a page offers: an element says its key in data-key. On the list j and k move. On an alert htmx
// brings the next one in place of this one; without it, and without JavaScript, the same forms and links lead there.

const typing = (target) => target.closest("textarea, select, input:not([type=checkbox])") !== null;

// The key by its place on the keyboard, so that it works while a Cyrillic layout is on.
const meant = (event) => {
  if (/^[a-z0-9]$/.test(event.key)) return event.key;
  const place = /^(?:Key|Digit)([A-Z0-9])$/.exec(event.code);
  return place && !event.shiftKey ? place[1].toLowerCase() : null;
};

const step = (by) => {
  const titles = [...document.querySelectorAll(".row-title")];
  if (titles.length === 0) return false;
  const here = titles.indexOf(document.activeElement);
  const next = here < 0 ? (by > 0 ? 0 : titles.length - 1) : Math.min(Math.max(here + by, 0), titles.length - 1);
  titles[next].focus();
  titles[next].closest(".row").scrollIntoView({ block: "nearest" });
  return true;
};

// The folded part that an element stands in; its own summary stands outside.
const fold = (element) => {
  const within = element.tagName === "SUMMARY" ? element.parentElement.parentElement : element;
  return within.closest("details:not([open])");
};

// What a key means now: first in the choice that is open, then on the page, last in what is folded (and opens).
const offered = (key) => {
  const all = [...document.querySelectorAll(`[data-key="${key}"]`)];
  const open = all.find((element) => element.closest(".sheet") && !fold(element));
  const shown = all.find((element) => !fold(element) && !element.closest(".sheet"));
  return open ?? shown ?? all.find((element) => element.matches("input, textarea"));
};

const take = (element) => {
  for (let folded = fold(element); folded; folded = fold(element)) folded.open = true;
  if (element.matches("textarea, input:not([type=checkbox])")) element.focus();
  else element.click();
};

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.altKey || event.metaKey || event.isComposing) return;
  if (event.key === "Escape") {
    if (typing(event.target)) return event.target.blur();
    const choice = document.querySelector("details.choose[open]");
    if (choice) {
      choice.open = false;
      choice.querySelector("summary").focus();
    }
    return;
  }
  if (typing(event.target)) return;
  // A browser would take Enter on a tick for the first button, which confirms.
  if (event.key === "Enter" && event.target.type === "checkbox") return event.preventDefault();
  const key = meant(event);
  if (key === null) return;
  const element = offered(key);
  // Held down, a key may run along the list, but never decide on one alert after another.
  if (event.repeat && element) return event.preventDefault();
  if (element) take(element);
  else if (!((key === "j" && step(1)) || (key === "k" && step(-1)))) return;
  event.preventDefault();
});

// Of two choices one is open, and its first button has the focus.
document.addEventListener("toggle", (event) => {
  const choice = event.target;
  if (!choice.matches?.("details.choose") || !choice.open) return;
  for (const other of document.querySelectorAll("details.choose[open]")) if (other !== choice) other.open = false;
  choice.querySelector(".sheet button, .sheet input")?.focus({ preventScroll: true });
}, { capture: true });

// A second press while the first is on its way would decide twice.
document.addEventListener("submit", (event) => {
  if (event.target.dataset.sent) {
    event.preventDefault();
    event.stopImmediatePropagation();
  }
  event.target.dataset.sent = "yes";
}, { capture: true });
const freed = () => document.querySelectorAll("form").forEach((form) => delete form.dataset.sent);
addEventListener("pageshow", freed);

const unsent = (shown) => {
  const notice = document.getElementById("unsent");
  if (notice) notice.hidden = !shown;
};

// The next alert is there: its title has the focus and is read out after what was decided.
document.addEventListener("htmx:afterSettle", (event) => {
  if (event.detail.target.id !== "content") return;
  unsent(false);
  const say = document.querySelector("[data-say]") ?? document.querySelector(".notice.problem");
  document.getElementById("said").textContent = say ? say.textContent : "";
  document.getElementById("title")?.focus({ preventScroll: true });
  for (const tongue of document.querySelectorAll(".tongues a")) {
    const there = new URL(location.href);
    there.searchParams.delete("done");
    there.searchParams.set("lang", tongue.hreflang);
    tongue.href = there.pathname + there.search;
  }
});
document.addEventListener("htmx:sendError", () => { freed(); unsent(true); });
document.addEventListener("htmx:responseError", (event) => {
  freed();
  // Whoever is not logged in any more is asked who they are, and comes back here.
  if (event.detail.xhr.status === 401) location.reload();
  else unsent(true);
});
