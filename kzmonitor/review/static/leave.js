"use strict";
// Leave now: three presses of Shift and nothing else, or the button. The screen is empty at once, the login ends at the
// server, other windows of ours empty themselves too. Three presses of Shift do nothing in any browser or keyboard
// layout, and five are needed before a system offers sticky keys.

const PRESSES = 3;
const WITHIN_MS = 3000;
const BLANK = "/blank";
const windows = new BroadcastChannel("kzmonitor");

const empty = () => {
  document.documentElement.replaceChildren();
  document.title = "";
  sessionStorage.clear();
  history.replaceState(null, "", BLANK);
  location.replace(BLANK);
};

const leaveNow = () => {
  const form = document.querySelector('form[action="/leave"]');
  if (form) fetch("/leave", { method: "POST", body: new URLSearchParams([...new FormData(form), ["now", "yes"]]), keepalive: true });
  windows.postMessage("leave");
  empty();
};

windows.addEventListener("message", empty);

let presses = [];
addEventListener("keydown", (event) => {
  if (event.key !== "Shift") presses = [];
  else if (!event.repeat && !event.ctrlKey && !event.altKey && !event.metaKey) {
    presses = [...presses.filter((moment) => event.timeStamp - moment < WITHIN_MS), event.timeStamp];
    if (presses.length >= PRESSES && document.querySelector('form[action="/leave"]')) leaveNow();
  }
}, { capture: true });

document.addEventListener("click", (event) => {
  if (!event.target.closest("[data-leave-now]")) return;
  event.preventDefault();
  leaveNow();
});
