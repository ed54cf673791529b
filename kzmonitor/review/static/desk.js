"use strict";
// One key for each thing a page offers: an element says its key in data-key. On the list j and k move.

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

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.altKey || event.metaKey || event.isComposing) return;
  if (event.key === "Escape" && typing(event.target)) return event.target.blur();
  if (typing(event.target)) return;
  // A browser would take Enter on a tick for the first button, which confirms.
  if (event.key === "Enter" && event.target.type === "checkbox") return event.preventDefault();
  const key = meant(event);
  if (key === null) return;
  const offered = document.querySelector(`[data-key="${key}"]`);
  // Held down, a key may run along the list, but never decide on one alert after another.
  if (event.repeat && offered) return event.preventDefault();
  if (offered) offered.click();
  else if (!((key === "j" && step(1)) || (key === "k" && step(-1)))) return;
  event.preventDefault();
});

// A second press while the first is on its way would decide twice.
document.addEventListener("submit", (event) => {
  if (event.target.dataset.sent) event.preventDefault();
  event.target.dataset.sent = "yes";
});
addEventListener("pageshow", () => document.querySelectorAll("form").forEach((form) => delete form.dataset.sent));
